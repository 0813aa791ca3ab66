// The maildrop of somebody else, read through the running house by clients that people use. T-27.

import Foundation
import Testing

@Suite struct SharedMaildropTests {
    private static let info = "info@example.test"
    private static let alice = "alice@example.test"

    /// A folder with two messages, which alice may read; bob's mailbox, which she may not.
    private static func house(_ options: House.Options = House.Options()) throws -> House {
        let house = try House(options)
        try run(house, "folder add \(info)")
        try run(house, "mailbox share \(info) INBOX \(alice) read --kind folder")
        for number in 1...2 { try house.send(to: [info], "Subject: for all \(number)\r\n\r\nx") }
        for name in ["alice", "bob"] { try house.send(to: ["\(name)@example.test"], "Subject: for \(name)\r\n\r\nx") }
        return house
    }

    private static func run(_ house: House, _ line: String) throws {
        try House.expectSuccess(house.postern(line.split(separator: " ").map(String.init)))
    }

    /// `at(name)` gives a session that has logged in, `refusal(name, password)` the words of one that could not.
    private static let opening = """
        import poplib, sys, time
        port, password = int(sys.argv[1]), sys.argv[2]
        def at(name):
            p = poplib.POP3("127.0.0.1", port, timeout=20)
            p.user(name); p.pass_(password)
            return p
        def refusal(name, password=password):
            p = poplib.POP3("127.0.0.1", port, timeout=20)
            p.user(name)
            try: p.pass_(password)
            except poplib.error_proto as error: return error.args[0].decode()
            sys.exit(name + " came in")
        def denied(p, number):
            try: p.dele(number)
            except poplib.error_proto as error: return error.args[0].decode()
            sys.exit("deleted")
        shared = "info@example.test*alice@example.test"

        """

