// Which server gets the mail: MX order, fallback, the DNS's ways to say no, and the smart host.

import Foundation
import IPC
import Mail
import NIOCore
import SMTP
import TLS
import Testing

@testable import delivery

extension DeliveryRoomTests {
    @Suite struct RouteTests {
        /// Two sinks on one port, at two addresses.
        private func sinks() async throws -> (Sink, Sink) {
            let first = try await Sink("127.0.0.1")
            return (first, try await Sink("127.0.0.2", port: Int(first.port)))
        }

        private func expectDelivered(_ house: FakeHouse, _ letter: Letter = Letter()) async throws {
            let outcome = try await house.store.outcome(of: house.store.add(letter))
            guard case .delivered = outcome else { throw UnexpectedAnswer(outcome) }
        }

        /// T-18, T-21.
        @Test func thePreferredExchangeGetsTheMail() async throws {
            let (first, second) = try await sinks()
            let house = try await FakeHouse(.mx(port: first.port, tls: .none))
            house.domain("remote.test", first, second)
            try await expectDelivered(house, Letter(content: "Subject: dots\r\n\r\n.\r\n..two\r\nend"))
            let expected = Sink.Message(
                greeting: "us.test", sender: "alice@home.test", recipients: ["bob@remote.test"],
                content: "Subject: dots\r\n\r\n.\r\n..two\r\nend\r\n", isSecured: false, session: 1)
            #expect(first.messages == [expected])
            #expect(second.sessions == 0)
            #expect(house.names.asked.contains("remote.test 15"))
            await house.stop()
        }

        @Test(arguments: [Sink.Step.greeting, .ehlo, .mail, .rcpt, .data])
        func theSecondExchangeStepsIn(step: Sink.Step) async throws {
            let (first, second) = try await sinks()
            let house = try await FakeHouse(.mx(port: first.port, tls: .none))
            house.domain("remote.test", first, second)
            first.on(step, .drop)
            try await expectDelivered(house)
            #expect(second.messages.count == 1)
            await house.stop()
        }

        @Test func theSecondExchangeStepsInForOneThatIsDown() async throws {
            let (first, second) = try await sinks()
            let house = try await FakeHouse(.mx(port: first.port, tls: .none))
            house.domain("remote.test", first, second)
            await first.stop()
            try await expectDelivered(house)
            #expect(second.messages.count == 1)
            await house.stop()
        }

        /// Behind the final dot the first may have the message: nobody else gets it now.
        @Test func aLostReceiptIsNotRepeatedElsewhere() async throws {
            let (first, second) = try await sinks()
            let house = try await FakeHouse(.mx(port: first.port, tls: .none))
            house.domain("remote.test", first, second)
            first.on(.content, .drop)
            let outcome = try await house.store.outcome(of: house.store.add(Letter()))
            guard case .deferred = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(second.sessions == 0)
            await house.stop()
        }

        /// RFC 5321 §5.1: a host may have several addresses; all are tried.
        @Test func everyAddressIsTried() async throws {
            let sink = try await Sink("127.0.0.1")
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            house.names.mx("remote.test", (10, "mx.remote.test"))
            house.names.address("mx.remote.test", "127.0.0.3", "127.0.0.2", "127.0.0.1")
            house.names.address6("mx.remote.test", "::1")
            try await expectDelivered(house)
            #expect(sink.messages.count == 1)
            await house.stop()
        }

        @Test func theImplicitExchange() async throws {
            let sink = try await Sink("127.0.0.1")
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            house.names.address("remote.test", "127.0.0.1")
            try await expectDelivered(house)
            await house.stop()
        }

        @Test func anAddressLiteral() async throws {
            let sink = try await Sink("127.0.0.1")
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            #expect(DeliveryDesk.literal("[IPv6:::1]") == "::1")
            #expect(DeliveryDesk.literal("[127.0.0.1]") == "127.0.0.1")
            #expect(DeliveryDesk.literal("127.0.0.1") == nil)
            await house.stop()
            await sink.stop()
        }

        static let refusals: [(String, NameServer.Entry?, String, String)] = [
            ("no such domain", nil, "host-not-found", "5.1.2"),
            ("RFC 7505", .mx([(0, "")]), "null-mx", "5.1.10"),
            ("loop", .mx([(10, "us.test")]), "mail-loop", "5.4.6"),
            ("exchange does not exist", .mx([(10, "gone.test")]), "no-exchange", "5.4.4"),
            ("no MX and no address", .empty, "no-exchange", "5.4.4"),
        ]

        @Test(arguments: refusals)
        func theDNSSaysNo(why: String, entry: NameServer.Entry?, category: String, status: String) async throws {
            let house = try await FakeHouse(.mx(port: 9, tls: .none))
            if let entry {
                if case .mx = entry {
                    house.names.set("remote.test", 15, entry)
                } else {
                    house.names.entry("remote.test", entry)
                }
            }
            let outcome = try await house.store.outcome(of: house.store.add(Letter()))
            guard case .failed(let report) = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(report.category == category && report.status == status, "\(why): \(report)")
            #expect(house.router.reports.count == 1)
            await house.stop()
        }

