// An administrator lets held mail go, or gives it up.

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct QueueOrdersTests {
    private func claim(_ store: TestStore) async -> [Lease] {
        await withCheckedContinuation { continuation in
            _ = store.house.queue.claim(ClaimRequest(agent: "test", limit: 100), agent: 1) { continuation.resume(returning: $0) }
        }
    }

    private func count(_ answer: CommandToStore.Answer) -> UInt32? {
        if case .entries(let count) = answer { return count }
        return nil
    }

    private func postpone(_ store: TestStore, _ lease: Lease) async {
        let report = AttemptReport(category: "busy", remote: "mx", text: "450 later", status: "4.0.0")
        let results = lease.recipients.map { RecipientResult(entry: $0.entry, outcome: .deferred(report, retryAfter: 3_600)) }
        _ = await withCheckedContinuation { continuation in
            store.house.queue.settle(Settlement(lease: lease.id, results: results)) { continuation.resume(returning: $0) }
        }
    }

    @Test("what an index that was made anew holds is released, once", .onlySQLite) func held() async throws {
        let folder = TestFolder()
        var store = try TestStore(folder)
        let spool = try await store.accept(.to(relays: ["a@remote.test", "b@other.test"]))
        store.stop()
        _ = try IndexRebuild(home: "\(folder.path)/store", now: 1_800_000_000_000, log: { _ in }).run()
        store = try TestStore(folder)
        let entry = EntryID(spool, ordinal: 0).rawValue
        #expect(count(await store.command(.releaseEntries([entry, 12_345]))) == 1)
        let leases = await claim(store)
        #expect(leases.flatMap(\.recipients).map(\.entry) == [entry])
        store = try store.reopened()
        #expect(store.house.queue.figures.first == Figure("queue-entries", 1))
        #expect(try await store.house.database.queue(after: nil, limit: 9).map(\.state) == [.ready, .held])
        store.stop()
    }

    @Test("what waits for its time is ready now, and keeps its history") func deferred() async throws {
        let store = try TestStore()
        let spool = try await store.accept(.to(relays: ["a@remote.test"]))
        await postpone(store, await claim(store)[0])
        let entry = EntryID(spool, ordinal: 0).rawValue
        #expect(try await store.house.database.queue(after: nil, limit: 9).map(\.state) == [.deferred])
        #expect(count(await store.command(.releaseEntries([entry]))) == 1)
        #expect(await claim(store).first?.recipients.first?.attempts == 1)
        store.stop()
    }

    @Test("what is given up has its fate, and what an agent has stays", .onlySQLite) func dropped() async throws {
        var store = try TestStore()
        let spool = try await store.accept(.to(relays: ["a@remote.test", "b@other.test"]))
        let entries = [EntryID(spool, ordinal: 0).rawValue, EntryID(spool, ordinal: 1).rawValue]
        let leases = await claim(store)
        #expect(count(await store.command(.dropEntries(entries))) == 0)
        store.house.queue.giveUp([leases[0].id])
        let free = leases[0].recipients[0].entry
        #expect(count(await store.command(.dropEntries(entries))) == 1)
        #expect(try await store.house.database.queue(after: nil, limit: 9).map(\.entry) == entries.filter { $0 != free })
        store.house.queue.giveUp([leases[1].id])
        #expect(count(await store.command(.dropEntries(entries))) == 1)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.bounced, audit.open, audit.unaccounted) == (2, 2, 0, 0))
        store = try store.reopened()
        #expect(store.house.queue.figures.first == Figure("queue-entries", 0))
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM messages") == 0)
        #expect(try await store.audit().bounced == 2)
        store.stop()
    }
}
