// One moment of the store, for a backup that is read while mail comes in.
//
//  state        pin    index copy         may a crash leave it?   what the next start does
//  S1           none   none               –                       –
//  S2 held      held   none, or growing   the file, yes           removes it
//  S3 taken     held   complete           the file, yes           removes it
//
//  S1→S2 hold()   S2→S3 take()   S2,S3→S1 BackupServing.end()
//
//  Why the copy and the bytes fit each other: the pin is held before the copy begins, so that nothing that the copy names
//  is removed. A row is handed to the index after its bytes were written (R2 of SegmentWriter.swift), a move after its copy
//  was synced (K3 of Compaction.swift), a large file is sealed before its row is made (F3 of ContentFile.swift). So whoever
//  reads the files after the copy was begun finds the bytes of each of its rows. A row whose bytes were not synced yet is
//  one that lies behind the copy's own `synced_spool`; the segments of those are synced here, before anything is read. Should
//  the disk refuse that very group (its message is withdrawn then, and was never acknowledged), the copy has its row: to a
//  store that is restored it is what a power cut leaves, and its start withdraws it as always.
//
//  Why an earlier copy of a file can be continued: bytes before the indexed end are never written again, but a segment of
//  compaction that a start has cut is, and the number of a large file that is gone may be given out again. Therefore each
//  file has a stamp of inode, time of change and size, and what has another stamp is compared before it is continued.

import Glibc
import IPC
import Mail

/// What a snapshot is taken of.
package struct BackupSources: Sendable {
    let home: String
    let folder: SegmentFolder
    let database: any Database
    let disk: DiskCalls
    /// Octets that stay free.
    let reserve: UInt64
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int64

    static func snapshot(_ home: String) -> String { "\(home)/\(IndexFiles.copy)" }

    /// What a crash has left of one.
    static func removeSnapshot(_ home: String) {
        for ending in [""] + IndexFiles.besidesCopy { unlink(snapshot(home) + ending) }
    }

    /// The file on this store's disk.
    func path(_ file: StoreFile) -> String { file == .index ? Self.snapshot(home) : "\(home)/\(file.path)" }
}

/// What a backup may read.
final class BackupContents: Sendable {
    let begun: BackupBegun
    /// Milliseconds since 1970.
    let begunAt: Int64
    let files: [ListedFile]
    private let lengths: [StoreFile: UInt64]

    init(begun: BackupBegun, at begunAt: Int64, files: [ListedFile]) {
        self.begun = begun
        self.begunAt = begunAt
        self.files = files
        lengths = Dictionary(uniqueKeysWithValues: files.map { ($0.file, $0.length) })
    }

    /// nil: it is not listed.
    func length(of file: StoreFile) -> UInt64? { lengths[file] }
}

// Taking it: S2→S3.
extension BackupSources {
    /// Blocks; the pin is held already.
    func take() throws -> BackupContents {
        Self.removeSnapshot(home)
        let copy = Self.snapshot(home)
        try mustHaveRoom()
        let index = try database.copy(to: copy)
        for number in try index.unsyncedSegments() { try sync(number) }
        var listing = Listing()
        listing.files.append(
            ListedFile(file: .index, length: try OpenFile(copy, flags: O_RDONLY).size(), stamp: nil))
        let end = try index.end()
        for (number, reach) in try index.segments() {
            let length = number == end.segment ? max(reach, end.offset) : reach
            listing.add(StoreFile(.segment, number), needed: reach, wanted: length, at: self)
        }
        for number in try index.ownFiles() { listing.add(StoreFile(.large, number), at: self) }
        // Made before the first password is sealed with it, and never changed: it fits whatever the copy has.
        if access(path(.passwordKey), F_OK) == 0 { listing.add(.passwordKey, at: self) }
        return BackupContents(
            begun: BackupBegun(
                store: try index.identity(), files: listing.files.count,
                octets: listing.files.reduce(0) { $0 + $1.length }, messages: try index.messageCount(),
                missing: listing.missing, missingCount: listing.missingCount),
            at: now(), files: listing.files)
    }

    private func mustHaveRoom() throws {
        let octets = database.octetsOfCopy
        guard let free = disk.free(home), free < octets + reserve else { return }
        throw StoreFault(
            "\(home) has \(free) octets free, and a snapshot of the index takes up to \(octets) beside the reserve of \(reserve)")
    }

    private func sync(_ number: UInt64) throws {
        do throws(DiskError) { try folder.reading(number).sync() } catch {
            // A segment that is not there is damage, which the list tells.
            if error.number != ENOENT { throw error }
        }
    }

    private struct Listing {
        var files: [ListedFile] = []
        var missing: [String] = []
        var missingCount = 0

        /// - Parameters:
        ///   - needed: less of it is damage.
        ///   - wanted: of it, as far as it is there; nil: all.
        mutating func add(_ file: StoreFile, needed: UInt64 = 0, wanted: UInt64? = nil, at sources: BackupSources) {
            var facts = stat()
            guard stat(sources.path(file), &facts) == 0 else { return miss(file) }
            let size = UInt64(facts.st_size)
            if size < needed { miss(file) }
            files.append(
                ListedFile(
                    file: file, length: min(wanted ?? size, size), stamp: FileStamp.text(facts, now: sources.now())))
        }

        private mutating func miss(_ file: StoreFile) {
            missingCount += 1
            if missing.count < BackupLimits.missing { missing.append(file.path) }
        }
    }
}

enum FileStamp {
    /// Milliseconds in which a file may change twice without another time of change.
    private static let tick: Int64 = 2_000

    /// nil: it changed a moment ago, and may change again within the same tick of the file system's clock.
    static func text(_ facts: stat, now: Int64) -> String? {
        let changed = Int64(facts.st_ctim.tv_sec) * 1_000 + Int64(facts.st_ctim.tv_nsec) / 1_000_000
        guard changed + tick < now else { return nil }
        return "\(facts.st_ino)-\(facts.st_ctim.tv_sec).\(facts.st_ctim.tv_nsec)-\(facts.st_size)"
    }
}
