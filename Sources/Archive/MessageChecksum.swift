// A checksum of how a message begins, by which an import knows it again at the same place.

/// CRC-32C (RFC 3720 §B.4) of the first octets of what it is given.
package struct MessageChecksum: Equatable, Sendable {
    /// The octets that count. Two messages at the same place of a file differ in them: there is a Message-ID or a date.
    package static let length = 1_024

    private var state: UInt32 = .max
    private var remaining = MessageChecksum.length

    package init() {}

    package var value: UInt32 { ~state }

    package mutating func take(_ octets: borrowing Span<UInt8>) {
        let count = min(remaining, octets.count)
        let table = MessageChecksum.table
        for index in 0..<count {
            state = state >> 8 ^ table[Int(UInt8(truncatingIfNeeded: state) ^ octets[index])]
        }
        remaining -= count
    }

    private static let table: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { crc, _ in crc & 1 != 0 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
}
