// The directory's changes: domains, accounts and their passwords. Every change moves the version, by which others forget
// what they know. Aliases, rules and lists of addresses are in DirectoryLists.swift.

import GRDB
import IPC
import Mail
import SASL

/// The state of things does not allow a change. Thrown before the first row is written.
struct Rejection: Error {
    let because: String

    init(_ because: String) { self.because = because }
}

final class DirectoryChanges {
    let database: GRDB.Database

    init(_ database: GRDB.Database) throws { self.database = database }

    func apply(_ change: DirectoryChange, at now: Int64) throws -> ChangeResult {
        do {
            let news = try carryOut(change, now)
            try database.execute(sql: "UPDATE progress SET directory_version = directory_version + 1")
            return .directory(news)
        } catch let rejection as Rejection {
            return .rejected(rejection.because)
        }
    }

    private func carryOut(_ change: DirectoryChange, _ now: Int64) throws -> DirectoryNews {
        switch change {
        case .addDomain(let name): return try addDomain(name)
        case .addDomainAlias(let name, let target): return try addDomainAlias(name, target)
        case .setDomain(let name, let choices): return try setDomain(name, choices)
        case .removeDomain(let name): return try removeDomain(name)
        case .addAccount(let address, let kind, let password): return try addAccount(address, kind, password, now)
        case .setPassword(let address, let password): return try setPassword(address, password)
        case .removeAccount(let address, let kind): return try removeAccount(address, kind, now)
        case .addAlias(let address, let targets): return try addAlias(address, targets)
        case .removeAlias(let address, let targets): return try removeAlias(address, targets)
        case .addRule(let words, let account): return try addRule(words, account)
        case .removeRule(let number): return try removeRule(number)
        case .addRange(let list, let range): return try addRange(list, range)
        case .removeRange(let list, let range): return try removeRange(list, range)
        case .touch: return .touched
        }
    }

    func has(_ sql: String, _ arguments: StatementArguments) throws -> Bool {
        try Row.fetchOne(database, sql: sql, arguments: arguments) != nil
    }
}

// Domains.
extension DirectoryChanges {
    private func addDomain(_ name: String) throws -> DirectoryNews {
        try mustBeNew(name)
        try database.execute(sql: "INSERT INTO domains (name) VALUES (?)", arguments: [name])
        return .domain(name, DomainChoices())
    }

    private func addDomainAlias(_ name: String, _ target: String) throws -> DirectoryNews {
        try mustBeNew(name)
        try mustBeOurs(target)
        try database.execute(sql: "INSERT INTO domains (name, alias_of) VALUES (?, ?)", arguments: [name, target])
        return .domainAlias(name, of: target)
    }

    private func setDomain(_ name: String, _ new: DomainChoices) throws -> DirectoryNews {
        try mustBeOurs(name)
        let row = try Row.fetchOne(
            database, sql: "SELECT catch_all, transport, delimiters FROM domains WHERE name = ?", arguments: [name])
        var choices = row.map { DomainChoices($0) } ?? DomainChoices()
        if let catchAll = new.catchAll { choices.catchAll = catchAll.isEmpty ? nil : catchAll }
        if let transport = new.transport { choices.transport = transport.isEmpty ? nil : transport }
        if let delimiters = new.delimiters { choices.delimiters = delimiters }
        try database.execute(
            sql: "UPDATE domains SET catch_all = ?, transport = ?, delimiters = ? WHERE name = ?",
            arguments: [choices.catchAll, choices.transport, choices.delimiters, name])
        return .domain(name, choices)
    }

    private func removeDomain(_ name: String) throws -> DirectoryNews {
        guard try has("SELECT 1 FROM domains WHERE name = ?", [name]) else { throw Rejection("there is no domain \(name)") }
        for (what, sql) in [
            ("accounts", "SELECT address FROM accounts WHERE domain = ? AND removed_at IS NULL"),
            ("aliases", "SELECT DISTINCT address FROM aliases WHERE domain = ?"),
            ("other names", "SELECT name FROM domains WHERE alias_of = ?"),
        ] {
            let found = try String.fetchAll(database, sql: sql + " LIMIT 4", arguments: [name])
            guard found.isEmpty else { throw Rejection("the domain \(name) has \(what) (\(found.named)): remove them first") }
        }
        try database.execute(sql: "DELETE FROM domains WHERE name = ?", arguments: [name])
        return .domainRemoved(name)
    }

    private func mustBeNew(_ name: String) throws {
        guard let row = try Row.fetchOne(database, sql: "SELECT alias_of FROM domains WHERE name = ?", arguments: [name])
        else { return }
        guard let target = row[0] as String? else { throw Rejection("the domain \(name) exists already") }
        throw Rejection("\(name) is another name of the domain \(target) already")
    }

    /// A domain with addresses of its own.
    func mustBeOurs(_ name: String) throws {
        guard let row = try Row.fetchOne(database, sql: "SELECT alias_of FROM domains WHERE name = ?", arguments: [name])
        else { throw Rejection("the domain \(name) is not ours: add it first (postern domain add \(name))") }
        guard let target = row[0] as String? else { return }
        throw Rejection("\(name) is only another name of the domain \(target): say \(target) instead")
    }
}

