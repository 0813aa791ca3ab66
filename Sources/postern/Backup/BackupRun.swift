// One run of a backup: what the store lists is compared with what the folder has, and only the rest is copied.

import Crypto
import Door
import FoundationEssentials
import Glibc
import IPC
import NIOCore

/// What a run came to.
struct BackupOutcome: Encodable {
    var folder: String
    var store: String
    var messages: UInt64
    var files: Int
    var octets: UInt64
    var copiedFiles = 0
    var copiedOctets: UInt64 = 0
    var removedFiles = 0
    /// Of the store; their messages are damaged there.
    var missing: [String]
    var missingCount: Int
    var seconds: Double = 0
}

/// The store's side of it.
protocol BackupRoad {
    func ask(_ question: BackupQuestion) async throws -> BackupAnswer
    /// The content goes into the sink.
    func read(_ file: StoreFile, from: UInt64, count: UInt64, into sink: FileSink) async throws
}

struct BackupRun {
    private let folder: BackupFolder
    private let road: any BackupRoad
    private let isFull: Bool
    private let meter: BackupMeter
    private let known: [String: [BackupManifest.File]]
    private let taken: Set<String>

    init(_ folder: BackupFolder, _ road: any BackupRoad, isFull: Bool, meter: BackupMeter) {
        self.folder = folder
        self.road = road
        self.isFull = isFull
        self.meter = meter
        let entries = isFull ? [] : folder.noted.reversed() + (folder.manifest?.files ?? [])
        known = Dictionary(grouping: entries, by: \.file)
        taken = Set(folder.manifest?.files.map(\.path) ?? [])
    }

    func run() async throws -> BackupOutcome {
        let clock = ContinuousClock.now
        try folder.prepare()
        guard case .begun(let begun) = try await road.ask(.begin) else { throw Failure.misfit("store") }
        if let other = folder.manifest?.store, other != begun.store, !isFull {
            throw Failure("\(folder.path) has the backup of another store (\(other)): name another folder, or say --full")
        }
        var outcome = BackupOutcome(
            folder: folder.path, store: begun.store, messages: begun.messages, files: begun.files, octets: begun.octets,
            missing: begun.missing, missingCount: begun.missingCount)
        meter.begin(begun)
        let notes = try folder.openNotes()
        var files: [BackupManifest.File] = []
        while files.count < begun.files {
            guard case .files(let page) = try await road.ask(.list(from: files.count)), !page.isEmpty else {
                throw Failure.misfit("store")
            }
            for listed in page { files.append(try await bring(listed, notes, &outcome)) }
        }
        guard case .ended = try await road.ask(.end) else { throw Failure.misfit("store") }
        let manifest = BackupManifest(
            release: release, madeAt: moment(Int64(time(nil)) * 1_000), store: begun.store, messages: begun.messages,
            missing: begun.missing, files: files)
        try folder.finish(manifest)
        outcome.removedFiles = try folder.tidy(manifest)
        meter.end()
        outcome.seconds = (ContinuousClock.now - clock) / .seconds(1)
        return outcome
    }

    private func bring(
        _ listed: ListedFile, _ notes: WrittenFile, _ outcome: inout BackupOutcome
    ) async throws -> BackupManifest.File {
        let step = CopyStep.first(for: listed, known: known[listed.file.path] ?? [], there: folder.size)
        if case .keep(let entry) = step {
            meter.add(listed.length, isCopied: false)
            return entry
        }
        var done: (FileSink, String)?
        if case .compare(let entry) = step { done = try await resume(listed, entry).map { ($0, entry.path) } }
        let path = done?.1 ?? BackupPlace.free(for: listed.file, taken: taken)
        let sink = try done?.0 ?? FileSink(try WrittenFile(folder.place(path), .new))
        meter.add(sink.length, isCopied: false)
        outcome.copiedFiles += 1
        outcome.copiedOctets += listed.length - sink.length
        while sink.length < listed.length {
            let count = min(listed.length - sink.length, BackupLimits.piece)
            let before = sink.length
            try await road.read(listed.file, from: before, count: count, into: sink)
            if let failure = sink.failure { throw failure }
            guard sink.length == before + count else { throw Failure.misfit("store") }
            meter.add(count, isCopied: true)
        }
        try sink.file.sync()
        let entry = BackupManifest.File(
            file: listed.file.path, path: path, length: sink.length, sha256: sink.sum, stamp: listed.stamp)
        // The index of a run that is not finished is worth nothing to the next.
        if listed.file != .index { try folder.note(entry, in: notes) }
        return entry
    }

    /// The beginning of it, if it is what the store's begins with and what was once copied. nil: it is not.
    private func resume(_ listed: ListedFile, _ entry: BackupManifest.File) async throws -> FileSink? {
        guard case .sum(let sum) = try await road.ask(.sum(listed.file, count: entry.length)) else {
            throw Failure.misfit("store")
        }
        guard hexadecimal(sum) == entry.sha256 else { return nil }
        var there = FileSum()
        guard try there.read(folder.place(entry.path), upTo: entry.length), there.text == entry.sha256 else { return nil }
        return FileSink(try WrittenFile(folder.place(entry.path), .behind(entry.length)), there)
    }
}

/// A file on its way into a backup, with the sum of everything that it has. Used by one at a time: by the event loop while a
/// question is open, by the run between questions.
final class FileSink: @unchecked Sendable {
    // Unchecked: see above.
    let file: WrittenFile
    private var content: FileSum
    private(set) var failure: Failure?

    /// - Parameter content: what the file has.
    init(_ file: WrittenFile, _ content: FileSum = FileSum()) { (self.file, self.content) = (file, content) }

    var length: UInt64 { content.length }
    var sum: String { content.text }

    func write(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        bytes.withUnsafeReadableBytes { octets in
            do throws(Failure) { try file.write(octets) } catch { failure = error }
            content.take(octets)
        }
    }
}

/// SHA-256 and length of what a file of a backup has.
struct FileSum {
    private var digest = SHA256()
    private(set) var length: UInt64 = 0

    var text: String { hexadecimal(digest.finalize()) }

    mutating func take(_ octets: UnsafeRawBufferPointer) {
        digest.update(bufferPointer: octets)
        length += UInt64(octets.count)
    }

    /// Adds a file's first octets. False: there are less.
    /// - Parameter body: gets them, a megabyte at a time.
    mutating func read(
        _ path: DiskPath, upTo count: UInt64, _ body: ([UInt8]) throws -> Void = { _ in }
    ) throws -> Bool {
        let file: ReadFile
        do { file = try ReadFile(path) } catch { throw Failure("cannot read \(path.text): \(error)") }
        while length < count {
            let bytes: [UInt8]
            do { bytes = try file.read(Int(min(count - length, 1 << 20)), at: length) } catch {
                throw Failure("cannot read \(path.text): \(error)")
            }
            guard !bytes.isEmpty else { return false }
            bytes.withUnsafeBytes { take($0) }
            try body(bytes)
        }
        return true
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
