// What was removed softly comes back: the row of the log gives its reference to a new placement and is only the log from then
// on. So whatever is brought back once is not there twice, however often somebody asks, and a crash between two steps leaves
// nothing half done.

import GRDB
import IPC
import Mail

final class UndeleteStatements {
    private let database: GRDB.Database
    private let mailboxes: MailboxCounters
    private let expunges: ExpungeStatements
    private let keywords: KeywordStatements
    private let select: IndexStatement
    private let present: IndexStatement
    private let place: IndexStatement
    private let pass: IndexStatement
    private let follow: IndexStatement

    /// A mailbox that had something at the time.
    private struct Source {
        let id: MailboxID
        let name: MailboxName
        let removedAt: Int64?
    }

    private struct Removed {
        let modSeq: UInt64
        let uid: UInt64
        let spool: UInt64
        let size: Int64
        let receivedAt: Int64
        let placedAt: Int64?
        let flags: Int64

        func mark(of mailbox: MailboxID) -> UndeleteMark {
            UndeleteMark(mailbox: mailbox.rawValue, modSeq: modSeq, uid: UInt32(truncatingIfNeeded: uid))
        }
    }

    init(
        _ database: GRDB.Database, _ mailboxes: MailboxCounters, _ expunges: ExpungeStatements, _ keywords: KeywordStatements
    ) throws {
        self.database = database
        self.mailboxes = mailboxes
        self.expunges = expunges
        self.keywords = keywords
        select = try IndexStatement(
            database,
            """
            SELECT modseq, uid, spool, size, received_at, placed_at, flags FROM expunged
            WHERE mailbox = ?1 AND (modseq, uid) > (?2, ?3) AND spool <> 0 AND expunged_at > ?4
                AND COALESCE(placed_at, received_at) <= ?4 ORDER BY modseq, uid LIMIT ?5
            """)
        present = try IndexStatement(database, "SELECT spool FROM placements WHERE mailbox = ?1")
        place = try IndexStatement(database, "INSERT INTO placements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        pass = try IndexStatement(
            database, "UPDATE expunged SET spool = 0 WHERE mailbox = ?1 AND modseq = ?2 AND uid = ?3")
        follow = try IndexStatement(
            database, "UPDATE OR IGNORE identities SET mailbox = ?3, uid = ?4 WHERE spool = ?2 AND mailbox = ?1")
    }

    /// A `Rejection` may come when some messages are back already: who asks again goes on.
    func apply(_ order: Undeletion, limit: Int) throws -> UndeleteStep {
        var step = UndeleteStep()
        var left = limit
        for source in try sources(order) {
            guard let box = try mailboxes.numbered(source.id) else { continue }
            let isFirst = order.after?.mailbox == source.id.rawValue
            let begin = UndeleteMark(
                mailbox: source.id.rawValue, modSeq: isFirst ? order.after?.modSeq ?? 0 : 0,
                uid: isFirst ? order.after?.uid ?? 0 : 0)
            // A mailbox that was deleted just now has its messages still.
            if let removedAt = source.removedAt, box.messages > 0 {
                left -= try expunges.removeFirst(left, from: box, removedAt)
                mailboxes.touch(box)
            }
            let rows = left > 0 ? try removed(begin, at: order.at, limit: left) : []
            if !rows.isEmpty { try bring(rows, from: source, box, order.account, &step) }
            left -= rows.count
            if left <= 0 {
                step.next = rows.last.map { $0.mark(of: source.id) } ?? begin
                return step
            }
        }
        return step
    }

