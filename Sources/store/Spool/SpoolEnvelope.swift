// The envelope inside a record: sender, recipients, their parameters and key, in a form of its own that no release of the
// wire changes.
//
//  1          marks: 1 sender, 2 key, 4 parameters, 8 places
//  address    the sender, if marked
//  text       the key, if marked
//  2          placements; each: account 8, address
//  2          relays; each: address
//             if parameters are marked:
//  1          marks: 1 international (SMTPUTF8), 2 ENVID, 4 RET=FULL, 8 RET=HDRS
//  text       ENVID, if marked
//             for each relay: marks 1 (1 NOTIFY, 2 ORCPT), NOTIFY 1 and ORCPT text, if marked
//             if places are marked (the message is not simply put into INBOXes):
//  1          marks: 1 appended, 2 internal date, 4 identity
//  8          internal date, if marked
//  text       identity, if marked
//             for each placement: marks 1 (1 a mailbox), flags 1, the mailbox's name (text) if marked, keywords: 1 and texts
//
// A text is a length (2) and UTF-8; an address is two texts. What has no parameters and no places is written as before there
// were any.
// The body's form stands among the flags of the record, its declared size nowhere: the true one is known.

import IPC
import Mail
import NIOCore

/// Who sent a message and what was decided for whom. Enough to make the index again.
package struct SpoolEnvelope: Equatable, Sendable {
    package var sender: EmailAddress?
    package var placements: [LocalPlacement]
    package var relays: [RelayedRecipient]
    package var parameters: SenderParameters
    package var idempotencyKey: String?
    package var isAppended = false
    package var internalDate: Int64?
    package var identity: String?

    package init(
        sender: EmailAddress?, placements: [LocalPlacement], relays: [RelayedRecipient], parameters: SenderParameters,
        idempotencyKey: String?
    ) {
        self.sender = sender
        self.placements = placements
        self.relays = relays
        self.parameters = parameters
        self.idempotencyKey = idempotencyKey
    }

    package init(_ plan: Plan) {
        self.init(
            sender: plan.sender, placements: plan.placements, relays: plan.relays, parameters: plan.parameters,
            idempotencyKey: plan.idempotencyKey)
        parameters.declaredSize = nil
        isAppended = plan.isAppended
        internalDate = plan.internalDate
        identity = plan.identity
    }
}

private enum Mark {
    static let hasSender: UInt8 = 1
    static let hasKey: UInt8 = 2
    static let hasParameters: UInt8 = 4
    static let hasPlaces: UInt8 = 8
    static let known: UInt8 = 15
}

private enum ParameterMark {
    static let isInternational: UInt8 = 1
    static let hasEnvelopeID: UInt8 = 2
    static let returnsFull: UInt8 = 4
    static let returnsHeader: UInt8 = 8
    static let known: UInt8 = 15
}

private enum RelayMark {
    static let hasNotify: UInt8 = 1
    static let hasOriginal: UInt8 = 2
    static let known: UInt8 = 3
}

private enum PlacesMark {
    static let isAppended: UInt8 = 1
    static let hasInternalDate: UInt8 = 2
    static let hasIdentity: UInt8 = 4
    static let known: UInt8 = 7
}

private enum PlaceMark {
    static let hasMailbox: UInt8 = 1
    static let known: UInt8 = 1
}

// Writing.
extension SpoolEnvelope {
    /// Appends.
    static func write(_ plan: Plan, into buffer: inout ByteBuffer) {
        let (hasParameters, hasPlaces) = (plan.hasParameters, !plan.isPlain)
        buffer.writeInteger(
            (plan.sender == nil ? 0 : Mark.hasSender) | (plan.idempotencyKey == nil ? 0 : Mark.hasKey)
                | (hasParameters ? Mark.hasParameters : 0) | (hasPlaces ? Mark.hasPlaces : 0))
        if let sender = plan.sender { write(sender, into: &buffer) }
        if let key = plan.idempotencyKey { write(key, into: &buffer) }
        buffer.writeInteger(UInt16(plan.placements.count), endianness: .little)
        for placement in plan.placements {
            buffer.writeInteger(placement.account.rawValue, endianness: .little)
            write(placement.recipient, into: &buffer)
        }
        buffer.writeInteger(UInt16(plan.relays.count), endianness: .little)
        for relay in plan.relays { write(relay.address, into: &buffer) }
        if hasParameters {
            write(plan.parameters, into: &buffer)
            for relay in plan.relays { write(relay.parameters, into: &buffer) }
        }
        if hasPlaces { writePlaces(plan, into: &buffer) }
    }

    private static func writePlaces(_ plan: Plan, into buffer: inout ByteBuffer) {
        buffer.writeInteger(
            (plan.isAppended ? PlacesMark.isAppended : 0) | (plan.internalDate == nil ? 0 : PlacesMark.hasInternalDate)
                | (plan.identity == nil ? 0 : PlacesMark.hasIdentity))
        if let date = plan.internalDate { buffer.writeInteger(date, endianness: .little) }
        if let identity = plan.identity { write(identity, into: &buffer) }
        for placement in plan.placements {
            buffer.writeInteger(placement.mailbox == nil ? 0 : PlaceMark.hasMailbox)
            buffer.writeInteger(placement.flags.rawValue)
            if let mailbox = placement.mailbox { write(mailbox, into: &buffer) }
            buffer.writeInteger(UInt8(truncatingIfNeeded: placement.keywords.count))
            for keyword in placement.keywords { write(keyword, into: &buffer) }
        }
    }

