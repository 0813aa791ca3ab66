// Certificates for a test's house, made by openssl when they are needed.

import Foundation

enum Certificates {
    /// `chain.pem` and `key.pem` for these names: ECDSA P-256, signed by itself.
    static func make(in folder: String, names: [String] = ["mail.example.test", "localhost"]) throws {
        let list = names.map { "DNS:\($0)" }.joined(separator: ",") + ",IP:127.0.0.1"
        try run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            "/CN=\(names[0])", "-addext", "subjectAltName=\(list)", "-keyout", "\(folder)/key.pem", "-out",
            "\(folder)/chain.pem",
        ])
        // The rooms run as users of their own.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(folder)/key.pem")
    }

    static func run(_ arguments: [String]) throws {
        let result = try House.command("/usr/bin/openssl", arguments)
        guard result.status == 0 else { throw WireError(description: "openssl: \(result.error)") }
    }
}
