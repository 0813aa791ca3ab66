// Flags of messages become others. All that a change touches has one new modification sequence.

import GRDB
import IPC
import Mail

final class FlagStatements {
    private let select: IndexStatement
    private let update: IndexStatement
    private let keywords: KeywordStatements

    init(_ database: GRDB.Database, _ keywords: KeywordStatements) throws {
        self.keywords = keywords
        select = try IndexStatement(database, "SELECT flags, modseq FROM placements WHERE mailbox = ?1 AND uid = ?2")
        update = try IndexStatement(
            database, "UPDATE placements SET flags = ?3, modseq = ?4 WHERE mailbox = ?1 AND uid = ?2")
    }

    /// The counter is the caller's to be touched.
    func apply(_ change: FlagChange, to mailbox: MailboxCounter) throws -> FlagOutcome {
        let mask = try mask(change, mailbox)
        var outcome = FlagOutcome(modSeq: mailbox.highestModSeq)
        for uid in Set(change.uids).sorted() {
            guard let known = try find(uid, mailbox) else { continue }
            if let limit = change.unchangedSince, known.modSeq > limit {
                outcome.refused.append(uid)
                continue
            }
            let new = Self.applied(change.kind, mask, to: known.flags)
            guard new != known.flags else { continue }
            if outcome.changed.isEmpty { outcome.modSeq = mailbox.nextModSeq() }
            outcome.changed.append(uid)
            try set(uid, new, outcome.modSeq, mailbox)
            if known.flags.isSeen != new.isSeen { mailbox.unseen += new.isSeen ? -1 : 1 }
        }
        return outcome
    }

    private func mask(_ change: FlagChange, _ mailbox: MailboxCounter) throws -> Int64 {
        let system = Int64(change.flags.intersection(.all).rawValue)
        // What a mailbox does not have cannot be taken away from its messages.
        if change.kind == .remove { return try system | keywords.knownBits(change.keywords, of: mailbox.id) }
        guard let bits = try keywords.bits(change.keywords, of: mailbox.id) else {
            throw Rejection(
                "the mailbox has \(MailboxLimits.keywords) keywords already and there is no room for another: use one of those")
        }
        return system | bits
    }

    private static func applied(_ kind: FlagChange.Kind, _ mask: Int64, to flags: Int64) -> Int64 {
        switch kind {
        case .add: flags | mask
        case .remove: flags & ~mask
        case .replace: mask
        }
    }

    private func find(_ uid: UInt32, _ mailbox: MailboxCounter) throws -> (flags: Int64, modSeq: UInt64)? {
        var found: (Int64, UInt64)?
        select.bind(1, mailbox.id)
        select.bind(2, UInt64(uid))
        try select.rows { found = (select.integer(0), select.number(1)) }
        return found
    }

    private func set(_ uid: UInt32, _ flags: Int64, _ modSeq: UInt64, _ mailbox: MailboxCounter) throws {
        update.bind(1, mailbox.id)
        update.bind(2, UInt64(uid))
        update.bind(3, flags)
        update.bind(4, modSeq)
        try update.run()
    }
}
