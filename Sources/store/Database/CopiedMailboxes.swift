// Accounts, mailboxes and what lies in them, as a copy of the index has them.

import GRDB
import IPC
import Mail

/// A message in a mailbox of a copied index.
struct CopiedPlacement: Sendable {
    var uid: UInt32
    var flags: Int64
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
                        messages, accounts.removed_at IS NOT NULL OR mailboxes.removed_at IS NOT NULL AS removed
                    FROM mailboxes JOIN accounts ON accounts.id = mailboxes.account ORDER BY accounts.id, mailboxes.id
                    """
            ).compactMap { row in
                guard let address = EmailAddress(stored: row["address"]) else { return nil }
                return BackedUpMailbox(
                    account: AccountID(rawValue: row["account"]), address: address, kind: row["kind"],
                    isRemoved: row["removed"], number: row["number"], name: row["name"],
                    uidValidity: UInt32(truncatingIfNeeded: row["uidvalidity"] as Int64),
                    messages: UInt64(max(0, row["messages"] as Int64)))
            }
        }
    }

    /// A page of a mailbox, behind this UID.
    func placements(in mailbox: Int64, after uid: UInt32, limit: Int) throws(DatabaseError) -> [CopiedPlacement] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT uid, flags, received_at, messages.spool AS spool, segment, offset, length
                    FROM placements JOIN messages ON messages.spool = placements.spool
                    WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT ?
                    """,
                arguments: [mailbox, Int64(uid), limit]
            ).map { row in
                CopiedPlacement(
                    uid: UInt32(truncatingIfNeeded: row["uid"] as Int64), flags: row["flags"], receivedAt: row["received_at"],
                    record: Self.record(row))
            }
        }
    }
}
