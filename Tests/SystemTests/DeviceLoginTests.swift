// Passwords for single devices, APOP and LOGIN-DELAY through the whole house. E-10, T-23.

import Foundation
import Testing

@Suite struct DeviceLoginTests {
    private static func python(_ script: String, _ arguments: String...) throws {
        let result = try House.command("/usr/bin/python3", ["-c", script] + arguments)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    private static let logins = """
        import poplib, smtplib, sys
        pop3, smtp = int(sys.argv[1]), int(sys.argv[2])
        def reads(password):
            p = poplib.POP3("127.0.0.1", pop3, timeout=20)
            p.user("alice@example.test")
            try: p.pass_(password)
            except poplib.error_proto as error:
                assert b"[AUTH]" in error.args[0], error
                return False
            p.quit()
            return True
        def sends(password):
            with smtplib.SMTP("127.0.0.1", smtp, timeout=20) as s:
                try: s.login("alice@example.test", password)
                except smtplib.SMTPAuthenticationError: return False
                return True
        """

    /// Each password opens what it is good for, and nothing when it is gone; the journal says why.
    @Test func scopes() throws {
        let house = try House()
        defer { house.stop() }
        func made(_ arguments: String...) throws -> String {
            let result = try house.postern(["password", "add", "alice@example.test"] + arguments)
            #expect(result.status == 0, "\(result.error)")
            return result.output.trimmingCharacters(in: .newlines)
        }
        let till = try made("--name", "till", "--scope", "pop3")
        let printer = try made("--name", "printer", "--scope", "submission", "--expires", "2099-01-01")
        func expect(_ password: String, reads: Bool, sends: Bool) throws {
            let result = try House.command(
                "/usr/bin/python3",
                [
                    "-c", Self.logins + "\nprint(reads(sys.argv[3]), sends(sys.argv[3]))", "\(house.pop3Port)",
                    "\(house.smtpPort)", password,
                ])
            #expect(result.output == "\(reads) \(sends)\n".capitalized, "\(result.output)\(result.error)")
        }
        try expect(House.password, reads: true, sends: true)
        try expect(till, reads: true, sends: false)
        try expect(printer, reads: false, sends: true)
        let listed = try house.postern(["password", "list", "alice@example.test"]).output
        #expect(listed.contains("(own)") && listed.contains("till") && listed.contains("2099-01-01") && !listed.contains(till))
        let journal = try String(contentsOfFile: house.folder + "/state/log/store.log", encoding: .utf8)
        #expect(journal.contains("is right, and not good for pop3: only for submission"))
        try House.expectSuccess(house.postern(["password", "remove", "alice@example.test", "--name", "till"]))
        try House.expectSuccess(house.postern(["password", "scope", "alice@example.test", "pop3"]))
        try expect(till, reads: false, sends: false)
        try expect(House.password, reads: true, sends: false)
        #expect(try house.postern(["password", "remove", "alice@example.test", "--name", "till"]).status == 1)
        // What was answered is on the disk.
        try house.crashAndRestart()
        try expect(till, reads: false, sends: false)
        try expect(printer, reads: false, sends: true)
        try expect(House.password, reads: true, sends: false)
    }

    /// RFC 1939 §7: the timestamp is there while somebody can answer it. A wrong digest is refused as a wrong password is.
    @Test func apop() throws {
        let house = try House(House.Options(tls: true))
        defer { house.stop() }
        let before = try Wire(port: house.pop3Port)
        #expect(try before.line()?.contains("<") == false)
        try before.send("APOP alice@example.test c4c9334bac560ecc979e58001b3e22fb\r\n")
        #expect(try before.line()?.hasPrefix("-ERR") == true)
        try House.expectSuccess(
            house.postern(
                ["account", "password", "alice@example.test", "--password-file", "-", "--legacy", "apop"], input: "tan staaf"))
        try house.send(to: ["alice@example.test"], "Subject: secret\r\n\r\nx")
        try wait(20, for: "the timestamp") { try Wire(port: house.pop3Port).line()?.contains("@mail.example.test>") == true }
        try Self.python(
            """
            import poplib, ssl, sys, time
            def fresh(): return poplib.POP3("127.0.0.1", int(sys.argv[1]), timeout=20)
            assert fresh().getwelcome() != fresh().getwelcome()
            for secured in (False, True):
                p = fresh()
                if secured: p.stls(ssl._create_unverified_context())
                p.apop("alice@example.test", "tan staaf")
                assert b"Subject: secret" in p.retr(1)[1]
                p.quit()
            p = poplib.POP3_SSL("127.0.0.1", int(sys.argv[2]), timeout=20, context=ssl._create_unverified_context())
            begun = time.monotonic()
            for user, password in (("alice", "wrong"), ("nobody", "tan staaf"), ("bob", "correct horse")):
                try: p.apop(user + "@example.test", password); sys.exit("let in")
                except poplib.error_proto as error: assert b"[AUTH]" in error.args[0], error
            assert time.monotonic() - begun > 5, "answered at once"
            p.apop("alice@example.test", "tan staaf")
            p.quit()
            """, "\(house.pop3Port)", "\(house.pop3sPort)")
        // The key of what was sealed is on the disk before it.
        try house.crashAndRestart()
        try wait(20, for: "APOP") {
            let script = "import poplib, sys; p = poplib.POP3('127.0.0.1', int(sys.argv[1])); p.apop(sys.argv[2], 'tan staaf')"
            return try House.command("/usr/bin/python3", ["-c", script, "\(house.pop3Port)", "alice@example.test"]).status == 0
        }
    }

    /// RFC 2449 §6.5 and §8.1.1.
    @Test func loginDelay() throws {
        let house = try House(House.Options(extra: "[pop3]\nlogin_delay = \"2s\"\n"))
        defer { house.stop() }
        try Self.python(
            """
            import poplib, sys, time
            def login():
                p = poplib.POP3("127.0.0.1", int(sys.argv[1]), timeout=20)
                assert p.capa()["LOGIN-DELAY"] == ["2"], p.capa()
                p.user("alice@example.test"); p.pass_(sys.argv[2])
                assert p.capa()["LOGIN-DELAY"] == ["2"], p.capa()
                return p
            login().quit()
            begun = time.monotonic()
            while True:
                try: login().quit(); break
                except poplib.error_proto as error: assert b"[LOGIN-DELAY]" in error.args[0], error
                assert time.monotonic() - begun < 20
            assert time.monotonic() - begun > 1, "let in at once"
            """, "\(house.pop3Port)", House.password)
    }
}
