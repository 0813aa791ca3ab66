// Accounts, mailboxes and what lies in them, as a copy of the index has them.

import GRDB
import IPC
import Mail

/// A message in a mailbox of a copied index.
struct CopiedPlacement: Sendable {
    var uid: UInt32
    var flags: MessageFlags
    var keywords: [String]
    var receivedAt: Int64
    var record: IndexedRecord
}

extension CopiedIndex {
    /// All of them, by account.
    func mailboxes() throws(DatabaseError) -> [BackedUpMailbox] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT accounts.id AS account, address, kind, mailboxes.id AS number, mailboxes.name AS name, uidvalidity,
                        messages, accounts.removed_at IS NOT NULL OR mailboxes.removed_at IS NOT NULL AS removed, special_use,
                        EXISTS (SELECT 1 FROM subscriptions s WHERE s.account = accounts.id AND s.name = mailboxes.name)
                            AS subscribed
                    FROM mailboxes JOIN accounts ON accounts.id = mailboxes.account ORDER BY accounts.id, mailboxes.id
                    """
            ).compactMap { row in
                guard let address = EmailAddress(stored: row["address"]) else { return nil }
                return BackedUpMailbox(
                    account: AccountID(rawValue: row["account"]), address: address, kind: row["kind"],
                    isRemoved: row["removed"], number: row["number"], name: row["name"],
                    uidValidity: UInt32(truncatingIfNeeded: row["uidvalidity"] as Int64),
                    messages: UInt64(max(0, row["messages"] as Int64)),
                    use: (row["special_use"] as String?).flatMap(SpecialUse.init(rawValue:)), isSubscribed: row["subscribed"])
            }
        }
    }

    /// All that are given, by mailbox, but not those of accounts that were removed.
    func rights() throws(DatabaseError) -> [(mailbox: Int64, entry: RightsEntry)] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT r.mailbox, r.grantee, r.letters, a.address, a.kind FROM rights r
                    LEFT JOIN accounts a ON a.id = r.grantee AND a.removed_at IS NULL ORDER BY r.mailbox, r.grantee
                    """
            ).compactMap { row in
                let grantee = NamedAccount(row[3], row[4])
                guard grantee != nil || Grantee(stored: row[1]) == .anyone, let rights = MailboxRights(letters: row[2]) else {
                    return nil
                }
                return (row[0], RightsEntry(grantee: grantee, rights: rights))
            }
        }
    }

    /// A page of a mailbox, behind this UID.
    func placements(in mailbox: Int64, after uid: UInt32, limit: Int) throws(DatabaseError) -> [CopiedPlacement] {
        try look { database in
            let keywords = try KeywordStatements.names(of: mailbox, database)
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT uid, flags, received_at, messages.spool AS spool, segment, offset, length
                    FROM placements JOIN messages ON messages.spool = placements.spool
                    WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT ?
                    """,
                arguments: [mailbox, Int64(uid), limit]
            ).map { row in
                let flags: Int64 = row["flags"]
                return CopiedPlacement(
                    uid: UInt32(truncatingIfNeeded: row["uid"] as Int64), flags: MessageFlags(stored: flags),
                    keywords: KeywordStatements.names(in: flags, of: keywords), receivedAt: row["received_at"],
                    record: Self.record(row))
            }
        }
    }
}
