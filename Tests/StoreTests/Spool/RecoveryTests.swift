// What a crash can leave, and what the next start makes of it: the table of states in SegmentWriter.swift, row by row.

import GRDB
import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite(.bothEngines) struct RecoveryTests {
    let folder = TestFolder()

    var segment: String { "\(folder.path)/store/segments/0000000000000001.seg" }

    private func size() throws -> UInt64 { try OpenFile(segment, flags: O_RDONLY).size() }

    private func append(_ bytes: some Collection<UInt8>) throws {
        let file = try OpenFile(segment, flags: O_WRONLY | O_APPEND)
        let bytes = Array(bytes)
        #expect(write(file.descriptor, bytes, bytes.count) == bytes.count)
    }

    private func flip(_ offset: UInt64) throws {
        let file = try OpenFile(segment, flags: O_RDWR)
        var byte: UInt8 = 0
        #expect(pread(file.descriptor, &byte, 1, off_t(offset)) == 1)
        byte ^= 0x10
        #expect(pwrite(file.descriptor, &byte, 1, off_t(offset)) == 1)
    }

    /// As after a power cut: no group behind this one says that the bytes of these messages are on the disk.
    private func forgetSync(from spool: SpoolID) throws {
        guard TestEngine.current == .sqlite else {
            folder.disk.model.synced = spool
            return
        }
        let database = try DatabaseQueue(path: "\(folder.path)/store/index.sqlite")
        try database.write {
            try $0.execute(sql: "UPDATE progress SET synced_spool = ?", arguments: [Int64(spool.rawValue)])
        }
        try database.close()
    }

    private func recovery(_ store: TestStore) -> RecoveryReport { store.house.recovery }

    /// R2: a tail of every length, torn in the middle of a record.
    @Test func tornTailIsDropped() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        let spool = try await store.accept(.to([alice]))
        store.stop()
        let end = try size()
        let record = Array(SpoolRecordTests.record().readableBytesView)
        for count in stride(from: 1, to: record.count, by: 13) {
            try append(record[..<count])
            store = try TestStore(folder)
            #expect(recovery(store).tornOctets == UInt64(count))
            #expect(recovery(store).droppedRecords == 0)
            #expect(try size() == end)
            #expect(try await store.text(spool).hasSuffix("body\r\n"))
            store.stop()
        }
    }

    /// R4: complete records that were not indexed were not acknowledged.
    @Test func unindexedRecordsAreDropped() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        let first = try await store.accept(.to([alice]))
        store.stop()
        let end = try size()
        let record = Array(SpoolRecordTests.record().readableBytesView)
        try append(record + record + record[..<50])
        store = try TestStore(folder)
        #expect(recovery(store).droppedRecords == 2)
        #expect(recovery(store).tornOctets == 50)
        #expect(try size() == end)
        let second = try await store.accept(.to([alice]))
        #expect(second > first)
        #expect(try store.verify().isEmpty)
        #expect(try await store.audit().stored == 2)
        store.stop()
    }

    /// A segment that was begun, and nothing of it indexed.
    @Test func unindexedSegmentIsRemoved() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        _ = try await store.accept(.to([alice]))
        store.stop()
        let file = try OpenFile(
            "\(folder.path)/store/segments/0000000000000002.seg", flags: O_WRONLY | O_CREAT)
        let record = Array(SpoolRecordTests.record().readableBytesView)
        #expect(write(file.descriptor, record, record.count) == record.count)
        store = try TestStore(folder)
        #expect(recovery(store).droppedRecords == 1)
        #expect(try SegmentFolder("\(folder.path)/store/segments").numbers() == [1])
        store.stop()
    }

    /// R3 after a power cut: the index has the newest messages, the disk has not. They were not acknowledged.
    @Test func indexedWithoutBytesIsWithdrawn() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        let kept = try await store.accept(.to([alice], relays: ["x@y.test"]))
        let lost = try await store.accept(.to([alice], relays: ["x@y.test"], key: "k"))
        let location = try #require(try await store.house.database.location(of: lost))
        store.stop()
        try forgetSync(from: lost)
        try flip(location.position.offset + 100)
        store = try TestStore(folder)
        #expect(recovery(store).withdrawn == 1)
        #expect(try await store.house.database.location(of: lost) == nil)
        #expect(try await store.text(kept).hasSuffix("body\r\n"))
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (2, 1, 1, 0))
        #expect(try await store.house.database.inbox(of: alice.account)?.messages.map(\.spool) == [kept])
        let again = try await store.accept(.to([alice], key: "k"))
        #expect(again > lost)
        #expect(try store.verify().isEmpty)
        store.stop()
    }

    /// R3, and the file is shorter than the index says.
    @Test func shortSegmentIsNotWrittenTo() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        _ = try await store.accept(.to([alice]))
        let end = try size()
        let lost = try await store.accept(.to([alice]))
        store.stop()
        try forgetSync(from: lost)
        try OpenFile(segment, flags: O_WRONLY).truncate(to: end + 10)
        store = try TestStore(folder)
        #expect(recovery(store).withdrawn == 1)
        _ = try await store.accept(.to([alice]))
        #expect(try SegmentFolder("\(folder.path)/store/segments").numbers() == [1, 2])
        #expect(try store.verify().isEmpty)
        #expect(try await store.audit().stored == 2)
        store.stop()
    }

    /// R5 is never withdrawn: damage in what was acknowledged is named, not forgotten.
    @Test func damageIsFoundAndNamed() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        for _ in 0..<10 { spools.append(try await store.accept(.to([alice]))) }
        let location = try #require(try await store.house.database.location(of: spools[3]))
        store = try store.reopened()
        try flip(location.position.offset + UInt64(location.length) - 3)
        #expect(try store.verify().count == 1)
        #expect(try store.verify()[0].hasPrefix("message \(spools[3]): "))
        let check = SpoolCheck(database: store.house.database, reader: store.house.reader)
        var draws: [UInt16] = [0, 499, 500, 999, 500, 500, 500, 500, 500, 500]
        let sample = try check.page(after: nil, sample: 500) { draws.removeFirst() }
        #expect(sample.checked == 2 && sample.damaged.isEmpty && sample.next == spools[9])
        let maildrop = try await store.house.inboxes.openMaildrop(alice.account)
        #expect(maildrop.messages.count == 10)
        await #expect(throws: MaildropError.damaged(spools[3])) { _ = try await store.house.inboxes.read(spools[3]) }
        _ = try await store.house.inboxes.read(spools[4])
        store = try store.reopened()
        #expect(recovery(store).withdrawn == 0)
        #expect(try await store.audit().stored == 10)
        store.stop()
    }

    /// F2, F3: content files that no record names.
    @Test func strayFilesAreRemoved() async throws {
        var store = try TestStore(folder)
        store.stop()
        for number in [1, 9] {
            _ = try OpenFile("\(folder.path)/store/large/000000000000000\(number).msg", flags: O_WRONLY | O_CREAT)
        }
        store = try TestStore(folder)
        #expect(recovery(store).strayFiles == 2)
        #expect(try Folder.names("\(folder.path)/store/large").isEmpty)
        store.stop()
    }

    @Test func oneStorePerFolder() throws {
        let store = try TestStore(folder)
        #expect(throws: StoreFault.self) { try TestStore(folder) }
        store.stop()
        let again = try TestStore(folder)
        again.stop()
    }

    @Test func cleanStartSaysNothing() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        _ = try await store.accept(.to([alice]))
        store = try store.reopened()
        #expect(recovery(store).isClean)
        #expect(store.events.all.isEmpty)
        store.stop()
    }
}
