// A message on the disk: one record of a segment. The layout is frozen by the tests; a change of it is a new version.
//
//  offset  octets
//       0       4  magic, "PSR1"
//       4       4  CRC-32C of everything behind this field
//       8       1  version, 1
//       9       1  flags: 1 the content lies in a file of its own, 2 the content is 8-bit, 4 it is binary
//      10       2  zero
//      12       4  length of the whole record
//      16       8  spool id
//      24       8  accepted at, milliseconds since 1970
//      32      16  trace id
//      48       4  length of the envelope
//      52       4  length of the local header
//      56       4  length of the header
//      60       8  length of the content
//      68       8  number of the content's own file, or 0
//      76       4  CRC-32C of the content in its own file, or 0
//      80          envelope, local header, header, content (unless it lies in a file of its own)
//
// All numbers are little-endian. The envelope is what the index was made of, so that it can be made again.

import IPC
import Mail
import NIOCore

/// The fixed part of a record.
package struct SpoolRecord: Equatable, Sendable {
    package static let magic: UInt32 = 0x3152_5350
    package static let version: UInt8 = 1
    package static let headLength = 80
    /// Where the checksum stands, and where that begins which it covers.
    static let checksumAt = 4
    static let covered = 8
    /// No record is longer: 256 KB of content, and what 10,000 recipients and their header fields need.
    package static let longest = 32 << 20

    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let ownFile = Flags(rawValue: 1)
        package static let eightBit = Flags(rawValue: 2)
        /// Lines of any length, and line ends that are none (RFC 3030).
        package static let binary = Flags(rawValue: 4)
        static let known: Flags = [.ownFile, .eightBit, .binary]
    }

    package var flags: Flags
    package var length: Int
    package var checksum: UInt32
    package var spool: SpoolID
    package var acceptedAt: Int64
    package var trace: TraceID
    package var envelopeLength: Int
    package var localHeaderLength: Int
    package var headerLength: Int
    package var contentLength: UInt64
    package var ownFile: UInt64
    package var contentChecksum: UInt32

    package var body: ContentForm {
        if flags.contains(.binary) { return .binary }
        return flags.contains(.eightBit) ? .eightBit : .sevenBit
    }

    /// Where the local header begins, and with it what a local reader gets.
    package var textStart: Int { Self.headLength + envelopeLength }
    /// Where that begins which goes over the wire.
    package var relayedStart: Int { textStart + localHeaderLength }
}

extension SpoolRecord.Flags {
    init(_ body: ContentForm) {
        switch body {
        case .sevenBit: self = []
        case .eightBit: self = .eightBit
        case .binary: self = .binary
        }
    }
}

/// Why bytes are not the record that they should be.
package enum RecordFault: Error, Equatable, Sendable {
    case noMagic
    case unknownVersion(UInt8)
    case malformed
    /// The file ends before the record does.
    case torn
    case wrongChecksum
    /// A record, but another one.
    case otherMessage(SpoolID)
}

extension SpoolRecord {
    /// Appends the head; length and checksum are as the fields say.
    func write(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            Self.magic, checksum, Self.version, flags.rawValue, UInt16(0), UInt32(truncatingIfNeeded: length),
            spool.rawValue, acceptedAt, trace.high, trace.low, UInt32(truncatingIfNeeded: envelopeLength),
            UInt32(truncatingIfNeeded: localHeaderLength), UInt32(truncatingIfNeeded: headerLength), endianness: .little)
        buffer.writeMultipleIntegers(contentLength, ownFile, contentChecksum, endianness: .little)
    }

    /// Reads a head and checks that its numbers fit each other.
    package init(_ bytes: UnsafeRawBufferPointer) throws(RecordFault) {
        guard bytes.count >= Self.headLength else { throw .torn }
        func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
        }
        guard number(0, UInt32.self) == Self.magic else { throw .noMagic }
        guard bytes[8] == Self.version else { throw .unknownVersion(bytes[8]) }
        checksum = number(Self.checksumAt, UInt32.self)
        flags = Flags(rawValue: bytes[9])
        length = Int(number(12, UInt32.self))
        spool = SpoolID(rawValue: number(16, UInt64.self))
        acceptedAt = number(24, Int64.self)
        trace = TraceID(high: number(32, UInt64.self), low: number(40, UInt64.self))
        envelopeLength = Int(number(48, UInt32.self))
        localHeaderLength = Int(number(52, UInt32.self))
        headerLength = Int(number(56, UInt32.self))
        contentLength = number(60, UInt64.self)
        ownFile = number(68, UInt64.self)
        contentChecksum = number(76, UInt32.self)
        try checkLengths()
    }

    private func checkLengths() throws(RecordFault) {
        guard flags.subtracting(.known).isEmpty, length <= Self.longest else { throw .malformed }
        let inside = flags.contains(.ownFile) ? 0 : contentLength
        guard inside <= UInt64(Self.longest), flags.contains(.ownFile) == (ownFile != 0) else { throw .malformed }
        guard relayedStart + headerLength + Int(inside) == length else { throw .malformed }
    }

    /// Reads a whole record and checks every bit of it.
    package static func verified(
        _ bytes: UnsafeRawBufferPointer, spool: SpoolID? = nil
    ) throws(RecordFault) -> SpoolRecord {
        let record = try SpoolRecord(bytes)
        guard bytes.count >= record.length else { throw .torn }
        var checksum = Checksum()
        checksum.update(UnsafeRawBufferPointer(rebasing: bytes[covered..<record.length]))
        guard checksum.value == record.checksum else { throw .wrongChecksum }
        if let spool, record.spool != spool { throw .otherMessage(record.spool) }
        return record
    }
}
