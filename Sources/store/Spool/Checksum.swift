// CRC-32C over the bytes of a record, in pieces as they lie.

import CDisk
import NIOCore

/// Catches bits that flipped; it does not protect from anybody.
package struct Checksum: Equatable, Sendable {
    package private(set) var value: UInt32

    package init(_ value: UInt32 = 0) { self.value = value }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = checksum_crc32c(value, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: ByteBuffer) { bytes.withUnsafeReadableBytes { update($0) } }
}
