// The bytes of messages, in append-only segments: one write and one fdatasync for all that wait. While the bytes reach
// the disk, the index commits the same group, and the next one is written; both must be done before anybody is told.
//
//  state         bytes              index row   told?   may a crash leave it?   what recovery does
//  R1            none               none        no      –                       –
//  R2 written    perhaps, or torn   none        no      yes                     cuts the segment at the indexed end
//  R3 indexed    perhaps, or torn   present     no      only a power cut        checks it; withdraws the row if torn
//  R4 synced     on the disk        none        no      yes                     as R2
//  R5 kept       on the disk        present     yes     yes (normal)            nothing
//  R6 dead       on the disk        none        –       yes                     nothing; compaction
//
//  R1→R2 write()   R2→R3 the index's commit   R3→R5 and R4→R5 sync(), whichever ends last   R2→R4 sync()
//  `write` is here, `sync` and `withdraw` in SegmentSync.
//  R3→R1 withdraw() when the disk did not take the bytes   R5→R6 the last reference went
//  Guarantees: a receipt is given only in R5. Bytes before `progress.synced_spool` are in R5 or R6, so that recovery has
//  to check no more than what one crash can have left.

import Glibc
import IPC
import Mail
import NIOCore
import Synchronization

/// How the bytes are kept. Everything has a limit.
package struct SpoolLimits: Sendable {
    /// A new segment is begun when one would become longer.
    package var segment: UInt64 = 128 << 20
    /// Longer content gets a file of its own.
    package var inSegment = 256 << 10
    /// Messages and octets of one group.
    package var group = 1_000
    package var groupOctets = 16 << 20
    /// Free octets below which mail is refused, so that what must be written (outcomes, expunges) still can be.
    package var reserve: UInt64 = 64 << 20
    /// Spool ids set aside at a time; a restart loses the unused ones.
    package var ids: UInt64 = 65_536

    package init() {}
}

/// Where the writer begins.
package struct SpoolStart: Sendable {
    /// The segment to write to, and its end.
    package var end: SpoolPosition
    package var firstSpool: SpoolID

    package init(end: SpoolPosition, firstSpool: SpoolID) {
        self.end = end
        self.firstSpool = firstSpool
    }
}

/// What the writer needs from around it.
package struct SpoolSurroundings: Sendable {
    package var database: any Database
    package var disk: DiskCalls
    package var now: @Sendable () -> Int64
    package var log: @Sendable (StoreEvent) -> Void
    /// Called with the messages that are durable now, before their receipts go out.
    package var accepted: @Sendable ([IndexedMessage]) -> Void

    package init(
        database: any Database, disk: DiskCalls = .system, now: @escaping @Sendable () -> Int64,
        log: @escaping @Sendable (StoreEvent) -> Void, accepted: @escaping @Sendable ([IndexedMessage]) -> Void
    ) {
        self.database = database
        self.disk = disk
        self.now = now
        self.log = log
        self.accepted = accepted
    }
}

package final class SegmentWriter: @unchecked Sendable {
    // Unchecked: `current` to `nextSpool` are only touched by the writer's thread.
    private let folder: SegmentFolder
    private let limits: SpoolLimits
    private let around: SpoolSurroundings
    private let gauge: DiskGauge
    private let waiting = WorkQueue<Incoming>()
    /// Ids below it are set aside.
    private let ceiling: Atomic<UInt64>
    private let thread = Mutex<RoomThread?>(nil)
    private let octets = Atomic<UInt64>(0)
    private let groups = Atomic<UInt64>(0)
    private let messages = Atomic<UInt64>(0)
    private let writing: Atomic<UInt64>

    private var current: OpenFile?
    private var end: SpoolPosition
    private var nextSpool: UInt64
    private var batch = RecordBatch()
    private let sync: SegmentSync

    /// The ids from `firstSpool` to `firstSpool + limits.ids` must have been set aside.
    package init(
        _ folder: SegmentFolder, start: SpoolStart, limits: SpoolLimits, gauge: DiskGauge, around: SpoolSurroundings
    ) {
        self.folder = folder
        self.limits = limits
        self.around = around
        self.gauge = gauge
        sync = SegmentSync(from: start.firstSpool, gauge: gauge, around: around)
        end = start.end
        nextSpool = start.firstSpool.rawValue
        ceiling = Atomic(start.firstSpool.rawValue + limits.ids)
        writing = Atomic(start.end.segment)
    }

    package func start() {
        sync.start()
        let running = RoomThread("store-segment") { [self] in
            while true {
                sync.enter()
                let group = waiting.take(upTo: limits.group, weight: limits.groupOctets, of: \.weight)
                guard !group.isEmpty else { return sync.leave() }
                commit(group)
            }
        }
        thread.withLock { $0 = running }
    }

    /// The message will be written, indexed and answered.
    package func submit(_ message: Incoming) {
        if !waiting.put(message) { Incoming.refuse([message], StoreRefusal.trouble("the store is stopping")) }
    }

    /// Finishes what waits. Blocks.
    package func stop() {
        waiting.close()
        let running = thread.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        running.join()
        sync.stop()
        // Every group was synced or withdrawn: the next start has nothing to check.
        _ = around.database.commitAndWait([.synced(sync.mark)])
    }

    /// Segments with lower numbers get nothing more, and what they have was handed to the index before this was said.
    package var segment: UInt64 { writing.load(ordering: .acquiring) }

    package var octetsWritten: UInt64 { octets.load(ordering: .relaxed) }

    package var figures: [Figure] {
        [
            Figure("messages-committed", Int64(messages.load(ordering: .relaxed))),
            Figure("groups-committed", Int64(groups.load(ordering: .relaxed))),
            Figure("octets-written", Int64(octets.load(ordering: .relaxed))),
        ]
    }
}

