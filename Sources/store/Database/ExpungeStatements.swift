// Messages leave a mailbox softly: the row moves to the log of expunges, and the message keeps its reference until it is past.

import GRDB
import IPC
import Mail

final class ExpungeStatements {
    private let log: IndexStatement
    private let remove: IndexStatement
    private let find: IndexStatement
    private let batch: IndexStatement
    private let logBatch: IndexStatement
    private let removeBatch: IndexStatement

    init(_ database: GRDB.Database) throws {
        let columns = "uid, spool, received_at, size, flags, ?4, placed_at"
        log = try IndexStatement(
            database,
            "INSERT INTO expunged SELECT mailbox, ?3, \(columns) FROM placements WHERE mailbox = ?1 AND uid = ?2")
        remove = try IndexStatement(database, "DELETE FROM placements WHERE mailbox = ?1 AND uid = ?2")
        find = try IndexStatement(database, "SELECT size, flags FROM placements WHERE mailbox = ?1 AND uid = ?2")
        batch = try IndexStatement(
            database,
            """
            SELECT COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(flags & 1 = 0), 0), COALESCE(MAX(uid), 0)
            FROM (SELECT size, flags, uid FROM placements WHERE mailbox = ?1 ORDER BY uid LIMIT ?2)
            """)
        logBatch = try IndexStatement(
            database,
            "INSERT INTO expunged SELECT mailbox, ?3, \(columns) FROM placements WHERE mailbox = ?1 AND uid <= ?2")
        removeBatch = try IndexStatement(database, "DELETE FROM placements WHERE mailbox = ?1 AND uid <= ?2")
    }

    /// False: the mailbox has no such message (any more).
    func remove(_ uid: UInt32, from mailbox: MailboxCounter, _ now: Int64) throws -> Bool {
        var found: (octets: Int64, flags: Int64)?
        find.bind(1, mailbox.id)
        find.bind(2, UInt64(uid))
        try find.rows { found = (find.integer(0), find.integer(1)) }
        guard let found else { return false }
        try move(log, remove, mailbox, upTo: UInt64(uid), now)
        mailbox.messages -= 1
        mailbox.octets -= found.octets
        if !found.flags.isSeen { mailbox.unseen -= 1 }
        return true
    }

    /// The first messages of a mailbox, all under one modification sequence.
    /// - Returns: how many there were.
    func removeFirst(_ limit: Int, from mailbox: MailboxCounter, _ now: Int64) throws -> Int {
        var found: (messages: Int64, octets: Int64, unseen: Int64, last: UInt64) = (0, 0, 0, 0)
        batch.bind(1, mailbox.id)
        batch.bind(2, limit)
        try batch.rows { found = (batch.integer(0), batch.integer(1), batch.integer(2), batch.number(3)) }
        guard found.messages > 0 else { return 0 }
        try move(logBatch, removeBatch, mailbox, upTo: found.last, now)
        mailbox.messages -= found.messages
        mailbox.octets -= found.octets
        mailbox.unseen -= found.unseen
        return Int(found.messages)
    }

    private func move(
        _ log: IndexStatement, _ remove: IndexStatement, _ mailbox: MailboxCounter, upTo uid: UInt64, _ now: Int64
    ) throws {
        log.bind(1, mailbox.id)
        log.bind(2, uid)
        log.bind(3, mailbox.nextModSeq())
        log.bind(4, now)
        try log.run()
        remove.bind(1, mailbox.id)
        remove.bind(2, uid)
        try remove.run()
    }
}

extension Int64 {
    /// Of the column `flags`.
    var isSeen: Bool { self & Int64(MessageFlags.seen.rawValue) != 0 }
}
