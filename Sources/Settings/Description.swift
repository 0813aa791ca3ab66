// What is said about the settings without any file: every key, the example file, the page of the documentation. All
// three come from the declarations.

import Mail

extension Settings {
    /// Every key in the order of the example file.
    package static let keys: [SettingKey] = declarations.keys

    /// Keys of which the dotted name begins with these parts: `smtp`, `smtp.max_recipients`; with nothing, all.
    package static func described(beginning name: String) -> [SettingKey] {
        guard !name.isEmpty else { return keys }
        let prefix = name.hasSuffix(".") ? name : name + "."
        return keys.filter { $0.name == name || $0.name.hasPrefix(prefix) }
    }

    /// The key or the table that a mistyped name most likely means.
    package static func nearest(to name: String) -> String? {
        Nearest.key(to: name, among: keys.map { $0.name } + declarations.sections.map { $0.name })
    }

    /// What `postern check` says of settings that are right.
    package static func findings(of settings: Settings) -> [Finding] {
        var findings = settings.warnings
        do {
            findings += try ListenerSettings(settings).troubles
        } catch {
            findings += error.findings
        }
        do {
            _ = try DeliverySettings(settings)
        } catch {
            findings += error.findings
        }
        do {
            _ = try StoreSettings(settings)
        } catch {
            findings += error.findings
        }
        return ordered(findings)
    }

    /// A settings file with every key: what must be decided is set, everything else stands there as a comment with its
    /// default.
    package static let example: String = {
        var lines = [
            "# Settings of Postern. Every key is here; a line that begins with # shows the default.",
            "# Check after a change: postern check.  Explain a key: postern describe smtp.max_recipients.",
            "# Durations: \"30s\", \"5m\", \"4h\", \"2d\". Sizes: \"256 KB\", \"50 MB\" (1 KB is 1,024 octets).",
        ]
        for section in declarations.sections {
            lines += [""] + Wrapped.lines(section.sentence, width: 98).map { "# \($0)" }
            lines += section.isArray ? elements(of: section) : table(section)
        }
        return lines.joined(separator: "\n") + "\n"
    }()

    /// The page of the documentation.
    package static let reference: String = {
        var lines = [preface]
        for section in declarations.sections {
            lines += ["", "## \(section.header)", "", section.sentence, ""]
            lines += ["| key | default | allowed | change by | read by |", "|---|---|---|---|---|"]
            let keys = declarations.keys.filter { $0.section == section.name }
            lines += keys.map { key in
                let fallback = key.fallback.map { "`\($0)`" } ?? key.without
                let cells = ["`\(key.leaf)`", fallback, "\(key.type): \(key.allowed)", key.effect, key.readers]
                return "| " + cells.joined(separator: " | ") + " |"
            }
            lines.append("")
            lines += keys.map { "- `\($0.leaf)`: \($0.sentence)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }()

    private static let preface = """
        # Settings

        One file, `/etc/postern/postern.toml`, or the one named by `--config` or `$POSTERN_CONFIG`. The example
        `packaging/postern.toml` has every key with its default. `postern check` reports every error at once, each
        with its line; `postern describe` prints what stands here. This page is made from the code.

        Durations are written `"30s"`, `"5m"`, `"4h"`, `"2d"`, `"1h30m"`, or as a number of seconds. Sizes are
        written `"256 KB"`, `"50 MB"`, or as a number of octets; a KB is 1,024 octets.

        *Change by*: for *reload*, SIGHUP (`systemctl reload`) is enough; for *restart*, the rooms must be started
        again. A reload with a wrong setting changes nothing: the old settings stay.
        """

    /// The declarations, as a run over nothing collects them.
    private static let declarations: (keys: [SettingKey], sections: [SectionNote]) = {
        let reading = Reading(file: "", root: SettingsTable(.header, line: 1))
        _ = Settings(reading)
        return (reading.keys, reading.sections)
    }()

    private static func table(_ section: SectionNote) -> [String] {
        let keys = declarations.keys.filter { $0.section == section.name }
        return [section.header]
            + keys.flatMap { comments(of: $0) + [assignment($0, isSet: $0.without == "must be set")] }
    }

    /// Two ports to start from, and the other keys of a port as comments in the first.
    private static func elements(of section: SectionNote) -> [String] {
        let keys = declarations.keys.filter { $0.section == section.name }
        guard section.name == "listen" else {
            // Nobody needs one to begin with.
            return ["#" + section.header] + keys.flatMap { comments(of: $0) + [assignment($0, isSet: false)] }
        }
        let first = keys.flatMap { comments(of: $0) + [assignment($0, isSet: ["service", "port"].contains($0.leaf))] }
        return [section.header] + first + ["", section.header, "service = \"pop3\"", "port = 110"]
    }

    private static func comments(of key: SettingKey) -> [String] {
        let note =
            "\(key.type): \(key.allowed)"
            + (key.fallback == nil ? " (\(key.without.hasPrefix("must") ? "" : "without it: ")\(key.without))" : "")
        return [""] + (Wrapped.lines(key.sentence, width: 98) + Wrapped.lines(note, width: 98)).map { "# \($0)" }
    }

    private static func assignment(_ key: SettingKey, isSet: Bool) -> String {
        "\(isSet ? "" : "#")\(key.leaf) = \(key.fallback ?? key.example)"
    }
}
