// Logging in to send mail, with the clients that people use: TLS on request and from the start, every mechanism that a
// client has, and wrong passwords.

import Foundation
import Testing

@Suite struct LoginTests {
    private static func house() throws -> House {
        try House(House.Options(extra: "[relay]\ntrusted = []\n", legacy: ["CRAM-MD5", "NTLM"], tls: true))
    }

    /// T-23, D8, P-13: what swaks has, each over STARTTLS; a wrong password is 535 for every one.
    @Test func swaks() throws {
        let house = try Self.house()
        defer { house.stop() }
        for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
            for (password, isRight) in [(House.password, true), ("wrong", false)] {
                let result = try House.command(
                    "/usr/bin/swaks",
                    [
                        "--server", "127.0.0.1:\(house.submissionPort)", "-tls", "--auth", mechanism, "--auth-user",
                        "alice@example.test", "--auth-password", password, "--from", "alice@example.test", "--to",
                        "bob@example.test", "--header", "Subject: \(mechanism)",
                    ])
                #expect((result.status == 0) == isRight, "\(mechanism): \(result.output)")
                if !isRight { #expect(result.output.contains("535 5.7.8"), "\(mechanism): \(result.output)") }
            }
        }
        #expect(try house.mailbox("bob").count == 3)
    }

    /// curl has NTLM, and TLS from the first byte.
    @Test(arguments: ["PLAIN", "LOGIN", "CRAM-MD5", "NTLM"])
    func curl(mechanism: String) throws {
        let house = try Self.house()
        defer { house.stop() }
        let file = house.folder + "/message"
        try "Subject: curl\r\n\r\nx\r\n".write(toFile: file, atomically: true, encoding: .utf8)
        for (url, options) in [
            ("smtp://127.0.0.1:\(house.submissionPort)", ["--ssl-reqd"]), ("smtps://127.0.0.1:\(house.submissionsPort)", []),
        ] {
            let common = [
                "-sS", "-k", url, "--mail-from", "alice@example.test", "--mail-rcpt", "bob@example.test", "-T", file,
                "--login-options", "AUTH=\(mechanism)",
            ]
            let right = try House.command(
                "/usr/bin/curl", common + options + ["-u", "alice@example.test:\(House.password)"])
            #expect(right.status == 0, "\(mechanism) \(url): \(right.error)")
            let wrong = try House.command("/usr/bin/curl", common + options + ["-u", "alice@example.test:wrong"])
            // 67: the user name, password, or similar was not accepted.
            #expect(wrong.status == 67, "\(mechanism) \(url): \(wrong.status) \(wrong.error)")
        }
        #expect(try house.mailbox("bob").count == 2)
    }

