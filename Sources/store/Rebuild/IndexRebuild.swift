// Makes the index anew from the segments alone, when it is lost or damaged. The store does not run meanwhile.
//
//  state   index.sqlite   index.sqlite.new   index.sqlite.before-TIME   what a second rebuilding does
//  B1      old or none    none               –                          –
//  B2      old or none    growing            –                          begins again
//  B3      none           complete           old                        begins again; the store does not start without
//  B4      new            none               old                        –
//
//  Guarantee: the old index is kept, and nothing is sent again: what relays waits as held for an administrator.

import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix

package struct RebuildReport: Equatable, Sendable {
    package var messages = 0
    /// Held, one line each: what it is, from whom, for whom.
    package var held: [String] = []
    package var accounts: [String] = []
    /// Messages whose content lay in a file that is not there: most of them were let go of.
    package var withoutContent = 0
    /// A second record with the key of another, which was never acknowledged as a message of its own.
    package var repeated = 0
    package var gaps: [String] = []
    /// Where the old index is; nil: there was none.
    package var before: String?
}

/// Blocks; for a process that does nothing else.
package struct IndexRebuild {
    /// Messages of one transaction.
    private static let page = 500

    private let home: String
    private let now: Int64
    private let log: @Sendable (StoreEvent) -> Void
    private let folder: SegmentFolder

    /// - Parameters:
    ///   - home: the store's own folder.
    ///   - now: milliseconds since 1970.
    package init(home: String, now: Int64, log: @escaping @Sendable (StoreEvent) -> Void) throws {
        self.home = home
        self.now = now
        self.log = log
        folder = try SegmentFolder("\(home)/segments")
    }

    private var path: String { IndexFiles.path(home) }

    package func run() throws -> RebuildReport {
        let lock = try Household.lock("\(home)/lock")
        defer { flock(lock.descriptor, LOCK_UN) }
        for ending in [""] + IndexFiles.besides { unlink("\(path).new\(ending)") }
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        defer { try? threads.syncShutdownGracefully() }
        let index = try RebuiltIndex("\(path).new", readers: threads, log: log)
        var report = RebuildReport()
        do {
            try fill(index, &report)
            index.database.close()
        } catch {
            index.database.close()
            throw error
        }
        try exchange(&report)
        return report
    }

    private func fill(_ index: RebuiltIndex, _ report: inout RebuildReport) throws {
        try scan(index, &report)
        let accounts = try index.makeAccounts(now: now)
        report.accounts = accounts.map { "\($0.address) (account \($0.id.rawValue)\($0.isPast ? ", removed" : ""))" }
        let last = try ingest(index, &report)
        let next = SpoolID(rawValue: last.rawValue + 1 + SpoolLimits().ids)
        try commit([.reserve(next), .synced(next)], to: index)
        // Nothing of the segments is cut off, whatever it is.
        let highest = try folder.numbers().last { !SegmentFolder.isCompacted($0) } ?? 0
        let end = SpoolPosition(segment: highest, offset: highest == 0 ? 0 : try folder.reading(highest).size())
        try index.finish(accounts, end: end, now: now)
    }

    private func commit(_ changes: [Change], to index: RebuiltIndex) throws {
        for result in index.database.commitAndWait(changes) { if case .failed(let error) = result { throw error } }
    }
}

// What there is.
extension IndexRebuild {
    private func scan(_ index: RebuiltIndex, _ report: inout RebuildReport) throws {
        for number in try folder.numbers() {
            var records: [(IndexedRecord, [LocalPlacement])] = []
            let gaps = try SegmentScan(folder, number).forEach { found in
                let message = StoredMessage(record: found.record, bytes: ByteBuffer(bytes: found.bytes))
                guard let envelope = try? message.envelope() else { return }
                let record = IndexedRecord(spool: found.record.spool, location: found.location)
                records.append((record, envelope.placements))
                if records.count == Self.page {
                    try index.note(records)
                    records = []
                }
            }
            try index.note(records)
            report.gaps += gaps.map {
                "\(FileNumber.text($0.segment)).seg: \($0.length) octets from \($0.offset) on are no message"
            }
        }
    }

