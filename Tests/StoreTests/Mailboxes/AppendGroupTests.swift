// What one change of a group began, and did not end, must not be there for the next: mailboxes made for messages that were
// refused or failed, and their counters.

import GRDB
import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct AppendGroupTests {
    /// Bob's account is full.
    private func store() async throws -> (store: TestStore, alice: LocalPlacement, bob: LocalPlacement) {
        let store = try TestStore()
        let (alice, bob) = (store.account("alice@example.test"), store.account("bob@example.test"))
        try await store.carryOut(.setQuota(.account(bob.recipient, .user), QuotaChange(messages: .limit(1))))
        _ = try await store.accept(.to([bob]))
        return (store, alice, bob)
    }

    private func append(_ store: TestStore, _ mailbox: String, of owner: LocalPlacement, _ number: Int) -> Change {
        .ingest(store.indexed(.appending(owner, mailbox, creates: true), size: 10, number: number))
    }

    private func isOver(_ result: ChangeResult?) -> Bool { if case .overQuota? = result { true } else { false } }

    private func isDone(_ result: ChangeResult?) -> Bool { if case .done? = result { true } else { false } }

    /// The next mailbox gets its number, and must not get its account's limits.
    @Test("a mailbox that was made for a refused message is nobody's", arguments: [true, false])
    func dropped(together: Bool) async throws {
        let (store, alice, bob) = try await store()
        let changes = [append(store, "x", of: bob, 500)] + (501...502).map { append(store, "new", of: alice, $0) }
        let results =
            together
            ? store.house.database.commitAndWait(changes) : changes.flatMap { store.house.database.commitAndWait([$0]) }
        #expect(isOver(results[0]) && isDone(results[1]) && isDone(results[2]), "\(results)")
        #expect(try await store.messages("new", of: alice.account).map(\.uid) == [1, 2])
        #expect(try await !store.names(of: bob.account).contains { $0.hasPrefix("x") })
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("a mailbox that was made for a message before is not dropped with one that is refused") func kept() async throws {
        let (store, alice, bob) = try await store()
        let results = store.house.database.commitAndWait([
            append(store, "new", of: alice, 500), append(store, "new", of: bob, 501), append(store, "new", of: alice, 502),
        ])
        #expect(isDone(results[0]) && isOver(results[1]) && isDone(results[2]), "\(results)")
        #expect(try await store.messages("new", of: alice.account).map(\.uid) == [1, 2])
        #expect(try await store.mailbox("new", of: alice.account).messages == 2)
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("a change that fails in the middle of making a mailbox leaves nothing to the next one", .onlySQLite)
    func failed() async throws {
        let (store, alice, bob) = try await store()
        try await DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite").write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER bad BEFORE INSERT ON mailboxes WHEN new.name = 'x/bad'
                    BEGIN SELECT RAISE(ABORT, 'so it is'); END
                    """)
        }
        for _ in 0..<2 {
            #expect(await store.ingest(.appending(alice, "x/bad", creates: true)).code.map { $0 / 100 } == 4)
            _ = try await store.accept(.to([alice]))
            #expect(await store.ingest(.appending(bob, "x/good", creates: true)).code == 452)
            _ = try await store.accept(.appending(alice, "x/good", creates: true))
        }
        #expect(try await store.messages("INBOX", of: alice.account).map(\.uid) == [1, 2])
        #expect(try await store.messages("x/good", of: alice.account).map(\.uid) == [1, 2])
        #expect(try await !store.names(of: bob.account).contains { $0.hasPrefix("x") })
        #expect(try store.recount() == [])
        store.stop()
    }
}
