// The envelope inside a record: sender, recipients and key, in a form of its own that no release of the wire changes.

import IPC
import Mail
import NIOCore

/// Who sent a message and what was decided for whom. Enough to make the index again.
package struct SpoolEnvelope: Equatable, Sendable {
    package var sender: EmailAddress?
    package var placements: [LocalPlacement]
    package var relays: [EmailAddress]
    package var idempotencyKey: String?

    package init(
        sender: EmailAddress?, placements: [LocalPlacement], relays: [EmailAddress], idempotencyKey: String?
    ) {
        self.sender = sender
        self.placements = placements
        self.relays = relays
        self.idempotencyKey = idempotencyKey
    }

    package init(_ plan: Plan) {
        self.init(
            sender: plan.sender, placements: plan.placements, relays: plan.relays,
            idempotencyKey: plan.idempotencyKey)
    }
}

extension SpoolEnvelope {
    private enum Mark {
        static let hasSender: UInt8 = 1
        static let hasKey: UInt8 = 2
    }

    /// Appends: marks (1), sender, key, count (2) and placements (account 8, address), count (2) and relays.
    /// Every text is a length (2) and UTF-8.
    static func write(_ plan: Plan, into buffer: inout ByteBuffer) {
        buffer.writeInteger(
            (plan.sender == nil ? 0 : Mark.hasSender) | (plan.idempotencyKey == nil ? 0 : Mark.hasKey))
        if let sender = plan.sender { write(sender, into: &buffer) }
        if let key = plan.idempotencyKey { write(key, into: &buffer) }
        buffer.writeInteger(UInt16(plan.placements.count), endianness: .little)
        for placement in plan.placements {
            buffer.writeInteger(placement.account.rawValue, endianness: .little)
            write(placement.recipient, into: &buffer)
        }
        buffer.writeInteger(UInt16(plan.relays.count), endianness: .little)
        for relay in plan.relays { write(relay, into: &buffer) }
    }

    private static func write(_ address: EmailAddress, into buffer: inout ByteBuffer) {
        write(address.localPart, into: &buffer)
        write(address.domain, into: &buffer)
    }

    private static func write(_ text: String, into buffer: inout ByteBuffer) {
        let start = buffer.writerIndex
        buffer.writeInteger(UInt16(0))
        let count = buffer.writeString(text)
        buffer.setInteger(UInt16(truncatingIfNeeded: count), at: start, endianness: .little)
    }

    /// Reads an envelope; the whole buffer is one.
    package init(_ bytes: ByteBuffer) throws(RecordFault) {
        var bytes = bytes
        guard let marks: UInt8 = bytes.readInteger() else { throw .malformed }
        sender = marks & Mark.hasSender == 0 ? nil : try Self.readAddress(&bytes)
        idempotencyKey = marks & Mark.hasKey == 0 ? nil : try Self.readText(&bytes)
        placements = []
        for _ in 0..<(try Self.readCount(&bytes)) {
            guard let account = bytes.readInteger(endianness: .little, as: Int64.self) else { throw .malformed }
            placements.append(
                LocalPlacement(recipient: try Self.readAddress(&bytes), account: AccountID(rawValue: account)))
        }
        relays = []
        for _ in 0..<(try Self.readCount(&bytes)) { relays.append(try Self.readAddress(&bytes)) }
        guard bytes.readableBytes == 0 else { throw .malformed }
    }

    private static func readCount(_ bytes: inout ByteBuffer) throws(RecordFault) -> UInt16 {
        guard let count = bytes.readInteger(endianness: .little, as: UInt16.self) else { throw .malformed }
        return count
    }

    private static func readText(_ bytes: inout ByteBuffer) throws(RecordFault) -> String {
        guard let text = bytes.readString(length: Int(try readCount(&bytes))) else { throw .malformed }
        return text
    }

    private static func readAddress(_ bytes: inout ByteBuffer) throws(RecordFault) -> EmailAddress {
        EmailAddress(localPart: try readText(&bytes), domain: try readText(&bytes))
    }
}
