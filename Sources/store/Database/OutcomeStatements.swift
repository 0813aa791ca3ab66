// Messages on their way out of the index: outcomes of attempts, and what a bad disk takes back.

import GRDB
import IPC
import Mail

/// An outcome is taken once: a second one of the same lease finds its mark, or no entry at all.
final class SettleStatements {
    private let database: GRDB.Database
    private let remove: IndexStatement
    private let postpone: IndexStatement
    private let note: IndexStatement
    private let release: IndexStatement

    init(_ database: GRDB.Database) throws {
        self.database = database
        remove = try IndexStatement(database, "DELETE FROM queue WHERE entry = ?1 AND settled_lease IS NOT ?2")
        postpone = try IndexStatement(
            database,
            """
            UPDATE queue SET state = 'deferred', next_attempt = ?3, attempts = attempts + 1, settled_lease = ?2,
                last_at = ?4, last_category = ?5, last_remote = ?6, last_text = ?7, last_status = ?8
            WHERE entry = ?1 AND settled_lease IS NOT ?2 AND state <> 'held'
            """)
        note = try IndexStatement(database, "UPDATE recipients SET fate = ?2, at = ?3 WHERE entry = ?1 AND fate = 0")
        release = try IndexStatement(database, "UPDATE messages SET refs = refs - 1 WHERE spool = ?1")
    }

    /// False: this entry has its outcome already.
    func take(_ result: EntryResult, _ lease: LeaseID, _ now: Int64) throws -> Bool {
        switch result.fate {
        case .deferred(let until): try postponing(result, lease, until, now)
        case .delivered: try end(result.entry, lease, LedgerFate.delivered, now)
        case .bounced: try end(result.entry, lease, LedgerFate.bounced, now)
        }
    }

    private func postponing(_ result: EntryResult, _ lease: LeaseID, _ until: Int64, _ now: Int64) throws -> Bool {
        postpone.bind(1, result.entry.rawValue)
        postpone.bind(2, lease.rawValue)
        postpone.bind(3, until)
        postpone.bind(4, now)
        postpone.bind(5, result.report.category)
        postpone.bind(6, result.report.remote)
        postpone.bind(7, result.report.text)
        postpone.bind(8, result.report.status)
        try postpone.run()
        return changedRows(database) == 1
    }

    private func end(_ entry: EntryID, _ lease: LeaseID, _ fate: Int, _ now: Int64) throws -> Bool {
        remove.bind(1, entry.rawValue)
        remove.bind(2, lease.rawValue)
        try remove.run()
        guard changedRows(database) == 1 else { return false }
        note.bind(1, entry.rawValue)
        note.bind(2, fate)
        note.bind(3, now)
        try note.run()
        release.bind(1, entry.spool.rawValue)
        try release.run()
        return true
    }
}

/// Takes back messages that nobody was told about: after a power cut, or when the disk did not take their bytes.
final class WithdrawStatements {
    private let database: GRDB.Database

    init(_ database: GRDB.Database) throws { self.database = database }

    /// Rare, and then for the newest messages: nothing is prepared, and placements are searched through.
    func remove(_ spools: [SpoolID]) throws {
        guard let first = spools.min(), let last = spools.max() else { return }
        try database.execute(sql: "CREATE TEMP TABLE IF NOT EXISTS withdrawn (spool INTEGER PRIMARY KEY)")
        try database.execute(sql: "DELETE FROM withdrawn")
        for spool in spools {
            try database.execute(sql: "INSERT INTO withdrawn VALUES (?)", arguments: [Int64(bitPattern: spool.rawValue)])
        }
        try database.execute(
            sql: """
                UPDATE mailboxes SET messages = mailboxes.messages - taken.number, octets = mailboxes.octets - taken.weight,
                    unseen = mailboxes.unseen - taken.unseen
                FROM (SELECT mailbox, COUNT(*) AS number, SUM(size) AS weight,
                    SUM(flags & 1 = 0) AS unseen FROM placements
                    WHERE spool IN withdrawn GROUP BY mailbox) AS taken WHERE taken.mailbox = mailboxes.id
                """)
        for table in ["placements", "expunged", "messages", "idempotency", "identities"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE spool IN withdrawn")
        }
        let range = [EntryID(first, ordinal: 0), EntryID(last, ordinal: EntryID.recipients - 1)]
            .map { Int64(bitPattern: $0.rawValue) }
        for table in ["recipients", "queue"] {
            try database.execute(
                sql: "DELETE FROM \(table) WHERE entry BETWEEN ? AND ? AND entry >> 16 IN withdrawn",
                arguments: [range[0], range[1]])
        }
    }
}
