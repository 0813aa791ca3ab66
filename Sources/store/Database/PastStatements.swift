// What else is past leaves the index with every purge, a few rows at a time: messages of deleted mailboxes, those mailboxes,
// the log of expunges, keys against double submission.

import GRDB
import IPC
import Mail

final class PastStatements {
    /// Deleted mailboxes that one step looks at.
    private static let mailboxes = 8

    private let full: IndexStatement
    private let removed: IndexStatement
    private let rows: IndexStatement
    private let forgetRow: IndexStatement
    private let forgetMailbox: [IndexStatement]
    private let raise: IndexStatement
    private let old: IndexStatement
    private let surplus: IndexStatement
    private let keys: IndexStatement
    private let database: GRDB.Database
    private let counters: MailboxCounters
    private let expunges: ExpungeStatements

    init(_ database: GRDB.Database, _ counters: MailboxCounters, _ expunges: ExpungeStatements) throws {
        self.database = database
        self.counters = counters
        self.expunges = expunges
        full = try IndexStatement(
            database,
            """
            SELECT id, removed_at FROM mailboxes INDEXED BY mailboxes_full WHERE removed_at IS NOT NULL AND messages > 0 LIMIT 1
            """)
        removed = try IndexStatement(
            database,
            """
            SELECT id FROM mailboxes INDEXED BY mailboxes_removed WHERE removed_at <= ?1 AND messages = 0
            ORDER BY removed_at LIMIT ?2
            """)
        rows = try IndexStatement(
            database, "SELECT modseq, uid, spool FROM expunged WHERE mailbox = ?1 ORDER BY modseq, uid LIMIT ?2")
        forgetRow = try IndexStatement(
            database, "DELETE FROM expunged WHERE mailbox = ?1 AND modseq = ?2 AND uid = ?3 AND spool = 0")
        forgetMailbox = try [
            "DELETE FROM keywords WHERE mailbox = ?1", "DELETE FROM rights WHERE mailbox = ?1",
            "DELETE FROM identities WHERE mailbox = ?1", "DELETE FROM mailboxes WHERE id = ?1",
        ].map { try IndexStatement(database, $0) }
        raise = try IndexStatement(database, "UPDATE mailboxes SET log_floor = MAX(log_floor, ?2) WHERE id = ?1")
        old = try IndexStatement(
            database,
            """
            SELECT mailbox, modseq, uid FROM expunged INDEXED BY expunged_past WHERE spool = 0 AND expunged_at <= ?1
            ORDER BY expunged_at LIMIT ?2
            """)
        surplus = try IndexStatement(
            database,
            """
            SELECT modseq, uid FROM expunged WHERE mailbox = ?1 AND spool = 0 ORDER BY modseq, uid
            LIMIT MAX(0, MIN(?2, (SELECT COUNT(*) FROM expunged WHERE mailbox = ?1 AND spool = 0) - ?3))
            """)
        keys = try IndexStatement(
            database,
            """
            DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency INDEXED BY idempotency_at WHERE at <= ?1 LIMIT ?2)
            """)
    }

    /// The messages of a deleted mailbox go to the log, as of the time when it was deleted.
    /// - Returns: how many.
    func empty(_ limit: Int) throws -> Int {
        var found: (id: Int64, removedAt: Int64)?
        try full.rows { found = (full.integer(0), full.integer(1)) }
        guard let found, let box = try counters.numbered(MailboxID(rawValue: found.id)) else { return 0 }
        counters.touch(box)
        return try expunges.removeFirst(limit, from: box, found.removedAt)
    }

    /// Deleted mailboxes of which nothing can be brought back any more.
    /// - Returns: how many rows of their logs went.
    func forgetMailboxes(removedUntil time: Int64, _ limit: Int) throws -> Int {
        var ids: [Int64] = []
        removed.bind(1, time)
        removed.bind(2, Self.mailboxes)
        try removed.rows { ids.append(removed.integer(0)) }
        var left = limit
        for id in ids where left > 0 {
            var past: [(modSeq: UInt64, uid: UInt64)] = []
            var kept = 0
            rows.bind(1, id)
            rows.bind(2, left)
            try rows.rows {
                if rows.number(2) == 0 { past.append((rows.number(0), rows.number(1))) } else { kept += 1 }
            }
            if past.isEmpty, kept == 0 {
                try forget(id)
            } else {
                try forget(past.map { (id, $0.modSeq, $0.uid) })
                left -= past.count + kept
            }
        }
        return limit - left
    }

    private func forget(_ mailbox: Int64) throws {
        for statement in forgetMailbox {
            statement.bind(1, mailbox)
            try statement.run()
        }
    }

    private func forget(_ rows: [(mailbox: Int64, modSeq: UInt64, uid: UInt64)]) throws {
        var floors: [Int64: UInt64] = [:]
        for row in rows {
            forgetRow.bind(1, row.mailbox)
            forgetRow.bind(2, row.modSeq)
            forgetRow.bind(3, row.uid)
            try forgetRow.run()
            floors[row.mailbox] = max(floors[row.mailbox] ?? 0, row.modSeq)
        }
        for (mailbox, floor) in floors {
            raise.bind(1, mailbox)
            raise.bind(2, floor)
            try raise.run()
        }
    }

    /// Rows of the log that are too old.
    func forgetLog(until time: Int64, _ limit: Int) throws -> Int {
        var past: [(Int64, UInt64, UInt64)] = []
        old.bind(1, time)
        old.bind(2, limit)
        try old.rows { past.append((old.integer(0), old.number(1), old.number(2))) }
        try forget(past)
        return past.count
    }

    /// The oldest rows of a log that is too long.
    func forgetSurplus(of mailbox: Int64, keeping number: Int, _ limit: Int) throws -> Int {
        var past: [(Int64, UInt64, UInt64)] = []
        surplus.bind(1, mailbox)
        surplus.bind(2, limit)
        surplus.bind(3, number)
        try surplus.rows { past.append((mailbox, surplus.number(0), surplus.number(1))) }
        try forget(past)
        return past.count
    }

    func forgetKeys(until time: Int64, _ limit: Int) throws -> Int {
        keys.bind(1, time)
        keys.bind(2, limit)
        try keys.run()
        return changedRows(database)
    }
}
