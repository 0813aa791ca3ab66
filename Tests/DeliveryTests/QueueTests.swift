// The room and the queue: what is settled when, what is remembered, how many connections there are.

import Foundation
import IPC
import Mail
import NIOCore
import SMTP
import Testing

@testable import delivery

extension DeliveryRoomTests {
    @Suite struct QueueTests {
        private func house(_ sink: Sink, _ change: (inout DeliveryPolicy) -> Void = { _ in }) async throws -> FakeHouse {
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none), change)
            house.domain("remote.test", sink)
            return house
        }

        /// Waits until something is so; the suite's time limit is the end of patience.
        private func until(_ condition: () -> Bool) async {
            while !condition() { try? await Task.sleep(for: .milliseconds(5)) }
        }

        // MARK: Reports

        /// RFC 3461 §5.2.2: a server that knows DSN is told and reports itself; for one that does not, we say "relayed".
        @Test(arguments: [true, false])
        func successIsReportedByWhoeverCan(knowsDSN: Bool) async throws {
            let sink = try await Sink(capabilities: ["PIPELINING"] + (knowsDSN ? ["DSN"] : []))
            let house = try await house(sink)
            let wish = RecipientParameters(notify: [.success, .failure], original: "rfc822;old@home.test")
            for letter in [Letter(wishes: wish), Letter(wishes: RecipientParameters(notify: .failure))] {
                guard case .delivered = try await house.store.outcome(of: house.store.add(letter)) else {
                    throw UnexpectedAnswer("not delivered")
                }
            }
            let words = " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old@home.test"
            #expect(sink.lines.contains("RCPT TO:<bob@remote.test>" + (knowsDSN ? words : "")))
            #expect(house.router.reports.count == (knowsDSN ? 0 : 1))
            if let report = house.router.reports.first {
                #expect(report.submission.sender == nil && report.submission.recipients == [EmailAddress("alice@home.test")])
                #expect(report.content.contains("Action: relayed\r\n"))
                #expect(report.content.contains("Original-Recipient: rfc822;old@home.test\r\n"))
            }
            await house.stop()
        }

        /// Good news that nobody takes does not hold the message back.
        @Test func aReportThatIsRefusedIsGivenUp() async throws {
            let sink = try await Sink()
            let house = try await house(sink)
            house.router.answer(.refused(Refusal(Reply(451, "4.3.0", "later"), because: "later")))
            let letter = Letter(wishes: RecipientParameters(notify: .success))
            guard case .delivered = try await house.store.outcome(of: house.store.add(letter)) else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(house.events.contains { if case .reportGivenUp = $0 { true } else { false } })
            #expect(sink.messages.count == 1)
            await house.stop()
        }

        // MARK: Connections

        @Test func aConnectionServesManyMessages() async throws {
            let sink = try await Sink()
            let house = try await house(sink) { $0.connectionsPerDestination = 1 }
            for lease in house.store.add((0..<20).map { _ in Letter() }) {
                _ = try await house.store.outcomes(of: lease)
            }
            #expect(sink.messages.count == 20)
            #expect(sink.sessions == 1)
            // Later work finds the connection at rest.
            _ = try await house.store.outcomes(of: house.store.add(Letter()))
            #expect(sink.sessions == 1)
            #expect(house.names.asked.filter { $0 == "remote.test 15" }.count == 1)
            await house.stop()
            #expect(sink.lines.last == "QUIT")
        }

        @Test func aConnectionIsReplacedAfterItsMessages() async throws {
            let sink = try await Sink()
            let house = try await house(sink) {
                $0.connectionsPerDestination = 1
                $0.messagesPerConnection = 4
            }
            for lease in house.store.add((0..<10).map { _ in Letter() }) {
                _ = try await house.store.outcomes(of: lease)
            }
            #expect(sink.sessions == 3)
            #expect(sink.messages.map(\.session) == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3])
            await house.stop()
        }

        /// The remote closed the connection at rest; nobody notices.
        @Test func aStaleConnectionIsReplaced() async throws {
            let sink = try await Sink()
            let house = try await house(sink)
            _ = try await house.store.outcomes(of: house.store.add(Letter()))
            sink.on(.mail, .drop, .agree)
            guard case .delivered = try await house.store.outcome(of: house.store.add(Letter())) else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(sink.sessions == 2)
            await house.stop()
        }

        @Test func aConnectionAtRestIsClosed() async throws {
            let sink = try await Sink()
            let house = try await house(sink) { $0.idle = .milliseconds(100) }
            _ = try await house.store.outcomes(of: house.store.add(Letter()))
            await until { sink.lines.contains("QUIT") }
            await house.stop()
        }

        /// E-03: many at once, but never more than allowed; and one destination does not wait for another.
        @Test func connectionsAreManyAndLimited() async throws {
            let sink = try await Sink()
            let house = try await house(sink) { $0.connectionsPerDestination = 4 }
            let other = try await Sink("127.0.0.2", port: Int(sink.port))
            house.domain("other.test", other)
            sink.on(.content, .slow(.milliseconds(100)))
            let slow = house.store.add((0..<20).map { _ in Letter() })
            _ = try await house.store.outcomes(of: house.store.add(Letter(recipients: ["x@other.test"])))
            #expect(sink.messages.count < 20)
            for lease in slow { _ = try await house.store.outcomes(of: lease) }
            #expect(sink.mostOpen == 4)
            await house.stop()
        }

        @Test func allConnectionsTogetherAreLimited() async throws {
            let sink = try await Sink()
            let house = try await house(sink) {
                $0.connections = 3
                $0.idle = .milliseconds(0)
            }
            for index in 0..<6 { house.domain("d\(index).test", sink) }
            sink.on(.content, .slow(.milliseconds(20)))
            let leases = house.store.add((0..<30).map { Letter(recipients: ["x@d\($0 % 6).test"]) })
            for lease in leases { _ = try await house.store.outcomes(of: lease) }
            #expect(sink.messages.count == 30)
            await house.stop()
        }

        /// A destination that nobody can reach keeps its leases for one time-out only, and then asks for no more.
        @Test func aDeadDestinationIsNotWaitedForManyTimes() async throws {
            let sink = try await Sink()
            sink.on(.greeting, .silence)
            let house = try await house(sink) {
                $0.connectionsPerDestination = 1
                $0.times = DeliveryTimes(each: .milliseconds(300))
            }
            let began = NIODeadline.now()
            for lease in house.store.add((0..<30).map { _ in Letter() }) {
                guard case .deferred(let report, _) = try await house.store.outcome(of: lease) else {
                    throw UnexpectedAnswer("not deferred")
                }
                #expect(report.category == "timed-out")
            }
            #expect(NIODeadline.now() - began < .seconds(2))
            await house.stop()
        }

        @Test func aBusyDestinationIsNotAskedFor() async throws {
            let sink = try await Sink()
            sink.on(.content, .slow(.milliseconds(50)))
            let house = try await house(sink) {
                $0.connectionsPerDestination = 2
                $0.leasesPerClaim = 10
            }
            for lease in house.store.add((0..<40).map { _ in Letter() }) {
                _ = try await house.store.outcomes(of: lease)
            }
            #expect(house.store.claims.contains { $0.saturated == ["remote.test"] })
            #expect(house.store.claims.allSatisfy { $0.limit <= 10 && $0.agent == "delivery@test" })
            await house.stop()
        }

        // MARK: Content

        @Test(arguments: [0, 1, 5_000, 70_000, 3_000_000]) func contentOfAnySize(size: Int) async throws {
            let sink = try await Sink()
            let house = try await house(sink)
            var text = "Subject: big\r\n\r\n"
            while text.utf8.count < size { text += ".dots and words" + String(repeating: " and words", count: 90) + "\r\n" }
            _ = try await house.store.outcomes(of: house.store.add(Letter(content: text)))
            #expect(sink.messages.first?.content == text)
            await house.stop()
        }

        /// The remote takes the bytes slowly: the store is not asked for more than fits.
        @Test func theStoreDiesInTheMiddle() async throws {
            let sink = try await Sink()
            sink.on(.data, .slow(.milliseconds(300)))
            let house = try await house(sink)
            let text =
                "Subject: big\r\n\r\n"
                + String(repeating: "0123456789012345678901234567890123456789\r\n", count: 60_000)
            let lease = house.store.add(Letter(content: text))
            await until { sink.lines.contains("DATA") }
            await house.store.stop()
            try await house.store.start()
            guard case .deferred(let report, _) = try await house.store.outcome(of: lease) else {
                throw UnexpectedAnswer("not deferred")
            }
            #expect(report.category == "local-trouble")
            #expect(sink.messages.isEmpty)
            await house.stop()
        }

        // MARK: Settlement

        /// RFC 5321 §4.5.4.1.
        @Test func afterItsLifetimeAMessageIsGivenUp() async throws {
            let sink = try await Sink()
            sink.on(.mail, .reply("451 4.7.1 Not today"))
            let house = try await house(sink)
            let outcome = try await house.store.outcome(of: house.store.add(Letter(attempts: 40, age: 5 * 86_400_000)))
            guard case .failed(let report) = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(report.category == "expired" && report.status == "5.4.7")
            #expect(report.text.contains("5 days") && report.text.contains("451 4.7.1 Not today"))
            #expect(house.router.reports[0].content.contains("5 days"))
            await house.stop()
        }

        /// The report comes first, with the same key for the same end; then the store hears of it.
        @Test func theSenderIsToldFirst() async throws {
            let sink = try await Sink()
            sink.on(.rcpt, .reply("550 5.1.1 Nobody"))
            let house = try await house(sink)
            house.router.answer(.refused(Refusal(Reply(451, "4.3.0", "Later"), because: "test")))
            guard
                case .deferred(let pending, let after) = try await house.store.outcome(
                    of: house.store.add(Letter(entries: [7])))
            else { throw UnexpectedAnswer("not deferred") }
            #expect(pending.category == "report-pending" && after == 60)
            guard case .failed(let report) = try await house.store.outcome(of: house.store.add(Letter(entries: [7])))
            else {
                throw UnexpectedAnswer("not failed")
            }
            #expect(report.category == "recipient-rejected")
            let reports = house.router.reports
            #expect(reports.count == 2)
            #expect(
                reports.allSatisfy {
                    $0.submission.sender == nil && $0.submission.recipients == [EmailAddress("alice@home.test")!]
                })
            #expect(reports[1].content.contains("550 5.1.1 Nobody") && reports[1].content.contains("Subject: hello"))
            await house.stop()
        }

        @Test func theKeyOfAnEndIsStable() {
            let recipients = [3, 1, 2].map {
                QueuedRecipient(entry: $0, address: EmailAddress("a@b.test")!, attempts: 0)
            }
            let lease = { (id: UInt64) in
                Lease(
                    id: LeaseID(rawValue: id), expiresIn: 1, message: SpoolID(rawValue: 9),
                    trace: TraceID(high: 0, low: 0),
                    sender: nil, destination: "b.test", recipients: recipients, size: 1,
                    acceptedAt: 0)
            }
            let key = DeliveryDesk.key(lease(1), recipients, .failed)
            #expect(key == DeliveryDesk.key(lease(2), recipients.reversed(), .failed))
            #expect(key != DeliveryDesk.key(lease(1), Array(recipients.dropFirst()), .failed))
            #expect(key != DeliveryDesk.key(lease(1), recipients, .relayed))
            #expect(key.utf8.count <= 128)
        }

        /// RFC 5321 §6.1.
        @Test func aReportThatFailsEndsQuietly() async throws {
            let sink = try await Sink()
            sink.on(.rcpt, .reply("550 5.1.1 Nobody"))
            let house = try await house(sink)
            guard case .failed = try await house.store.outcome(of: house.store.add(Letter(sender: nil))) else {
                throw UnexpectedAnswer("not failed")
            }
            #expect(house.router.reports.isEmpty)
            #expect(sink.lines.contains("MAIL FROM:<> SIZE=27"))
            #expect(house.events.contains { if case .doubleBounce = $0 { true } else { false } })
            await house.stop()
        }

        @Test func aRouterThatIsAwayMakesItWait() async throws {
            let sink = try await Sink()
            sink.on(.rcpt, .reply("550 5.1.1 Nobody"))
            let house = try await house(sink)
            await house.router.stop()
            guard case .deferred(let report, _) = try await house.store.outcome(of: house.store.add(Letter())) else {
                throw UnexpectedAnswer("not deferred")
            }
            #expect(report.category == "report-pending")
            await house.stop()
        }

        /// The store goes away between the remote's 250 and the settlement, and comes back.
        @Test func whatTheRemoteHasIsSettledWhenTheStoreIsBack() async throws {
            let sink = try await Sink()
            sink.on(.content, .slow(.milliseconds(200)))
            let house = try await house(sink)
            let lease = house.store.add(Letter())
            await until { sink.messages.count == 1 }
            await house.store.stop()
            await until { house.events.contains { if case .unsettled = $0 { true } else { false } } }
            try await house.store.start()
            guard case .delivered = try await house.store.outcome(of: lease) else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(sink.messages.count == 1)
            await house.stop()
        }

        /// The lease ran out before the store heard of it: the entry comes again, and is not sent again.
        @Test func whatTheRemoteHasIsNotSentTwice() async throws {
            let sink = try await Sink()
            let house = try await house(sink)
            house.store.answerSettled(false)
            house.store.add(Letter(entries: [42]))
            await until { house.store.settlements.count == 1 }
            house.store.answerSettled(true)
            guard case .delivered = try await house.store.outcome(of: house.store.add(Letter(entries: [42]))) else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(sink.messages.count == 1)
            // Settled now: the same number would be a new message.
            _ = try await house.store.outcome(of: house.store.add(Letter(entries: [42])))
            #expect(sink.messages.count == 2)
            await house.stop()
        }

        @Test func slowWorkIsRenewed() async throws {
            let sink = try await Sink()
            sink.on(.content, .slow(.seconds(3)))
            let house = try await house(sink)
            guard case .delivered = try await house.store.outcome(of: house.store.add(Letter(expiresIn: 2))) else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(house.store.renewals >= 1)
            await house.stop()
        }

        @Test func theStoreMayComeLate() async throws {
            let sink = try await Sink()
            let house = try await house(sink)
            await house.store.stop()
            house.store.add(Letter())
            try await house.store.start()
            await until { sink.messages.count == 1 }
            await house.stop()
        }

        /// What is under way is finished, what has not begun goes back.
        @Test func stopping() async throws {
            let sink = try await Sink()
            sink.on(.content, .slow(.milliseconds(300)))
            let house = try await house(sink) { $0.connectionsPerDestination = 1 }
            let leases = house.store.add([Letter(), Letter(), Letter()])
            await until { sink.messages.count == 1 }
            await house.room.stop()
            guard case .delivered = try await house.store.outcome(of: leases[0]),
                case .deferred(let report, let after) = try await house.store.outcome(of: leases[2])
            else { throw UnexpectedAnswer("not as expected") }
            #expect(report.category == "room-stopping" && after == 1)
            #expect(sink.messages.count == 1)
            #expect(house.room.figures().contains(Figure("leases in hand", 0)))
            await house.stop()
        }
    }
}
