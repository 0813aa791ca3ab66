// What is past leaves the index: placements that were removed long enough ago, then messages that nothing refers to.

import GRDB
import IPC
import Mail

final class PurgeStatements {
    private let removed: IndexStatement
    private let pass: IndexStatement
    private let release: IndexStatement
    private let dead: IndexStatement
    private let fates: IndexStatement
    private let forgetRecipients: IndexStatement
    private let forget: IndexStatement
    private let keep: IndexStatement
    private let total: IndexStatement
    private let forgetIdentity: IndexStatement
    private let past: PastStatements
    /// The mailbox of the placement that was let go of last.
    private var lastMailbox: Int64?

    /// Recipients by fate, as `LedgerFate` counts, of one purge.
    private struct Totals {
        var accepted: Int64 = 0
        var fates: [Int64] = [0, 0, 0, 0]
    }

    private struct Dead {
        let spool: SpoolID
        let message: Purged.Message
        let recipients: Int64
    }

    init(_ database: GRDB.Database, _ past: PastStatements) throws {
        self.past = past
        forgetIdentity = try IndexStatement(database, "DELETE FROM identities WHERE spool = ?1")
        removed = try IndexStatement(
            database,
            """
            SELECT mailbox, modseq, uid, spool FROM expunged INDEXED BY expunged_kept
            WHERE spool <> 0 AND expunged_at <= ?1 ORDER BY expunged_at LIMIT ?2
            """)
        pass = try IndexStatement(
            database, "UPDATE expunged SET spool = 0 WHERE mailbox = ?1 AND modseq = ?2 AND uid = ?3")
        release = try IndexStatement(database, "UPDATE messages SET refs = refs - 1 WHERE spool = ?1")
        dead = try IndexStatement(
            database,
            """
            SELECT spool, segment, offset, length, own_file, recipients FROM messages INDEXED BY messages_dead
            WHERE refs = 0 LIMIT ?1
            """)
        fates = try IndexStatement(
            database, "SELECT fate, COUNT(*) FROM recipients WHERE entry BETWEEN ?1 AND ?2 GROUP BY fate")
        forgetRecipients = try IndexStatement(database, "DELETE FROM recipients WHERE entry BETWEEN ?1 AND ?2")
        forget = try IndexStatement(database, "DELETE FROM messages WHERE spool = ?1")
        keep = try IndexStatement(database, "UPDATE messages SET refs = -1 WHERE spool = ?1")
        total = try IndexStatement(
            database,
            """
            UPDATE progress SET past_accepted = past_accepted + ?1, past_stored = past_stored + ?2,
                past_delivered = past_delivered + ?3, past_bounced = past_bounced + ?4
            """)
    }

    func purge(removedUntil time: Int64, limit: Int, at now: Int64) throws -> Purged {
        var purged = Purged()
        let emptied = try past.empty(limit)
        purged.placements = try letGo(time, limit)
        let found = try findDead(limit)
        var totals = Totals()
        for message in found where try forget(message, &totals) { purged.messages.append(message.message) }
        if totals.accepted > 0 { try add(totals) }
        let counts = try [emptied, purged.placements, found.count] + tidy(time, limit, now)
        purged.isMore = counts.contains(limit)
        return purged
    }

    /// One mailbox's log in a step: the more went through a mailbox, the more often its turn comes.
    private func tidy(_ time: Int64, _ limit: Int, _ now: Int64) throws -> [Int] {
        let surplus = try lastMailbox.map { try past.forgetSurplus(of: $0, keeping: MailboxLimits.log, limit) } ?? 0
        if surplus < limit { lastMailbox = nil }
        return [
            surplus, try past.forgetMailboxes(removedUntil: time, limit),
            try past.forgetLog(until: now - MailboxLimits.logAge, limit),
            try past.forgetKeys(until: now - MailboxLimits.keyAge, limit),
        ]
    }

    private func letGo(_ time: Int64, _ limit: Int) throws -> Int {
        var rows: [(mailbox: Int64, modseq: UInt64, uid: UInt64, spool: UInt64)] = []
        removed.bind(1, time)
        removed.bind(2, limit)
        try removed.rows {
            rows.append((removed.integer(0), removed.number(1), removed.number(2), removed.number(3)))
        }
        for row in rows {
            pass.bind(1, row.mailbox)
            pass.bind(2, row.modseq)
            pass.bind(3, row.uid)
            try pass.run()
            release.bind(1, row.spool)
            try release.run()
        }
        if let row = rows.last { lastMailbox = row.mailbox }
        return rows.count
    }

    private func findDead(_ limit: Int) throws -> [Dead] {
        var found: [Dead] = []
        dead.bind(1, limit)
        try dead.rows {
            let message = Purged.Message(location: dead.location(1), ownFile: dead.number(4))
            found.append(Dead(spool: SpoolID(rawValue: dead.number(0)), message: message, recipients: dead.integer(5)))
        }
        return found
    }

    /// False: it has a recipient of whom nobody knows what became. That must never be, and is not swept away.
    private func forget(_ message: Dead, _ totals: inout Totals) throws -> Bool {
        let first = EntryID(message.spool, ordinal: 0).rawValue
        let last = EntryID(message.spool, ordinal: EntryID.recipients - 1).rawValue
        var counts: [Int64] = [0, 0, 0, 0]
        fates.bind(1, first)
        fates.bind(2, last)
        try fates.rows { counts[Int(fates.integer(0)) & 3] += fates.integer(1) }
        guard counts[LedgerFate.open] == 0, counts.reduce(0, +) == message.recipients else {
            keep.bind(1, message.spool.rawValue)
            try keep.run()
            return false
        }
        totals.accepted += message.recipients
        for fate in counts.indices { totals.fates[fate] += counts[fate] }
        forgetRecipients.bind(1, first)
        forgetRecipients.bind(2, last)
        try forgetRecipients.run()
        for statement in [forgetIdentity, forget] {
            statement.bind(1, message.spool.rawValue)
            try statement.run()
        }
        return true
    }

    private func add(_ totals: Totals) throws {
        total.bind(1, totals.accepted)
        total.bind(2, totals.fates[LedgerFate.stored])
        total.bind(3, totals.fates[LedgerFate.delivered])
        total.bind(4, totals.fates[LedgerFate.bounced])
        try total.run()
    }
}
