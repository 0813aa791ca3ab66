// Mail that leaves: the MX found through DNS, a server that is down, a server that refuses.

import Foundation
import Testing

@Suite struct RelayTests {
    struct World {
        let dns: FakeDNS
        let sinkPort: UInt16
        let house: House

        init(lifetime: String = "5d") throws {
            dns = try FakeDNS()
            dns.set("elsewhere.test", [.exchange(preference: 10, host: "mx.elsewhere.test")])
            dns.set("mx.elsewhere.test", [.address("127.0.0.1")])
            sinkPort = House.freePort()
            house = try House(
                House.Options(
                    delivery: "port = \(sinkPort)\nretry = [\"1s\"]\nlifetime = \"\(lifetime)\"", dnsPort: dns.port))
        }

        func stop() {
            house.stop()
            dns.stop()
        }

        func queue() throws -> [[String: Any]] {
            let result = try house.postern(["queue", "list", "--json"])
            try House.expectSuccess(result)
            return try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]] ?? []
        }
    }

    /// with the outgoing service off, mail for others is taken and waits, mail for us arrives; on again, it goes.
    @Test func theOutgoingServiceIsOff() throws {
        let dns = try FakeDNS()
        defer { dns.stop() }
        dns.set("elsewhere.test", [.exchange(preference: 10, host: "mx.elsewhere.test")])
        dns.set("mx.elsewhere.test", [.address("127.0.0.1")])
        let port = House.freePort()
        let house = try House(House.Options(delivery: "port = \(port)\nenabled = false", dnsPort: dns.port))
        defer { house.stop() }
        let sink = try Sink(port: port)
        defer { sink.stop() }
        let reply = try house.send(to: ["x@elsewhere.test", "alice@example.test"], "Subject: later\r\n\r\nx")
        #expect(reply.hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 1)
        #expect(try house.postern(["queue", "list", "--json"]).output.contains("x@elsewhere.test"))
        #expect(try house.postern(["doctor"]).output.contains("the outgoing service is disabled"))
        #expect(sink.messages.isEmpty)
        let text = try String(contentsOfFile: house.settingsPath, encoding: .utf8)
        try text.replacingOccurrences(of: "enabled = false", with: "enabled = true").write(
            toFile: house.settingsPath, atomically: true, encoding: .utf8)
        kill(house.process.processIdentifier, SIGHUP)
        try wait(20, for: "the message") { sink.messages.count == 1 }
    }

    /// RFC 3461: who asks for it hears of each recipient once: of the one here that the message is in the mailbox, of the
    /// other that it went to a server that will not say.
    @Test func successIsReported() throws {
        let world = try World()
        defer { world.stop() }
        let sink = try Sink(port: world.sinkPort)
        defer { sink.stop() }
        let wire = try Wire(port: world.house.smtpPort)
        _ = try wire.reply()
        _ = try wire.ask("EHLO x")
        #expect(try wire.ask("MAIL FROM:<alice@example.test> RET=HDRS ENVID=E+2B1").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<bob@example.test> NOTIFY=SUCCESS ORCPT=rfc822;old@example.test").hasPrefix("250"))
        #expect(try wire.ask("RCPT TO:<x@elsewhere.test> NOTIFY=SUCCESS,FAILURE").hasPrefix("250"))
        #expect(try wire.ask("DATA").hasPrefix("354"))
        #expect(try wire.ask("Subject: news\r\n\r\nx\r\n.").hasPrefix("250"))
        try wait(20, for: "both reports") { try world.house.mailbox("alice").count == 2 }
        let reports = try world.house.mailbox("alice").map { $0.joined(separator: "\n") }
        for (action, recipient) in [("delivered", "bob@example.test"), ("relayed", "x@elsewhere.test")] {
            let report = reports.first { $0.contains("Action: \(action)") } ?? ""
            #expect(report.contains("Final-Recipient: rfc822; \(recipient)") && report.contains("Original-Envelope-Id: E+1"))
        }
        #expect(reports.contains { $0.contains("Original-Recipient: rfc822;old@example.test") })
        #expect(sink.messages.count == 1)
        #expect(try world.house.mailbox("bob").count == 1)
    }

    /// T-21, T-22, T-24: the MX of the recipient's domain gets the message, greeted with our name (T-18).
    @Test func theMailExchangerGetsIt() throws {
        let world = try World()
        defer { world.stop() }
        let sink = try Sink(port: world.sinkPort)
        defer { sink.stop() }
        #expect(
            try world.house.send(
                from: "alice@example.test", to: ["x@elsewhere.test", "y@elsewhere.test"], "Subject: out\r\n\r\n.dot"
            )
            .hasPrefix("250"))
        try wait(20, for: "the message") { sink.messages.count == 1 }
        let message = try #require(sink.messages.first)
        #expect(message.sender == "alice@example.test")
        #expect(message.recipients.sorted() == ["x@elsewhere.test", "y@elsewhere.test"])
        #expect(message.greeting == "mail.example.test")
        let text = String(decoding: message.content, as: UTF8.self)
        #expect(text.hasPrefix("Received: ") && !text.contains("Return-Path"))
        #expect(world.dns.questions.contains("MX elsewhere.test"))
        try wait(10, for: "an empty queue") { try world.queue().isEmpty }
        #expect(try world.house.unaccounted() == 0)
    }

    @Test func aServerThatIsDownGetsItWhenItIsUp() throws {
        let world = try World()
        defer { world.stop() }
        #expect(
            try world.house.send(from: "alice@example.test", to: ["x@elsewhere.test"], "Subject: later\r\n\r\nx")
                .hasPrefix("250"))
        try wait(20, for: "a deferred entry with its reason") {
            guard let entry = try world.queue().first, entry["state"] as? String == "deferred" else { return false }
            let reason = entry["reason"] as? String ?? ""
            return reason.lowercased().contains("refused")
        }
        let sink = try Sink(port: world.sinkPort)
        defer { sink.stop() }
        try wait(20, for: "the message") { sink.messages.count == 1 }
        try wait(10, for: "an empty queue") { try world.queue().isEmpty }
        #expect(try world.house.unaccounted() == 0)
    }

    @Test func aRefusalComesBackAsABounce() throws {
        let world = try World()
        defer { world.stop() }
        let sink = try Sink(port: world.sinkPort)
        defer { sink.stop() }
        sink.answer("RCPT", "550 5.1.1 <x@elsewhere.test>: no such user here")
        #expect(
            try world.house.send(from: "alice@example.test", to: ["x@elsewhere.test"], "Subject: to nobody\r\n\r\nx")
                .hasPrefix("250"))
        try wait(20, for: "the bounce") { try world.house.mailbox("alice").count == 1 }
        let bounce = try world.house.mailbox("alice")[0]
        #expect(bounce.first == "Return-Path: <>")
        #expect(bounce.contains { $0.contains("no such user here") })
        #expect(
            bounce.contains { $0.lowercased().hasPrefix("final-recipient: rfc822;") && $0.contains("x@elsewhere.test") }
        )
        #expect(bounce.contains { $0.hasPrefix("Subject: to nobody") })
        try wait(10, for: "an empty queue") { try world.queue().isEmpty }
        #expect(try world.house.unaccounted() == 0)
    }

    @Test func aDomainThatDoesNotExistBounces() throws {
        let world = try World()
        defer { world.stop() }
        #expect(
            try world.house.send(from: "alice@example.test", to: ["x@nowhere.test"], "Subject: n\r\n\r\nx").hasPrefix(
                "250"))
        try wait(20, for: "the bounce") { try world.house.mailbox("alice").count == 1 }
    }

    @Test func aBrokenDNSServerDefers() throws {
        let world = try World()
        defer { world.stop() }
        world.dns.breakDown("elsewhere.test")
        let sink = try Sink(port: world.sinkPort)
        defer { sink.stop() }
        try world.house.send(from: "alice@example.test", to: ["x@elsewhere.test"], "Subject: n\r\n\r\nx")
        try wait(20, for: "a deferred entry") { try world.queue().first?["state"] as? String == "deferred" }
        world.dns.repair("elsewhere.test")
        try wait(40, for: "the message") { sink.messages.count == 1 }
    }
}
