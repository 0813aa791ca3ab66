// Snapshots of the index. Each function is one snapshot, on a reader's thread.

import GRDB
import IPC
import Mail
import NIOPosix

extension SQLiteDatabase {
    /// On the calling thread; it blocks.
    func look<Value>(_ body: (GRDB.Database) throws -> Value) throws(DatabaseError) -> Value {
        do { return try pool.read(body) } catch { throw DatabaseError(error) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws(DatabaseError) -> Value {
        let pool = pool
        do { return try await readers.runIfActive { try pool.read(body) } } catch { throw DatabaseError(error) }
    }

    package func location(of spool: SpoolID) async throws(DatabaseError) -> SpoolLocation? {
        try await read { database in
            let select = try IndexStatement(cached: database, "SELECT segment, offset, length FROM messages WHERE spool = ?1")
            select.bind(1, spool.rawValue)
            var found: SpoolLocation?
            try select.rows { found = select.location(0) }
            return found
        }
    }

    package func messages(from spool: SpoolID, limit: Int) throws(DatabaseError) -> [IndexedRecord] {
        try look { database in
            let select = try IndexStatement(
                cached: database,
                "SELECT spool, segment, offset, length FROM messages WHERE spool >= ?1 ORDER BY spool LIMIT ?2")
            select.bind(1, spool.rawValue)
            select.bind(2, limit)
            return try Self.records(select)
        }
    }

    package func messages(
        in segment: UInt64, from offset: UInt64, limit: Int
    ) throws(DatabaseError) -> [IndexedRecord] {
        try look { database in
            let select = try IndexStatement(
                cached: database,
                """
                SELECT spool, segment, offset, length FROM messages
                WHERE \(SegmentRows.condition(segment)) AND offset >= ?2 ORDER BY \(SegmentRows.order(segment)) LIMIT ?3
                """)
            select.bind(1, segment)
            select.bind(2, offset)
            select.bind(3, limit)
            return try Self.records(select)
        }
    }

    /// Rows of spool, segment, offset, length.
    private static func records(_ select: IndexStatement) throws -> [IndexedRecord] {
        var found: [IndexedRecord] = []
        try select.rows {
            found.append(IndexedRecord(spool: SpoolID(rawValue: select.number(0)), location: select.location(1)))
        }
        return found
    }

    package func occupancy(of segment: UInt64) throws(DatabaseError) -> SegmentOccupancy {
        try look { database in
            let select = try IndexStatement(
                cached: database,
                """
                SELECT COALESCE(SUM(length), 0), COALESCE(MAX(offset + length), 0) FROM messages
                WHERE \(SegmentRows.condition(segment))
                """)
            select.bind(1, segment)
            var found = SegmentOccupancy()
            try select.rows { found = SegmentOccupancy(live: select.number(0), end: select.number(1)) }
            return found
        }
    }

    package func ownFiles() throws(DatabaseError) -> Set<UInt64> {
        try look { database in
            let select = try IndexStatement(cached: database, "SELECT own_file FROM messages WHERE own_file <> 0")
            var found: Set<UInt64> = []
            try select.rows { found.insert(select.number(0)) }
            return found
        }
    }

    package func inbox(of account: AccountID) async throws(DatabaseError) -> PlacedInbox? {
        try await read { database in
            let find = try IndexStatement(
                cached: database,
                """
                SELECT m.id, m.uidvalidity, m.messages FROM mailboxes m JOIN accounts a ON a.id = m.account
                WHERE a.id = ?1 AND a.removed_at IS NULL AND m.name = 'INBOX'
                """)
            find.bind(1, account.rawValue)
            var mailbox: (id: Int64, uidValidity: UInt32, messages: Int)?
            try find.rows {
                mailbox = (find.integer(0), UInt32(truncatingIfNeeded: find.integer(1)), Int(find.integer(2)))
            }
            guard let mailbox else { return nil }
            let select = try IndexStatement(
                cached: database,
                """
                SELECT p.uid, p.size, p.spool, m.segment, m.offset, m.length FROM placements p
                JOIN messages m ON m.spool = p.spool WHERE p.mailbox = ?1 ORDER BY p.uid
                """)
            select.bind(1, mailbox.id)
            var messages: [PlacedInbox.Message] = []
            messages.reserveCapacity(mailbox.messages)
            try select.rows {
                messages.append(
                    PlacedInbox.Message(
                        uid: UInt32(truncatingIfNeeded: select.integer(0)), size: select.number(1),
                        spool: SpoolID(rawValue: select.number(2)), location: select.location(3)))
            }
            return PlacedInbox(uidValidity: mailbox.uidValidity, messages: messages)
        }
    }

    package func work(_ entries: [[EntryID]]) async throws(DatabaseError) -> [OpenWork?] {
        try await read { database in
            let message = try database.cachedStatement(
                sql: """
                    SELECT segment, offset, length, trace, sender, size, body, accepted_at, international, envid, ret
                    FROM messages WHERE spool = ?
                    """)
            let recipient = try database.cachedStatement(
                sql: "SELECT recipient, attempts, notify, orcpt FROM queue WHERE entry = ?")
            let find = (IndexStatement(message), IndexStatement(recipient))
            return try entries.map { try Self.work($0, find.0, find.1) }
        }
    }

    private static func work(
        _ entries: [EntryID], _ message: IndexStatement, _ recipient: IndexStatement
    ) throws -> OpenWork? {
        guard let spool = entries.first?.spool else { return nil }
        var found: OpenWork?
        message.bind(1, spool.rawValue)
        try message.rows {
            let trace = message.pair(3)
            found = OpenWork(
                spool: spool, location: message.location(0), trace: TraceID(high: trace.high, low: trace.low),
                sender: message.text(4).flatMap { EmailAddress(stored: $0) }, size: message.number(5),
                parameters: SenderParameters(
                    body: ContentForm(stored: message.integer(6)), isInternational: message.integer(8) != 0,
                    envelopeID: message.text(9), returns: message.text(10).flatMap { ReturnedPart(rawValue: $0) }),
                acceptedAt: message.integer(7), recipients: [])
        }
        for entry in entries {
            recipient.bind(1, entry.rawValue)
            try recipient.rows {
                guard let address = EmailAddress(stored: recipient.text(0) ?? "") else { return }
                let notify = recipient.isNull(2) ? nil : NotifyWishes(rawValue: UInt8(truncatingIfNeeded: recipient.integer(2)))
                found?.recipients.append(
                    QueuedRecipient(
                        entry: entry.rawValue, address: address,
                        parameters: RecipientParameters(notify: notify, original: recipient.text(3)),
                        attempts: UInt32(truncatingIfNeeded: recipient.integer(1))))
            }
        }
        return found
    }

    package func audit() async throws(DatabaseError) -> Audit {
        try await read { database in
            let past = try Row.fetchOne(
                database, sql: "SELECT past_accepted, past_stored, past_delivered, past_bounced FROM progress")
            let accepted = try UInt64.fetchOne(database, sql: "SELECT COALESCE(SUM(recipients), 0) FROM messages") ?? 0
            let open = try UInt64.fetchOne(database, sql: "SELECT COUNT(*) FROM queue") ?? 0
            var fates: [Int: UInt64] = [:]
            func all(_ fate: Int) -> UInt64 { (past?[fate] ?? 0) + (fates[fate] ?? 0) }
            let rows = try Row.fetchCursor(
                database, sql: "SELECT fate, COUNT(*) FROM recipients WHERE fate <> 0 GROUP BY fate")
            while let row = try rows.next() { fates[row[0]] = row[1] }
            return Audit(
                accepted: (past?[0] ?? 0) + accepted, stored: all(LedgerFate.stored), delivered: all(LedgerFate.delivered),
                bounced: all(LedgerFate.bounced), open: open)
        }
    }
}

// Pages for the administrator's command.
extension SQLiteDatabase {
    package func queue(after entry: EntryID?, limit: Int) async throws(DatabaseError) -> [QueueEntry] {
        try await read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT entry, sender, recipient, state, accepted_at, next_attempt, attempts, size, last_category,
                        last_remote, last_text, last_status
                    FROM queue WHERE entry > ? ORDER BY entry LIMIT ?
                    """,
                arguments: [Int64(bitPattern: entry?.rawValue ?? 0), limit])
            var page: [QueueEntry] = []
            while let row = try rows.next() { if let entry = Self.entry(row) { page.append(entry) } }
            return page
        }
    }

    private static func entry(_ row: Row) -> QueueEntry? {
        guard let recipient = EmailAddress(stored: row[2]), let state = QueueState(rawValue: row[3]) else { return nil }
        var last: AttemptReport?
        if let category = row[8] as String? {
            last = AttemptReport(category: category, remote: row[9] ?? "", text: row[10] ?? "", status: row[11] ?? "")
        }
        let id = EntryID(rawValue: UInt64(bitPattern: row[0] as Int64))
        return QueueEntry(
            entry: id.rawValue, message: id.spool, sender: (row[1] as String?).flatMap { EmailAddress(stored: $0) },
            recipient: recipient, state: state, acceptedAt: row[4], nextAttemptAt: row[5], attempts: row[6],
            size: UInt64(row[7] as Int64), last: last)
    }
}
