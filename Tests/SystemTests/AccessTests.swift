// Who may do what, from outside: clients at any address by way of the PROXY protocol, lists that the command changes while
// sessions are open, ports with a role, bans over all services.

import Foundation
import Testing

@Suite struct AccessTests {
    /// The first port is one that a load balancer on this machine serves.
    private static func house(_ port: String = "", _ extra: String = "") throws -> House {
        try House(House.Options(extra: extra, smtpPort: "proxies = [\"127.0.0.1\"]\n\(port)"))
    }

    /// T-08, T-09, T-10, E-08, E-15a: a stranger relays from the moment on when his address is listed, and no longer; in a
    /// session that is open all the while.
    @Test func theTrustedListIsFollowedLive() throws {
        let house = try Self.house()
        defer { house.stop() }
        let wire = try house.smtp(from: "203.0.113.9")
        _ = try wire.ask("MAIL FROM:<a@remote.test>")
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("550 5.7.1"))
        try House.expectSuccess(house.postern(["trusted", "add", "203.0.113.%"]))
        try wait(5, for: "the right") { try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("250") }
        let list = try house.postern(["trusted", "list", "--json"])
        #expect(list.output.contains("203.0.113.%"))
        try House.expectSuccess(house.postern(["trusted", "remove", "203.0.113.%"]))
        try wait(5, for: "its end") { try wire.ask("RCPT TO:<y@elsewhere.test>").hasPrefix("550 5.7.1") }
        // a safe one needs nothing else.
        try House.expectSuccess(house.postern(["safe", "add", "203.0.113.9"]))
        try wait(5, for: "safety") { try wire.ask("RCPT TO:<z@elsewhere.test>").hasPrefix("250") }
    }

    /// A-19, D5: out of range at a port for outgoing mail, the connection ends without a byte; a safe one is served.
    @Test func outOfRange() throws {
        let house = try Self.house(
            "role = \"outgoing\"",
            "[relay]\nrange_control = true\ntrusted = [\"192.0.2.0/24\"]\nsafe = [\"198.51.100.7\"]\n")
        defer { house.stop() }
        let stranger = try Wire(port: house.smtpPort)
        try stranger.send(House.proxy("203.0.113.9"))
        let begin = Date()
        #expect(try stranger.rest().isEmpty)
        #expect(Date().timeIntervalSince(begin) < 2)
        for address in ["192.0.2.33", "198.51.100.7"] {
            let wire = try house.smtp(from: address)
            _ = try wire.ask("MAIL FROM:<a@remote.test>")
            #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("250"), "\(address)")
        }
    }

    /// D2, R-03: a port without authentication that takes anything; nothing leaves.
    @Test func aPortThatTakesAnything() throws {
        let house = try Self.house(
            "auth = false\naccept = \"any\"\naccept_account = \"scans@example.test\"", "[relay]\ntrusted = []\n")
        defer { house.stop() }
        try House.expectSuccess(house.postern(["processor", "add", "scans@example.test"]))
        let wire = try house.smtp(from: "203.0.113.9")
        let reply = try house.send(
            to: ["anybody@anywhere.test", "nobody@example.test", "alice@example.test"], "Subject: any\r\n\r\nx", over: wire)
        #expect(reply.hasPrefix("250"))
        #expect(try house.postern(["queue", "list", "--json"]).output.contains("anywhere") == false)
        #expect(try house.mailbox("alice").count == 1)
        let accounts = try house.postern(["processor", "list", "--json"])
        #expect(accounts.output.contains("\"messages\" : 1") || accounts.output.contains("\"messages\":1"), "\(accounts.output)")
    }

    /// T-02, T-03, T-06, T-07, and of T-04 and T-05 the match and the storage (triggers run in a later release): the same address as processor's rule, user and folder; each gets it only when the one before
    /// is gone. `explain` says so beforehand.
    @Test func theOrderOfClassification() throws {
        let house = try House(House.Options(accounts: []))
        defer { house.stop() }
        for command in [
            ["processor", "add", "work@example.test"], ["rule", "add", "work@example.test", "--recipient", "desk@example.test"],
            ["folder", "add", "desk@example.test"], ["alias", "add", "help@example.test", "desk@example.test"],
        ] { try House.expectSuccess(house.postern(command)) }
        try House.expectSuccess(
            house.postern(["account", "add", "desk@example.test", "--password-file", "-"], input: House.password))
        for (removal, word) in [
            ([], "receive-rule"), (["rule", "remove", "1"], "user"), (["account", "remove", "desk@example.test"], "folder"),
        ] {
            if !removal.isEmpty { try House.expectSuccess(house.postern(removal)) }
            try wait(5, for: word) {
                let said = try house.postern([
                    "explain", "--from", "a@remote.test", "--to", "desk@example.test", "--client", "127.0.0.1",
                ])
                return said.output.contains(word)
            }
            #expect(try house.send(to: ["desk@example.test"], "Subject: x\r\n\r\nx").hasPrefix("250"), "\(word)")
        }
        #expect(try house.send(to: ["help@example.test"], "Subject: x\r\n\r\nx").hasPrefix("250"))
        #expect(try house.unaccounted() == 0)
    }

    /// FEATURES 2.2: who guesses passwords is shut out by every service, listed, and let in again by command. The
    /// password of a stranger in the clear is not even taken (D8).
    @Test func guessersAreBanned() throws {
        let house = try Self.house("", "[defence]\nban_after = 3\n[auth]\nplaintext_without_tls = true\n")
        defer { house.stop() }
        for number in 0..<3 {
            let wire = try house.smtp(from: "203.0.113.9")
            let secret = Data("\0u\(number)@example.test\0guess\(number)".utf8).base64EncodedString()
            #expect(try wire.ask("AUTH PLAIN \(secret)").hasPrefix("535 5.7.8"))
        }
        let shut = try Wire(port: house.smtpPort)
        try shut.send(House.proxy("203.0.113.9"))
        #expect(try shut.reply()?.hasPrefix("421 4.7.0") == true)
        let list = try house.postern(["ban", "list", "--json"])
        #expect(list.output.contains("203.0.113.9"), "\(list.output)\(list.error)")
        try House.expectSuccess(house.postern(["ban", "remove", "203.0.113.9"]))
        #expect(try house.smtp(from: "203.0.113.9").ask("NOOP").hasPrefix("250"))
    }

    @Test func noPasswordInTheClear() throws {
        let house = try Self.house()
        defer { house.stop() }
        let wire = try house.smtp(from: "203.0.113.9")
        #expect(try wire.ask("AUTH PLAIN AGEAYg==").hasPrefix("504"))
    }

    /// R-05, D7: 20 MB exactly pass, one octet more is refused by name, and two of 15 MB pass.
    @Test func attachments() throws {
        let house = try House(House.Options(extra: "[attachment]\nmax_size = \"20 MB\"\n", smtp: "max_message_size = \"100 MB\""))
        defer { house.stop() }
        let megabyte = 1 << 20
        for (sizes, isTaken) in [
            ([20 * megabyte], true), ([20 * megabyte + 1], false), ([15 * megabyte, 15 * megabyte], true),
        ] {
            let wire = try house.smtp()
            for command in ["MAIL FROM:<a@remote.test>", "RCPT TO:<alice@example.test>", "DATA"] { _ = try wire.ask(command) }
            try wire.send(Self.message(sizes))
            let reply = try #require(try wire.reply())
            #expect(reply.hasPrefix(isTaken ? "250" : "552 5.3.4"), "\(sizes): \(reply)")
            if !isTaken { #expect(reply.contains("scan0.pdf"), "\(reply)") }
        }
    }

    private static func message(_ sizes: [Int]) -> [UInt8] {
        var text = Array("Content-Type: multipart/mixed; boundary=b\r\n\r\n".utf8)
        for (number, size) in sizes.enumerated() {
            text += Array(
                ("--b\r\nContent-Type: application/pdf; name=scan\(number).pdf\r\n"
                    + "Content-Transfer-Encoding: base64\r\n\r\n").utf8)
            let options: Data.Base64EncodingOptions = [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed]
            text += Array(Data(repeating: 7, count: size).base64EncodedData(options: options)) + [13, 10]
        }
        return text + Array("--b--\r\n.\r\n".utf8)
    }

    /// one login for sending, which has no mailbox; the accounts' own are good for reading only.
    @Test func aSingleLogin() throws {
        let password = "/var/tmp/postern-relay-\(getpid())"
        try "relay secret\n".write(toFile: password, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: password) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: password)
        let house = try Self.house(
            "",
            "[auth]\nplaintext_without_tls = true\n[relay]\ntrusted = []\nauthentication = \"required\"\n"
                + "accounts = \"single\"\nuser = \"scanner\"\npassword_file = \"\(password)\"\n")
        defer { house.stop() }
        func login(_ user: String, _ password: String) -> String {
            "AUTH PLAIN " + Data("\0\(user)\0\(password)".utf8).base64EncodedString()
        }
        let wire = try house.smtp(from: "203.0.113.9")
        #expect(try wire.ask(login("alice@example.test", House.password)).hasPrefix("535 5.7.8"))
        _ = try wire.ask("MAIL FROM:<a@remote.test>")
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("530 5.7.0"))
        _ = try wire.ask("RSET")
        #expect(try wire.ask(login("scanner", "relay secret")).hasPrefix("235"))
        _ = try wire.ask("MAIL FROM:<a@remote.test>")
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("250"))
        #expect(throws: WireError.self) { try house.pop3("scanner", password: "relay secret") }
        _ = try house.pop3("alice")
    }

    /// XCLIENT from whom the settings name: the session begins again for the client behind the filter.
    @Test func xclient() throws {
        let house = try House(House.Options(extra: "[relay]\ntrusted = [\"127.0.0.1\"]\n", smtpPort: "xclient = [\"127.0.0.1\"]"))
        defer { house.stop() }
        let wire = try house.smtp()
        #expect(try wire.ask("XCLIENT ADDR=203.0.113.9 NAME=host.test").hasPrefix("220"))
        _ = try wire.ask("EHLO x")
        _ = try wire.ask("MAIL FROM:<a@remote.test>")
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("550 5.7.1"))
    }

    ///
    @Test func limits() throws {
        let house = try House(House.Options(smtp: "max_recipients = 100", smtpPort: "max_sessions = 2"))
        defer { house.stop() }
        let one = try house.smtp()
        do {
            let two = try house.smtp()
            let three = try Wire(port: house.smtpPort)
            #expect(try three.reply()?.hasPrefix("421 4.3.2") == true)
            _ = try two.ask("QUIT")
        }
        try wait(5, for: "a free place") { try Wire(port: house.smtpPort).reply()?.hasPrefix("220") == true }
        _ = try one.ask("MAIL FROM:<a@remote.test>")
        var codes: [String: Int] = [:]
        for _ in 0..<101 { codes[String(try one.ask("RCPT TO:<alice@example.test>").prefix(9)), default: 0] += 1 }
        #expect(codes == ["250 2.1.5": 100, "452 4.5.3": 1])
    }
}

