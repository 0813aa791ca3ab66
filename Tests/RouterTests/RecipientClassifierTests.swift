// What becomes of a recipient: kind × relay rule × form of the address (FEATURES 1.0, T-02, T-06, T-08; RFC 5321 §4.5.1).

import IPC
import Mail
import Testing

@testable import router

@Suite struct RecipientClassifierTests {
    static let classifier = RecipientClassifier(hostname: "Mail.Example.ORG")
    static let five = AccountID(rawValue: 5)

    enum Expected: Sendable { case place, relay, refuse(UInt16, String) }

    struct Row: Sendable {
        let recipient: String
        let resident: Resident
        let relay: RelayPolicy.Rule
        let rule: String
        let expected: Expected
    }

    @Test(arguments: [
        Row(recipient: "a@example.org", resident: .account(five), relay: .denied, rule: "account", expected: .place),
        Row(recipient: "a@example.org", resident: .account(five), relay: .trusted, rule: "account", expected: .place),
        Row(
            recipient: "a@example.org", resident: .unknown, relay: .denied, rule: "unknown-recipient",
            expected: .refuse(550, "5.1.1")),
        Row(
            recipient: "a@example.org", resident: .unknown, relay: .trusted, rule: "unknown-recipient",
            expected: .refuse(550, "5.1.1")),
        Row(
            recipient: "a@example.org", resident: .unknown, relay: .safe, rule: "unknown-recipient",
            expected: .refuse(550, "5.1.1")),
        Row(
            recipient: "a@example.org", resident: .unknown, relay: .ours, rule: "unknown-recipient",
            expected: .refuse(550, "5.1.1")),
        Row(
            recipient: "a@example.net", resident: .foreign, relay: .denied, rule: "relay-denied", expected: .refuse(550, "5.7.1")),
        Row(recipient: "a@example.net", resident: .foreign, relay: .trusted, rule: "relay-trusted", expected: .relay),
        Row(recipient: "a@example.net", resident: .foreign, relay: .safe, rule: "relay-safe", expected: .relay),
        Row(recipient: "a@example.net", resident: .foreign, relay: .open, rule: "relay-open", expected: .relay),
        Row(recipient: "a@example.net", resident: .foreign, relay: .ours, rule: "relay-ours", expected: .relay),
        Row(
            recipient: "a@[192.0.2.1]", resident: .foreign, relay: .denied, rule: "relay-denied", expected: .refuse(550, "5.7.1")),
        Row(recipient: "a@[192.0.2.1]", resident: .foreign, relay: .trusted, rule: "relay-trusted", expected: .relay),
        Row(recipient: "Postmaster@example.org", resident: .account(five), relay: .denied, rule: "account", expected: .place),
        Row(
            recipient: "postmaster@example.net", resident: .foreign, relay: .denied, rule: "relay-denied",
            expected: .refuse(550, "5.7.1")),
    ])
    func decisions(row: Row) {
        let decision = Self.classifier.decide(Self.address(row.recipient), row.resident, relay: row.relay)
        #expect(decision.rule.description == row.rule)
        switch (decision.outcome, row.expected) {
        case (.place(let account), .place): #expect(account == Self.five)
        case (.relay, .relay): break
        case (.refuse(let refusal), .refuse(let code, let status)):
            #expect(refusal.reply.code == code)
            #expect(refusal.reply.status == status)
        default: Issue.record("\(row.recipient): \(decision.outcome)")
        }
    }

    @Test func relayIsDeniedInThoseWords() {
        let decision = Self.classifier.decide(Self.address("x@example.net"), .foreign, relay: .denied)
        guard case .refuse(let refusal) = decision.outcome else { return #expect(Bool(false)) }
        #expect(refusal.reply == Reply(550, "5.7.1", "<x@example.net>: relay access denied"))
    }

    /// What is asked instead of a postmaster without a mailbox.
    @Test(arguments: [
        ("postmaster@mail.example.org", Resident.foreign, ["postmaster@example.org"]),
        ("POSTMASTER@mail.example.org", .foreign, ["postmaster@mail.example.org", "postmaster@example.org"]),
        ("postmaster@mail.example.org", .unknown, ["postmaster@example.org"]),
        ("postmaster@example.com", .unknown, ["postmaster@mail.example.org", "postmaster@example.org"]),
        ("postmaster@example.org", .unknown, ["postmaster@mail.example.org"]),
        ("postmaster@example.net", .foreign, []),
        ("postmaster@example.org", .account(five), []),
        ("postmasters@example.org", .unknown, []),
        ("abuse@mail.example.org", .unknown, []),
    ])
    func substitutes(recipient: String, resident: Resident, expected: [String]) {
        let found = Self.classifier.substitutes(for: Self.address(recipient), resident)
        #expect(found == expected.map { Self.address($0) })
    }

    @Test(arguments: ["localhost", "mailbox1", "example.org"])
    func aHostNameWithoutADomainAboveIt(hostname: String) {
        let classifier = RecipientClassifier(hostname: hostname)
        let found = classifier.substitutes(for: Self.address("postmaster@example.com"), .unknown)
        #expect(found == [EmailAddress(localPart: "postmaster", domain: hostname)])
    }

    @Test func thePostmasterIsTheFirstThatIsAnAccount() {
        let recipient = Self.address("postmaster@example.com")
        let found = Self.classifier.decidePostmaster(recipient, [.foreign, .unknown, .account(Self.five)])
        guard case .place(Self.five) = found.outcome else { return #expect(Bool(false)) }
        #expect(found.rule == .postmaster)
        let none = Self.classifier.decidePostmaster(recipient, [.foreign, .unknown])
        guard case .refuse(let refusal) = none.outcome else { return #expect(Bool(false)) }
        #expect(refusal.reply.code == 550)
        #expect(refusal.reply.status == "5.1.1")
    }

    private static func address(_ text: String) -> EmailAddress {
        let at = text.lastIndex(of: "@")!
        return EmailAddress(localPart: String(text[..<at]), domain: String(text[text.index(after: at)...]))
    }
}