    private func sources(_ order: Undeletion) throws -> [Source] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT m.id, m.name, m.removed_at FROM mailboxes m JOIN accounts a ON a.id = m.account
                WHERE a.id = ?1 AND a.removed_at IS NULL AND m.id >= ?2 AND (m.removed_at IS NULL OR m.removed_at > ?3)
                    AND (?4 IS NULL OR m.name = ?4) ORDER BY m.id
                """,
            arguments: [order.account.rawValue, order.after?.mailbox ?? 0, order.at, order.mailbox?.text])
        return rows.map { Source(id: MailboxID(rawValue: $0[0]), name: MailboxName(kept: $0[1]), removedAt: $0[2]) }
    }

    private func removed(_ mark: UndeleteMark, at time: Int64, limit: Int) throws -> [Removed] {
        var rows: [Removed] = []
        select.bind(1, mark.mailbox)
        select.bind(2, mark.modSeq)
        select.bind(3, UInt64(mark.uid))
        select.bind(4, time)
        select.bind(5, limit)
        try select.rows {
            rows.append(
                Removed(
                    modSeq: select.number(0), uid: select.number(1), spool: select.number(2), size: select.integer(3),
                    receivedAt: select.integer(4), placedAt: select.isNull(5) ? nil : select.integer(5),
                    flags: select.integer(6)))
        }
        return rows
    }
}

// Into a mailbox.
extension UndeleteStatements {
    private func bring(
        _ rows: [Removed], from source: Source, _ box: MailboxCounter, _ account: AccountID, _ step: inout UndeleteStep
    ) throws {
        let target = try target(source, box, account, &step)
        var seen = try present(rows, in: target)
        var modSeq: UInt64?
        for row in rows where seen.insert(row.spool).inserted {
            let current = modSeq ?? target.nextModSeq()
            modSeq = current
            let flags = try flags(row, from: source.id, to: target)
            try place(row, flags, current, in: target)
            try pass(row, of: source.id, to: target)
            target.uidNext += 1
            target.messages += 1
            target.octets += row.size
            if !flags.isSeen { target.unseen += 1 }
            step.messages += 1
        }
        mailboxes.touch(target)
    }

    /// The mailbox itself; if it was deleted, the one that has its name now; if none has, it is there again.
    private func target(
        _ source: Source, _ box: MailboxCounter, _ account: AccountID, _ step: inout UndeleteStep
    ) throws -> MailboxCounter {
        guard source.removedAt != nil else { return box }
        if let named = try mailboxes.named(source.name, of: account) { return named }
        let count = try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM mailboxes WHERE account = ? AND removed_at IS NULL",
            arguments: [account.rawValue])
        guard count ?? 0 < MailboxName.ofAccount else {
            throw Rejection(
                "the account has \(MailboxName.ofAccount) mailboxes, and \(source.name) would be another: delete some")
        }
        try database.execute(
            sql: """
                UPDATE mailboxes SET removed_at = NULL, special_use = CASE WHEN special_use IN
                    (SELECT special_use FROM mailboxes WHERE account = ?1 AND removed_at IS NULL) THEN NULL ELSE special_use END
                WHERE id = ?2
                """,
            arguments: [account.rawValue, source.id.rawValue])
        step.mailboxes.append(source.name.text)
        return box
    }

    /// Those of the messages that the mailbox has.
    private func present(_ rows: [Removed], in mailbox: MailboxCounter) throws -> Set<UInt64> {
        let wanted = Set(rows.map(\.spool))
        var found: Set<UInt64> = []
        present.bind(1, mailbox.id)
        try present.rows { if wanted.contains(present.number(0)) { found.insert(present.number(0)) } }
        return found
    }

    /// As they were, without \Deleted. Another mailbox has other bits for the same keywords.
    private func flags(_ row: Removed, from source: MailboxID, to target: MailboxCounter) throws -> Int64 {
        let flags = row.flags & ~Int64(MessageFlags.deleted.rawValue)
        if source.rawValue == target.id { return flags }
        let names = try keywords.names(of: source.rawValue).filter { flags & (1 << Int64($0.bit)) != 0 }.map(\.name)
        return try flags & Int64(MessageFlags.all.rawValue) | keywords.bitsWithRoom(names, of: target.id)
    }

    private func place(_ row: Removed, _ flags: Int64, _ modSeq: UInt64, in target: MailboxCounter) throws {
        place.bind(1, target.id)
        place.bind(2, target.uidNext)
        place.bind(3, row.spool)
        place.bind(4, modSeq)
        place.bind(5, row.receivedAt)
        place.bind(6, row.size)
        place.bind(7, flags)
        if let placedAt = row.placedAt { place.bind(8, placedAt) } else { place.bindNull(8) }
        try place.run()
    }

    private func pass(_ row: Removed, of source: MailboxID, to target: MailboxCounter) throws {
        pass.bind(1, source.rawValue)
        pass.bind(2, row.modSeq)
        pass.bind(3, row.uid)
        try pass.run()
        follow.bind(1, source.rawValue)
        follow.bind(2, row.spool)
        follow.bind(3, target.id)
        follow.bind(4, target.uidNext)
        try follow.run()
    }
}
