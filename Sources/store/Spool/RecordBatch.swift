// The records of one group in memory: what goes in front of each content is built here, the contents stay where they are.

import Glibc
import IPC
import Mail
import NIOCore

/// Used again for the next group: its memory stays.
struct RecordBatch {
    private struct Part {
        let start: Int
        let end: Int
        let content: [ByteBuffer]
    }

    private var heads = ByteBuffer()
    private var parts: [Part] = []
    /// Octets of all records.
    private(set) var length = 0

    /// Memory beyond this is given back after a group.
    private static let kept = 4 << 20

    mutating func clear() {
        if heads.capacity > Self.kept { heads = ByteBuffer() } else { heads.clear() }
        parts.removeAll(keepingCapacity: true)
        length = 0
    }

    /// Appends a message's record. Its spool id and time must be set.
    /// - Returns: the record's length.
    mutating func add(_ message: Incoming) -> Int {
        let start = heads.writerIndex
        heads.writeRepeatingByte(0, count: SpoolRecord.headLength)
        SpoolEnvelope.write(message.plan, into: &heads)
        let envelopeEnd = heads.writerIndex
        heads.writeBytes(message.plan.localHeader)
        heads.writeBytes(message.plan.header)
        let end = heads.writerIndex
        var pieces: [ByteBuffer] = []
        var record = SpoolRecord(
            flags: SpoolRecord.Flags(message.plan.parameters.body), length: end - start, checksum: 0, spool: message.spool,
            acceptedAt: message.acceptedAt, trace: message.plan.trace,
            envelopeLength: envelopeEnd - start - SpoolRecord.headLength,
            localHeaderLength: message.plan.localHeader.count, headerLength: message.plan.header.count,
            contentLength: 0, ownFile: 0, contentChecksum: 0)
        switch message.content {
        case .pieces(let content, let count):
            pieces = content
            record.contentLength = UInt64(count)
            record.length += count
        case .ownFile(let file):
            record.flags.insert(.ownFile)
            record.contentLength = file.length
            record.ownFile = file.number
            record.contentChecksum = file.checksum.value
        }
        seal(record, start, end, pieces)
        parts.append(Part(start: start, end: end, content: pieces))
        length += record.length
        return record.length
    }

    /// Writes the head, then the checksum over everything behind it.
    private mutating func seal(_ record: SpoolRecord, _ start: Int, _ end: Int, _ pieces: [ByteBuffer]) {
        heads.moveWriterIndex(to: start)
        record.write(into: &heads)
        heads.moveWriterIndex(to: end)
        var checksum = Checksum()
        heads.withUnsafeReadableBytes {
            checksum.update(UnsafeRawBufferPointer(rebasing: $0[(start + SpoolRecord.covered)..<end]))
        }
        for piece in pieces { checksum.update(piece) }
        heads.setInteger(checksum.value, at: start + SpoolRecord.checksumAt, endianness: .little)
    }

    /// Calls `body` with the records as they lie in memory, in order.
    func withPieces<Result>(_ body: ([iovec]) -> Result) -> Result {
        heads.withUnsafeReadableBytes { heads in
            guard let base = heads.baseAddress else { return body([]) }
            var places: [iovec] = []
            places.reserveCapacity(parts.count * 2)
            for part in parts {
                let head = UnsafeMutableRawPointer(mutating: base + part.start)
                places.append(iovec(iov_base: head, iov_len: part.end - part.start))
                for piece in part.content where piece.readableBytes > 0 { places.append(piece.place) }
            }
            return withExtendedLifetime(parts) { body(places) }
        }
    }
}
