// Reports of arrival: for whom, to whom, with what they are known by, and what becomes of one that nobody takes.

import FakeRooms
import Foundation
import IPC
import Mail
import NIOCore
import Testing

@testable import router

@Suite struct DeliveredReportTests {
    private let wish = RecipientParameters(notify: [.success, .failure])

    /// Sends a message for these recipients, and gives the reports that the store has then.
    private func reports(
        _ house: House, from sender: String? = "s@example.com", _ recipients: [(String, RecipientParameters)],
        envelopeID: String? = nil, count: Int
    ) async throws -> [String] {
        let talk = try await house.talk()
        _ = try await talk.sender(sender, parameters: SenderParameters(envelopeID: envelopeID))
        for (address, wishes) in recipients { #expect(try await talk.recipient(address, wishes).isAccepted, "\(address)") }
        try await talk.content("Subject: x\r\n\r\nx\r\n")
        #expect(try await talk.deliver().code == 250)
        #expect(comes { house.store.messages.count == count + 1 })
        return house.store.messages.filter { $0.plan.idempotencyKey?.hasPrefix("delivered-") ?? false }.map {
            String(decoding: $0.content, as: UTF8.self)
        }
    }

    /// RFC 3461 §6.2, RFC 3464 §2.3: one report for all that came together, a group of fields for each.
    @Test func oneReportForAMessage() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.add(account: "bob@example.test", 2)
        let never = RecipientParameters(notify: [])
        let found = try await reports(
            house, [("alice@example.test", wish), ("bob@example.test", wish), ("alice@example.test", never)], count: 1)
        #expect(found.count == 1)
        #expect(found.first?.components(separatedBy: "Action: delivered\r\n").count == 3)
        #expect(found.first?.contains("Original-Envelope-Id") == false, "nobody gave one")
    }

    /// Who goes elsewhere is that server's to report, or delivery's.
    @Test func strangersAreNotReportedHere() async throws {
        let house = try House()
        defer { house.stop() }
        let found = try await reports(house, [("x@example.com", wish)], count: 0)
        #expect(found.isEmpty)
        #expect(house.store.messages.first?.plan.relays == [RelayedRecipient(EmailAddress("x@example.com")!, wish)])
    }

    /// RFC 3461 §5.2.7: a message that an alias sends on keeps the address that it was sent to.
    @Test(arguments: [
        (RecipientParameters(notify: .success), "rfc822;team@example.test"),
        (RecipientParameters(notify: .success, original: "rfc822;first@example.net"), "rfc822;first@example.net"),
        (RecipientParameters(), nil),
    ])
    func aliasesNameTheFirstAddress(wishes: RecipientParameters, original: String?) async throws {
        let team = EmailAddress("team@example.test")!
        let stranger = EmailAddress("x@example.com")!
        #expect(wishes.onward(from: team, to: stranger).original == original)
        #expect(wishes.onward(from: team, to: stranger).notify == wishes.notify)
        #expect(wishes.onward(from: team, to: team) == wishes, "no alias")
    }

    /// The message is acknowledged, whatever becomes of the report; the journal says what did.
    @Test func aReportForASenderWhoIsNotHereIsGivenUp() async throws {
        let house = try House()
        defer { house.stop() }
        let found = try await reports(house, from: "unknown@example.test", [("alice@example.test", wish)], count: 0)
        #expect(found.isEmpty)
        #expect(comes { house.events.all.contains { if case .reportGivenUp = $0 { true } else { false } } })
        #expect(house.store.messages.count == 1)
    }

    /// A report is written about no report: it has no sender to tell (RFC 3461 §6.1).
    @Test func reportsAreNotReported() async throws {
        let house = try House()
        defer { house.stop() }
        #expect(try await reports(house, from: nil, [("alice@example.test", wish)], count: 0).isEmpty)
    }
}