    /// The last id that there is.
    private func ingest(_ index: RebuiltIndex, _ report: inout RebuildReport) throws -> SpoolID {
        let reader = SpoolReader(folder, ownFiles: "\(home)/large")
        var next = SpoolID(rawValue: 0)
        while true {
            let page = try index.found(from: next, limit: Self.page)
            guard let last = page.last else { return SpoolID(rawValue: max(next.rawValue, 1) - 1) }
            let messages = try page.compactMap { try message($0, reader, &report) }
            let results = index.database.commitAndWait(messages.map { .ingest($0) })
            for (message, result) in zip(messages, results) {
                try count(message, try putAnywhere(message, result, index), &report)
            }
            next = SpoolID(rawValue: last.spool.rawValue + 1)
        }
    }

    /// A mailbox that cannot be made is no reason to be without the message.
    private func putAnywhere(
        _ message: IndexedMessage, _ result: ChangeResult, _ index: RebuiltIndex
    ) throws -> ChangeResult {
        guard case .rejected = result, message.plan.isAppended else { return result }
        var message = message
        for place in message.plan.placements.indices { message.plan.placements[place].mailbox = nil }
        return index.database.commitAndWait([.ingest(message)])[0]
    }

    private func message(
        _ found: IndexedRecord, _ reader: SpoolReader, _ report: inout RebuildReport
    ) throws -> IndexedMessage? {
        let stored = try reader.read(found.location, found.spool)
        let record = stored.record
        if record.flags.contains(.ownFile), access(ContentFile.path("\(home)/large", record.ownFile), F_OK) != 0 {
            report.withoutContent += 1
            return nil
        }
        let envelope = try stored.envelope()
        let relayed = Array(stored.relayed.readableBytesView.prefix(record.headerLength))
        let local = Array(stored.local.readableBytesView.prefix(record.localHeaderLength))
        var plan = Plan(
            trace: record.trace, sender: envelope.sender, localHeader: local, header: relayed,
            placements: envelope.placements, relays: envelope.relays, parameters: envelope.parameters,
            idempotencyKey: envelope.idempotencyKey)
        plan.isAppended = envelope.isAppended
        plan.internalDate = envelope.internalDate
        plan.identity = envelope.identity
        plan.createsMailboxes = true
        return IndexedMessage(
            spool: found.spool, location: found.location, plan: plan, acceptedAt: record.acceptedAt,
            size: UInt64(record.headerLength) + record.contentLength, ownFile: record.ownFile)
    }

    private func count(_ message: IndexedMessage, _ result: ChangeResult, _ report: inout RebuildReport) throws {
        switch result {
        case .done:
            report.messages += 1
            for relay in message.plan.relays {
                let sender = message.plan.sender.map { "\($0)" } ?? ""
                report.held.append("message \(message.spool) from <\(sender)> to <\(relay.address)>")
            }
        case .repeated: report.repeated += 1
        case .failed(let error): throw error
        case .rejected(let because): throw StoreFault("message \(message.spool): \(because)")
        case .directory, .mailbox, .entries, .settled, .purged, .overQuota: preconditionFailure("the answer to another change")
        }
    }
}

// The new one takes the old one's place.
extension IndexRebuild {
    private func exchange(_ report: inout RebuildReport) throws {
        let before = unused("\(path).before-\(now / 1000)")
        // First the file itself: without it no store starts, so that nobody meets one without its log.
        if access(path, F_OK) == 0 {
            try rename(path, before)
            report.before = before
        }
        for ending in IndexFiles.besides where access(path + ending, F_OK) == 0 {
            try rename(path + ending, before + ending)
        }
        try Folder.sync(home)
        try rename("\(path).new", path)
        try Folder.sync(home)
    }

    /// What an earlier one kept is not written over.
    private func unused(_ name: String) -> String {
        func isThere(_ name: String) -> Bool { access(name, F_OK) == 0 || access(name + IndexFiles.log, F_OK) == 0 }
        var (candidate, number) = (name, 1)
        while isThere(candidate) {
            number += 1
            candidate = "\(name)-\(number)"
        }
        return candidate
    }

    private func rename(_ old: String, _ new: String) throws(DiskError) {
        guard Glibc.rename(old, new) == 0 else { throw DiskError("rename", old) }
    }
}