// Accounts.
extension DirectoryChanges {
    private func addAccount(
        _ address: EmailAddress, _ kind: AccountKind, _ password: KeptPassword?, _ now: Int64
    ) throws -> DirectoryNews {
        try mustBeOurs(address.domain)
        guard try accounts(address)[kind] == nil else { throw Rejection("the \(kind.rawValue) \(address) exists already") }
        try database.execute(
            sql: """
                INSERT INTO accounts (address, folded, domain, credential, created_at, kind) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [address.stored, address.folded, address.domain, password?.hash ?? "", now, kind.rawValue])
        let id = database.lastInsertedRowID
        try database.addMailboxes(of: id, kind, now)
        try keep(password?.verifiers ?? [], of: id)
        return .account(AccountID(rawValue: id), address, kind, try verifierKinds())
    }

    private func setPassword(_ address: EmailAddress, _ password: KeptPassword) throws -> DirectoryNews {
        let known = try accounts(address)
        guard let id = known[.user] else {
            guard let other = known.keys.first else { throw Rejection("there is no account \(address)") }
            throw Rejection("\(address) is a \(other.rawValue): nobody logs in to it")
        }
        try database.execute(sql: "UPDATE accounts SET credential = ? WHERE id = ?", arguments: [password.hash, id])
        try forgetVerifiers(of: id)
        try keep(password.verifiers, of: id)
        return .password(AccountID(rawValue: id), try verifierKinds())
    }

    /// The mail stays where it is, out of sight, and the address is free.
    private func removeAccount(_ address: EmailAddress, _ kind: AccountKind, _ now: Int64) throws -> DirectoryNews {
        let known = try accounts(address)
        guard let id = known[kind] else {
            throw Rejection("there is no \(kind == .user ? "account" : kind.rawValue) \(address)")
        }
        try mustBeFree(address, id, isLast: known.count == 1)
        try database.execute(sql: "UPDATE accounts SET removed_at = ?, credential = '' WHERE id = ?", arguments: [now, id])
        try database.execute(sql: "DELETE FROM rights WHERE grantee = ?", arguments: [id])
        try forgetVerifiers(of: id)
        return .accountRemoved(AccountID(rawValue: id), address, kind, try verifierKinds())
    }

    /// Nothing leads to it. What leads to its address still does, if another account has that.
    private func mustBeFree(_ address: EmailAddress, _ id: Int64, isLast: Bool) throws {
        let rules = try String.fetchAll(
            database, sql: "SELECT CAST(number AS TEXT) FROM rules WHERE account = ? ORDER BY number LIMIT 4", arguments: [id])
        guard rules.isEmpty else {
            throw Rejection("receive rules lead to \(address) (\(rules.named)): remove them first (postern rule remove)")
        }
        guard isLast else { return }
        let aliases = try String.fetchAll(
            database, sql: "SELECT DISTINCT address FROM aliases WHERE folded_target = ? LIMIT 4", arguments: [address.folded])
        guard aliases.isEmpty else {
            throw Rejection("aliases lead to \(address) (\(aliases.named)): remove them first (postern alias remove)")
        }
        let domains = try String.fetchAll(
            database, sql: "SELECT name FROM domains WHERE catch_all = ? COLLATE NOCASE LIMIT 4", arguments: [address.stored])
        guard domains.isEmpty else {
            throw Rejection("\(address) is the catch-all of \(domains.named): choose another first (postern domain set)")
        }
    }

    /// Those who have this address, by kind.
    func accounts(_ address: EmailAddress) throws -> [AccountKind: Int64] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT kind, id FROM accounts WHERE folded = ? AND removed_at IS NULL",
            arguments: [address.folded])
        return rows.reduce(into: [:]) { found, row in
            if let kind = AccountKind(rawValue: row[0]) { found[kind] = row[1] }
        }
    }
}

// Verifiers.
extension DirectoryChanges {
    private func keep(_ verifiers: [Verifier], of account: Int64) throws {
        for verifier in verifiers {
            try database.execute(
                sql: "INSERT INTO credentials (kind, account, verifier) VALUES (?, ?, ?)",
                arguments: [verifier.kind.rawValue, account, verifier.text])
        }
    }

    private func forgetVerifiers(of account: Int64) throws {
        for kind in VerifierKind.allCases {
            try database.execute(
                sql: "DELETE FROM credentials WHERE kind = ? AND account = ?", arguments: [kind.rawValue, account])
        }
    }

    /// Those that at least one account has.
    private func verifierKinds() throws -> Set<VerifierKind> { try Set<VerifierKind>(kept: database) }
}

extension Set<VerifierKind> {
    init(kept database: GRDB.Database) throws {
        self = []
        for kind in VerifierKind.allCases {
            let row = try Row.fetchOne(
                database, sql: "SELECT 1 FROM credentials WHERE kind = ? LIMIT 1", arguments: [kind.rawValue])
            if row != nil { insert(kind) }
        }
    }
}

extension DomainChoices {
    /// From the columns catch_all, transport, delimiters.
    init(_ row: Row) {
        self.init(catchAll: row["catch_all"], transport: row["transport"], delimiters: row["delimiters"])
    }
}

extension [String] {
    /// The first three, for a sentence.
    var named: String { prefix(3).joined(separator: ", ") + (count > 3 ? " …" : "") }
}
