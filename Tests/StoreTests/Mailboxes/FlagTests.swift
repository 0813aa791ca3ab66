// Flags and keywords, modification sequences, and what a client asks for to be in step (RFC 7162).

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct FlagTests {
    private func flag(_ store: TestStore, _ change: FlagChange, _ id: MailboxID) async throws -> FlagOutcome {
        guard case .flagged(let outcome) = try await store.done(.flags(change, of: id)) else { throw StoreFault("what") }
        return outcome
    }

    @Test("flags are added, taken away and replaced; figures stay true") func kinds() async throws {
        var store = try TestStore()
        let alice = store.account("alice@example.test")
        for _ in 0..<4 { _ = try await store.accept(.to([alice])) }
        let id = try await store.mailbox("INBOX", of: alice.account).id
        let first = try await flag(store, FlagChange(.add, [1, 2, 2, 9], [.seen, .flagged], keywords: ["$Work"]), id)
        #expect(first.changed == [1, 2] && first.refused.isEmpty)
        #expect(try await store.mailbox("INBOX", of: alice.account).unseen == 2)
        let second = try await flag(store, FlagChange(.remove, [1, 3], [.flagged], keywords: ["$work", "unknown"]), id)
        #expect(second.changed == [1] && second.modSeq == first.modSeq + 1)
        let third = try await flag(store, FlagChange(.replace, [2, 3], [.draft], keywords: ["other"]), id)
        #expect(third.changed == [2, 3] && third.modSeq == second.modSeq + 1)
        let none = try await flag(store, FlagChange(.add, [1], [.seen]), id)
        #expect(none.changed.isEmpty && none.modSeq == third.modSeq)
        store = try store.reopened()
        let messages = try await store.messages("INBOX", of: alice.account)
        #expect(messages.map(\.flags) == [.seen, .draft, .draft, []])
        #expect(messages.map(\.keywords) == [[], ["other"], ["other"], []])
        #expect(try await store.mailbox("INBOX", of: alice.account).highestModSeq == third.modSeq)
        #expect(try store.recount() == [])
        #expect(await store.rejection(.flags(FlagChange(.add, Array(1...10_001), .seen), of: id))?.contains("name fewer") == true)
        store.stop()
    }

    @Test("UNCHANGEDSINCE refuses what was changed later, and nothing else") func unchangedSince() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        for _ in 0..<3 { _ = try await store.accept(.to([alice])) }
        let mailbox = try await store.mailbox("INBOX", of: alice.account)
        _ = try await flag(store, FlagChange(.add, [2], .flagged), mailbox.id)
        let outcome = try await flag(
            store, FlagChange(.add, [3, 2, 1], .seen, unchangedSince: mailbox.highestModSeq), mailbox.id)
        #expect(outcome.changed == [1, 3] && outcome.refused == [2])
        #expect(try await flag(store, FlagChange(.add, [1, 2, 3], .draft, unchangedSince: 0), mailbox.id).refused == [1, 2, 3])
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("a mailbox has room for 56 keywords, the same for all its messages", .onlySQLite) func keywords() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        for _ in 0..<2 { _ = try await store.accept(.to([alice])) }
        let id = try await store.mailbox("INBOX", of: alice.account).id
        let all = (0..<56).map { "k\($0)" }
        _ = try await flag(store, FlagChange(.add, [1], keywords: all), id)
        #expect(try await store.messages("INBOX", of: alice.account)[0].keywords == all)
        let because = await store.rejection(.flags(FlagChange(.add, [1], .seen, keywords: ["K3", "more"]), of: id))
        #expect(because?.contains("56 keywords already") == true)
        #expect(try await store.messages("INBOX", of: alice.account)[0].flags == [])
        // What comes in is not refused for it.
        _ = try await store.accept(.appending(alice, nil, keywords: ["more", "k55"]))
        #expect(try await store.messages("INBOX", of: alice.account)[2].keywords == ["k55"])
        #expect(try store.rows("SELECT COUNT(*) FROM keywords") == 56)
        store.stop()
    }

    @Test("RFC 7162: what changed and what vanished since a modification sequence") func changes() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        for _ in 0..<5 { _ = try await store.accept(.to([alice])) }
        let before = try await store.mailbox("INBOX", of: alice.account)
        _ = try await flag(store, FlagChange(.add, [2, 4], .seen), before.id)
        try await store.done(.expunge([3, 4, 77], of: before.id))
        _ = try await store.accept(.to([alice]))
        let now = try await store.mailbox("INBOX", of: alice.account)
        let database = store.house.database
        #expect(
            try await database.changes(of: before.id, since: before.highestModSeq)
                == .known(changed: [2, 6], vanished: [3, 4], highestModSeq: now.highestModSeq))
        #expect(
            try await database.changes(of: before.id, since: now.highestModSeq)
                == .known(changed: [], vanished: [], highestModSeq: now.highestModSeq))
        #expect(try await database.messages(of: before.id, from: 3, limit: 2)?.map(\.uid) == [5, 6])
        #expect(try await database.message(3, of: before.id) == nil)
        #expect(try store.recount() == [])
        store.stop()
    }
}