    private static func write(_ parameters: SenderParameters, into buffer: inout ByteBuffer) {
        var marks = parameters.isInternational ? ParameterMark.isInternational : 0
        if parameters.envelopeID != nil { marks |= ParameterMark.hasEnvelopeID }
        switch parameters.returns {
        case .full: marks |= ParameterMark.returnsFull
        case .header: marks |= ParameterMark.returnsHeader
        case nil: break
        }
        buffer.writeInteger(marks)
        if let envelopeID = parameters.envelopeID { write(envelopeID, into: &buffer) }
    }

    private static func write(_ parameters: RecipientParameters, into buffer: inout ByteBuffer) {
        buffer.writeInteger(
            (parameters.notify == nil ? 0 : RelayMark.hasNotify) | (parameters.original == nil ? 0 : RelayMark.hasOriginal))
        if let notify = parameters.notify { buffer.writeInteger(notify.rawValue) }
        if let original = parameters.original { write(original, into: &buffer) }
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
}

extension Plan {
    fileprivate var hasParameters: Bool {
        parameters.isInternational || parameters.envelopeID != nil || parameters.returns != nil
            || relays.contains { $0.parameters.notify != nil || $0.parameters.original != nil }
    }
}

// Reading.
extension SpoolEnvelope {
    /// Reads an envelope; the whole buffer is one.
    /// - Parameter body: as the record says.
    package init(_ bytes: ByteBuffer, body: ContentForm = .sevenBit) throws(RecordFault) {
        var bytes = bytes
        let marks = try Self.readMarks(&bytes, known: Mark.known)
        sender = marks & Mark.hasSender == 0 ? nil : try Self.readAddress(&bytes)
        idempotencyKey = marks & Mark.hasKey == 0 ? nil : try Self.readText(&bytes)
        placements = []
        for _ in 0..<(try Self.readCount(&bytes)) {
            guard let account = bytes.readInteger(endianness: .little, as: Int64.self) else { throw .malformed }
            placements.append(
                LocalPlacement(recipient: try Self.readAddress(&bytes), account: AccountID(rawValue: account)))
        }
        relays = []
        for _ in 0..<(try Self.readCount(&bytes)) { relays.append(RelayedRecipient(try Self.readAddress(&bytes))) }
        parameters = SenderParameters(body: body)
        if marks & Mark.hasParameters != 0 { try readParameters(&bytes) }
        if marks & Mark.hasPlaces != 0 { try readPlaces(&bytes) }
        guard bytes.readableBytes == 0 else { throw .malformed }
    }

    private mutating func readParameters(_ bytes: inout ByteBuffer) throws(RecordFault) {
        let marks = try Self.readMarks(&bytes, known: ParameterMark.known)
        parameters.isInternational = marks & ParameterMark.isInternational != 0
        parameters.envelopeID = marks & ParameterMark.hasEnvelopeID == 0 ? nil : try Self.readText(&bytes)
        switch (marks & ParameterMark.returnsFull != 0, marks & ParameterMark.returnsHeader != 0) {
        case (false, false): parameters.returns = nil
        case (true, false): parameters.returns = .full
        case (false, true): parameters.returns = .header
        case (true, true): throw .malformed
        }
        for index in relays.indices {
            let marks = try Self.readMarks(&bytes, known: RelayMark.known)
            if marks & RelayMark.hasNotify != 0 {
                guard let notify: UInt8 = bytes.readInteger() else { throw .malformed }
                relays[index].parameters.notify = NotifyWishes(rawValue: notify)
            }
            if marks & RelayMark.hasOriginal != 0 { relays[index].parameters.original = try Self.readText(&bytes) }
        }
    }

    private mutating func readPlaces(_ bytes: inout ByteBuffer) throws(RecordFault) {
        let marks = try Self.readMarks(&bytes, known: PlacesMark.known)
        isAppended = marks & PlacesMark.isAppended != 0
        if marks & PlacesMark.hasInternalDate != 0 {
            guard let date = bytes.readInteger(endianness: .little, as: Int64.self) else { throw .malformed }
            internalDate = date
        }
        if marks & PlacesMark.hasIdentity != 0 { identity = try Self.readText(&bytes) }
        for index in placements.indices {
            let marks = try Self.readMarks(&bytes, known: PlaceMark.known)
            guard let flags: UInt8 = bytes.readInteger(), flags & ~MessageFlags.all.rawValue == 0 else { throw .malformed }
            placements[index].flags = MessageFlags(rawValue: flags)
            if marks & PlaceMark.hasMailbox != 0 { placements[index].mailbox = try Self.readText(&bytes) }
            guard let count: UInt8 = bytes.readInteger() else { throw .malformed }
            for _ in 0..<count { placements[index].keywords.append(try Self.readText(&bytes)) }
        }
    }

    /// A mark that is not known means something that a later release wrote.
    private static func readMarks(_ bytes: inout ByteBuffer, known: UInt8) throws(RecordFault) -> UInt8 {
        guard let marks: UInt8 = bytes.readInteger(), marks & ~known == 0 else { throw .malformed }
        return marks
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