    /// msmtp has SCRAM by way of libgsasl.
    @Test(arguments: ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"])
    func msmtp(mechanism: String) throws {
        let house = try Self.house()
        defer { house.stop() }
        for (password, isRight) in [(House.password, true), ("wrong", false)] {
            let result = try House.command(
                "/usr/bin/msmtp",
                [
                    "--host=127.0.0.1", "--port=\(house.submissionPort)", "--tls=on", "--tls-starttls=on",
                    "--tls-certcheck=off", "--auth=\(mechanism)", "--user=alice@example.test",
                    "--passwordeval=echo '\(password)'", "--from=alice@example.test", "bob@example.test",
                ], input: "Subject: msmtp\n\nx\n")
            #expect((result.status == 0) == isRight, "\(mechanism): \(result.output)\(result.error)")
        }
        #expect(try house.mailbox("bob").count == 1)
    }

    @Test(arguments: ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
    func gsasl(mechanism: String) throws {
        let house = try Self.house()
        defer { house.stop() }
        for (password, isRight) in [(House.password, true), ("wrong", false)] {
            let result = try House.command(
                "/usr/bin/gsasl",
                [
                    "--smtp", "--connect", "127.0.0.1:\(house.submissionPort)", "--starttls", "--x509-ca-file",
                    "\(house.folder)/etc/chain.pem", "-m", mechanism, "--authentication-id", "alice@example.test",
                    "--password", password, "--quiet", "--no-cb",
                ], input: "")
            #expect((result.status == 0) == isRight, "\(mechanism): \(result.output)\(result.error)")
        }
    }

    /// Python's smtplib, which also checks the certificate.
    @Test func smtplib() throws {
        let house = try Self.house()
        defer { house.stop() }
        let script = """
            import smtplib, ssl, sys
            context = ssl.create_default_context(cafile=sys.argv[2])
            with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
                s.starttls(context=context)
                try:
                    s.login("alice@example.test", "wrong")
                    sys.exit("a wrong password was taken")
                except smtplib.SMTPAuthenticationError as error:
                    assert error.smtp_code == 535, error
                s.login("alice@example.test", sys.argv[3])
                s.sendmail("alice@example.test", ["bob@example.test"], b"Subject: smtplib\\r\\n\\r\\nx\\r\\n")
            """
        let result = try House.command(
            "/usr/bin/python3",
            ["-c", script, "\(house.submissionPort)", "\(house.folder)/etc/chain.pem", House.password])
        #expect(result.status == 0, "\(result.output)\(result.error)")
        let message = try #require(try house.mailbox("bob").first)
        #expect(message.contains { $0.contains("with ESMTPSA") })
        // RFC 6409 §8: what smtplib leaves out.
        #expect(message.contains { $0.hasPrefix("Message-ID: <") } && message.contains { $0.hasPrefix("Date: ") })
    }

    /// D8, R-02: mechanisms are offered where they can work and are allowed, and nowhere else.
    @Test func whatIsOffered() throws {
        let house = try House(House.Options(tls: true, smtpPort: "auth = false"))
        defer { house.stop() }
        #expect(try offers(house.smtpPort) == nil)
        let plain = try Wire(port: house.smtpPort)
        _ = try plain.reply()
        _ = try plain.ask("EHLO x")
        #expect(try plain.ask("AUTH PLAIN AGEAYg==").hasPrefix("502 5.5.1"))
        // On loopback a password may be shown without TLS; legacy verifiers nobody has.
        #expect(try offers(house.submissionPort) == ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"])
    }

    private func offers(_ port: UInt16) throws -> [String]? {
        let wire = try Wire(port: port)
        _ = try wire.reply()
        try wire.send("EHLO x\r\n")
        var found: [String]?
        while let line = try wire.line() {
            if line.dropFirst(4).hasPrefix("AUTH ") { found = line.dropFirst(9).split(separator: " ").map(String.init) }
            if line.dropFirst(3).first == " " { break }
        }
        return found
    }

    /// a port of its own for submission: without a login the port for submission takes nothing; with it, everything.
    @Test func aPortForSubmission() throws {
        let house = try Self.house()
        defer { house.stop() }
        let wire = try Wire(port: house.submissionPort)
        _ = try wire.reply()
        _ = try wire.ask("EHLO x")
        _ = try wire.ask("MAIL FROM:<a@example.test>")
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("530 5.7.0"))
        #expect(try wire.ask("RCPT TO:<alice@example.test>").hasPrefix("530 5.7.0"))
        _ = try wire.ask("RSET")
        let secret = Data("\0alice@example.test\0\(House.password)".utf8).base64EncodedString()
        #expect(try wire.ask("AUTH PLAIN \(secret)").hasPrefix("235 2.7.0"))
        _ = try wire.ask("MAIL FROM:<a@example.test>")
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("250"))
    }

    /// The login lasts as long as the account: one whose password is changed in the middle may send no more.
    @Test func aChangedPasswordEndsTheSession() throws {
        let house = try Self.house()
        defer { house.stop() }
        let wire = try Wire(port: house.submissionPort)
        _ = try wire.reply()
        _ = try wire.ask("EHLO x")
        let secret = Data("\0alice@example.test\0\(House.password)".utf8).base64EncodedString()
        #expect(try wire.ask("AUTH PLAIN \(secret)").hasPrefix("235"))
        #expect(try wire.ask("MAIL FROM:<alice@example.test>").hasPrefix("250"))
        _ = try wire.ask("RSET")
        try House.expectSuccess(
            house.postern(["account", "password", "alice@example.test", "--password-file", "-"], input: "another one"))
        try wait(10, for: "the end of the login") {
            let reply = try wire.ask("MAIL FROM:<alice@example.test>")
            if reply.hasPrefix("421") { return true }
            _ = try wire.ask("RSET")
            return false
        }
    }

    /// POP3 from the first byte of TLS.
    @Test func pop3s() throws {
        let house = try Self.house()
        defer { house.stop() }
        try house.send(to: ["alice@example.test"], "Subject: secret\r\n\r\nx")
        let result = try House.command(
            "/usr/bin/curl",
            ["-sS", "-k", "-u", "alice@example.test:\(House.password)", "pop3s://127.0.0.1:\(house.pop3sPort)/1"])
        #expect(result.output.contains("Subject: secret"), "\(result.error)")
    }
}