/// LMTP at a Unix socket and BDAT, from programs that speak them.
@Suite struct DialectTests {
    @Test func lmtpAtAUnixSocket() throws {
        let folder = "/var/tmp/postern-lmtp-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let house = try House(
            House.Options(extra: "[[listen]]\nservice = \"lmtp\"\naddress = \"unix:\(folder)/lmtp\"\n"))
        defer { house.stop() }
        // Python's LMTP reads one reply for all recipients; swaks reads one for each.
        let result = try House.command(
            "/usr/bin/swaks",
            [
                "--protocol", "LMTP", "--socket", "\(folder)/lmtp", "--from", "a@remote.test", "--to",
                "alice@example.test,bob@example.test,no@example.test", "--force-getpwuid",
            ])
        #expect(result.output.contains("550 5.1.1"), "\(result.output)\(result.error)")
        #expect(result.output.components(separatedBy: "250 2.0.0 Queued as").count == 3, "\(result.output)")
        let message = try #require(try house.mailbox("alice").first)
        #expect(message.contains { $0.contains("with LMTP") })
        #expect(try house.mailbox("bob").count == 1)
    }

    /// RFC 3030: chunks, with a message that has no line ends at all; it is read as it was sent.
    @Test func chunks() throws {
        let house = try House()
        defer { house.stop() }
        let wire = try house.smtp()
        #expect(try wire.ask("MAIL FROM:<a@remote.test> BODY=BINARYMIME").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<alice@example.test>").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test>").hasPrefix("554 5.6.1"))
        try wire.send("BDAT 16\r\nSubject: bin\r\n\r\n")
        #expect(try wire.reply()?.hasPrefix("250") == true)
        try wire.send("BDAT 5 LAST\r\n\u{0}\n\r.\n")
        #expect(try wire.reply()?.hasPrefix("250 2.0.0 Queued as") == true)
        #expect(try house.mailbox("alice").count == 1)
    }

    /// RFC 6531: an address beyond ASCII.
    @Test func internationalAddresses() throws {
        let house = try House(House.Options(accounts: []))
        defer { house.stop() }
        try House.expectSuccess(
            house.postern(["account", "add", "jörg@example.test", "--password-file", "-"], input: House.password))
        let wire = try house.smtp()
        #expect(try wire.ask("MAIL FROM:<a@remote.test>").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<jörg@example.test>").hasPrefix("553 5.6.7"))
        _ = try wire.ask("RSET")
        #expect(try wire.ask("MAIL FROM:<a@remote.test> SMTPUTF8").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<jörg@example.test>").hasPrefix("250"))
        _ = try wire.ask("DATA")
        #expect(try wire.ask("Subject: Grüße\r\n\r\nx\r\n.").hasPrefix("250"))
    }

    /// A forward that names its own mailbox keeps a copy there, and is not a loop.
    @Test func aForwardKeepsACopy() throws {
        let house = try House(House.Options(delivery: "enabled = false"))
        defer { house.stop() }
        try House.expectSuccess(
            house.postern(["forward", "add", "alice@example.test", "alice@example.test", "bob@example.test", "x@elsewhere.test"]))
        #expect(try house.send(to: ["alice@example.test"], "Subject: both\r\n\r\nx").hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 1)
        #expect(try house.mailbox("bob").count == 1)
        #expect(try house.postern(["queue", "list", "--json"]).output.contains("x@elsewhere.test"))
        let refused = try house.postern(["account", "remove", "alice@example.test"])
        #expect(refused.status == 1 && refused.error.contains("alias"), "\(refused.error)")
    }
}