    private static func python(_ house: House, _ script: String) throws {
        let result = try House.command(
            "/usr/bin/python3", ["-c", opening + script, "\(house.pop3Port)", House.password])
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    @Test("poplib: read-only with read, all of it with write, nothing when it is revoked") func poplib() throws {
        let house = try Self.house()
        defer { house.stop() }
        try Self.python(
            house,
            """
            p = at(shared)
            assert p.stat()[0] == 2, p.stat()
            assert b"Subject: for all 1" in p.retr(1)[1]
            assert denied(p, 1).startswith("-ERR [SYS/PERM] This login may read"), denied(p, 1)
            names = p.uidl()[1]
            # The lock is the maildrop's; her own is another.
            assert refusal(shared).startswith("-ERR [IN-USE]")
            own = at("alice@example.test")
            assert b"Subject: for alice" in own.retr(1)[1]
            own.quit(); p.quit()
            p = at(shared)
            assert p.stat()[0] == 2 and p.uidl()[1] == names
            p.quit()
            """)
        try Self.run(house, "mailbox share \(Self.info) INBOX \(Self.alice) write --kind folder")
        try Self.python(
            house,
            """
            p = at(shared)
            p.dele(1); p.quit()
            p = at(shared)
            assert p.stat()[0] == 1 and b"Subject: for all 2" in p.retr(1)[1]
            p.quit()
            """)
        // What was opened before stays open; what comes later does not.
        let open = try house.pop3("info@example.test*alice")
        try Self.run(house, "mailbox unshare \(Self.info) INBOX \(Self.alice) --kind folder")
        try open.send("RETR 1\r\n")
        #expect(try open.line()?.hasPrefix("+OK") == true)
        #expect(try open.multiline().contains("Subject: for all 2"))
        try open.send("QUIT\r\n")
        #expect(try open.line()?.hasPrefix("+OK") == true)
        try Self.python(
            house,
            """
            assert refusal(shared) == "-ERR [AUTH] This login may not open that mailbox", refusal(shared)
            """)
        #expect(try house.unaccounted() == 0)
    }

    @Test("who has proved nothing learns nothing; who has is told at once, and the journal names both") func refusals() throws {
        let house = try Self.house()
        defer { house.stop() }
        try Self.python(
            house,
            """
            wrong = "-ERR [AUTH] Name or password is wrong"
            for other in ("info", "bob", "nobody"):
                for login, secret in (("alice", "wrong"), ("nobody", password), ("info", password)):
                    began = time.monotonic()
                    said = refusal(f"{other}@example.test*{login}@example.test", secret)
                    assert said == wrong, (other, login, said)
                    assert time.monotonic() - began >= 1.9, (other, login)
            for other in ("bob", "nobody"):
                began = time.monotonic()
                said = refusal(f"{other}@example.test*alice@example.test")
                assert said == "-ERR [AUTH] This login may not open that mailbox", said
                assert time.monotonic() - began < 1.9
            p = at(shared); p.quit()
            """)
        let journal = house.log()
        #expect(journal.contains("postern mailbox share bob@example.test INBOX alice@example.test read)"))
        #expect(journal.contains("nobody here is nobody@example.test"))
        let accepted = journal.split(separator: "\n").filter { $0.contains("login-accepted") && $0.contains("mailbox=") }
        #expect(accepted.count == 1, "\(journal)")
        for word in ["user=\(Self.alice)", "mailbox=\(Self.info)", "read-only"] {
            #expect(accepted.allSatisfy { $0.contains(word) }, "\(accepted)")
        }
    }

    @Test("a `*` in the name of an account is a letter of it") func starInAName() throws {
        let house = try Self.house(House.Options(accounts: ["alice", "bob", "a*b"]))
        defer { house.stop() }
        try house.send(to: ["a*b@example.test"], "Subject: starred\r\n\r\nx")
        try Self.run(house, "mailbox share \(Self.info) INBOX a*b@example.test read --kind folder")
        try Self.run(house, "mailbox share a*b@example.test INBOX \(Self.alice) read")
        try Self.python(
            house,
            """
            for name, subject in (
                ("a*b@example.test", b"starred"), ("info@example.test*a*b@example.test", b"for all 1"),
                ("a*b@example.test*alice@example.test", b"starred"),
            ):
                p = at(name)
                assert b"Subject: " + subject in p.retr(1)[1], name
                p.quit()
            """)
    }

    /// RFC 4616 §2, RFC 5802 §5.1: curl and mpop say what they are told to.
    @Test("curl: the authorization identity names the mailbox; for sending it names nobody else") func curl() throws {
        let house = try Self.house(House.Options(legacy: ["CRAM-MD5", "NTLM"], tls: true))
        defer { house.stop() }
        func curl(_ url: String, _ user: String, _ more: [String]) throws -> House.Result {
            try House.command("/usr/bin/curl", ["-sS", "-k", url, "-u", user] + more)
        }
        let (url, right) = ("pop3s://127.0.0.1:\(house.pop3sPort)/2", "\(Self.alice):\(House.password)")
        let plain = ["--login-options", "AUTH=PLAIN", "--sasl-authzid"]
        let found = try curl(url, right, plain + [Self.info])
        #expect(found.output.contains("Subject: for all 2"), "\(found.error)")
        for (user, other) in [
            (right, "bob@example.test"), (right, "nobody@example.test"), (right, "nobody"),
            ("\(Self.alice):wrong", Self.info), ("bob@example.test:\(House.password)", Self.info),
        ] {
            // 67: the user name, password, or similar was not accepted.
            #expect(try curl(url, user, plain + [other]).status == 67, "\(user) \(other)")
        }
        for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "NTLM"] {
            let named = try curl(url, "\(Self.info)*\(right)", ["--login-options", "AUTH=\(mechanism)"])
            #expect(named.output.contains("Subject: for all 2"), "\(mechanism): \(named.error)")
        }
        let message = house.folder + "/message"
        try "Subject: x\r\n\r\nx\r\n".write(toFile: message, atomically: true, encoding: .utf8)
        for (other, status) in [(Self.info, 67 as Int32), (Self.alice, 0)] {
            let sent = try curl(
                "smtps://127.0.0.1:\(house.submissionsPort)", right,
                plain + [other, "--mail-from", Self.alice, "--mail-rcpt", "bob@example.test", "-T", message])
            #expect(sent.status == status, "\(other): \(sent.status) \(sent.error)")
        }
    }
}
