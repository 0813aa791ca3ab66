// Small files as the house reads them before its walls stand: the settings and the passwords beside them.

import Glibc

/// Where the settings are.
package enum SettingsPath {
    package static let standard = "/etc/postern/postern.toml"

    /// `--config`, else `$POSTERN_CONFIG`, else /etc/postern/postern.toml.
    package static func resolve(option: String?, environment: [String: String]) -> String {
        if let option, !option.isEmpty { return option }
        if let path = environment["POSTERN_CONFIG"], !path.isEmpty { return path }
        return standard
    }
}

package enum SettingsFile {
    /// Settings are written by hand: a larger file is something else.
    static let largest = 1 << 20

    package struct Trouble: Error {
        package let message: String
    }

    static func read(_ path: String) throws(Trouble) -> String {
        let file = try open(path, largest: largest)
        guard let text = String(validating: file.octets, as: UTF8.self) else { throw Trouble(message: "is not UTF-8") }
        return text
    }

    /// The octets of a regular file and its rights.
    package static func open(_ path: String, largest: Int) throws(Trouble) -> (octets: [UInt8], mode: mode_t) {
        // Without O_NONBLOCK a named pipe would hold the start for ever.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Trouble(message: "cannot be read: \(errorText())") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Trouble(message: "cannot be read: \(errorText())") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Trouble(message: "is not a file") }
        var octets = [UInt8](repeating: 0, count: largest + 1)
        var filled = 0
        while filled < octets.count {
            let count = octets.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled)
            }
            if count == 0 { break }
            guard count > 0 || errno == EINTR else { throw Trouble(message: "cannot be read: \(errorText())") }
            filled += max(count, 0)
        }
        guard filled <= largest else { throw Trouble(message: "is larger than \(Quantity.write(octets: largest))") }
        return (Array(octets[..<filled]), status.st_mode & 0o7777)
    }

    private static func errorText() -> String { String(cString: strerror(errno)) }
}
