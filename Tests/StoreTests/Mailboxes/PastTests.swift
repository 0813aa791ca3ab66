// What is past of mailboxes goes: deleted ones, the log of expunges, keys of submission.

import GRDB
import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct PastTests {
    static let week: Int64 = 7 * 86_400
    static let year: Int64 = 366 * 86_400

    private func write(_ store: TestStore, _ sql: String) throws {
        try DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite").write { try $0.execute(sql: sql) }
    }

    @Test("a deleted mailbox goes to the log in steps, and is forgotten with its last message", .onlySQLite)
    func deleted() async throws {
        var options = StoreOptions.quick
        options.upkeep.purge = 2
        let store = try TestStore(options: options)
        let alice = store.account("alice@example.test")
        for number in 0..<5 {
            _ = try await store.accept(.appending(alice, "x", keywords: ["k"], identity: "\(number)", creates: true))
        }
        let id = try await store.mailbox("x", of: alice.account).id
        try await store.done(.grant(.all, .of("x"), of: alice.account, to: .anyone))
        try await store.done(.delete(.of("x"), of: alice.account))
        guard case .purged(let purged)? = store.house.database.commitAndWait([.purge(removedUntil: 0, limit: 2)]).first else {
            throw StoreFault("another word")
        }
        #expect(purged.isMore)
        #expect(try store.rows("SELECT COUNT(*) FROM placements WHERE mailbox = \(id.rawValue)") == 3)
        #expect(try store.recount() == [])
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM expunged WHERE mailbox = \(id.rawValue)") == 5)
        store.clock.advance(seconds: Self.week - 1)
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM messages") == 5)
        store.clock.advance(seconds: 1)
        store.house.upkeep.round()
        store.house.upkeep.round()
        for table in ["messages", "expunged", "identities", "keywords", "rights"] {
            #expect(try store.rows("SELECT COUNT(*) FROM \(table)") == 0, "\(table)")
        }
        #expect(try store.rows("SELECT COUNT(*) FROM mailboxes WHERE id = \(id.rawValue)") == 0)
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("the log is kept for a year, and who asks for more is told so") func old() async throws {
        let store = try TestStore(more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        for _ in 0..<3 { _ = try await store.accept(.to([alice])) }
        let inbox = try await store.mailbox("INBOX", of: alice.account)
        try await store.done(.expunge([1], of: inbox.id))
        let between = try await store.mailbox("INBOX", of: alice.account).highestModSeq
        store.clock.advance(seconds: 100)
        try await store.done(.expunge([2], of: inbox.id))
        store.clock.advance(seconds: Self.year - 101)
        store.house.upkeep.round()
        func changes(_ since: UInt64) async throws -> MailboxChanges? {
            try await store.house.database.changes(of: inbox.id, since: since)
        }
        #expect(try await changes(inbox.highestModSeq) == .known(changed: [], vanished: [1, 2], highestModSeq: between + 1))
        store.clock.advance(seconds: 1)
        store.house.upkeep.round()
        #expect(try await changes(inbox.highestModSeq) == .logTooShort(highestModSeq: between + 1))
        #expect(try await changes(between) == .known(changed: [], vanished: [2], highestModSeq: between + 1))
        store.stop()
    }

    @Test("a log of more than 100,000 rows loses its oldest, but nothing that can come back", .onlySQLite)
    func surplus() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        for _ in 0..<2 { _ = try await store.accept(.to([alice])) }
        let inbox = try await store.mailbox("INBOX", of: alice.account)
        try await store.done(.expunge([1], of: inbox.id))
        try write(
            store,
            """
            WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 101009)
            INSERT INTO expunged SELECT \(inbox.id.rawValue), i, i, 0, 0, 0, 0, \(store.clock.now), NULL FROM n;
            """)
        // Nothing of that mailbox is let go of yet: nobody looks.
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM expunged") == 101_001)
        store.clock.advance(seconds: Self.week)
        try await store.house.inboxes.removeMessages([2], of: alice.account)
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM expunged WHERE spool = 0") == 100_000)
        #expect(try store.rows("SELECT COUNT(*) FROM expunged WHERE spool <> 0") == 1)
        #expect(try store.rows("SELECT MIN(modseq) - log_floor FROM expunged, mailboxes WHERE id = mailbox AND spool = 0") == 1)
        store.stop()
    }

    @Test("keys of submission are known for a week, those of appended messages as long as these", .onlySQLite)
    func keys() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let first = try await store.accept(.to([alice], key: "k"))
        store.clock.advance(seconds: Self.week - 1)
        store.house.upkeep.round()
        #expect(try await store.accept(.to([alice], key: "k")) == first)
        store.clock.advance(seconds: 1)
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM idempotency") == 0)
        #expect(try await store.accept(.to([alice], key: "k")) != first)
        store.stop()
    }
}
