// Snapshots of mailboxes: who has which, what is in them, what has changed, who may do what.

import GRDB
import IPC
import Mail

extension SQLiteDatabase {
    package func account(_ name: NamedAccount) async throws(DatabaseError) -> AccountID? {
        try await read { database in
            try Int64.fetchOne(
                database, sql: "SELECT id FROM accounts WHERE folded = ? AND kind = ? AND removed_at IS NULL",
                arguments: [name.address.folded, name.kind.rawValue]
            ).map { AccountID(rawValue: $0) }
        }
    }

    /// `PlacedMailbox` reads them.
    fileprivate static let columns = """
        m.id, m.account, m.name, m.uidvalidity, m.uidnext, m.highestmodseq, m.messages, m.unseen, m.octets, m.special_use,
            EXISTS (SELECT 1 FROM subscriptions s WHERE s.account = m.account AND s.name = m.name)
        """

    package func mailboxes(
        of account: AccountID, after name: String?, limit: Int
    ) async throws(DatabaseError) -> [PlacedMailbox] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(Self.columns) FROM mailboxes m JOIN accounts a ON a.id = m.account AND a.removed_at IS NULL
                    WHERE m.account = ? AND m.removed_at IS NULL AND m.name > ? ORDER BY m.name LIMIT ?
                    """,
                arguments: [account.rawValue, name ?? "", limit]
            ).map { PlacedMailbox($0) }
        }
    }

    package func mailbox(_ name: MailboxName, of account: AccountID) async throws(DatabaseError) -> PlacedMailbox? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT \(Self.columns) FROM mailboxes m JOIN accounts a ON a.id = m.account AND a.removed_at IS NULL
                    WHERE m.account = ? AND m.removed_at IS NULL AND m.name = ?
                    """,
                arguments: [account.rawValue, name.text]
            ).map { PlacedMailbox($0) }
        }
    }
}

// Messages.
extension SQLiteDatabase {
    package func messages(
        of mailbox: MailboxID, from uid: UInt32, limit: Int
    ) async throws(DatabaseError) -> [PlacedMessage]? {
        try await read { try Self.messages($0, mailbox, from: uid, limit) }
    }

    package func message(_ uid: UInt32, of mailbox: MailboxID) async throws(DatabaseError) -> PlacedMessage? {
        try await read { try Self.messages($0, mailbox, from: uid, 1)?.first { $0.uid == uid } }
    }

    private static func messages(
        _ database: GRDB.Database, _ mailbox: MailboxID, from uid: UInt32, _ limit: Int
    ) throws -> [PlacedMessage]? {
        guard try isThere(mailbox, database) else { return nil }
        let keywords = try KeywordStatements.names(of: mailbox.rawValue, database)
        let select = try IndexStatement(
            cached: database,
            """
            SELECT p.uid, p.flags, p.modseq, p.received_at, p.size, p.spool, m.segment, m.offset, m.length FROM placements p
            JOIN messages m ON m.spool = p.spool WHERE p.mailbox = ?1 AND p.uid >= ?2 ORDER BY p.uid LIMIT ?3
            """)
        select.bind(1, mailbox.rawValue)
        select.bind(2, UInt64(uid))
        select.bind(3, limit)
        var messages: [PlacedMessage] = []
        try select.rows {
            let flags = select.integer(1)
            messages.append(
                PlacedMessage(
                    uid: UInt32(truncatingIfNeeded: select.integer(0)), flags: MessageFlags(stored: flags),
                    keywords: KeywordStatements.names(in: flags, of: keywords), modSeq: select.number(2),
                    internalDate: select.integer(3), size: select.number(4), spool: SpoolID(rawValue: select.number(5)),
                    location: select.location(6)))
        }
        return messages
    }

    package func uid(of spool: SpoolID, in mailbox: MailboxID) async throws(DatabaseError) -> UInt32? {
        try await read { database in
            try UInt32.fetchOne(
                database, sql: "SELECT uid FROM placements WHERE mailbox = ? AND spool = ? ORDER BY uid DESC LIMIT 1",
                arguments: [mailbox.rawValue, Int64(bitPattern: spool.rawValue)])
        }
    }

