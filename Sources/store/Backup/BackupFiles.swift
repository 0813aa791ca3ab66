// What a backup has: where its files lie, and the records in them. Nothing is handed out that was not checked.

import Glibc
import IPC
import Mail
import NIOCore

/// Where the files of a backup lie in its folder.
struct BackupFiles {
    /// Octets of the list: more files than any disk has.
    static let longest = 1 << 30

    struct Place: Equatable {
        var path: String
        var length: UInt64
    }

    private let folder: String
    private var places: [StoreFile: Place] = [:]

    /// - Parameter list: a line for each file: its path in the store, its path in the backup, its length.
    init(_ folder: String, list: String) throws(StoreFault) {
        self.folder = folder
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let file = StoreFile(path: words[0]), let length = UInt64(words[2]),
                !words[1].hasPrefix("/"), !words[1].split(separator: "/").contains("..")
            else { throw StoreFault("'\(line.prefix(200))' is no file of a backup") }
            places[file] = Place(path: "\(folder)/\(words[1])", length: length)
        }
    }

    /// nil: the backup has no such file.
    func place(_ file: StoreFile) -> Place? { places[file] }
}

/// Used by one thread. Blocks.
final class BackupRecords {
    /// Segments kept open; messages lie in the order of their ids, nearly.
    private static let kept = 64

    private let files: BackupFiles
    let index: CopiedIndex
    private var opened: [UInt64: OpenFile] = [:]

    init(_ files: BackupFiles) throws {
        self.files = files
        guard let place = files.place(.index) else { throw StoreFault("the backup has no index") }
        index = try CopiedIndex(place.path)
    }

    /// The whole record of a message. Throws when it is not what was stored.
    func message(_ message: IndexedRecord) throws -> StoredMessage {
        let segment = message.location.position.segment
        guard let place = files.place(StoreFile(.segment, segment)), message.location.end.offset <= place.length else {
            throw StoreFault("\(StoreFile(.segment, segment).path) is missing, or too short")
        }
        let bytes = try open(segment, place.path).bytes(from: message.location.position.offset, Int(message.location.length))
        let record = try bytes.withUnsafeBytes { try SpoolRecord.verified($0, spool: message.spool) }
        return StoredMessage(record: record, bytes: ByteBuffer(bytes: bytes))
    }

    /// A large message's own file, read once. nil: the record has the content. Throws when it is not what was stored.
    func largeFile(_ record: SpoolRecord) throws -> OpenFile? {
        guard record.flags.contains(.ownFile) else { return nil }
        let name = StoreFile(.large, record.ownFile)
        guard let place = files.place(name), place.length == record.contentLength else {
            throw StoreFault("\(name.path) is missing, or of another length")
        }
        let file = try OpenFile(place.path, flags: O_RDONLY)
        var checksum = Checksum()
        try file.forEachPiece(record.contentLength) { bytes in bytes.withUnsafeBytes { checksum.update($0) } }
        guard checksum.value == record.contentChecksum else { throw StoreFault("\(name.path): wrong checksum") }
        return file
    }

    private func open(_ number: UInt64, _ path: String) throws(DiskError) -> OpenFile {
        if let known = opened[number] { return known }
        if opened.count >= Self.kept { opened.removeAll() }
        let file = try OpenFile(path, flags: O_RDONLY)
        opened[number] = file
        return file
    }
}

extension OpenFile {
    /// The first octets of it, a megabyte at a time.
    func forEachPiece(_ count: UInt64, _ body: ([UInt8]) throws -> Void) throws {
        var offset: UInt64 = 0
        while offset < count {
            let bytes = try bytes(from: offset, Int(min(count - offset, 1 << 20)))
            guard !bytes.isEmpty else { throw StoreFault("\(path) is too short") }
            try body(bytes)
            offset += UInt64(bytes.count)
        }
    }
}