        @Test(arguments: [("remote.test", "mx"), ("mx0.remote.test", "address")])
        func aBrokenNameServerDefers(name: String, what: String) async throws {
            let house = try await FakeHouse(.mx(port: 9, tls: .none))
            house.names.mx("remote.test", (10, "mx0.remote.test"))
            house.names.remove(name)
            house.names.entry(name, .servfail)
            let outcome = try await house.store.outcome(of: house.store.add(Letter()))
            guard case .deferred(let report, _) = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(report.category == "name-server-trouble" && report.status == "4.4.3")
            #expect(report.text.contains("SERVFAIL"))
            await house.stop()
        }

        /// T-24, T-26: no MX question is asked; and when the smart host is down, the mail waits.
        @Test func theSmartHostGetsEverything() async throws {
            let sink = try await Sink("127.0.0.1")
            let other = try await Sink("127.0.0.2", port: Int(sink.port))
            let host = DeliveryPolicy.SmartHost(host: "smart.test", port: sink.port, tls: .none, credentials: nil)
            let house = try await FakeHouse(.smartHost(host))
            house.domain("remote.test", other)
            house.names.address("smart.test", "127.0.0.1")
            try await expectDelivered(house)
            try await expectDelivered(house, Letter(recipients: ["x@elsewhere.test"]))
            #expect(sink.messages.count == 2 && sink.sessions == 1)
            await sink.stop()
            let lease = house.store.add(Letter())
            let outcome = try await house.store.outcome(of: lease)
            guard case .deferred = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(other.sessions == 0)
            #expect(!house.names.asked.contains { $0.hasSuffix(" 15") })
            await house.stop()
        }

        /// The name of the smart host is a setting: what is wrong with it can be mended, and is no reason to bounce.
        @Test func anUnknownSmartHostDefers() async throws {
            let host = DeliveryPolicy.SmartHost(host: "typo.test", port: 25, tls: .none, credentials: nil)
            let house = try await FakeHouse(.smartHost(host))
            let outcome = try await house.store.outcome(of: house.store.add(Letter()))
            guard case .deferred(let report, _) = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(report.category == "no-exchange" && report.text.contains("typo.test"))
            await house.stop()
        }

        /// T-24: the route is that of the settings at the time of the attempt.
        @Test func aReloadChangesTheRoute() async throws {
            let (first, second) = try await sinks()
            let house = try await FakeHouse(.mx(port: first.port, tls: .none))
            house.domain("remote.test", first)
            try await expectDelivered(house)
            let host = DeliveryPolicy.SmartHost(host: "127.0.0.2", port: first.port, tls: .none, credentials: nil)
            var policy = DeliveryPolicy(hostname: "us.test", route: .smartHost(host))
            policy.dnsServers = [house.names.server]
            await house.room.reload(policy)
            try await expectDelivered(house)
            #expect(first.messages.count == 1 && second.messages.count == 1)
            await house.stop()
        }

        /// T-25, P-10, P-13 … P-15.
        @Test(arguments: [
            ("AUTH PLAIN LOGIN CRAM-MD5", "AUTH CRAM-MD5"), ("AUTH LOGIN", "AUTH LOGIN"),
            ("AUTH PLAIN", "AUTH PLAIN AGFsaWNlAHRhbnN0YWFmdGFuc3RhYWY="),
        ])
        func theSmartHostIsToldWhoWeAre(offer: String, line: String) async throws {
            let sink = try await Sink(capabilities: ["PIPELINING", offer])
            let credentials = SMTPClientCredentials(
                user: "alice", password: Secret("tanstaaftanstaaf"), allowsClearText: true)
            let host = DeliveryPolicy.SmartHost(
                host: "127.0.0.1", port: sink.port, tls: .none, credentials: credentials)
            let house = try await FakeHouse(.smartHost(host))
            try await expectDelivered(house)
            #expect(sink.lines.contains(line), "\(sink.lines)")
            await house.stop()
            await sink.stop()
        }

        /// RFC 2195 §2's example.
        @Test func theChallengeIsAnswered() {
            let challenge = Array("<1896.697170952@postoffice.reston.mci.net>".utf8)
            let digest = ChallengeResponse.hmacMD5(key: Array("tanstaaftanstaaf".utf8), message: challenge)
            #expect(digest.map { String(format: "%02x", $0) }.joined() == "b913a602c7eda7a495b4e6e7334d3890")
        }

        @Test func aRejectedLoginDefers() async throws {
            let sink = try await Sink(capabilities: ["AUTH PLAIN"])
            sink.on(.auth, .reply("535 5.7.8 Wrong"))
            let credentials = SMTPClientCredentials(user: "alice", password: Secret("x"), allowsClearText: true)
            let host = DeliveryPolicy.SmartHost(
                host: "127.0.0.1", port: sink.port, tls: .none, credentials: credentials)
            let house = try await FakeHouse(.smartHost(host))
            let outcome = try await house.store.outcome(of: house.store.add(Letter()))
            guard case .deferred(let report, _) = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(report.category == "auth-rejected" && report.text.contains("535 5.7.8 Wrong"))
            #expect(!sink.lines.contains { $0.hasPrefix("MAIL") })
            await house.stop()
            await sink.stop()
        }
    }
}
