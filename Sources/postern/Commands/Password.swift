// The password of an account, as a file or standard input gives it: never an argument, which every process could read.

import ArgumentParser
import Glibc
import Mail

struct PasswordOption: ParsableArguments {
    @Option(help: ArgumentHelp("A file whose first line is the password; - for standard input.", valueName: "file"))
    var passwordFile: String
    @Option(
        help: ArgumentHelp(
            "Also keep what this old way to log in needs: CRAM-MD5, NTLM or APOP; once for each.", valueName: "mechanism"))
    var legacy: [LegacyMechanism] = []

    /// Each once, as IANA registers them.
    var legacyNames: [String] { LegacyMechanism.allCases.filter(legacy.contains).map { $0.rawValue } }
}

enum Password {
    /// The first line of a file or of standard input, without its line end; 1 to 1,024 octets.
    static func read(_ path: String) throws -> Secret {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("cannot read \(path): \(errorText(errno))") }
        defer { if path != "-" { close(descriptor) } }
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 2_048)
        while octets.count <= 2_048, case let count = Glibc.read(descriptor, &chunk, chunk.count), count > 0 {
            octets += chunk[..<count]
        }
        let line = octets.prefix { $0 != 10 && $0 != 13 }
        guard (1...1_024).contains(line.count) else {
            throw Failure("the password must be the first line of \(path), 1 to 1,024 octets long")
        }
        return Secret(Array(line))
    }
}
