// Certificates of a running house: renewed under open sessions, PFX, several names, and files that cannot be used.

import Foundation
import Testing

@Suite struct CertificateTests {
    private static func subject(_ port: UInt16, name: String? = nil) throws -> String {
        let sni = name.map { ["-servername", $0] } ?? ["-noservername"]
        let result = try House.command(
            "/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)"] + sni + ["-showcerts"], input: "")
        return result.output.split(separator: "\n").first { $0.contains("s:CN") }.map(String.init) ?? result.error
    }

    /// a file that changes is shown within seconds, and no session is dropped for it.
    @Test func aCertificateIsRenewed() throws {
        let house = try House(House.Options(tls: true))
        defer { house.stop() }
        #expect(try Self.subject(house.submissionsPort).contains("mail.example.test"))
        let open = try house.smtp()
        let script = """
            import ssl, socket, sys, time
            context = ssl._create_unverified_context()
            s = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
            print(s.recv(100).decode().strip(), flush=True)
            sys.stdin.readline()
            s.sendall(b"NOOP\\r\\n")
            print(s.recv(100).decode().strip(), flush=True)
            """
        let session = Process()
        session.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        session.arguments = ["-c", script, "\(house.submissionsPort)"]
        let (words, feed) = (Pipe(), Pipe())
        (session.standardOutput, session.standardInput) = (words, feed)
        try session.run()
        let log = OutputLog()
        log.follow(words.fileHandleForReading)
        try wait(10, for: "the greeting inside TLS") { log.contains("220 ") }
        try Certificates.make(in: house.folder + "/etc", names: ["renewed.example.test"])
        try wait(20, for: "the new certificate") { try Self.subject(house.submissionsPort).contains("renewed") }
        feed.fileHandleForWriting.write(Data("\n".utf8))
        session.waitUntilExit()
        log.finish()
        #expect(log.contains("250 2.0.0 Ok"), "\(log.text)")
        #expect(try open.ask("NOOP").hasPrefix("250"))
    }

    /// SNI, and a PFX file of an old program (RC2 and 3DES) with its password in a file.
    @Test func moreThanOneName() throws {
        let folder = "/var/tmp/postern-pfx-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Certificates.make(in: folder, names: ["other.example.test"])
        try Certificates.run([
            "pkcs12", "-export", "-legacy", "-inkey", "\(folder)/key.pem", "-in", "\(folder)/chain.pem", "-passout",
            "pass:s3cret", "-out", "\(folder)/mail.pfx",
        ])
        try "s3cret\n".write(toFile: "\(folder)/password", atomically: true, encoding: .utf8)
        for name in ["mail.pfx", "password"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(folder)/\(name)")
        }
        let house = try House(
            House.Options(
                extra: "[[certificate]]\npfx = \"\(folder)/mail.pfx\"\npfx_password_file = \"\(folder)/password\"\n", tls: true))
        defer { house.stop() }
        #expect(try Self.subject(house.submissionsPort, name: "other.example.test").contains("other.example.test"))
        #expect(try Self.subject(house.submissionsPort, name: "mail.example.test").contains("mail.example.test"))
        #expect(try Self.subject(house.submissionsPort).contains("mail.example.test"))
    }

    /// Absent files are named with the fix; the other services run.
    @Test func aCertificateThatIsNotThere() throws {
        let house = try House(
            House.Options(
                extra: """
                    [tls]
                    certificate = "/nowhere/chain.pem"
                    key = "/nowhere/key.pem"
                    [[listen]]
                    service = "submission"
                    address = "127.0.0.1"
                    port = 1
                    tls = "implicit"
                    """.replacingOccurrences(of: "port = 1", with: "port = \(House.freePort())")))
        defer { house.stop() }
        #expect(try house.send(to: ["alice@example.test"], "Subject: x\r\n\r\nx").hasPrefix("250"))
        try wait(5, for: "the finding") { house.log().contains("/nowhere/chain.pem: does not exist") }
    }
}