    package func changes(of mailbox: MailboxID, since modSeq: UInt64) async throws(DatabaseError) -> MailboxChanges? {
        try await read { database in
            guard try Self.isThere(mailbox, database),
                let row = try Row.fetchOne(
                    database, sql: "SELECT highestmodseq, log_floor FROM mailboxes WHERE id = ?", arguments: [mailbox.rawValue])
            else { return nil }
            let highest = UInt64(bitPattern: row[0] as Int64)
            guard modSeq >= UInt64(bitPattern: row[1] as Int64) else { return .logTooShort(highestModSeq: highest) }
            let arguments: StatementArguments = [mailbox.rawValue, Int64(bitPattern: min(modSeq, UInt64(Int64.max)))]
            let changed = try UInt32.fetchAll(
                database, sql: "SELECT uid FROM placements WHERE mailbox = ? AND modseq > ? ORDER BY uid", arguments: arguments)
            let vanished = try UInt32.fetchAll(
                database, sql: "SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? ORDER BY uid", arguments: arguments)
            return .known(changed: changed, vanished: vanished, highestModSeq: highest)
        }
    }

    private static func isThere(_ mailbox: MailboxID, _ database: GRDB.Database) throws -> Bool {
        try Row.fetchOne(
            database,
            sql: """
                SELECT 1 FROM mailboxes m JOIN accounts a ON a.id = m.account
                WHERE m.id = ? AND m.removed_at IS NULL AND a.removed_at IS NULL
                """,
            arguments: [mailbox.rawValue]) != nil
    }
}

// Rights.
extension SQLiteDatabase {
    package func rights(
        of account: AccountID, on mailbox: MailboxID
    ) async throws(DatabaseError) -> MailboxRights {
        try await read { database in
            guard try Self.isThere(mailbox, database) else { return [] }
            let owner = try Int64.fetchOne(
                database, sql: "SELECT account FROM mailboxes WHERE id = ?", arguments: [mailbox.rawValue])
            if owner == account.rawValue { return .all }
            let letters = try String.fetchAll(
                database, sql: "SELECT letters FROM rights WHERE mailbox = ? AND grantee IN (0, ?)",
                arguments: [mailbox.rawValue, account.rawValue])
            return letters.reduce(into: []) { $0.formUnion(MailboxRights(letters: $1) ?? []) }
        }
    }

    package func rights(on mailbox: MailboxID) async throws(DatabaseError) -> [GrantedRights] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT r.grantee, r.letters, a.address, a.kind FROM rights r
                    LEFT JOIN accounts a ON a.id = r.grantee AND a.removed_at IS NULL WHERE r.mailbox = ? ORDER BY r.grantee
                    """,
                arguments: [mailbox.rawValue]
            ).map { row in
                GrantedRights(
                    grantee: Grantee(stored: row[0]), name: NamedAccount(row[2], row[3]),
                    rights: MailboxRights(letters: row[1]) ?? [])
            }
        }
    }

    package func sharedMailboxes(
        with account: AccountID, after mailbox: MailboxID?, limit: Int
    ) async throws(DatabaseError) -> [SharedMailbox] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(Self.columns), a.address, a.kind, GROUP_CONCAT(r.letters, '')
                    FROM (SELECT mailbox, letters FROM rights WHERE grantee IN (0, ?1) AND mailbox > ?2) r
                    JOIN mailboxes m ON m.id = r.mailbox AND m.removed_at IS NULL AND m.account <> ?1
                    JOIN accounts a ON a.id = m.account AND a.removed_at IS NULL
                    GROUP BY m.id ORDER BY m.id LIMIT ?3
                    """,
                arguments: [account.rawValue, mailbox?.rawValue ?? 0, limit]
            ).compactMap { row in
                guard let owner = NamedAccount(row[11], row[12]) else { return nil }
                return SharedMailbox(
                    mailbox: PlacedMailbox(row), owner: owner, rights: MailboxRights(letters: row[13]) ?? [])
            }
        }
    }
}

extension PlacedMailbox {
    /// From `columns`.
    fileprivate init(_ row: Row) {
        self.init(
            id: MailboxID(rawValue: row[0]), account: AccountID(rawValue: row[1]), name: MailboxName(kept: row[2]),
            uidValidity: row[3], uidNext: row[4], highestModSeq: row[5], messages: row[6], unseen: row[7], octets: row[8],
            use: (row[9] as String?).flatMap { SpecialUse(rawValue: $0) }, isSubscribed: row[10])
    }
}

extension NamedAccount {
    /// From the columns `address` and `kind`.
    init?(_ address: String?, _ kind: String?) {
        guard let address = address.flatMap({ EmailAddress(stored: $0) }), let kind = kind.flatMap({ AccountKind(rawValue: $0) })
        else { return nil }
        self.init(address, kind)
    }
}

extension MessageFlags {
    /// The system's, from the column `flags`.
    init(stored flags: Int64) { self.init(rawValue: UInt8(truncatingIfNeeded: flags & Int64(Self.all.rawValue))) }
}
