// Passwords lie in files of their own beside the settings, so that the settings can be shown to anybody.

import Mail

enum PasswordFile {
    /// The first line of a file that others cannot read (T-25).
    static func read(_ path: String) throws(SettingsFile.Trouble) -> Secret {
        let file = try SettingsFile.open(path, largest: 4_096)
        guard file.mode & 0o007 == 0 else {
            throw SettingsFile.Trouble(message: "can be read by everybody; make it safe: chmod o-rwx \(path)")
        }
        let line = file.octets.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty else { throw SettingsFile.Trouble(message: "has no password in its first line") }
        return Secret(Array(line))
    }
}
