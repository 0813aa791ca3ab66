// Logging in to read mail: STLS, and every mechanism that a client of POP3 has. E-10, T-27.

import Foundation
import Testing

@Suite struct MailboxLoginTests {
    private static func house() throws -> House {
        let house = try House(House.Options(legacy: ["CRAM-MD5", "NTLM"], tls: true))
        try house.send(to: ["alice@example.test"], "Subject: secret\r\n\r\nx")
        return house
    }

    /// RFC 5034, RFC 2595 §4; a wrong password is refused for each alike.
    @Test func curl() throws {
        let house = try Self.house()
        defer { house.stop() }
        for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "NTLM"] {
            for (url, options) in [
                ("pop3://127.0.0.1:\(house.pop3Port)/1", ["--ssl-reqd"]), ("pop3s://127.0.0.1:\(house.pop3sPort)/1", []),
            ] {
                let common = ["-sS", "-k", url, "--login-options", "AUTH=\(mechanism)"] + options
                let right = try House.command("/usr/bin/curl", common + ["-u", "alice@example.test:\(House.password)"])
                #expect(right.output.contains("Subject: secret"), "\(mechanism) \(url): \(right.error)")
            }
            let wrong = try House.command(
                "/usr/bin/curl",
                [
                    "-sS", "-k", "pop3s://127.0.0.1:\(house.pop3sPort)/1", "--login-options", "AUTH=\(mechanism)", "-u",
                    "alice@example.test:wrong",
                ])
            // 67: the user name, password, or similar was not accepted.
            #expect(wrong.status == 67, "\(mechanism): \(wrong.status) \(wrong.error)")
        }
    }

    /// mpop has SCRAM by way of libgsasl.
    @Test func mpop() throws {
        let house = try Self.house()
        defer { house.stop() }
        for mechanism in ["user", "plain", "cram-md5", "scram-sha-1", "scram-sha-256"] {
            let box = "\(house.folder)/\(mechanism)"
            let settings = """
                defaults
                account default
                host 127.0.0.1
                port \(house.pop3Port)
                tls on
                tls_starttls on
                tls_certcheck off
                auth \(mechanism)
                user alice@example.test
                passwordeval echo '\(House.password)'
                uidls_file \(box).uidls
                delivery mbox \(box)
                keep on
                """
            try settings.write(toFile: box + ".rc", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: box + ".rc")
            let result = try House.command("/usr/bin/mpop", ["-C", box + ".rc", "-Q"])
            #expect(result.status == 0, "\(mechanism): \(result.output)\(result.error)")
            #expect(try String(contentsOfFile: box, encoding: .utf8).contains("Subject: secret"), "\(mechanism)")
        }
    }

    /// RFC 2595 §4: what CAPA says changes with TLS; RFC 5034 §4: an exchange can be given up; RFC 6856 §2: UTF8.
    @Test func poplib() throws {
        let house = try Self.house()
        defer { house.stop() }
        let script = """
            import poplib, ssl, sys
            p = poplib.POP3("127.0.0.1", int(sys.argv[1]), timeout=20)
            before = p.capa()
            assert "STLS" in before and "SCRAM-SHA-256-PLUS" not in before["SASL"], before
            p.stls(ssl._create_unverified_context())
            after = p.capa()
            assert "STLS" not in after and "SCRAM-SHA-256-PLUS" in after["SASL"], after
            assert after["EXPIRE"] == ["NEVER"] and "PIPELINING" in after and "AUTH-RESP-CODE" in after, after
            for command in ("AUTH NTLM", "AUTH CRAM-MD5"):
                assert p._shortcmd(command).startswith(b"+")
                try:
                    p._shortcmd("*"); sys.exit("taken")
                except poplib.error_proto as error: assert b"-ERR" in error.args[0]
            p.utf8()
            p.user("alice@example.test"); p.pass_(sys.argv[2])
            inside = p.capa()
            assert inside["SASL"] == after["SASL"] and "STLS" not in inside, inside
            assert b"Subject: secret" in p.retr(1)[1]
            p.quit()
            """
        let result = try House.command(
            "/usr/bin/python3", ["-c", script, "\(house.pop3Port)", House.password])
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    /// RFC 2595 §4, CVE-2011-0411 and its kin: what was said in the clear is not heard behind TLS.
    @Test func nothingIsInjectedBeforeTLS() throws {
        let house = try Self.house()
        defer { house.stop() }
        let wire = try Wire(port: house.pop3Port)
        _ = try wire.line()
        try wire.send("STLS\r\nUSER alice@example.test\r\n")
        #expect(try wire.line()?.hasPrefix("-ERR") == true)
        #expect(try wire.line() == nil)
    }

    /// The names of UIDL can be those of the server that the mail came from.
    @Test(arguments: [("postern", "1 [0-9]+\\.1"), ("dovecot", "1 00000001[0-9a-f]{8}"), ("courier", "1 UID1-[0-9]+")])
    func namesOfUIDL(format: String, pattern: String) throws {
        let house = try House(House.Options(extra: "[pop3]\nuidl_format = \"\(format)\"\n"))
        defer { house.stop() }
        try house.send(to: ["alice@example.test"], "Subject: x\r\n\r\nx")
        let wire = try house.pop3("alice")
        try wire.send("UIDL\r\n")
        _ = try wire.line()
        let line = try wire.line() ?? ""
        #expect(line.range(of: "^\(pattern)$", options: .regularExpression) != nil, "\(line)")
    }
}
