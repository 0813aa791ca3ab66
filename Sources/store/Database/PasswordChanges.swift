// The directory's changes: the passwords that a user has beside the own one, and what each is good for.

import GRDB
import IPC
import Mail

extension DirectoryChanges {
    func addPassword(_ address: EmailAddress, _ password: StoredPassword, _ now: Int64) throws -> DirectoryNews {
        let (id, name) = (try user(address), password.name ?? "")
        let hashes = try String.fetchAll(
            database, sql: "SELECT hash FROM named_passwords WHERE account = ?", arguments: [id])
        if try has("SELECT 1 FROM named_passwords WHERE account = ? AND name = ?", [id, name]) {
            throw Rejection("\(address) has a password \"\(name)\" already: remove it first, or choose another name")
        }
        guard hashes.count < DirectoryLimits.namedPasswords else {
            throw Rejection("\(address) has \(hashes.count) passwords beside the own one, and more there cannot be: remove one")
        }
        let typed = hashes.filter { !MadePassword.isHash($0) }.count
        guard MadePassword.isHash(password.hash) || typed < DirectoryLimits.typedPasswords else {
            throw Rejection(
                "\(address) has \(typed) passwords that were given, and more there cannot be: let postern make this one")
        }
        if let end = password.expiresAt, end <= now { throw Rejection("the password would have expired: choose a later day") }
        try database.execute(
            sql: "INSERT INTO named_passwords (account, name, hash, scopes, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [id, name, password.hash, password.scopes?.text, now, password.expiresAt])
        return .touched
    }

    func removePassword(_ address: EmailAddress, _ name: String) throws -> DirectoryNews {
        let id = try user(address)
        guard try has("SELECT 1 FROM named_passwords WHERE account = ? AND name = ?", [id, name]) else {
            throw Rejection("\(address) has no password \"\(name)\": postern password list \(address) shows those there are")
        }
        try database.execute(sql: "DELETE FROM named_passwords WHERE account = ? AND name = ?", arguments: [id, name])
        return .password(AccountID(rawValue: id), try verifierKinds())
    }

    func setScopes(_ address: EmailAddress, _ scopes: Set<PasswordScope>?) throws -> DirectoryNews {
        let id = try user(address)
        try database.execute(sql: "UPDATE accounts SET scopes = ? WHERE id = ?", arguments: [scopes?.text, id])
        return .password(AccountID(rawValue: id), try verifierKinds())
    }

    func forgetPasswords(of account: Int64) throws {
        try database.execute(sql: "DELETE FROM named_passwords WHERE account = ?", arguments: [account])
    }

    func usePassword(_ name: String?, of account: AccountID, on day: Int64) throws {
        guard let name else {
            return try database.execute(
                sql: "UPDATE accounts SET used_on = ? WHERE id = ?", arguments: [day, account.rawValue])
        }
        try database.execute(
            sql: "UPDATE named_passwords SET used_on = ? WHERE account = ? AND name = ?",
            arguments: [day, account.rawValue, name])
    }

    /// The one with this address who logs in.
    func user(_ address: EmailAddress) throws -> Int64 {
        let known = try accounts(address)
        if let id = known[.user] { return id }
        guard let other = AccountKind.allCases.first(where: { known[$0] != nil }) else {
            throw Rejection("there is no account \(address)")
        }
        throw Rejection("\(address) is a \(other.rawValue): nobody logs in to it")
    }
}

// Reading.
extension SQLiteDatabase {
    package func passwords(of account: AccountID) async throws(DatabaseError) -> [StoredPassword] {
        try await read { database in
            let own = try Row.fetchOne(
                database,
                sql: """
                    SELECT NULL AS name, credential AS hash, scopes, NULL AS made_at, NULL AS expires_at, used_on
                    FROM accounts WHERE id = ? AND removed_at IS NULL
                    """,
                arguments: [account.rawValue])
            guard let own else { return [] }
            let named = try Row.fetchAll(
                database,
                sql: """
                    SELECT name, hash, scopes, made_at, expires_at, used_on FROM named_passwords WHERE account = ?
                    ORDER BY name
                    """,
                arguments: [account.rawValue])
            return ([own] + named).map { StoredPassword($0) }
        }
    }
}

extension StoredPassword {
    fileprivate init(_ row: Row) {
        self.init(name: row["name"], hash: row["hash"])
        scopes = (row["scopes"] as String?).map { Set(text: $0) }
        (madeAt, expiresAt, usedOn) = (row["made_at"], row["expires_at"], row["used_on"])
    }
}
