// The layout of a record is frozen: what one release writes, every later one reads.

import CDisk
import IPC
import Mail
import NIOCore
import NIOEmbedded
import Testing

@testable import store

@Suite struct SpoolRecordTests {
    static let plan = Plan(
        trace: TraceID(high: 0x0102, low: 0x0304), sender: EmailAddress("a@b.test"), localHeader: Array("L\r\n".utf8),
        header: Array("H\r\n".utf8),
        placements: [LocalPlacement(recipient: EmailAddress("c@d.test")!, account: AccountID(rawValue: 7))],
        relays: [RelayedRecipient(EmailAddress("e@f.test")!)],
        parameters: SenderParameters(declaredSize: 99, body: .eightBit), idempotencyKey: "key")

    static func record(_ plan: Plan = plan, content: [String] = ["con", "tent"]) -> ByteBuffer {
        let pieces = content.map { ByteBuffer(string: $0) }
        let count = pieces.reduce(0) { $0 + $1.readableBytes }
        let message = Incoming(plan, .pieces(pieces, count: count), on: EmbeddedEventLoop()) { _ in }
        message.spool = SpoolID(rawValue: 5)
        message.acceptedAt = 6
        var batch = RecordBatch()
        _ = batch.add(message)
        return batch.withPieces { places in
            var bytes = ByteBuffer()
            for place in places { bytes.writeBytes(UnsafeRawBufferPointer(start: place.iov_base, count: place.iov_len)) }
            return bytes
        }
    }

    @Test func layoutIsFrozen() throws {
        let expected =
            // magic, checksum, version, flags, zero, length
            "50535231" + "00000000" + "01" + "02" + "0000" + "90000000"
            // spool id, time, trace
            + "0500000000000000" + "0600000000000000" + "0201000000000000" + "0403000000000000"
            // lengths of envelope, local header, header, content; own file, its checksum
            + "33000000" + "03000000" + "03000000" + "0700000000000000" + "0000000000000000" + "00000000"
            // marks, sender, key
            + "03" + "0100" + "61" + "0600" + "622e74657374" + "0300" + "6b6579"
            // one placement: account, address; one relay
            + "0100" + "0700000000000000" + "0100" + "63" + "0600" + "642e74657374"
            + "0100" + "0100" + "65" + "0600" + "662e74657374"
            // local header, header, content
            + "4c0d0a" + "480d0a" + "636f6e74656e74"
        var bytes = Self.record()
        bytes.setInteger(UInt32(0), at: 4)
        let found = bytes.readableBytesView.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        #expect(found == expected)
    }

    @Test func isReadAsWritten() throws {
        let bytes = Self.record()
        let record = try bytes.withUnsafeReadableBytes { try SpoolRecord.verified($0, spool: SpoolID(rawValue: 5)) }
        let message = StoredMessage(record: record, bytes: bytes)
        #expect(record.trace == Self.plan.trace)
        #expect(record.flags == .eightBit)
        #expect(String(buffer: message.local) == "L\r\nH\r\ncontent")
        #expect(String(buffer: message.relayed) == "H\r\ncontent")
        #expect(try message.envelope() == SpoolEnvelope(Self.plan))
    }

    @Test(arguments: [
        Plan.to(relays: ["a@b.test"], sender: nil), Plan.to([], relays: []),
        Plan.to(relays: (0..<1_000).map { "user\($0)@host.test" }, key: "k"),
    ])
    func everyEnvelopeIsReadAsWritten(_ plan: Plan) throws {
        let bytes = Self.record(plan)
        let record = try bytes.withUnsafeReadableBytes { try SpoolRecord.verified($0) }
        #expect(try StoredMessage(record: record, bytes: bytes).envelope() == SpoolEnvelope(plan))
    }

    /// Each single bit that flips is noticed, wherever it is.
    @Test func everyBitCounts() throws {
        let bytes = Array(Self.record().readableBytesView)
        for bit in 0..<(bytes.count * 8) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: RecordFault.self) {
                try damaged.withUnsafeBytes { _ = try SpoolRecord.verified($0, spool: SpoolID(rawValue: 5)) }
            }
        }
    }

    @Test func everyTailIsTorn() throws {
        let bytes = Array(Self.record().readableBytesView)
        for count in 0..<bytes.count {
            #expect(throws: RecordFault.torn) {
                try bytes[..<count].withUnsafeBytes { _ = try SpoolRecord.verified($0) }
            }
        }
    }

    @Test func anotherMessageIsNotThisOne() throws {
        #expect(throws: RecordFault.otherMessage(SpoolID(rawValue: 5))) {
            try Self.record().withUnsafeReadableBytes {
                _ = try SpoolRecord.verified($0, spool: SpoolID(rawValue: 6))
            }
        }
    }

    /// RFC 3720 §B.4.
    static let known: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283),
    ]

    @Test(arguments: known) func checksumIsCRC32C(_ bytes: [UInt8], _ expected: UInt32) {
        #expect(checksum_crc32c(0, bytes, bytes.count) == expected)
        #expect(checksum_crc32c_portable(0, bytes, bytes.count) == expected)
    }

    @Test func checksumOfPiecesIsThatOfTheWhole() {
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for cut in [0, 1, 7, 8, 1_023, 3_072, 9_999, 20_000] {
            let first = checksum_crc32c(0, bytes, cut)
            let both = bytes[cut...].withUnsafeBytes { checksum_crc32c(first, $0.baseAddress, $0.count) }
            #expect(both == checksum_crc32c_portable(0, bytes, bytes.count))
        }
    }
}
