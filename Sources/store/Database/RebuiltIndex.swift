// A fresh SQLite index on its way from what segments say. The engine's own side of the rebuilding: no other change has ids
// of its own choice.

import GRDB
import IPC
import Mail
import NIOPosix

/// Used by one thread; the file is nobody else's until it is done.
final class RebuiltIndex {
    let database: SQLiteDatabase

    struct Account: Equatable, Sendable {
        let id: AccountID
        let address: String
        /// Another account with a greater id has the address: this one was removed before that was made.
        let isPast: Bool
    }

    /// - Parameter path: of a file that does not exist.
    init(_ path: String, readers: NIOThreadPool, log: @escaping @Sendable (StoreEvent) -> Void) throws {
        database = try SQLiteDatabase(path: path, readers: readers, log: log)
        try write {
            try $0.execute(
                sql: """
                    CREATE TABLE found (
                        spool INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
                        length INTEGER NOT NULL);
                    CREATE TABLE named (
                        account INTEGER NOT NULL, address TEXT NOT NULL, number INTEGER NOT NULL,
                        PRIMARY KEY (account, address)) WITHOUT ROWID;
                    """)
        }
    }

    private func write<Value>(_ body: (GRDB.Database) throws -> Value) throws -> Value {
        try database.pool.writeWithoutTransaction { database in
            var value: Value?
            try database.inTransaction(.immediate) {
                value = try body(database)
                return .commit
            }
            guard let value else { throw DatabaseError.trouble("a transaction without an end") }
            return value
        }
    }

    /// Notes where records lie and for whom they are. Of two copies of a message, compaction's own stays.
    func note(_ records: [(IndexedRecord, [LocalPlacement])]) throws {
        try write { database in
            let find = try database.cachedStatement(
                sql: """
                    INSERT INTO found VALUES (?1, ?2, ?3, ?4) ON CONFLICT (spool) DO UPDATE
                    SET segment = ?2, offset = ?3, length = ?4 WHERE segment < ?2
                    """)
            let name = try database.cachedStatement(
                sql: "INSERT INTO named VALUES (?, ?, 1) ON CONFLICT (account, address) DO UPDATE SET number = number + 1")
            for (record, placements) in records {
                let place = record.location.position
                try find.execute(
                    arguments: [
                        Int64(bitPattern: record.spool.rawValue), Int64(bitPattern: place.segment),
                        Int64(bitPattern: place.offset), Int64(record.location.length),
                    ])
                for placement in placements {
                    try name.execute(arguments: [placement.account.rawValue, placement.recipient.stored])
                }
            }
        }
    }

    /// A page of what was noted, in the order of the ids.
    func found(from spool: SpoolID, limit: Int) throws -> [IndexedRecord] {
        try write { database in
            let select = try IndexStatement(
                database, "SELECT spool, segment, offset, length FROM found WHERE spool >= ?1 ORDER BY spool LIMIT ?2")
            select.bind(1, spool.rawValue)
            select.bind(2, limit)
            var page: [IndexedRecord] = []
            try select.rows {
                page.append(IndexedRecord(spool: SpoolID(rawValue: select.number(0)), location: select.location(1)))
            }
            return page
        }
    }

    /// Makes the accounts that messages name, and their domains. The address of each is the one that is named most often.
    /// Nobody can log in.
    func makeAccounts(now: Int64) throws -> [Account] {
        try write { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT account, address FROM named ORDER BY account DESC, number DESC, address")
            var accounts: [Account] = []
            var seen: Set<Int64> = []
            var taken: Set<String> = []
            // Ids of mailboxes are never used twice, and nobody knows how far the lost index was: see MailboxID.
            try database.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'mailboxes'")
            try database.execute(sql: "INSERT INTO sqlite_sequence VALUES ('mailboxes', ?)", arguments: [now / 1000])
            for row in rows {
                let (id, text): (Int64, String) = (row[0], row[1])
                guard seen.insert(id).inserted, let address = EmailAddress(stored: text) else { continue }
                let isPast = !taken.insert(address.folded).inserted
                accounts.append(Account(id: AccountID(rawValue: id), address: text, isPast: isPast))
                try Self.make(address, id, isPast, now, database)
            }
            return accounts.reversed()
        }
    }

    private static func make(
        _ address: EmailAddress, _ id: Int64, _ isPast: Bool, _ now: Int64, _ database: GRDB.Database
    ) throws {
        try database.execute(sql: "INSERT OR IGNORE INTO domains (name) VALUES (?)", arguments: [address.domain])
        // Until the end, where it becomes one that was removed.
        let folded = isPast ? "\(id) \(address.folded)" : address.folded
        try database.execute(
            sql: """
                INSERT INTO accounts (id, address, folded, domain, credential, created_at) VALUES (?, ?, ?, ?, '*', ?)
                """,
            arguments: [id, address.stored, folded, address.domain, now])
        try database.addMailboxes(of: id, .user, now)
    }

    /// Nothing of what relays is sent by itself, past accounts are removed ones, and new mail goes behind the old.
    func finish(_ accounts: [Account], end: SpoolPosition, now: Int64) throws {
        try write { database in
            try database.execute(
                sql: """
                    UPDATE queue SET state = 'held', last_at = ?, last_category = 'unknown', last_remote = '',
                        last_text = 'the index was made anew: whether this was sent already is not known', last_status = ''
                    """,
                arguments: [now])
            for account in accounts where account.isPast {
                try database.execute(
                    sql: "UPDATE accounts SET removed_at = ?, credential = '', folded = ? WHERE id = ?",
                    arguments: [now, EmailAddress(stored: account.address)?.folded ?? account.address, account.id.rawValue])
            }
            try database.execute(
                sql: "UPDATE progress SET end_segment = ?, end_offset = ?",
                arguments: [Int64(bitPattern: end.segment), Int64(bitPattern: end.offset)])
            try database.execute(sql: "DROP TABLE found; DROP TABLE named")
        }
    }
}
