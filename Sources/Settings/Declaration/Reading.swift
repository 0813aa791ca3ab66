// One run of all declarations over one document. The same run that reads the values collects the declarations, so that
// what is documented is what is read; run over an empty document it gives the defaults.

import Mail

/// Used by one call of `Settings.parse`, on one thread.
final class Reading {
    let file: String
    let root: SettingsTable
    private var findings: [Finding] = []
    /// A file that is no settings file at all is not worth more lines than this.
    static let mostFindings = 100
    private var omitted = 0
    /// Tables of one array.
    static let mostElements = 100
    /// Whether the settings are useless.
    private(set) var hasErrors = false
    private(set) var keys: [SettingKey] = []
    private(set) var sections: [SectionNote] = []
    /// The line of every key that was written and of every table's header, by path (`listen[2].port`).
    private(set) var lines: [String: Int] = [:]
    /// Every value, by path, as TOML writes it: what a reload compares.
    private(set) var values: [String: String] = [:]
    private var declared: Set<String> = []
    private var declaredSections: Set<String> = []

    init(file: String, root: SettingsTable) {
        self.file = file
        self.root = root
    }

    /// A table of the file's top, or inside another.
    func section(
        _ name: String, _ sentence: String, rooms: [RoomName], reload: Bool = true
    ) -> Section {
        note(SectionNote(name: name, isArray: false, sentence: sentence))
        var table: SettingsTable? = root
        var line = 1
        var path = ""
        for part in name.split(separator: ".") {
            path += path.isEmpty ? "\(part)" : ".\(part)"
            guard let node = table?[String(part)] else {
                table = nil
                break
            }
            line = node.line
            table = node.table
        }
        if table != nil { lines[name] = line }
        return Section(reading: self, name: name, path: name, table: table, line: line, rooms: rooms, reload: reload)
    }

    /// The tables of an array; when there is none, nil: the declarations still have to be run over `template`.
    func elements(
        _ name: String, _ sentence: String, rooms: [RoomName], reload: Bool
    ) -> (template: Section, elements: [Section]) {
        note(SectionNote(name: name, isArray: true, sentence: sentence))
        let silent = Reading(file: file, root: SettingsTable(.implied, line: 1))
        let template = Section(
            reading: silent, name: name, path: name, table: nil, line: 1, rooms: rooms, reload: reload)
        guard let node = root[name] else { return (template, []) }
        guard case .list(let list) = node.value, list.allSatisfy({ $0.table != nil }) else {
            report(
                Finding(
                    file: file, line: node.line, key: name, message: "must be written as [[\(name)]], once for each"))
            return (template, [])
        }
        guard list.count <= Reading.mostElements else {
            let message = "there are \(list.count); allowed: at most \(Reading.mostElements)"
            report(Finding(file: file, line: node.line, key: name, message: message))
            return (template, [])
        }
        let sections = list.enumerated().map { index, node in
            let path = "\(name)[\(index + 1)]"
            lines[path] = node.line
            return Section(
                reading: self, name: name, path: path, table: node.table, line: node.line, rooms: rooms, reload: reload)
        }
        return (template, sections)
    }

    /// Takes over the declarations that were made over a template.
    func adopt(_ template: Section) {
        for key in template.reading.keys { declare(key) }
    }

    func declare(_ key: SettingKey) {
        if declared.insert(key.name).inserted { keys.append(key) }
    }

    func record(_ path: String, _ value: String, line: Int?) {
        values[path] = value
        if let line { lines[path] = line }
    }

    func report(_ finding: Finding) {
        if !finding.isWarning { hasErrors = true }
        if findings.count < Reading.mostFindings { findings.append(finding) } else { omitted += 1 }
    }

    /// In the order of the lines, with a last one for those that were too many.
    var allFindings: [Finding] {
        var all = Settings.ordered(findings)
        if omitted > 0, let last = all.last {
            let message = "and \(omitted) more"
            all.append(Finding(file: file, line: last.line, key: "", message: message, isWarning: !hasErrors))
        }
        return all
    }

    private func note(_ section: SectionNote) {
        if declaredSections.insert(section.name).inserted { sections.append(section) }
    }

    /// Reports what nobody declared, with the nearest name. Called when all declarations were run.
    func reportUnknown() { reportUnknown(in: root, name: "", path: "") }

    private func reportUnknown(in table: SettingsTable, name: String, path: String) {
        for key in table.keys {
            guard let node = table[key] else { continue }
            let whole = name.isEmpty ? key : "\(name).\(key)"
            let place = path.isEmpty ? key : "\(path).\(key)"
            if declared.contains(whole) { continue }
            guard declaredSections.contains(whole) else {
                reportUnknown(node, name: whole, path: place, in: name)
                continue
            }
            if let inner = node.table {
                reportUnknown(in: inner, name: whole, path: place)
            } else if case .list(let list) = node.value, sections.contains(where: { $0.name == whole && $0.isArray }) {
                for (index, element) in list.enumerated() {
                    if let inner = element.table {
                        reportUnknown(in: inner, name: whole, path: "\(place)[\(index + 1)]")
                    }
                }
            } else {
                report(
                    Finding(
                        file: file, line: node.line, key: place,
                        message: "must be a table, [\(whole)], not \(node.kind)"))
            }
        }
    }

    private func reportUnknown(_ node: TOMLNode, name: String, path: String, in section: String) {
        let isTable = node.table != nil
        let message: String
        guard findings.count < Reading.mostFindings else {
            // The nearest name of what is not shown need not be known.
            report(Finding(file: file, line: node.line, key: path, message: ""))
            return
        }
        if isTable, let near = Nearest.word(to: name, among: sections.map { $0.name }) {
            message = "unknown table; did you mean \"\(near)\"?"
        } else if let near = Nearest.key(to: name, among: keys.map { $0.name }) {
            message = "unknown key; did you mean \"\(near)\"?"
        } else {
            message = "unknown \(isTable ? "table" : "key"); allowed: \(names(in: section).joined(separator: ", "))"
        }
        report(Finding(file: file, line: node.line, key: path, message: message))
    }

    /// What a table may hold.
    private func names(in section: String) -> [String] {
        let prefix = section.isEmpty ? "" : section + "."
        var names: [String] = []
        for name in keys.map({ $0.name }) + sections.map({ $0.name }) where name.hasPrefix(prefix) {
            let part = name.dropFirst(prefix.count).prefix { $0 != "." }
            if !names.contains(String(part)) { names.append(String(part)) }
        }
        return names
    }
}
