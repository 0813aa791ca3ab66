// The page of the documentation, made from the events and the fields.

extension Journal {
    package static let reference: String = {
        var lines = [preface, "", "## Events", "", "| event | says | fields |", "|---|---|---|"]
        lines += JournalEvent.allCases.map { event in
            let fields = event.meaning.fields.map { "`\($0.rawValue)`" }.joined(separator: " ")
            return "| `\(event.rawValue)` | \(event.meaning.sentence) | \(fields) |"
        }
        lines += [
            "", "## Fields", "", "An event may bring further fields of this list.", "", "| field | is |", "|---|---|",
        ]
        lines += JournalField.allCases.map { "| `\($0.rawValue)` | \($0.meaning) |" }
        return lines.joined(separator: "\n") + "\n"
    }()

    private static let preface = """
        # The journal

        Each room writes one event a line to standard error, in logfmt: `name=value`, separated by spaces. A value
        with anything but plain printable ASCII stands in quotation marks; inside, `\\"`, `\\\\`, `\\n`, `\\r`, `\\t`
        and `\\u{…}` stand for what they name. So nothing that a stranger sends can end a field or a line. Every line
        begins with `time` (UTC, RFC 3339), `level`, `room` and `event`. A line has at most 8,192 octets and a value
        about 2,048; where something was left out, the line ends with `cut=true`. Passwords and the content of mail
        are never written.

        Under systemd a line begins with its priority (`<6>`), which the journal takes off and uses:
        `journalctl -p warning`. `[log] level` leaves out what is below it. This page is made from the code.
        """
}