// One group.
extension SegmentWriter {
    private func commit(_ messages: [Incoming]) {
        guard gauge.hasRoom() else { return refuse(messages, StoreRefusal.full("free space is below the reserve")) }
        guard nextSpool + UInt64(messages.count) <= ceiling.load(ordering: .acquiring) else {
            // The index has not taken a reservation for a while: it is asked again, with nothing else.
            reserve()
            return refuse(messages, StoreRefusal.trouble("no spool ids are set aside"))
        }
        if current != nil, sync.failedSegment >= end.segment { abandonSegment() }
        do throws(DiskError) {
            let file = try open(for: messages)
            try write(messages, to: file)
            hand(messages, over: file)
        } catch {
            refuse(messages, error)
        }
    }

    /// The current segment, or a new one when this group does not fit any more.
    private func open(for messages: [Incoming]) throws(DiskError) -> OpenFile {
        let weight = messages.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
        if let current, end.offset == 0 || end.offset + weight <= limits.segment { return current }
        if current == nil, end.offset > 0, end.offset + weight <= limits.segment {
            let file = try folder.open(end.segment)
            current = file
            return file
        }
        let file = try folder.create(end.segment + 1)
        end = SpoolPosition(segment: end.segment + 1, offset: 0)
        writing.store(end.segment, ordering: .releasing)
        current = file
        return file
    }

    /// R1→R2.
    private func write(_ messages: [Incoming], to file: OpenFile) throws(DiskError) {
        let now = around.now()
        var position = end
        for message in messages {
            message.spool = SpoolID(rawValue: nextSpool)
            message.acceptedAt = now
            nextSpool += 1
            let length = batch.add(message)
            message.location = SpoolLocation(position, length: UInt32(length))
            position.offset += UInt64(length)
        }
        defer { batch.clear() }
        let error = batch.withPieces { around.disk.write(file.descriptor, $0, end.offset) }
        guard error == 0 else { throw DiskError("write", file.path, error) }
        end = position
        octets.add(UInt64(batch.length), ordering: .relaxed)
    }

    /// R2→R3, and R2→R4 beside it.
    private func hand(_ messages: [Incoming], over file: OpenFile) {
        let group = CommitGroup(messages) { [self] in finish($0, $1) }
        var changes = messages.map { Change.ingest($0.indexed) }
        changes.append(.synced(sync.mark))
        let wanted = nextSpool + limits.ids
        let mustReserve = nextSpool + limits.ids / 2 > ceiling.load(ordering: .relaxed)
        if mustReserve { changes.append(.reserve(SpoolID(rawValue: wanted))) }
        around.database.commit(changes) { [self] results in
            if mustReserve, case .done? = results.last { raiseCeiling(to: wanted) }
            group.indexed(results)
        }
        sync.take(
            WrittenGroup(group: group, file: file, segment: end.segment, next: nextSpool), isAlone: waiting.isEmpty)
    }

    private func reserve() {
        let wanted = nextSpool + limits.ids
        around.database.commit([.reserve(SpoolID(rawValue: wanted))]) { [self] results in
            if case .done? = results.first { raiseCeiling(to: wanted) }
        }
    }

    private func raiseCeiling(to wanted: UInt64) { ceiling.max(wanted, ordering: .releasing) }

    /// R3→R5, on whichever thread came last.
    private func finish(_ messages: [Incoming], _ results: [ChangeResult]) {
        var accepted: [IndexedMessage] = []
        var receipts: [SpoolID: Receipt] = [:]
        var isFull = false
        for (message, result) in zip(messages, results) {
            switch result {
            case .done: if !message.plan.relays.isEmpty { accepted.append(message.indexed) }
            case .repeated(let first): receipts[message.spool] = .accepted(first)
            case .overQuota(let shortage):
                message.shortage = shortage
                receipts[message.spool] = StoreRefusal.overQuota(shortage)
            case .rejected(let because):
                message.isRejected = true
                receipts[message.spool] = StoreRefusal.trouble(because)
            case .failed(let error):
                isFull = isFull || error == .full
                receipts[message.spool] = StoreRefusal.of(error)
            case .directory, .mailbox, .entries, .settled, .purged: preconditionFailure("the answer to another change")
            }
        }
        for message in messages where receipts[message.spool] != nil { message.removeFile() }
        if isFull { gauge.reportFull() }
        if !accepted.isEmpty { around.accepted(accepted) }
        groups.add(1, ordering: .relaxed)
        self.messages.add(UInt64(messages.count - receipts.count), ordering: .relaxed)
        Incoming.answer(messages) { receipts[$0.spool] ?? .accepted($0.spool) }
    }
}

// The bad disk.
extension SegmentWriter {
    /// The group was not written. What is there of it lies behind the end, and is written over or cut off.
    private func refuse(_ messages: [Incoming], _ error: DiskError) {
        if error.isFull {
            gauge.reportFull()
            try? current?.truncate(to: end.offset)
            return refuse(messages, StoreRefusal.full("\(error)"))
        }
        around.log(.segmentFailed(number: end.segment, because: "\(error)"))
        abandonSegment()
        refuse(messages, StoreRefusal.trouble("\(error)"))
    }

    private func refuse(_ messages: [Incoming], _ receipt: Receipt) {
        Incoming.refuse(messages, receipt)
        sync.leave()
    }

    private func abandonSegment() {
        current = nil
        // The number is used up, whatever is there: `open` makes the next one.
        end.offset = limits.segment
    }
}
