// Space comes back: what is still wanted of a sparse segment is copied, verified on the way, and the segment goes.
//
//  state        copies             index says    old segment   may a crash leave it?   what the next start does
//  K1           none               old place     there         –                       –
//  K2 copied    perhaps, or torn   old place     there         yes                     cuts the copies off
//  K3 synced    on the disk        old place     there         yes                     as K2
//  K4 moved     on the disk        new place     there         yes                     nothing; the next round removes the old
//  K5 gone      on the disk        new place     removed       yes (normal)            nothing
//
//  K1→K3 append()   K3→K4 the index's commit   K4→K5 retire(), when no message at all lies in the old segment
//  Guarantees: the index never names a copy that is not on the disk, and a segment is removed only when the index, with
//  every change that was handed to it before, has nothing in it. A record that is damaged stays, and its segment with it.

import Dispatch
import IPC
import Mail
import NIOCore
import Synchronization

/// Used by the upkeep alone, one call at a time.
final class Compaction: @unchecked Sendable {
    // Unchecked: see above; the figures are atomic.
    private struct Segment {
        var size: UInt64
        var live: UInt64
    }

    private let spool: UpkeepSpool
    private let database: any Database
    private let log: @Sendable (StoreEvent) -> Void
    private let target: CompactionTarget
    /// Sealed segments as they were last looked at.
    private var segments: [UInt64: Segment] = [:]
    /// With records that are damaged: left alone until the next start.
    private var spared: Set<UInt64> = []
    private var isResumed = false
    private let copied = Atomic<UInt64>(0)
    private let freed = Atomic<UInt64>(0)
    private let compacted = Atomic<Int>(0)

    init(_ spool: UpkeepSpool, database: any Database, log: @escaping @Sendable (StoreEvent) -> Void) {
        self.spool = spool
        self.database = database
        self.log = log
        target = CompactionTarget(spool.folder, disk: spool.disk, limit: spool.limits.segment)
    }

    var octetsCopied: UInt64 { copied.load(ordering: .relaxed) }

    var figures: [Figure] {
        [
            Figure("octets-copied", Int64(clamping: octetsCopied)),
            Figure("octets-freed", Int64(clamping: freed.load(ordering: .relaxed))),
            Figure("segments-compacted", Int64(compacted.load(ordering: .relaxed))),
        ]
    }

    /// Something in it is dead now.
    func look(again segment: UInt64) { segments[segment] = nil }

    /// Compacts what is sparse, the sparsest first. Blocks, and rests between the batches.
    func run(_ limits: UpkeepLimits, _ rest: Rest) {
        guard limits.compactBelow > 0 else { return }
        do {
            for number in try sparse(limits) where !rest.isOver && !spool.pin.isHeld {
                guard let segment = segments[number], hasRoom(for: segment.live) else { return }
                guard try empty(number, limits, rest) else { continue }
                try retire(number, segment.size)
            }
        } catch let error as DiskError {
            log(.segmentFailed(number: target.number ?? SegmentFolder.firstCompacted, because: "\(error)"))
        } catch {
            // What the index does not take, it says itself; the next round tries again.
        }
    }
}

// Which.
extension Compaction {
    private func sparse(_ limits: UpkeepLimits) throws -> [UInt64] {
        let all = try spool.folder.numbers()
        try resume(all, limits)
        let sealed = all.filter { isSealed($0) && !spared.contains($0) }
        for number in sealed where segments[number] == nil {
            let size = try spool.folder.reading(number).size()
            segments[number] = Segment(size: size, live: try database.occupancy(of: number).live)
        }
        segments = segments.filter { Set(sealed).contains($0.key) }
        return segments.filter { Self.isSparse($0.value, limits) }.sorted { ($0.value.live, $0.key) < ($1.value.live, $1.key) }
            .map(\.key)
    }

    private static func isSparse(_ segment: Segment, _ limits: UpkeepLimits) -> Bool {
        segment.live == 0 || segment.live * 100 < segment.size * UInt64(limits.compactBelow)
    }

    private func isSealed(_ number: UInt64) -> Bool {
        SegmentFolder.isCompacted(number) ? number != target.number : number < spool.writing()
    }

    /// The last segment of the last run gets the rest of what fits, if it is not to be compacted itself.
    private func resume(_ all: [UInt64], _ limits: UpkeepLimits) throws {
        guard !isResumed else { return }
        isResumed = true
        guard let last = all.last, SegmentFolder.isCompacted(last) else { return }
        let size = try spool.folder.reading(last).size()
        let occupancy = try database.occupancy(of: last)
        guard size == occupancy.end, size < spool.limits.segment else { return }
        if !Self.isSparse(Segment(size: size, live: occupancy.live), limits) { try target.resume(last, end: size) }
    }

    /// Half the reserve may be used: it comes back, and more.
    private func hasRoom(for octets: UInt64) -> Bool {
        spool.disk.free(spool.folder.path).map { $0 >= octets + spool.limits.reserve / 2 } ?? true
    }
}

// One segment.
extension Compaction {
    private struct Batch {
        var bytes = ByteBuffer()
        var records: [IndexedRecord] = []
    }

    /// K1→K4 for everything in it. False: it is not empty, and will not be for now.
    private func empty(_ number: UInt64, _ limits: UpkeepLimits, _ rest: Rest) throws -> Bool {
        var offset: UInt64 = 0
        let allowance = Allowance(rate: limits.compactRate)
        while !rest.isOver {
            let page = try database.messages(in: number, from: offset, limit: UpkeepLimits.batch)
            guard !page.isEmpty else { return !spared.contains(number) }
            let begun = ContinuousClock.now
            let batch = try read(page, in: number, from: &offset)
            if !batch.records.isEmpty { try move(batch) }
            rest.wait(allowance.rest(after: UInt64(batch.bytes.readableBytes), took: ContinuousClock.now - begun))
        }
        return false
    }

    private func read(_ page: [IndexedRecord], in number: UInt64, from offset: inout UInt64) throws -> Batch {
        var batch = Batch()
        for record in page {
            do throws(SpoolReadError) {
                var message = try spool.reader.read(record.location, record.spool).bytes
                batch.bytes.writeBuffer(&message)
                batch.records.append(record)
            } catch {
                guard case .damaged(let because) = error else { throw error }
                log(.damaged(record.spool, because: because))
                spared.insert(number)
            }
            offset = record.location.end.offset
            if batch.bytes.readableBytes >= UpkeepLimits.batchOctets { break }
        }
        return batch
    }

    private func move(_ batch: Batch) throws {
        var place = try target.append(batch.bytes)
        copied.add(UInt64(batch.bytes.readableBytes), ordering: .relaxed)
        let moved = batch.records.map { record in
            defer { place.offset += UInt64(record.location.length) }
            return MovedMessage(
                spool: record.spool, from: record.location.position,
                to: SpoolLocation(place, length: record.location.length))
        }
        if case .failed(let error)? = database.commitAndWait([.move(moved)]).first { throw error }
    }

    /// K4→K5.
    private func retire(_ number: UInt64, _ size: UInt64) throws {
        switch database.commitAndWait([.retire(segment: number)]).first {
        case .done:
            segments[number] = nil
            // A backup reads from it: a later round finds it empty, and removes it.
            guard spool.pin.unlessHeld({ spool.folder.remove(number) }) else { return }
            freed.add(size, ordering: .relaxed)
            compacted.add(1, ordering: .relaxed)
            log(.compacted(number: number, freed: size))
        case .failed(let error): throw error
        // What was ingested into it last was not indexed when the pages were read.
        default: look(again: number)
        }
    }
}
