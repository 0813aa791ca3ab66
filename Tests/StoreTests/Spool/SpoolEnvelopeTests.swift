// The envelope of a record: frozen in both of its forms, and nothing else is taken for one.

import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite struct SpoolEnvelopeTests {
    static func plan() -> Plan {
        var plan = Plan.to(
            [LocalPlacement(recipient: "c@d.test".address, account: AccountID(rawValue: 7))], relays: ["e@f.test", "g@h.test"],
            sender: "a@b.test", parameters: SenderParameters(isInternational: true, envelopeID: "id", returns: .header))
        plan.relays[0].parameters = RecipientParameters(notify: [.success, .delay], original: "rfc822;e")
        return plan
    }

    static func bytes(_ plan: Plan) -> [UInt8] {
        var buffer = ByteBuffer()
        SpoolEnvelope.write(plan, into: &buffer)
        return Array(buffer.readableBytesView)
    }

    static let common =
        // sender, one placement, two relays
        "0100" + "61" + "0600" + "622e74657374" + "0100" + "0700000000000000" + "0100" + "63" + "0600" + "642e74657374"
        + "0200" + "0100" + "65" + "0600" + "662e74657374" + "0100" + "67" + "0600" + "682e74657374"

    static func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    @Test("both forms are frozen") func frozen() {
        var plan = Self.plan()
        #expect(
            Self.hex(Self.bytes(plan))
                // marks; parameters: marks, ENVID; of the relays: marks, NOTIFY, ORCPT; none
                == "05" + Self.common + "0b" + "0200" + "6964" + "03" + "05" + "0800" + "7266633832323b65" + "00")
        plan.parameters = SenderParameters(declaredSize: 5, body: .binary)
        plan.relays[0].parameters = RecipientParameters()
        #expect(Self.hex(Self.bytes(plan)) == "01" + Self.common)
    }

    @Test("what a release without parameters wrote is read") func older() throws {
        let octets = stride(from: 0, to: Self.common.utf8.count, by: 2).map { start in
            UInt8(Self.common.dropFirst(start).prefix(2), radix: 16)!
        }
        let envelope = try SpoolEnvelope(ByteBuffer(bytes: [1] + octets), body: .eightBit)
        #expect(envelope.parameters == SenderParameters(body: .eightBit))
        #expect(envelope.relays == [RelayedRecipient("e@f.test".address), RelayedRecipient("g@h.test".address)])
    }

    /// With everything that a message that did not come by SMTP has.
    static func appended() -> Plan {
        var plan = Self.plan()
        plan.relays = []
        plan.parameters = SenderParameters()
        plan.isAppended = true
        plan.internalDate = 258
        plan.identity = "i"
        plan.placements[0].mailbox = "M"
        plan.placements[0].flags = [.seen, .draft]
        plan.placements[0].keywords = ["k", "$x"]
        return plan
    }

    static let places =
        "07" + "0201000000000000" + "0100" + "69" + "01" + "11" + "0100" + "4d" + "02" + "0100" + "6b" + "0200" + "2478"

    @Test("places are frozen, and written only where there are any") func places() throws {
        var plan = Self.appended()
        let bytes = Self.bytes(plan)
        #expect(Self.hex(bytes).hasPrefix("09") && Self.hex(bytes).hasSuffix("0000" + Self.places))
        #expect(try SpoolEnvelope(ByteBuffer(bytes: bytes)) == SpoolEnvelope(plan))
        for count in 0..<bytes.count {
            #expect(throws: RecordFault.malformed) { try SpoolEnvelope(ByteBuffer(bytes: bytes[..<count])) }
        }
        let start = bytes.count - Self.places.utf8.count / 2
        for (place, mark) in [(start, UInt8(0x08)), (start + 12, 0x02), (start + 13, 0x20)] {
            var changed = bytes
            changed[place] |= mark
            #expect(throws: RecordFault.malformed) { try SpoolEnvelope(ByteBuffer(bytes: changed)) }
        }
        // One of them is enough.
        (plan.isAppended, plan.internalDate, plan.identity) = (false, nil, nil)
        plan.placements[0] = LocalPlacement(recipient: plan.placements[0].recipient, account: plan.placements[0].account)
        #expect(Self.hex(Self.bytes(plan)).hasPrefix("01"))
        plan.placements[0].keywords = ["k"]
        #expect(Self.hex(Self.bytes(plan)).hasSuffix("00000001" + "01006b"))
        #expect(try SpoolEnvelope(ByteBuffer(bytes: Self.bytes(plan))) == SpoolEnvelope(plan))
    }

    @Test("every beginning of one is none, and neither is one with more behind it") func cut() throws {
        let bytes = Self.bytes(Self.plan())
        #expect(try SpoolEnvelope(ByteBuffer(bytes: bytes)) == SpoolEnvelope(Self.plan()))
        for count in 0..<bytes.count {
            #expect(throws: RecordFault.malformed) { try SpoolEnvelope(ByteBuffer(bytes: bytes[..<count])) }
        }
        #expect(throws: RecordFault.malformed) { try SpoolEnvelope(ByteBuffer(bytes: bytes + [0])) }
    }

    @Test("marks of a later release, and marks that contradict each other, are not passed over") func unknownMarks() {
        let bytes = Self.bytes(Self.plan())
        let parameters = 1 + Self.common.utf8.count / 2
        for (place, mark) in [(0, UInt8(0x10)), (0, 0x80), (parameters, 0x10), (parameters, 0x04), (parameters + 5, 0x04)] {
            var changed = bytes
            changed[place] |= mark
            #expect(throws: RecordFault.malformed) { try SpoolEnvelope(ByteBuffer(bytes: changed)) }
        }
    }
}
