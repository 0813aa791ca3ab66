// Sparse segments give their space back, and nothing of what is wanted is lost, doubled or changed: not by a crash, not by
// a bad disk, not under somebody who reads. (F-4)

import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite(.bothEngines) struct CompactionTests {
    static let settings = "[store]\nsegment_size = \"1 MB\"\nexpunge_retention = 0\ncompact_rate = \"1 GB\"\n"

    let folder = TestFolder()

    func segments(_ store: TestStore) throws -> [UInt64] {
        try SegmentFolder("\(store.folder.path)/store/segments").numbers()
    }

    func text(_ number: Int) -> String {
        "Subject: \(number)\r\n\r\n" + String(repeating: "\(number % 10)", count: 110_000)
    }

    func start(_ options: StoreOptions = .quick, more: String = settings) throws -> TestStore {
        try TestStore(folder, options: options, more: more)
    }

    /// Messages of 110 KB, so that nine fill a segment.
    func fill(_ store: TestStore, _ account: LocalPlacement, _ count: Int) async throws -> [SpoolID] {
        var spools: [SpoolID] = []
        for number in 0..<count { spools.append(try await store.accept(.to([account]), text(number))) }
        return spools
    }

    func remove(_ store: TestStore, _ account: LocalPlacement, _ uids: [Int]) async throws {
        try await store.house.inboxes.removeMessages(uids.map { UInt32($0) }, of: account.account)
    }

    func expectWhole(_ store: TestStore, _ spools: [SpoolID], _ kept: [Int], _ account: LocalPlacement) async throws {
        #expect(try store.verify().isEmpty)
        #expect(try await store.house.database.inbox(of: account.account)?.messages.map(\.spool) == kept.map { spools[$0] })
        for number in kept { #expect(try await store.text(spools[number]).hasSuffix(text(number))) }
        #expect(try await store.audit().unaccounted == 0)
    }

    @Test("below half it is copied and goes, above it stays, and a restart finds everything") func sparse() async throws {
        var store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 30)
        #expect(try segments(store) == [1, 2, 3, 4])
        // Two of nine stay in the first, six in the second, none in the third.
        try await remove(store, alice, Array(3...9) + Array(10...12) + Array(19...27))
        store.house.upkeep.round()
        #expect(try segments(store) == [2, 4, SegmentFolder.firstCompacted])
        let kept = [0, 1] + Array(12...17) + [27, 28, 29]
        try await expectWhole(store, spools, kept, alice)
        let figures = Dictionary(uniqueKeysWithValues: store.house.figures.map { ($0.name, $0.value) })
        #expect(figures["segments-compacted"] == 2 && figures["copied-percent"] == 6)
        #expect((220_000..<225_000).contains(try #require(figures["octets-copied"])))
        store.house.upkeep.round()
        #expect(store.house.upkeep.octetsCopied == UInt64(figures["octets-copied"] ?? 0))
        store = try store.reopened(more: Self.settings)
        #expect(store.house.recovery.isClean)
        try await expectWhole(store, spools, kept, alice)
        // The next copies go behind the last ones.
        try await remove(store, alice, Array(13...16))
        store.house.upkeep.round()
        #expect(try segments(store) == [4, SegmentFolder.firstCompacted])
        try await expectWhole(store, spools, [0, 1, 16, 17, 27, 28, 29], alice)
        store.stop()
    }

    @Test("compact_below 0 is never") func never() async throws {
        let store = try start(more: Self.settings + "compact_below = 0\n")
        let alice = store.account("alice@example.test")
        _ = try await fill(store, alice, 12)
        try await remove(store, alice, Array(1...9))
        store.house.upkeep.round()
        #expect(try segments(store) == [1, 2])
        store.stop()
    }

    @Test("compacted segments are compacted again") func again() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 40)
        for uids in [Array(1...6) + Array(10...15) + Array(19...24), [7, 8, 9, 16, 17, 18], Array(28...36)] {
            try await remove(store, alice, uids)
            for _ in 0..<2 { store.house.upkeep.round() }
        }
        try await expectWhole(store, spools, [24, 25, 26] + Array(36...39), alice)
        #expect(try segments(store).count <= 3)
        store.stop()
    }

    @Test("a damaged record stays where it is, is named, and the others move") func damaged() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 12)
        let location = try #require(try await store.house.database.location(of: spools[1]))
        let file = try OpenFile("\(folder.path)/store/segments/0000000000000001.seg", flags: O_RDWR)
        #expect(pwrite(file.descriptor, "X", 1, off_t(location.position.offset) + 5_000) == 1)
        try await remove(store, alice, Array(4...9))
        for _ in 0..<2 { store.house.upkeep.round() }
        #expect(try segments(store) == [1, 2, SegmentFolder.firstCompacted])
        #expect(store.events.all.count { if case .damaged(spools[1], _) = $0 { true } else { false } } == 1)
        #expect(try await store.house.database.location(of: spools[1]) == location)
        #expect(try await store.text(spools[0]).hasSuffix(text(0)))
        #expect(try store.verify().count == 1)
        #expect(try store.house.database.messages(in: 1, from: 0, limit: 10).map(\.spool) == [spools[1]])
        store.stop()
    }

    @Test("who knows the old place reads on, and who asks for it anew is led to the new one") func readers() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 12)
        let old = try #require(try await store.house.database.location(of: spools[8]))
        let held = try OpenFile("\(folder.path)/store/segments/0000000000000001.seg", flags: O_RDONLY)
        try await remove(store, alice, Array(1...8))
        let maildrop = try await store.house.inboxes.openMaildrop(alice.account)
        #expect(maildrop.messages.first?.spool == spools[8])
        store.house.upkeep.round()
        #expect(try segments(store) == [2, SegmentFolder.firstCompacted])
        #expect(String(buffer: try await store.house.inboxes.read(spools[8])).hasSuffix(text(8)))
        #expect(try store.house.reader.readCached(old, spools[8]) == nil)
        #expect(String(buffer: try store.house.reader.read(old, spools[8]).local).hasSuffix(text(8)))
        var bytes = [UInt8](repeating: 0, count: Int(old.length))
        #expect(pread(held.descriptor, &bytes, bytes.count, off_t(old.position.offset)) == bytes.count)
        #expect(try bytes.withUnsafeBytes { try SpoolRecord.verified($0, spool: spools[8]) }.spool == spools[8])
        // What was let go of is no damage.
        #expect(throws: SpoolReadError.unreadable("message \(spools[0]) does not exist any more")) {
            _ = try store.house.reader.read(SpoolLocation(SpoolPosition(segment: 1, offset: 0), length: 100), spools[0])
        }
        store.stop()
    }

    @Test("a segment that has a message is not removed") func retire() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        _ = try await fill(store, alice, 1)
        let results = store.house.database.commitAndWait([.retire(segment: 1), .retire(segment: 2)])
        guard case .rejected = results[0], case .done = results[1] else { throw StoreFault("another word") }
        store.stop()
    }

    @Test("what is gone from its old place is not moved") func moveOfNothing() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 2)
        let place = try #require(try await store.house.database.location(of: spools[0]))
        let elsewhere = SpoolPosition(segment: 1, offset: 7)
        let move = MovedMessage(
            spool: spools[0], from: elsewhere, to: SpoolLocation(SpoolPosition(segment: 9, offset: 9), length: place.length))
        _ = store.house.database.commitAndWait([.move([move])])
        #expect(try await store.house.database.location(of: spools[0]) == place)
        store.stop()
    }
}
