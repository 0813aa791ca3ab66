// Every step of a session × every way in which it can go wrong → outcome and category. The real room against scripted
// servers.

import Foundation
import IPC
import Mail
import NIOCore
import SMTP
import Testing

@testable import delivery

/// One row of the table.
struct FailureRow: Sendable, CustomTestStringConvertible {
    enum Expected: Sendable { case delivered, deferred, failed }

    let step: Sink.Step
    let move: Sink.Move
    let expected: Expected
    let category: String
    /// Part of the report's text.
    let says: String
    let status: String

    init(
        _ step: Sink.Step, _ move: Sink.Move, _ expected: Expected, _ category: String, says: String = "",
        status: String = ""
    ) {
        (self.step, self.move, self.expected, self.category) = (step, move, expected, category)
        (self.says, self.status) = (says, status)
    }

    var testDescription: String { "\(step) \(move)" }
}

extension DeliveryRoomTests {
    @Suite struct FailureTests {
        static let rows: [FailureRow] = [
            FailureRow(
                .greeting, .reply("421 4.3.2 Too busy"), .deferred, "remote-refused-greeting", says: "Too busy",
                status: "4.3.2"),
            FailureRow(.greeting, .reply("554 5.3.2 Go away"), .deferred, "remote-refused-greeting", says: "Go away"),
            FailureRow(.greeting, .drop, .deferred, "connection-lost", says: "initial server greeting"),
            FailureRow(.greeting, .silence, .deferred, "timed-out", says: "initial server greeting", status: "4.4.2"),
            FailureRow(.greeting, .reply("hello there"), .deferred, "malformed-reply"),
            FailureRow(.ehlo, .reply("421 4.3.2 Later"), .deferred, "remote-closing", says: "Later"),
            FailureRow(.ehlo, .drop, .deferred, "connection-lost", says: "EHLO"),
            FailureRow(.ehlo, .silence, .deferred, "timed-out", says: "EHLO"),
            FailureRow(.ehlo, .reply("451 4.0.0 Not now"), .deferred, "remote-rejected-helo"),
            FailureRow(
                .mail, .reply("451 4.7.1 Greylisted"), .deferred, "sender-rejected", says: "451 4.7.1 Greylisted",
                status: "4.7.1"),
            FailureRow(
                .mail, .reply("550 5.7.1 No spam"), .failed, "sender-rejected", says: "550 5.7.1 No spam",
                status: "5.7.1"),
            FailureRow(.mail, .replyAndDrop("421 4.3.2 Bye"), .deferred, "remote-closing"),
            FailureRow(.mail, .drop, .deferred, "connection-lost", says: "MAIL FROM"),
            FailureRow(.mail, .silence, .deferred, "timed-out", says: "MAIL FROM"),
            FailureRow(.rcpt, .reply("450 4.2.1 Busy"), .deferred, "recipient-rejected", says: "450 4.2.1 Busy"),
            FailureRow(
                .rcpt, .reply("550 5.1.1 Nobody"), .failed, "recipient-rejected", says: "550 5.1.1 Nobody",
                status: "5.1.1"),
            FailureRow(.rcpt, .drop, .deferred, "connection-lost", says: "RCPT TO"),
            FailureRow(.rcpt, .silence, .deferred, "timed-out", says: "RCPT TO"),
            FailureRow(.data, .reply("451 4.3.0 Disk"), .deferred, "data-rejected"),
            FailureRow(.data, .reply("554 5.5.1 Never"), .failed, "data-rejected", says: "554 5.5.1 Never"),
            FailureRow(.data, .drop, .deferred, "connection-lost", says: "DATA"),
            FailureRow(.data, .silence, .deferred, "timed-out", says: "DATA"),
            FailureRow(.content, .reply("452 4.3.1 Full"), .deferred, "content-rejected", says: "452 4.3.1 Full"),
            FailureRow(.content, .reply("554 5.7.1 Virus"), .failed, "content-rejected", says: "554 5.7.1 Virus"),
            FailureRow(.content, .drop, .deferred, "connection-lost", says: "may be sent more than once"),
            FailureRow(.content, .silence, .deferred, "timed-out", says: "may be sent more than once"),
            FailureRow(.content, .reply("250 ok"), .delivered, "delivered", says: "250 ok", status: "2.0.0"),
            // RFC 5321 §4.1.1.10: what QUIT is answered with changes nothing.
            FailureRow(.quit, .drop, .delivered, "delivered"),
        ]

