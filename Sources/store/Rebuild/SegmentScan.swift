// Every record that can be read in a segment, in order, whatever lies between them. For the rebuilding of the index, when
// nothing else knows where they are.

import Glibc
import Mail

struct SegmentScan {
    struct Found {
        let record: SpoolRecord
        let location: SpoolLocation
        /// The whole record.
        let bytes: [UInt8]
    }

    /// Octets that are no record.
    struct Gap: Equatable, Sendable {
        let segment: UInt64
        let offset: UInt64
        let length: UInt64
    }

    private static let magic: [UInt8] = Array("PSR1".utf8)
    /// Octets that are searched at once.
    private static let window = 1 << 20

    private let file: OpenFile
    private let number: UInt64
    private let size: UInt64

    init(_ folder: SegmentFolder, _ number: UInt64) throws(DiskError) {
        file = try folder.reading(number)
        self.number = number
        size = try file.size()
    }

    /// - Returns: the gaps.
    func forEach(_ body: (Found) throws -> Void) throws -> [Gap] {
        var gaps: [Gap] = []
        var offset: UInt64 = 0
        while offset < size {
            if let found = try record(at: offset) {
                try body(found)
                offset += UInt64(found.record.length)
                continue
            }
            let next = try following(offset)
            gaps.append(Gap(segment: number, offset: offset, length: next - offset))
            offset = next
        }
        return gaps
    }

    private func record(at offset: UInt64) throws(DiskError) -> Found? {
        let head = try file.bytes(from: offset, SpoolRecord.headLength)
        guard let record = try? head.withUnsafeBytes({ try SpoolRecord($0) }), offset + UInt64(record.length) <= size else {
            return nil
        }
        let whole = try file.bytes(from: offset, record.length)
        guard let verified = try? whole.withUnsafeBytes({ try SpoolRecord.verified($0) }) else { return nil }
        let position = SpoolPosition(segment: number, offset: offset)
        return Found(record: verified, location: SpoolLocation(position, length: UInt32(verified.length)), bytes: whole)
    }

    /// Where the next record begins behind what is none at this offset. If its head is right, what it says of its length
    /// comes first: its content is a stranger's, who may have put something into it that looks like a record.
    private func following(_ offset: UInt64) throws(DiskError) -> UInt64 {
        let head = try file.bytes(from: offset, SpoolRecord.headLength)
        if let record = try? head.withUnsafeBytes({ try SpoolRecord($0) }) {
            let end = offset + UInt64(record.length)
            if end == size { return end }
            if end < size, try self.record(at: end) != nil { return end }
        }
        var from = offset + 1
        while from < size {
            let window = try file.bytes(from: from, Self.window)
            for place in Self.places(window) where try record(at: from + UInt64(place)) != nil { return from + UInt64(place) }
            guard window.count == Self.window else { break }
            from += UInt64(Self.window - Self.magic.count + 1)
        }
        return size
    }

    /// Where the magic stands.
    private static func places(_ window: [UInt8]) -> [Int] {
        guard window.count >= magic.count else { return [] }
        return window.indices.dropLast(magic.count - 1).filter { index in
            window[index] == magic[0] && window[index..<(index + magic.count)].elementsEqual(magic)
        }
    }
}
