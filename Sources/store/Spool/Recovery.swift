// The start after an end of any kind. The rule: what is indexed and whole stays; everything else was never acknowledged
// and goes. See the table of states in SegmentWriter.swift.

import Glibc
import Mail

/// Runs once, before anything is written. Blocks.
struct Recovery {
    let database: any Database
    let folder: SegmentFolder
    let ownFiles: String
    let limits: SpoolLimits
    let log: @Sendable (StoreEvent) -> Void

    struct Result {
        var start: SpoolStart
        /// The first number that no content file ever had.
        var firstFile: UInt64
        var report: RecoveryReport
    }

    func run(_ loaded: Loaded) throws -> Result {
        var report = RecoveryReport()
        try Folder.make(ownFiles)
        try withdrawTorn(loaded, &report)
        let end = try cutSegments(loaded.indexedEnd, &report)
        try cutCompacted(&report)
        let firstFile = try removeStrays(&report)
        let first = loaded.firstSpool
        try commit([.reserve(SpoolID(rawValue: first.rawValue + limits.ids)), .synced(first)])
        if !report.isClean { log(.recovered(report)) }
        return Result(start: SpoolStart(end: end, firstSpool: first), firstFile: firstFile, report: report)
    }

    /// R3→R1 for rows whose bytes a power cut took. After a mere kill they are in the page cache, and are kept: once
    /// they are synced they are in R5.
    private func withdrawTorn(_ loaded: Loaded, _ report: inout RecoveryReport) throws {
        let reader = SpoolReader(folder, ownFiles: ownFiles)
        var from = loaded.synced
        var segments: Set<UInt64> = []
        while true {
            let page = try database.messages(from: from, limit: 1_000)
            var torn: [SpoolID] = []
            for message in page {
                try sync(message.location.position.segment, once: &segments)
                do throws(SpoolReadError) { _ = try reader.read(message.location, message.spool) } catch {
                    guard case .damaged(let because) = error else { throw error }
                    log(.damaged(message.spool, because: because))
                    torn.append(message.spool)
                }
            }
            if !torn.isEmpty { try commit([.withdraw(torn)]) }
            report.withdrawn += torn.count
            guard let last = page.last else { return }
            from = SpoolID(rawValue: last.spool.rawValue + 1)
        }
    }

    private func sync(_ segment: UInt64, once segments: inout Set<UInt64>) throws {
        guard segments.insert(segment).inserted else { return }
        do throws(DiskError) { try folder.reading(segment).sync() } catch {
            // A segment that is not there is damage, which the reading finds.
            if error.number != ENOENT { throw error }
        }
    }

    /// R2,R4→R1: cuts the last segment at the indexed end and removes those behind it.
    private func cutSegments(_ end: SpoolPosition, _ report: inout RecoveryReport) throws -> SpoolPosition {
        var end = end
        let numbers = try folder.numbers().filter { !SegmentFolder.isCompacted($0) }
        // Compaction removed it: its number is used up.
        if end.offset > 0, !numbers.contains(end.segment) { end.offset = max(end.offset, limits.segment) }
        for number in numbers where number >= end.segment {
            let isLast = number == end.segment
            let file = try folder.open(number)
            let size = try file.size()
            let from = isLast ? end.offset : 0
            if size > from {
                count(try TailScan(file, from: from, size: size), &report)
                try file.truncate(to: from)
                try file.sync()
            }
            if !isLast { folder.remove(number) }
            // Shorter than the index says: what is missing was withdrawn, or is reported by every reading.
            if isLast, size < from { end.offset = max(end.offset, limits.segment) }
        }
        try Folder.sync(folder.path)
        return end
    }

    /// Copies that the index does not know are not missed: what they were made of is where it was.
    private func cutCompacted(_ report: inout RecoveryReport) throws {
        for number in try folder.numbers() where SegmentFolder.isCompacted(number) {
            let end = try database.occupancy(of: number).end
            let file = try folder.open(number)
            guard try file.size() > end else { continue }
            report.unfinishedCopies += 1
            if end == 0 {
                folder.remove(number)
            } else {
                try file.truncate(to: end)
                try file.sync()
            }
        }
        try Folder.sync(folder.path)
    }

    private func count(_ scan: TailScan, _ report: inout RecoveryReport) {
        report.droppedRecords += scan.records
        report.tornOctets += scan.tornOctets
    }

    /// F2,F3→F1.
    private func removeStrays(_ report: inout RecoveryReport) throws -> UInt64 {
        let kept = try database.ownFiles()
        var highest = kept.max() ?? 0
        for name in try Folder.names(ownFiles) {
            guard let number = FileNumber.read(name, ending: ".msg") else { continue }
            highest = max(highest, number)
            guard !kept.contains(number) else { continue }
            unlink("\(ownFiles)/\(name)")
            report.strayFiles += 1
        }
        return highest + 1
    }

    private func commit(_ changes: [Change]) throws(DatabaseError) {
        for result in database.commitAndWait(changes) { if case .failed(let error) = result { throw error } }
    }
}

extension Database {
    /// For the start and the end, where there is nothing else to do. Blocks.
    package func commitAndWait(_ changes: [Change]) -> [ChangeResult] {
        blocking { commit(changes, $0) }
    }
}

/// Records that lie one behind the other.
struct TailScan {
    private(set) var records = 0
    /// Octets from the first thing on that is no record.
    private(set) var tornOctets: UInt64 = 0

    init(_ file: OpenFile, from start: UInt64, size: UInt64) throws(DiskError) {
        var offset = start
        while offset < size {
            guard let length = try Self.record(file, offset, size) else { break }
            records += 1
            offset += UInt64(length)
        }
        tornOctets = size - offset
    }

    /// The length of the whole, right record at this place; nil when there is none.
    private static func record(_ file: OpenFile, _ offset: UInt64, _ size: UInt64) throws(DiskError) -> Int? {
        let head = try file.bytes(from: offset, SpoolRecord.headLength)
        guard let record = try? head.withUnsafeBytes({ try SpoolRecord($0) }),
            offset + UInt64(record.length) <= size
        else { return nil }
        let whole = try file.bytes(from: offset, record.length)
        return (try? whole.withUnsafeBytes { try SpoolRecord.verified($0) }).map(\.length)
    }
}