        @Test(arguments: rows) func step(row: FailureRow) async throws {
            let sink = try await Sink()
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none)) {
                // What is silent shall not be so for long.
                if case .silence = row.move { $0.times = DeliveryTimes(each: .milliseconds(300)) }
            }
            house.domain("remote.test", sink)
            sink.on(row.step, row.move)
            let outcome = try await house.store.outcome(of: house.store.add(Letter()))
            try check(outcome, row)
            #expect(house.router.reports.count == (row.expected == .failed ? 1 : 0))
            #expect(sink.messages.count == (row.expected == .delivered ? 1 : 0))
            await house.stop()
            await sink.stop()
        }

        private func check(_ outcome: Outcome, _ row: FailureRow) throws {
            let report: AttemptReport
            switch (outcome, row.expected) {
            case (.delivered(let found), .delivered), (.failed(let found), .failed): report = found
            case (.deferred(let found, let retryAfter), .deferred):
                report = found
                #expect((54...66).contains(retryAfter))
            default: throw UnexpectedAnswer(outcome)
            }
            #expect(report.category == row.category)
            #expect(row.says.isEmpty || report.text.contains(row.says), "\(report.text)")
            #expect(report.remote.hasPrefix("mx0.remote.test[127.0.0.1]:"))
            if !row.status.isEmpty { #expect(report.status == row.status) }
        }

        /// T-20: a server that takes neither EHLO nor HELO; the manual's number stays findable.
        @Test func bothHellosRejected() async throws {
            let sink = try await Sink()
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            house.domain("remote.test", sink)
            sink.on(.ehlo, .reply("550 5.7.1 Bad name"))
            sink.on(.helo, .reply("550 5.7.1 Bad name"))
            guard case .failed(let report) = try await house.store.outcome(of: house.store.add(Letter())) else {
                throw UnexpectedAnswer("not failed")
            }
            #expect(report.category == "remote-rejected-helo")
            #expect(report.text.contains("(30012)") && report.text.contains("Bad name"))
            #expect(house.router.reports[0].content.contains("(30012)"))
            await house.stop()
            await sink.stop()
        }

        /// RFC 5321 §3.2.
        @Test func aServerWithoutEHLOGetsItsMail() async throws {
            let sink = try await Sink()
            let house = try await FakeHouse(.mx(port: sink.port, tls: .wanted))
            house.domain("remote.test", sink)
            sink.on(.ehlo, .reply("502 5.5.1 What?"))
            guard case .delivered = try await house.store.outcome(of: house.store.add(Letter())) else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(sink.lines.contains("HELO us.test"))
            await house.stop()
            await sink.stop()
        }

        @Test func nobodyListens() async throws {
            let sink = try await Sink()
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            house.domain("remote.test", sink)
            await sink.stop()
            guard case .deferred(let report, _) = try await house.store.outcome(of: house.store.add(Letter())) else {
                throw UnexpectedAnswer("not deferred")
            }
            #expect(report.category == "connect-failed" && report.status == "4.4.1")
            #expect(report.text.lowercased().contains("refused"))
            await house.stop()
        }

        /// Each recipient has a fate of its own.
        @Test func recipientsAreToldApart() async throws {
            let sink = try await Sink()
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            house.domain("remote.test", sink)
            sink.on(.rcpt, .agree, .reply("550 5.1.1 Nobody"), .reply("450 4.2.1 Busy"), .agree)
            let letter = Letter(recipients: ["a", "b", "c", "d"].map { "\($0)@remote.test" })
            let outcomes = try await house.store.outcomes(of: house.store.add(letter))
            guard case .delivered = outcomes[0], case .failed = outcomes[1], case .deferred = outcomes[2],
                case .delivered = outcomes[3]
            else { throw UnexpectedAnswer(outcomes) }
            #expect(sink.messages.map(\.recipients) == [["a@remote.test", "d@remote.test"]])
            #expect(house.router.reports.count == 1)
            #expect(house.router.reports[0].content.contains("b@remote.test"))
            #expect(!house.router.reports[0].content.contains("c@remote.test"))
            await house.stop()
            await sink.stop()
        }

        @Test func theStoreCannotReadTheMessage() async throws {
            let sink = try await Sink()
            let house = try await FakeHouse(.mx(port: sink.port, tls: .none))
            house.domain("remote.test", sink)
            house.store.makeUnreadable("the checksum is wrong")
            guard case .deferred(let report, _) = try await house.store.outcome(of: house.store.add(Letter())) else {
                throw UnexpectedAnswer("not deferred")
            }
            #expect(report.category == "local-trouble" && report.text.contains("checksum"))
            #expect(sink.messages.isEmpty)
            await house.stop()
            await sink.stop()
        }
    }
}
