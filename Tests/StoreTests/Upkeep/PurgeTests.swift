// What was removed is kept for its time and then let go of; what nothing refers to is forgotten, and the ledger still knows
// how much there was.

import GRDB
import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite(.bothEngines) struct PurgeTests {
    static let week: Int64 = 7 * 86_400

    /// Octets that make a file of their own.
    static let large = 300_000

    private func references(_ store: TestStore, _ spool: SpoolID) throws -> Int? {
        if store.engine == .memory { return store.folder.disk.model.references(to: spool) }
        let database = try DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite")
        return try database.read {
            try Int.fetchOne($0, sql: "SELECT refs FROM messages WHERE spool = ?", arguments: [Int64(spool.rawValue)])
        }
    }

    private func largeFiles(_ store: TestStore) throws -> [String] { try Folder.names("\(store.folder.path)/store/large") }

    private func acceptLarge(_ store: TestStore, _ plan: Plan) async throws -> SpoolID {
        let file = try ContentFile("\(store.folder.path)/store/large", number: 1, disk: .system)
        try file.append([ByteBuffer(repeating: 0x41, count: Self.large)])
        try file.seal()
        return try #require(await store.submit(plan, .ownFile(file)).spool)
    }

    @Test("a removed message is kept for seven days and no longer") func retention() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let spool = try await store.accept(.to([alice]))
        let kept = try await store.accept(.to([alice]))
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        store.clock.advance(seconds: Self.week - 1)
        store.house.upkeep.round()
        #expect(try references(store, spool) == 1)
        store.clock.advance(seconds: 1)
        store.house.upkeep.round()
        #expect(try references(store, spool) == nil)
        #expect(try await store.house.database.inbox(of: alice.account)?.messages.map(\.spool) == [kept])
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.unaccounted) == (2, 2, 0))
        #expect(try store.verify().isEmpty)
        store.stop()
    }

    @Test("expunge_retention 0 is at once, and a reload changes it", arguments: ["0s", "1h"])
    func setting(text: String) async throws {
        let store = try TestStore(more: "[store]\nexpunge_retention = \"\(text)\"\n")
        let alice = store.account("alice@example.test")
        let spool = try await store.accept(.to([alice]))
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        store.house.upkeep.round()
        #expect(try references(store, spool) == (text == "0s" ? nil : 1))
        store.house.upkeep.reload(UpkeepLimits().keeping(.zero))
        store.house.upkeep.round()
        #expect(try references(store, spool) == nil)
        store.stop()
    }

    @Test("what another mailbox or the queue has stays") func others() async throws {
        let store = try TestStore(more: "[store]\nexpunge_retention = 0\n")
        let (alice, bob) = (store.account("alice@example.test"), store.account("bob@example.test"))
        let spool = try await store.accept(.to([alice, bob], relays: ["x@remote.test"]))
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        store.house.upkeep.round()
        #expect(try references(store, spool) == 2)
        try await store.house.inboxes.removeMessages([1], of: bob.account)
        store.house.upkeep.round()
        #expect(try references(store, spool) == 1)
        #expect(try await store.text(spool).hasSuffix("body\r\n"))
        try await store.settleAll()
        store.house.upkeep.round()
        #expect(try references(store, spool) == nil)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.delivered, audit.open) == (3, 2, 1, 0))
        #expect(audit.unaccounted == 0)
        let again = try store.reopened()
        #expect(try await again.audit().accepted == 3)
        again.stop()
    }

    @Test("a large file goes with its message; one that a crash left is removed at the start") func largeFile() async throws {
        var store = try TestStore(more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        _ = try await acceptLarge(store, .to([alice]))
        #expect(try largeFiles(store).count == 1)
        store.house.upkeep.round()
        #expect(try largeFiles(store).count == 1)
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        // The index has forgotten it, and a crash comes before the file is removed.
        let results = store.house.database.commitAndWait([.purge(removedUntil: store.clock.now, limit: 10)])
        guard case .purged(let purged)? = results.first else { throw StoreFault("another word") }
        #expect((purged.placements, purged.messages.map(\.ownFile), purged.isMore) == (1, [1], false))
        #expect(try largeFiles(store).count == 1)
        store = try store.reopened()
        #expect(store.house.recovery.strayFiles == 1)
        #expect(try largeFiles(store).isEmpty)
        store.stop()
    }

    @Test("the file is removed by the round itself") func fileOfARound() async throws {
        let store = try TestStore(more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        _ = try await acceptLarge(store, .to([alice]))
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        store.house.upkeep.round()
        #expect(try largeFiles(store).isEmpty)
        #expect(store.house.upkeep.figures.contains(Figure("messages-purged", 1)))
        store.stop()
    }

    @Test("more than one batch goes in one round, each bounded") func batches() async throws {
        var options = StoreOptions.quick
        options.upkeep.purge = 3
        let store = try TestStore(options: options, more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        for _ in 0..<10 { _ = try await store.accept(.to([alice])) }
        try await store.house.inboxes.removeMessages(Array(1...10), of: alice.account)
        let results = store.house.database.commitAndWait([.purge(removedUntil: store.clock.now, limit: 3)])
        guard case .purged(let purged)? = results.first else { throw StoreFault("another word") }
        #expect((purged.placements, purged.messages.count, purged.isMore) == (3, 3, true))
        store.house.upkeep.round()
        #expect(try store.house.database.messages(from: SpoolID(rawValue: 0), limit: 100).isEmpty)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.unaccounted) == (10, 10, 0))
        store.stop()
    }

    @Test("the log of expunges outlives the messages", .onlySQLite) func log() async throws {
        let store = try TestStore(more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        for _ in 0..<3 { _ = try await store.accept(.to([alice])) }
        try await store.house.inboxes.removeMessages([1, 3], of: alice.account)
        store.house.upkeep.round()
        let database = try DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite")
        let log = try await database.read {
            try String.fetchAll($0, sql: "SELECT uid || ':' || spool FROM expunged ORDER BY modseq")
        }
        #expect(log == ["1:0", "3:0"])
        store.stop()
    }

    @Test("F-4: a message with a recipient of whom nobody knows what became is not swept away", .onlySQLite)
    func unaccounted() async throws {
        var store = try TestStore()
        let spool = try await store.accept(.to(relays: ["x@remote.test"]))
        store.stop()
        let database = try DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite")
        try await database.write { try $0.execute(sql: "DELETE FROM queue; UPDATE messages SET refs = 0") }
        try database.close()
        store = try TestStore(store.folder)
        for _ in 0..<2 { store.house.upkeep.round() }
        #expect(try await store.audit().unaccounted == 1)
        #expect(try await store.text(spool).hasSuffix("body\r\n"))
        store.stop()
    }

    @Test("the thread does it by itself") func thread() async throws {
        var options = StoreOptions.quick
        options.upkeep.interval = .milliseconds(5)
        let store = try TestStore(options: options, more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        store.house.upkeep.start()
        let spool = try await store.accept(.to([alice]))
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        try await eventually { try references(store, spool) == nil }
        store.stop()
    }
}

extension UpkeepLimits {
    func keeping(_ duration: Duration) -> UpkeepLimits {
        var limits = self
        limits.keepRemoved = duration
        return limits
    }
}

extension TestStore {
    /// Delivers everything that is ready; the entries.
    @discardableResult
    func settleAll() async throws -> [UInt64] {
        let leases = await withCheckedContinuation { continuation in
            _ = house.queue.claim(ClaimRequest(agent: "test", limit: 1_000), agent: 1) { continuation.resume(returning: $0) }
        }
        for lease in leases {
            let report = AttemptReport(category: "delivered", remote: "mx.remote.test", text: "250 ok", status: "2.0.0")
            let results = lease.recipients.map { RecipientResult(entry: $0.entry, outcome: .delivered(report)) }
            let taken = await withCheckedContinuation { continuation in
                house.queue.settle(Settlement(lease: lease.id, results: results)) { continuation.resume(returning: $0) }
            }
            guard taken else { throw StoreFault("the outcome does not count") }
        }
        return leases.flatMap { $0.recipients.map(\.entry) }
    }
}
