// The directory's changes: domains and accounts. Every change moves the version, by which others forget what they know.

import GRDB
import IPC
import Mail

final class DirectoryChanges {
    private let database: GRDB.Database

    init(_ database: GRDB.Database) throws { self.database = database }

    func addDomain(_ name: String) throws -> ChangeResult {
        guard try !hasDomain(name) else { return .rejected("the domain \(name) exists already") }
        try database.execute(sql: "INSERT INTO domains VALUES (?)", arguments: [name])
        return try changed()
    }

    func removeDomain(_ name: String) throws -> ChangeResult {
        guard try hasDomain(name) else { return .rejected("there is no domain \(name)") }
        let accounts = try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM accounts WHERE domain = ? AND removed_at IS NULL", arguments: [name])
        guard accounts == 0 else {
            return .rejected("the domain \(name) has \(accounts ?? 0) accounts: remove them first")
        }
        try database.execute(sql: "DELETE FROM domains WHERE name = ?", arguments: [name])
        return try changed()
    }

    func addAccount(_ address: EmailAddress, _ credential: String, _ now: Int64) throws -> ChangeResult {
        guard try hasDomain(address.domain) else {
            return .rejected("the domain \(address.domain) is not ours: add it first (postern domain add \(address.domain))")
        }
        guard try account(address) == nil else { return .rejected("the account \(address) exists already") }
        try database.execute(
            sql: """
                INSERT INTO accounts (address, folded, domain, credential, created_at) VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [address.stored, address.folded, address.domain, credential, now])
        let id = database.lastInsertedRowID
        try addInbox(id, now)
        _ = try changed()
        return .account(AccountID(rawValue: id))
    }

    /// RFC 3501 §2.3.1.1: a mailbox that is made again must not have the old validity; so it only grows.
    private func addInbox(_ account: Int64, _ now: Int64) throws {
        try database.execute(
            sql: "UPDATE progress SET last_uidvalidity = MAX(last_uidvalidity + 1, ?)", arguments: [now / 1000])
        try database.execute(
            sql: """
                INSERT INTO mailboxes (account, name, uidvalidity, uidnext, highestmodseq, messages, octets)
                SELECT ?, 'INBOX', last_uidvalidity, 1, 1, 0, 0 FROM progress
                """,
            arguments: [account])
    }

    /// The mail stays where it is, out of sight, and the address is free.
    func removeAccount(_ address: EmailAddress, _ now: Int64) throws -> ChangeResult {
        guard let id = try account(address) else { return .rejected("there is no account \(address)") }
        try database.execute(sql: "UPDATE accounts SET removed_at = ? WHERE id = ?", arguments: [now, id])
        _ = try changed()
        return .account(AccountID(rawValue: id))
    }

    private func hasDomain(_ name: String) throws -> Bool {
        try Row.fetchOne(database, sql: "SELECT 1 FROM domains WHERE name = ?", arguments: [name]) != nil
    }

    private func account(_ address: EmailAddress) throws -> Int64? {
        try Int64.fetchOne(
            database, sql: "SELECT id FROM accounts WHERE folded = ? AND removed_at IS NULL",
            arguments: [address.folded])
    }

    private func changed() throws -> ChangeResult {
        try database.execute(sql: "UPDATE progress SET directory_version = directory_version + 1")
        return .done
    }
}
