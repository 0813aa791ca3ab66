// Crashes and bad disks under compaction, and the pace that it keeps. Crashes by SIGKILL are in CrashTests. (F-4)

import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

extension CompactionTests {
    private func append(_ path: String, _ count: Int) throws {
        let file = try OpenFile(path, flags: O_WRONLY | O_APPEND | O_CREAT)
        #expect(write(file.descriptor, [UInt8](repeating: 7, count: count), count) == count)
    }

    @Test("K2, K3: copies that nobody refers to are cut off, whole segments of them removed") func halfMade() async throws {
        var store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 12)
        try await remove(store, alice, Array(3...9))
        store.house.upkeep.round()
        store.stop()
        let first = "\(folder.path)/store/segments/0001000000000000.seg"
        let size = try OpenFile(first, flags: O_RDONLY).size()
        try append(first, 777)
        try append("\(folder.path)/store/segments/0001000000000001.seg", 5_000)
        store = try start()
        #expect(store.house.recovery.unfinishedCopies == 2)
        #expect(try OpenFile(first, flags: O_RDONLY).size() == size)
        #expect(try segments(store) == [2, SegmentFolder.firstCompacted])
        try await expectWhole(store, spools, [0, 1, 9, 10, 11], alice)
        store.stop()
    }

    @Test("K4: a segment that was not removed any more is removed by the next round") func notRemoved() async throws {
        var store = try start()
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 12)
        let old = "\(folder.path)/store/segments/0000000000000001.seg"
        #expect(link(old, "\(folder.path)/kept") == 0)
        try await remove(store, alice, Array(3...9))
        store.house.upkeep.round()
        store.stop()
        #expect(rename("\(folder.path)/kept", old) == 0)
        store = try start()
        #expect(try segments(store).first == 1)
        store.house.upkeep.round()
        #expect(try segments(store) == [2, SegmentFolder.firstCompacted])
        #expect(store.house.upkeep.octetsCopied == 0)
        try await expectWhole(store, spools, [0, 1, 9, 10, 11], alice)
        store.stop()
    }

    @Test("the last segment that the index has something of may be gone") func endIsGone() async throws {
        var store = try start()
        let alice = store.account("alice@example.test")
        var spools = try await fill(store, alice, 9)
        try await remove(store, alice, Array(1...8))
        store.house.upkeep.round()
        // The writer has begun the second, and a crash comes before anything of it is indexed.
        store.stop()
        #expect(rename("\(folder.path)/store/segments/0000000000000001.seg", "\(folder.path)/first") == 0)
        let copy = Glibc.open("\(folder.path)/first", O_RDONLY)
        let location = try #require(try await fixLocation(spools[8], copy))
        store = try start()
        #expect(try await store.house.database.location(of: spools[8]) == location)
        spools.append(try await store.accept(.to([alice]), text(9)))
        #expect(try segments(store) == [2, SegmentFolder.firstCompacted])
        try await expectWhole(store, spools, [8, 9], alice)
        store.stop()
    }

    /// As compaction would have moved it.
    private func fixLocation(_ spool: SpoolID, _ old: CInt) async throws -> SpoolLocation? {
        defer { close(old) }
        let around = Engine.Surroundings(home: "\(folder.path)/store", readers: .singleton, quotaGrace: 0, log: { _ in })
        let files = try TestEngine.current.engine(on: folder.disk).open(around)
        defer { files.close() }
        let from = try #require(try await files.location(of: spool))
        var bytes = [UInt8](repeating: 0, count: Int(from.length))
        #expect(pread(old, &bytes, bytes.count, off_t(from.position.offset)) == bytes.count)
        let path = "\(folder.path)/store/segments/0001000000000000.seg"
        let new = try OpenFile(path, flags: O_WRONLY | O_CREAT)
        #expect(write(new.descriptor, bytes, bytes.count) == bytes.count)
        let to = SpoolLocation(SpoolPosition(segment: SegmentFolder.firstCompacted, offset: 0), length: from.length)
        _ = files.commitAndWait([.move([MovedMessage(spool: spool, from: from.position, to: to)])])
        return to
    }

    @Test("a disk that does not take the copies loses nothing", arguments: [EIO, ENOSPC]) func badDisk(error: CInt) async throws {
        let disk = TestDisk()
        let store = try start(disk.options)
        let alice = store.account("alice@example.test")
        let spools = try await fill(store, alice, 12)
        try await remove(store, alice, Array(3...9))
        disk.orders.withLock { $0.sync = error }
        store.house.upkeep.round()
        #expect(try segments(store).prefix(2) == [1, 2])
        #expect(store.events.all.contains { if case .segmentFailed = $0 { true } else { false } })
        disk.orders.withLock { $0.sync = 0 }
        try await expectWhole(store, spools, [0, 1, 9, 10, 11], alice)
        store.house.upkeep.round()
        #expect(try !segments(store).contains(1))
        try await expectWhole(store, spools, [0, 1, 9, 10, 11], alice)
        let again = try store.reopened(more: Self.settings)
        #expect(again.house.recovery.withdrawn == 0)
        try await expectWhole(again, spools, [0, 1, 9, 10, 11], alice)
        again.stop()
    }

    @Test("without room nothing is copied") func noRoom() async throws {
        let disk = TestDisk()
        let store = try start(disk.options)
        let alice = store.account("alice@example.test")
        _ = try await fill(store, alice, 21)
        try await remove(store, alice, Array(3...9) + Array(10...18))
        disk.orders.withLock { $0.free = disk.options.spool.reserve / 2 }
        store.house.upkeep.round()
        // One segment needed no copy.
        #expect(try segments(store) == [1, 3])
        #expect(store.house.upkeep.octetsCopied == 0)
        store.stop()
    }

    @Test("mail comes and goes meanwhile; the room stops at once, also while compaction rests") func busy() async throws {
        var options = StoreOptions.quick
        options.upkeep.interval = .milliseconds(1)
        var store = try start(options)
        let (alice, bob) = (store.account("alice@example.test"), store.account("bob@example.test"))
        store.house.upkeep.start()
        var spools: [SpoolID] = []
        for number in 0..<60 {
            let spool = try await store.accept(.to([alice, bob]), text(number))
            spools.append(spool)
            guard number % 3 != 0 else { continue }
            try await remove(store, alice, [number + 1])
            try await remove(store, bob, [number + 1])
        }
        let kept = (0..<60).filter { $0 % 3 == 0 }
        let running = store
        try await eventually { running.house.upkeep.octetsCopied > 0 }
        try await expectWhole(store, spools, kept, alice)
        store = try store.reopened(options: options, more: Self.settings)
        try await expectWhole(store, spools, kept, bob)
        store.stop()
    }

    @Test("the room stops at once, also while compaction rests") func stops() async throws {
        var options = StoreOptions.quick
        options.upkeep.interval = .milliseconds(1)
        let store = try start(options, more: Self.settings.replacing("\"1 GB\"", with: "\"64 KB\""))
        let alice = store.account("alice@example.test")
        _ = try await fill(store, alice, 12)
        try await remove(store, alice, Array(5...9))
        store.house.upkeep.start()
        try await eventually { store.house.upkeep.octetsCopied > 0 }
        let begun = ContinuousClock.now
        store.stop()
        // The rest that is due is five seconds.
        #expect(ContinuousClock.now - begun < .seconds(4))
    }
}

@Suite struct AllowanceTests {
    @Test(arguments: [
        (16 << 20, 1 << 20, 0, 62_500), (16 << 20, 1 << 20, 62_000, 500), (16 << 20, 1 << 20, 70_000, 0),
        (1 << 20, 0, 0, 0), (1, 1 << 20, 0, 5_000_000), (0, 1, 0, 1_000_000), (1 << 30, Int.max, 0, 5_000_000),
    ])
    func rest(rate: Int, octets: Int, took: Int, expected: Int) {
        let allowance = Allowance(rate: UInt64(rate))
        #expect(allowance.rest(after: UInt64(octets), took: .microseconds(took)) == .microseconds(expected))
    }
}
