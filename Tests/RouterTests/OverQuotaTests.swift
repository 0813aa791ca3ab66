// Full mailboxes at RCPT and after the content, what is forgotten with the directory's version, and who is refused alone the
// next time. (FEATURES 2.9, RFC 5321 §4.2.3, RFC 3463 §3.3)

import FakeRooms
import IPC
import Mail
import Settings
import Testing

@testable import router

@Suite struct OverQuotaTests {
    private static func house(_ word: Settings.Store.OverQuota = .temporary) throws -> House {
        let house = try House { $0.overQuota = word }
        house.store.add(account: "bob@example.test", 2)
        return house
    }

    private static func setFull(_ house: House, _ address: String, _ isFull: Bool) {
        house.store.change { state in
            let entry = state.entries[EmailAddress(address)!]!
            state.entries[EmailAddress(address)!]!.full = isFull ? [entry.user ?? entry.processor ?? entry.folder!] : []
        }
    }

    private static func answer(_ house: House, _ recipient: String) async throws -> Reply? {
        let talk = try await house.talk()
        _ = try await talk.sender("s@example.com")
        return try await talk.recipient(recipient).reply
    }

    @Test(
        "RCPT for a full mailbox is refused in the word of the setting",
        arguments: [
            (Settings.Store.OverQuota.temporary, Reply(452, "4.2.2", "<alice@example.test>: mailbox is full, try again later")),
            (.permanent, Reply(552, "5.2.2", "<alice@example.test>: mailbox is full")),
        ])
    func atRecipient(word: Settings.Store.OverQuota, reply: Reply) async throws {
        let house = try Self.house(word)
        defer { house.stop() }
        #expect(try await Self.answer(house, "alice@example.test") == nil)
        Self.setFull(house, "alice@example.test", true)
        #expect(comes { house.heardVersion(2) })
        #expect(try await Self.answer(house, "alice@example.test") == reply)
        #expect(try await Self.answer(house, "bob@example.test") == nil)
        #expect(house.figure("recipients refused: mailbox full") == 1)
        // There is room again, and the cache forgets.
        Self.setFull(house, "alice@example.test", false)
        #expect(comes { house.heardVersion(3) })
        #expect(try await Self.answer(house, "alice@example.test") == nil)
        let rules = house.events.all.compactMap { event -> String? in
            if case .decided(_, _, let rule, _) = event { rule.description } else { nil }
        }
        #expect(rules == ["user", "over-quota", "user", "user"])
    }

    @Test("an alias, a catch-all, a rule or a processor that leads to a full mailbox is refused as a whole")
    func whateverLeadsThere() async throws {
        let house = try House { policy in
            policy.ports = [PortPolicy()]
            policy.ports[0].accept = .any
            policy.ports[0].processor = EmailAddress("work@example.test")!
        }
        defer { house.stop() }
        for (name, number) in [("bob@example.test", 2), ("work@example.test", 3)] as [(String, Int64)] {
            house.store.add(account: name, number)
        }
        let (alice, bob) = (EmailAddress("alice@example.test")!, EmailAddress("bob@example.test")!)
        house.store.change { state in
            state.entries[alice]!.full = [AccountID(rawValue: 1)]
            state.entries[EmailAddress("work@example.test")!]!.full = [AccountID(rawValue: 3)]
            state.entries[EmailAddress("both@example.test")!] = LocalEntry(targets: [bob, alice], domain: "example.test")
            state.entries[EmailAddress("x@catch.test")!] = LocalEntry(catchAll: alice, domain: "catch.test")
            state.localDomains.insert("catch.test")
            state.rules = [
                ReceiveRule(localPart: "r-*", domain: nil, sender: nil, source: nil, account: AccountID(rawValue: 1))
            ]
            state.full = [AccountID(rawValue: 1)]
        }
        #expect(comes { house.heardVersion(2) })
        for recipient in ["both@example.test", "x@catch.test", "r-1@example.test", "stranger@elsewhere.test"] {
            let talk = try await house.talk(client: "203.0.113.9")
            _ = try await talk.sender("s@example.com")
            let reply = try await talk.recipient(recipient).reply
            #expect(reply == Reply(452, "4.2.2", "<\(recipient)>: mailbox is full, try again later"))
        }
        #expect(try await Self.answer(house, "bob@example.test") == nil)
    }

    /// - Parameter size: as MAIL declares it.
    private static func send(
        _ house: House, _ recipients: [String], size: Int, declares: Bool = true
    ) async throws -> (verdicts: [UInt16?], receipt: Receipt) {
        let talk = try await house.talk()
        _ = try await talk.sender("s@example.com", size: declares ? UInt64(size) : nil)
        let verdicts = try await talk.recipients(recipients).map { $0.reply?.code }
        try await talk.content("\r\n" + String(repeating: "x", count: size - 2))
        return (verdicts, try await talk.deliver())
    }

