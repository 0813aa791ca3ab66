// A message goes in by SMTP and comes out by POP3, with the clients that people use.

import Foundation
import Testing

@Suite struct SendAndReadTests {
    /// T-01, E-01, R-01, E-04, E-10: envelope in, maildrop out, byte for byte, with the trace fields in front.
    @Test func whatWasSentIsRead() throws {
        let house = try House()
        defer { house.stop() }
        let reply = try house.send(to: ["alice@example.test"], "Subject: first\r\n\r\n..dots\r\nbody")
        #expect(reply.hasPrefix("250 2.0.0 Queued as "))
        let messages = try house.mailbox("alice")
        let message = try #require(messages.first)
        #expect(messages.count == 1)
        #expect(message.first == "Return-Path: <sender@remote.test>")
        #expect(message.contains { $0.hasPrefix("Received: from client.test") })
        #expect(Array(message.suffix(4)) == ["Subject: first", "", ".dots", "body"])
        #expect(try house.unaccounted() == 0)
    }

    /// Closed relay by default (T-08, E-06): from an untrusted address nothing leaves. Loopback is trusted by default,
    /// so the trusted list is emptied.
    @Test func strangersMayNotRelay() throws {
        let house = try House(House.Options(extra: "[relay]\ntrusted = []\n"))
        defer { house.stop() }
        let wire = try house.smtp()
        #expect(try wire.ask("MAIL FROM:<a@remote.test>").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<someone@elsewhere.test>").hasPrefix("550 5.7.1"))
        #expect(try wire.ask("RCPT TO:<nobody@example.test>").hasPrefix("550 5.1.1"))
        #expect(try wire.ask("RCPT TO:<alice@example.test>").hasPrefix("250"))
        #expect(try wire.ask("DATA").hasPrefix("354"))
        #expect(try wire.ask("Subject: x\r\n\r\nx\r\n.").hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 1)
    }

    /// E-14, T-18: a port may call itself by another name than the host's.
    @Test func theNameInTheGreeting() throws {
        let house = try House(House.Options(smtpPort: "hello_name = \"other.example.test\""))
        defer { house.stop() }
        let wire = try Wire(port: house.smtpPort)
        #expect(try wire.reply()?.hasPrefix("220 mail.example.test ESMTP") == true)
        try wire.send("EHLO x\r\n")
        #expect(try wire.line() == "250-other.example.test")
        _ = try wire.reply()
        #expect(try wire.ask("HELO x") == "250 other.example.test")
    }

    @Test func oneMessageForTwoAccountsIsInBoth() throws {
        let house = try House()
        defer { house.stop() }
        #expect(
            try house.send(to: ["alice@example.test", "BOB@Example.Test"], "Subject: two\r\n\r\nx").hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 1)
        #expect(try house.mailbox("bob").count == 1)
    }

    @Test func aWrongPasswordIsRefused() throws {
        let house = try House()
        defer { house.stop() }
        let wire = try Wire(port: house.pop3Port)
        #expect(try wire.line()?.hasPrefix("+OK") == true)
        for user in ["alice@example.test", "nobody@example.test"] {
            try wire.send("USER \(user)\r\n")
            #expect(try wire.line()?.hasPrefix("+OK") == true)
            try wire.send("PASS wrong\r\n")
            #expect(try wire.line()?.hasPrefix("-ERR [AUTH]") == true)
        }
    }

    @Test func whatIsDeletedStaysDeleted() throws {
        let house = try House()
        defer { house.stop() }
        for number in 1...3 { try house.send(to: ["alice@example.test"], "Subject: m\(number)\r\n\r\nx") }
        let wire = try house.pop3("alice")
        try wire.send("DELE 2\r\nQUIT\r\n")
        #expect(try wire.line()?.hasPrefix("+OK") == true)
        #expect(try wire.line()?.hasPrefix("+OK") == true)
        let left = try house.mailbox("alice").map { $0.first { $0.hasPrefix("Subject") } }
        #expect(left == ["Subject: m1", "Subject: m3"])
        try house.crashAndRestart()
        #expect(try house.mailbox("alice").count == 2)
    }

    /// Real clients, as they come from the distribution.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/swaks"), "swaks is not installed"))
    func realClients() throws {
        let house = try House()
        defer { house.stop() }
        let swaks = try House.command(
            "/usr/bin/swaks",
            [
                "--server", "127.0.0.1:\(house.smtpPort)", "--to", "alice@example.test", "--from", "s@remote.test",
                "--body", "by swaks",
            ])
        #expect(swaks.status == 0, "\(swaks.output)\(swaks.error)")
        try "Subject: by curl\n\nbody\n".write(toFile: house.folder + "/mail", atomically: true, encoding: .utf8)
        let curl = try House.command(
            "/usr/bin/curl",
            [
                "-s", "--crlf", "--url", "smtp://127.0.0.1:\(house.smtpPort)/client.test", "--mail-from",
                "c@remote.test", "--mail-rcpt",
                "alice@example.test", "-T", house.folder + "/mail",
            ])
        #expect(curl.status == 0, "\(curl.error)")
        let python = try House.command(
            "/usr/bin/python3",
            [
                "-c",
                """
                import poplib
                p = poplib.POP3('127.0.0.1', \(house.pop3Port))
                p.user('alice@example.test'); p.pass_('\(House.password)')
                print(p.stat()[0], len(p.uidl()[1]), b'by swaks' in b''.join(p.retr(1)[1]))
                p.quit()
                """,
            ])
        #expect(python.output == "2 2 True\n", "\(python.error)")
        let list = try House.command(
            "/usr/bin/curl",
            ["-s", "--user", "alice@example.test:\(House.password)", "pop3://127.0.0.1:\(house.pop3Port)/2"])
        #expect(list.output.contains("Subject: by curl"))
    }
}
