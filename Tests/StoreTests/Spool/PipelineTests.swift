// While one group is on its way to the disk the next is written, and what the disk does not take of the first takes the
// second along: both lie in the same file. (F-4)

import Dispatch
import Glibc
import IPC
import Mail
import NIOCore
import Synchronization
import Testing

@testable import store

@Suite(.bothEngines) struct PipelineTests {
    /// A disk whose first write and first sync wait for a word.
    final class Gate: Sendable {
        let mayWrite = DispatchSemaphore(value: 0)
        let maySync = DispatchSemaphore(value: 0)
        let writes = Recorded<UInt64>()
        let syncs = Recorded<CInt>()
        let error: CInt

        init(_ error: CInt) { self.error = error }

        var options: StoreOptions {
            var options = StoreOptions.quick
            let system = DiskCalls.system
            options.disk.write = { [self] file, pieces, offset in
                if writes.all.isEmpty { mayWrite.wait() }
                writes.add(offset)
                return system.write(file, pieces, offset)
            }
            options.disk.sync = { [self] file in
                syncs.add(file)
                guard syncs.all.count == 1 else { return system.sync(file) }
                maySync.wait()
                return error != 0 ? error : system.sync(file)
            }
            return options
        }
    }

    /// Three groups of one message, all of them waiting when the first is written.
    private func three(_ store: TestStore, _ gate: Gate) async throws -> [Receipt] {
        let alice = store.account("alice@example.test")
        let receipts = Recorded<Receipt>()
        for number in 1...3 {
            let content = ByteBuffer(string: "Subject: \(number)\r\n\r\nbody\r\n")
            store.house.writer.submit(
                Incoming(
                    .to([alice], relays: ["x@remote.test"]), .pieces([content], count: content.readableBytes),
                    on: store.group.next(), receive: { receipts.add($0) }))
        }
        gate.mayWrite.signal()
        // The second is written while the first is not on the disk.
        try await eventually { gate.syncs.all.count == 1 && gate.writes.all.count == 2 }
        #expect(receipts.all.isEmpty)
        gate.maySync.signal()
        try await eventually { receipts.all.count == 3 }
        return receipts.all
    }

    @Test("the next group is written while the last one is synced") func overlaps() async throws {
        let gate = Gate(0)
        let store = try TestStore(options: gate.options, more: "[store]\ngroup_messages = 1\n")
        #expect(try await three(store, gate).compactMap(\.spool).count == 3)
        #expect(try store.verify().isEmpty)
        let again = try store.reopened()
        #expect(again.house.recovery.isClean)
        let audit = try await again.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (6, 3, 3, 0))
        again.stop()
    }

    @Test("what was written behind a failed sync is withdrawn with it", arguments: [EIO, ENOSPC])
    func fails(error: CInt) async throws {
        let gate = Gate(error)
        let store = try TestStore(options: gate.options, more: "[store]\ngroup_messages = 1\n")
        let receipts = try await three(store, gate)
        let refused = UInt16(error == ENOSPC ? 452 : 451)
        // The second went to the disk with the first, or was not synced at all: nobody knows what is there of that file.
        let codes = receipts.compactMap(\.code)
        #expect(codes.count == 2 && codes.contains(refused) && codes.allSatisfy { [451, refused].contains($0) })
        let kept = try #require(receipts.compactMap(\.spool).first)
        #expect(try await store.house.database.location(of: kept)?.position == SpoolPosition(segment: 2, offset: 0))
        #expect(try store.house.database.messages(from: SpoolID(rawValue: 0), limit: 10).map(\.spool) == [kept])
        let again = try store.reopened()
        #expect(again.house.recovery.withdrawn == 0)
        #expect(try again.verify().isEmpty)
        let audit = try await again.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (2, 1, 1, 0))
        again.stop()
    }
}
