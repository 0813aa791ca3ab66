// What a check of the settings finds: one line each, with the file, the line and the key.

/// A wrong setting, or one that somebody should look at.
package struct Finding: Sendable, Hashable, Codable, CustomStringConvertible {
    package let file: String
    /// From 1. What is missing is found at the header of its table, or at line 1.
    package let line: Int
    /// Dotted, with the number of the element for tables of which there are many: `listen[2].port`. Empty when the
    /// finding belongs to the whole file.
    package let key: String
    /// What is wrong; what is allowed; the nearest name.
    package let message: String
    /// Warnings do not keep the settings from being used.
    package let isWarning: Bool

    package init(file: String, line: Int, key: String, message: String, isWarning: Bool = false) {
        self.file = file
        self.line = line
        self.key = key
        self.message = message
        self.isWarning = isWarning
    }

    /// `file:line: key: message`. Always one line.
    package var description: String {
        let place = key.isEmpty ? "" : "\(Finding.printable(key)): "
        return "\(file):\(line): \(isWarning ? "warning: " : "")\(place)\(Finding.printable(message))"
    }

    /// Control characters would break the line or the terminal; they are shown as dots.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "." : $0 }))
    }
}

/// Settings that cannot be used: every reason at once, in the order of the text.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Errors and warnings; at least one is an error.
    package let findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    /// One line for each finding.
    package var description: String { findings.map { "\($0)" }.joined(separator: "\n") }
}