    @Test(
        "a message without room is refused: for one by the setting, for several so that it can come again",
        arguments: [(Settings.Store.OverQuota.temporary, UInt16(452)), (.permanent, 552)])
    func atTheEnd(word: Settings.Store.OverQuota, code: UInt16) async throws {
        let house = try Self.house(word)
        defer { house.stop() }
        house.store.with { $0.room[AccountID(rawValue: 1)] = 1_000 }
        let alone = try await Self.send(house, ["alice@example.test"], size: 1_001).receipt.refusal
        #expect(alone?.reply.code == code && alone?.reply.status == (code == 452 ? "4.2.2" : "5.2.2"))
        for others in [["bob@example.test"], ["x@example.com"], ["bob@example.test", "x@example.com"]] {
            let receipt = try await Self.send(house, ["alice@example.test"] + others, size: 1_001, declares: false).receipt
            #expect(receipt.refusal?.reply == Reply(452, "4.2.2", "The mailbox of a recipient is full, try again later"))
        }
        #expect(house.store.messages.isEmpty)
    }

    @Test("when it comes again, the one without room is refused alone") func comesAgain() async throws {
        let house = try Self.house()
        defer { house.stop() }
        house.store.with { $0.room[AccountID(rawValue: 1)] = 1_000 }
        let both = ["alice@example.test", "bob@example.test"]
        let first = try await Self.send(house, both, size: 5_000)
        #expect(first.verdicts == [nil, nil] && first.receipt.code == 452)
        let second = try await Self.send(house, both, size: 5_000)
        #expect(second.verdicts == [452, nil] && second.receipt.code == 250)
        // What is smaller is not held up by it.
        let small = try await Self.send(house, both, size: 900)
        #expect(small.verdicts == [nil, nil] && small.receipt.code == 250)
        #expect(house.store.messages.map(\.plan.placements.count) == [1, 2])
    }

    @Test("a shortage is remembered for an hour, by its smallest message") func memory() {
        var shortages = Shortages()
        let account = AccountID(rawValue: 7)
        func shortage(_ isEverybody: Bool) -> QuotaShortage {
            QuotaShortage(accounts: [account], isEverybody: isEverybody, because: "")
        }
        func refuses(_ octets: UInt64, at now: Int64, _ account: AccountID = AccountID(rawValue: 7)) -> Bool {
            shortages.hasNoRoom(account, for: octets, now: now)
        }
        shortages.note(shortage(true), octets: 10, now: 0)
        #expect(!refuses(10, at: 0), "the sender was told about nobody else")
        shortages.note(shortage(false), octets: 500, now: 0)
        shortages.note(shortage(false), octets: 900, now: 10)
        for (octets, now, expected) in [
            (499, 10, false), (500, 10, true), (501, 3_609, true), (501, 3_610, false),
        ] as [(UInt64, Int64, Bool)] {
            #expect(refuses(octets, at: now) == expected, "\(octets) at \(now)")
        }
        shortages.note(shortage(false), octets: 900, now: 4_000)
        #expect(!refuses(500, at: 4_000) && refuses(900, at: 4_000))
        #expect(!refuses(900, at: 4_000, AccountID(rawValue: 8)))
    }

    @Test("a report of ours goes into a full mailbox: nobody would send it again") func ownReports() async throws {
        let house = try Self.house(.permanent)
        defer { house.stop() }
        Self.setFull(house, "alice@example.test", true)
        house.store.with { $0.room[AccountID(rawValue: 1)] = 0 }
        #expect(comes { house.heardVersion(2) })
        #expect(try await house.submit(["alice@example.test"], key: "1", "bounce\r\n").code == 250)
        #expect(house.store.messages.first?.plan.isOwnReport == true)
    }

    @Test("postern explain says that a mailbox is full") func explained() async throws {
        let house = try Self.house()
        defer { house.stop() }
        Self.setFull(house, "alice@example.test", true)
        #expect(comes { house.heardVersion(2) })
        let hypothesis = Hypothesis(
            client: InternetAddress("203.0.113.9")!, listener: 0, sender: nil, recipient: EmailAddress("alice@example.test")!,
            login: nil)
        guard case .explained(let explanation) = try await house.command(.explain(hypothesis)) else {
            throw IPCError.violation("not explained")
        }
        #expect(explanation.steps.first?.finding == "user: mailbox of alice@example.test, which is full")
        #expect(explanation.steps.filter(\.isDecisive).map(\.rule) == ["over-quota"])
        #expect(explanation.outcome == "refused: the mailbox of alice@example.test is full")
        #expect(explanation.reply.code == 452)
    }
}
