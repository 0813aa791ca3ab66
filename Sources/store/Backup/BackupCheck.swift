// Reads what a backup has: the index says where records should lie, the records say whether they are whole.

import Glibc
import IPC
import Mail

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
final class BackupCheck {
    struct Found: Equatable {
        var checked = 0
        var octets: UInt64 = 0
        var damaged = 0
    }

    /// Segments kept open; messages lie in the order of their ids, nearly.
    private static let kept = 64
    private static let page = 1_000

    private let files: BackupFiles
    private let index: CopiedIndex
    private var opened: [UInt64: OpenFile] = [:]

    init(_ files: BackupFiles) throws {
        self.files = files
        guard let place = files.place(.index) else { throw StoreFault("the backup has no index") }
        index = try CopiedIndex(place.path)
    }

    /// - Parameter damaged: hears one sentence for each message that is not what was stored.
    func run(_ damaged: (String) -> Void) throws -> Found {
        var found = Found()
        var next = SpoolID(rawValue: 0)
        while true {
            let page = try index.messages(from: next, limit: Self.page)
            guard let last = page.last else { return found }
            for message in page {
                found.checked += 1
                do { found.octets += try check(message) } catch {
                    found.damaged += 1
                    damaged("message \(message.spool): \(error)")
                }
            }
            next = SpoolID(rawValue: last.spool.rawValue + 1)
        }
    }

    /// Octets that were read.
    private func check(_ message: IndexedRecord) throws -> UInt64 {
        let segment = message.location.position.segment
        let end = message.location.end.offset
        guard let place = files.place(StoreFile(.segment, segment)), end <= place.length else {
            throw StoreFault("\(StoreFile(.segment, segment).path) is missing, or too short")
        }
        let file = try open(segment, place.path)
        let bytes = try file.bytes(from: message.location.position.offset, Int(message.location.length))
        let record = try bytes.withUnsafeBytes { try SpoolRecord.verified($0, spool: message.spool) }
        guard record.flags.contains(.ownFile) else { return UInt64(record.length) }
        return UInt64(record.length) + (try checkLarge(record))
    }

    private func checkLarge(_ record: SpoolRecord) throws -> UInt64 {
        let name = StoreFile(.large, record.ownFile)
        guard let place = files.place(name), place.length == record.contentLength else {
            throw StoreFault("\(name.path) is missing, or of another length")
        }
        let file = try OpenFile(place.path, flags: O_RDONLY)
        var checksum = Checksum()
        var offset: UInt64 = 0
        while offset < record.contentLength {
            let bytes = try file.bytes(from: offset, Int(min(record.contentLength - offset, 1 << 20)))
            guard !bytes.isEmpty else { throw StoreFault("\(name.path) is too short") }
            bytes.withUnsafeBytes { checksum.update($0) }
            offset += UInt64(bytes.count)
        }
        guard checksum.value == record.contentChecksum else { throw StoreFault("\(name.path): wrong checksum") }
        return record.contentLength
    }

    private func open(_ number: UInt64, _ path: String) throws(DiskError) -> OpenFile {
        if let known = opened[number] { return known }
        if opened.count >= Self.kept { opened.removeAll() }
        let file = try OpenFile(path, flags: O_RDONLY)
        opened[number] = file
        return file
    }
}
