// Bytes back from the disk. Nothing is handed out that was not checked against its checksum.

import CDisk
import Glibc
import Mail
import NIOCore

/// A message as its record has it.
package struct StoredMessage: Sendable {
    package let record: SpoolRecord
    /// The whole record.
    package let bytes: ByteBuffer

    /// What a local reader gets; the content is missing when it lies in a file of its own.
    package var local: ByteBuffer { slice(from: record.textStart) }

    /// What goes over the wire; the content is missing when it lies in a file of its own.
    package var relayed: ByteBuffer { slice(from: record.relayedStart) }

    package func envelope() throws(RecordFault) -> SpoolEnvelope {
        guard let slice = bytes.getSlice(at: SpoolRecord.headLength, length: record.envelopeLength) else {
            throw .malformed
        }
        return try SpoolEnvelope(slice, body: record.body)
    }

    private func slice(from start: Int) -> ByteBuffer {
        bytes.getSlice(at: start, length: record.length - start) ?? ByteBuffer()
    }
}

package enum SpoolReadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are not those that were stored.
    case damaged(String)
    /// The disk or the process could not; perhaps it can later.
    case unreadable(String)

    package var description: String {
        switch self {
        case .damaged(let because), .unreadable(let because): because
        }
    }
}

package final class SpoolReader: Sendable {
    /// Octets of a large message handed out at once.
    package static let chunk = 64 << 10

    /// A message that moves away more often while it is read is not there for us.
    private static let attempts = 4

    private let folder: SegmentFolder
    private let ownFiles: String
    private let database: (any Database)?

    /// - Parameter database: where a message is looked for that is not at its place any more. nil: nothing moves now.
    package init(_ folder: SegmentFolder, ownFiles: String, database: (any Database)? = nil) {
        self.folder = folder
        self.ownFiles = ownFiles
        self.database = database
    }

    /// Reads what is in memory already. nil: the disk must be waited for, which is nothing for an event loop.
    package func readCached(
        _ location: SpoolLocation, _ spool: SpoolID
    ) throws(SpoolReadError) -> StoredMessage? {
        guard let file = try segment(of: location) else { return nil }
        return try read(file, location, spool, disk_read_cached)
    }

    /// Waits for the disk. A message that compaction has moved is found at its new place.
    package func read(_ location: SpoolLocation, _ spool: SpoolID) throws(SpoolReadError) -> StoredMessage {
        var location = location
        for _ in 0..<Self.attempts {
            if let file = try segment(of: location) {
                guard let message = try read(file, location, spool, pread) else { break }
                return message
            }
            let missing = DiskError("open", folder.file(location.position.segment), ENOENT)
            guard let current = try place(of: spool), current != location else { throw .damaged("\(missing)") }
            location = current
        }
        throw .unreadable("the disk gave nothing")
    }

    /// nil: the segment is not there (any more).
    private func segment(of location: SpoolLocation) throws(SpoolReadError) -> OpenFile? {
        do throws(DiskError) { return try folder.reading(location.position.segment) } catch {
            if error.number == ENOENT { return nil }
            throw .unreadable("\(error)")
        }
    }

    /// Where the index has it now; throws when it has it nowhere. nil: there is no index to ask.
    private func place(of spool: SpoolID) throws(SpoolReadError) -> SpoolLocation? {
        guard let database else { return nil }
        let found: IndexedRecord?
        do throws(DatabaseError) { found = try database.messages(from: spool, limit: 1).first } catch {
            throw .unreadable("index: \(error)")
        }
        guard let found, found.spool == spool else { throw .unreadable("message \(spool) does not exist any more") }
        return found.location
    }

    private func read(
        _ file: OpenFile, _ location: SpoolLocation, _ spool: SpoolID,
        _ call: (CInt, UnsafeMutableRawPointer, Int, off_t) -> Int
    ) throws(SpoolReadError) -> StoredMessage? {
        let length = Int(location.length)
        var buffer = ByteBufferAllocator().buffer(capacity: length)
        var number: CInt = 0
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { bytes in
            var done = 0
            while done < length, let base = bytes.baseAddress {
                let count = call(
                    file.descriptor, base + done, length - done, off_t(location.position.offset) + off_t(done))
                if count < 0, errno == EINTR { continue }
                if count < 0 { number = errno }
                if count <= 0 { break }
                done += count
            }
            return done
        }
        if number == EAGAIN || number == EOPNOTSUPP && count == 0 { return nil }
        guard number == 0 else { throw .unreadable("\(DiskError("read", file.path, number))") }
        return StoredMessage(record: try check(buffer, spool, file), bytes: buffer)
    }

    private func check(_ buffer: ByteBuffer, _ spool: SpoolID, _ file: OpenFile) throws(SpoolReadError) -> SpoolRecord {
        do throws(RecordFault) {
            return try buffer.withUnsafeReadableBytes { (bytes) throws(RecordFault) in
                try SpoolRecord.verified(bytes, spool: spool)
            }
        } catch { throw .damaged("\(file.path): \(error)") }
    }
}

// Content in a file of its own.
extension SpoolReader {
    /// A missing file is damage, unless its message is gone too; one that cannot be opened just now is neither.
    package func openContent(of record: SpoolRecord) throws(SpoolReadError) -> OpenFile {
        let path = ContentFile.path(ownFiles, record.ownFile)
        do throws(DiskError) { return try OpenFile(path, flags: O_RDONLY) } catch {
            guard error.number == ENOENT else { throw .unreadable("\(error)") }
            _ = try place(of: record.spool)
            throw .damaged("\(error)")
        }
    }

    /// Reads all of it and compares with the record. Waits for the disk.
    package func checkContent(of record: SpoolRecord, _ file: OpenFile) throws(SpoolReadError) {
        var checksum = Checksum()
        var offset: UInt64 = 0
        while true {
            let chunk = try readContent(file, from: offset, atMost: 1 << 20)
            if chunk.readableBytes == 0 { break }
            checksum.update(chunk)
            offset += UInt64(chunk.readableBytes)
        }
        guard offset == record.contentLength, checksum.value == record.contentChecksum else {
            throw .damaged("\(file.path): \(offset == record.contentLength ? "wrong checksum" : "wrong length")")
        }
    }

    /// The next piece; empty at the end. Waits for the disk.
    package func readContent(
        _ file: OpenFile, from offset: UInt64, atMost limit: Int = chunk
    ) throws(SpoolReadError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: limit)
        var number: CInt = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { bytes in
            while true {
                let count = pread(file.descriptor, bytes.baseAddress, limit, off_t(offset))
                if count >= 0 { return count }
                if errno != EINTR {
                    number = errno
                    return 0
                }
            }
        }
        guard number == 0 else { throw .unreadable("\(DiskError("read", file.path, number))") }
        return buffer
    }
}
