// Written groups on their way to the disk: while one fdatasync runs, the next group is written, and goes to the disk with
// all that were written meanwhile. Who is alone waits for nobody: its group is synced by the thread that wrote it.

import Dispatch
import Glibc
import IPC
import Mail
import Synchronization

/// A group whose bytes are in the file.
struct WrittenGroup: Sendable {
    let group: CommitGroup
    let file: OpenFile
    let segment: UInt64
    /// The first spool id behind it.
    let next: UInt64
}

final class SegmentSync: @unchecked Sendable {
    // Unchecked: `owed` and `reached` are touched by whoever syncs; that is one thread at a time, and `open` hands over.
    /// Groups that are written and not on the disk: one under way and one behind it.
    private static let depth = 2

    private let around: SpoolSurroundings
    private let gauge: DiskGauge
    private let waiting = WorkQueue<WrittenGroup>()
    private let places = DispatchSemaphore(value: depth)
    private let open = Atomic<Int>(0)
    private let thread = Mutex<RoomThread?>(nil)
    private let safe: Atomic<UInt64>
    private let failed = Atomic<UInt64>(0)

    /// Indexed, refused, and not withdrawn yet: the index did not take that.
    private var owed: [SpoolID] = []
    private var reached: UInt64

    init(from spool: SpoolID, gauge: DiskGauge, around: SpoolSurroundings) {
        self.around = around
        self.gauge = gauge
        reached = spool.rawValue
        safe = Atomic(spool.rawValue)
    }

    /// The bytes of all messages before this one are on the disk, or nobody has them.
    var mark: SpoolID { SpoolID(rawValue: safe.load(ordering: .acquiring)) }

    /// Segments up to this one get nothing more: of one of them nobody knows what is on the disk. 0: none.
    var failedSegment: UInt64 { failed.load(ordering: .acquiring) }

    func start() {
        let running = RoomThread("store-sync") { [self] in
            while case let groups = waiting.take(upTo: Self.depth), !groups.isEmpty {
                perform(groups)
                leave(groups.count)
            }
        }
        thread.withLock { $0 = running }
    }

    /// Finishes what was handed over. Blocks.
    func stop() {
        waiting.close()
        let running = thread.withLock { running in
            defer { running = nil }
            return running
        }
        running?.join()
        payWithdrawals()
    }

    /// Waits until another group may be written; each is followed by `take` or `leave`.
    func enter() {
        places.wait()
        open.add(1, ordering: .acquiring)
    }

    /// What was entered comes to nothing, or is done.
    func leave(_ count: Int = 1) {
        open.subtract(count, ordering: .releasing)
        for _ in 0..<count { places.signal() }
    }

    /// - Parameter isAlone: nothing else waits to be written.
    func take(_ group: WrittenGroup, isAlone: Bool) {
        if isAlone, open.load(ordering: .acquiring) == 1 {
            perform([group])
            return leave()
        }
        if !waiting.put(group) { preconditionFailure("the writer stops first") }
    }
}

// On the disk, or not.
extension SegmentSync {
    private func perform(_ groups: [WrittenGroup]) {
        payWithdrawals()
        var rest = groups[...]
        while let segment = rest.first?.segment {
            let same = rest.prefix { $0.segment == segment }
            rest = rest.dropFirst(same.count)
            sync(Array(same))
        }
    }

    /// R2→R4, R3→R5, for groups of one segment.
    private func sync(_ groups: [WrittenGroup]) {
        guard let last = groups.last else { return }
        let error = last.segment <= failedSegment ? EIO : around.disk.sync(last.file.descriptor)
        if error == 0 {
            for written in groups { written.group.synced() }
        } else {
            withdraw(groups, DiskError("fdatasync", last.file.path, error))
        }
        reached = last.next
        if owed.isEmpty { safe.store(reached, ordering: .releasing) }
    }

    /// R3→R1. After a failed sync nobody knows what of the file is on the disk, and a second sync would not tell: the
    /// segment gets nothing more, and whoever was indexed is withdrawn.
    private func withdraw(_ groups: [WrittenGroup], _ error: DiskError) {
        if failedSegment < groups[0].segment {
            around.log(.segmentFailed(number: groups[0].segment, because: "\(error)"))
            failed.store(groups[0].segment, ordering: .releasing)
        }
        for written in groups {
            for (message, result) in zip(written.group.messages, written.group.waitForIndex()) {
                if case .done = result { owed.append(message.spool) }
            }
        }
        payWithdrawals()
        if error.isFull { gauge.reportFull() }
        let receipt = error.isFull ? StoreRefusal.full("\(error)") : StoreRefusal.trouble("\(error)")
        for written in groups { Incoming.refuse(written.group.messages, receipt) }
    }

    private func payWithdrawals() {
        guard !owed.isEmpty else { return }
        guard case .done? = around.database.commitAndWait([.withdraw(owed)]).first else { return }
        owed = []
        safe.store(reached, ordering: .releasing)
    }
}
