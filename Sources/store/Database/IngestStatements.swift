// A message enters the index: its row, the ledger of its recipients, its placements, its queue entries.

import GRDB
import IPC
import Mail

enum LedgerFate {
    static let open = 0
    static let stored = 1
    static let delivered = 2
    static let bounced = 3
}

final class IngestStatements {
    private let message: IndexStatement
    private let recipient: IndexStatement
    private let placement: IndexStatement
    private let entry: IndexStatement
    private let knownKey: IndexStatement
    private let key: IndexStatement
    private let appends: AppendStatements
    private var boxes: [MailboxCounter] = []

    init(_ database: GRDB.Database, _ appends: AppendStatements) throws {
        self.appends = appends
        message = try IndexStatement(database, "INSERT INTO messages VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)")
        recipient = try IndexStatement(database, "INSERT INTO recipients VALUES (?1, ?2, ?3, ?4)")
        placement = try IndexStatement(database, "INSERT INTO placements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        entry = try IndexStatement(
            database,
            """
            INSERT INTO queue
                (entry, destination, recipient, sender, state, next_attempt, accepted_at, size, notify, orcpt)
            VALUES (?1, ?2, ?3, ?4, 'ready', ?5, ?5, ?6, ?7, ?8)
            """)
        knownKey = try IndexStatement(database, "SELECT spool FROM idempotency WHERE key = ?1")
        key = try IndexStatement(database, "INSERT INTO idempotency VALUES (?1, ?2, ?3)")
    }

    func add(_ new: IndexedMessage, to mailboxes: MailboxCounters) throws -> ChangeResult {
        let plan = new.plan
        if let text = plan.idempotencyKey, let first = try spool(of: text) { return .repeated(first) }
        let isPlain = plan.isPlain
        boxes.removeAll(keepingCapacity: true)
        appends.begin()
        do {
            for placement in plan.placements {
                if isPlain, let box = try mailboxes.inbox(of: placement.account) {
                    boxes.append(box)
                } else {
                    boxes.append(try appends.mailbox(placement, plan, new.acceptedAt))
                }
            }
        } catch let rejection as Rejection {
            try appends.end(isTaken: false)
            return .rejected(rejection.because)
        }
        if let text = plan.identity, let first = try appends.spool(of: text, in: boxes[0]) { return .repeated(first) }
        let size = new.size + UInt64(plan.localHeader.count)
        if mailboxes.quotas.areSet, !plan.isOwnReport,
            let over = mailboxes.quotas.refusal(of: boxes, octets: Int64(size), hasOthers: !plan.relays.isEmpty)
        {
            try appends.end(isTaken: false)
            return .overQuota(over)
        }
        try appends.end(isTaken: true)
        let sender = plan.sender?.stored
        let placed = try place(new, size, isPlain, in: mailboxes)
        try insert(new, sender, references: placed + plan.relays.count)
        for (ordinal, placement) in plan.placements.enumerated() where !plan.isAppended {
            try note(placement.recipient.stored, EntryID(new.spool, ordinal: ordinal), LedgerFate.stored, new.acceptedAt)
        }
        for (index, relay) in plan.relays.enumerated() {
            let id = EntryID(new.spool, ordinal: plan.placements.count + index)
            try note(relay.address.stored, id, LedgerFate.open, new.acceptedAt)
            try queue(id, relay, sender, new)
        }
        if let text = plan.idempotencyKey { try remember(text, new) }
        return .done
    }

    private func spool(of text: String) throws -> SpoolID? {
        var found: SpoolID?
        knownKey.bind(1, text)
        try knownKey.rows { found = SpoolID(rawValue: knownKey.number(0)) }
        return found
    }

    private func remember(_ text: String, _ new: IndexedMessage) throws {
        key.bind(1, text)
        key.bind(2, new.spool.rawValue)
        key.bind(3, new.acceptedAt)
        try key.run()
    }

    /// Once in each mailbox, however many recipients name it.
    /// - Parameter size: what a local reader gets: with the local header.
    private func place(
        _ new: IndexedMessage, _ size: UInt64, _ isPlain: Bool, in mailboxes: MailboxCounters
    ) throws -> Int {
        let received = new.plan.internalDate ?? new.acceptedAt
        var seen: Set<Int64> = []
        var placed = 0
        for (index, box) in boxes.enumerated() where boxes.count == 1 || seen.insert(box.id).inserted {
            let flags = isPlain ? 0 : try appends.flags(new.plan.placements[index], in: box)
            placement.bind(1, box.id)
            placement.bind(2, box.uidNext)
            placement.bind(3, new.spool.rawValue)
            placement.bind(4, box.highestModSeq + 1)
            placement.bind(5, received)
            placement.bind(6, size)
            placement.bind(7, flags)
            if received == new.acceptedAt { placement.bindNull(8) } else { placement.bind(8, new.acceptedAt) }
            try placement.run()
            if let text = new.plan.identity { try appends.remember(text, new.spool, uid: box.uidNext, in: box) }
            box.uidNext += 1
            box.highestModSeq += 1
            box.messages += 1
            box.octets += Int64(size)
            if !flags.isSeen { box.unseen += 1 }
            mailboxes.touch(box)
            placed += 1
        }
        return placed
    }

    private func insert(_ new: IndexedMessage, _ sender: String?, references: Int) throws {
        message.bind(1, new.spool.rawValue)
        message.bind(2, new.location.position.segment)
        message.bind(3, new.location.position.offset)
        message.bind(4, UInt64(new.location.length))
        message.bind(5, new.ownFile)
        message.bind(6, new.size)
        message.bind(7, new.plan.parameters.body.stored)
        message.bind(8, new.acceptedAt)
        message.bind(9, blob: new.plan.trace.high, new.plan.trace.low)
        message.bind(10, sender)
        message.bind(11, new.plan.isAppended ? 0 : new.plan.placements.count + new.plan.relays.count)
        message.bind(12, references)
        message.bind(13, new.plan.parameters.isInternational ? 1 : 0)
        message.bind(14, new.plan.parameters.envelopeID)
        message.bind(15, new.plan.parameters.returns?.rawValue)
        try message.run()
    }

    private func note(_ address: String, _ id: EntryID, _ fate: Int, _ at: Int64) throws {
        recipient.bind(1, id.rawValue)
        recipient.bind(2, address)
        recipient.bind(3, fate)
        recipient.bind(4, at)
        try recipient.run()
    }

    private func queue(
        _ id: EntryID, _ relay: RelayedRecipient, _ sender: String?, _ new: IndexedMessage
    ) throws {
        entry.bind(1, id.rawValue)
        entry.bind(2, relay.address.domain)
        entry.bind(3, relay.address.stored)
        entry.bind(4, sender)
        entry.bind(5, new.acceptedAt)
        entry.bind(6, new.size)
        if let notify = relay.parameters.notify { entry.bind(7, Int(notify.rawValue)) } else { entry.bindNull(7) }
        entry.bind(8, relay.parameters.original)
        try entry.run()
    }
}

extension ContentForm {
    /// As the column `body` has it.
    var stored: Int {
        switch self {
        case .sevenBit: 0
        case .eightBit: 1
        case .binary: 2
        }
    }

    init(stored number: Int64) {
        switch number {
        case 0: self = .sevenBit
        case 1: self = .eightBit
        default: self = .binary
        }
    }
}
