// Snapshots of the directory: all of it at the start, pages for the administrator's command, credentials one by one.

import GRDB
import IPC
import Mail
import SASL

extension SQLiteDatabase {
    package func load() throws(DatabaseError) -> Loaded {
        try look { database in
            var loaded = Loaded()
            if let row = try Row.fetchOne(database, sql: "SELECT * FROM progress") {
                loaded.firstSpool = SpoolID(rawValue: row["next_spool"])
                loaded.synced = SpoolID(rawValue: row["synced_spool"])
                loaded.indexedEnd = SpoolPosition(segment: row["end_segment"], offset: row["end_offset"])
                loaded.directoryVersion = row["directory_version"]
                loaded.decoy = Secret(row["decoy"] as String? ?? "")
            }
            loaded.directory = try DirectoryTables(database)
            for name in try database.domainsWithQuotas() { loaded.directory.learn(try database.counted(name)) }
            let queue = try IndexStatement(
                database, "SELECT entry, destination, state = 'held', next_attempt FROM queue ORDER BY entry")
            try queue.rows {
                loaded.queue.append(
                    .init(
                        entry: EntryID(rawValue: queue.number(0)), destination: queue.text(1) ?? "",
                        isHeld: queue.integer(2) != 0, nextAttemptAt: queue.integer(3)))
            }
            return loaded
        }
    }

    package func verifier(_ kind: VerifierKind, of account: AccountID) async throws(DatabaseError) -> Verifier? {
        try await read { database in
            let text = try String.fetchOne(
                database, sql: "SELECT verifier FROM credentials WHERE kind = ? AND account = ?",
                arguments: [kind.rawValue, account.rawValue])
            return text.flatMap { Verifier(text: $0) }
        }
    }
}

extension DirectoryTables {
    /// All of it, row by row: a million accounts are never held twice.
    fileprivate init(_ database: GRDB.Database) throws {
        self.init()
        let domains = try Row.fetchCursor(database, sql: "SELECT * FROM domains WHERE alias_of IS NULL")
        while let row = try domains.next() { learn(.domain(row["name"], DomainChoices(row))) }
        let names = try Row.fetchCursor(database, sql: "SELECT name, alias_of FROM domains WHERE alias_of IS NOT NULL")
        while let row = try names.next() { learn(.domainAlias(row[0], of: row[1])) }
        let kinds = try Set<VerifierKind>(kept: database)
        let counts = try Row.fetchCursor(
            database, sql: "SELECT domain, kind, COUNT(*) FROM accounts WHERE removed_at IS NULL GROUP BY domain, kind")
        while let row = try counts.next() {
            if let kind = AccountKind(rawValue: row[1]) { reserve(row[2], kind, of: row[0]) }
        }
        let accounts = try IndexStatement(database, "SELECT id, kind, address FROM accounts WHERE removed_at IS NULL")
        try accounts.rows {
            guard let kind = AccountKind(rawValue: accounts.text(1) ?? ""),
                let address = EmailAddress(stored: accounts.text(2) ?? "")
            else { return }
            learn(.account(AccountID(rawValue: accounts.integer(0)), address, kind, kinds))
        }
        try loadAliases(database)
        learn(.rules(try [NumberedRule](database)))
        for list in AccessList.allCases { learn(.ranges(list, try [AddressRange](list, database))) }
    }

    private mutating func loadAliases(_ database: GRDB.Database) throws {
        let rows = try IndexStatement(database, "SELECT folded, target FROM aliases ORDER BY folded, place")
        var current: (folded: String, targets: [EmailAddress])?
        try rows.rows {
            guard let folded = rows.text(0), let target = rows.text(1).flatMap({ EmailAddress(stored: $0) }) else { return }
            if current?.folded == folded { return current!.targets.append(target) }
            learn(current)
            current = (folded, [target])
        }
        learn(current)
    }

    private mutating func learn(_ alias: (folded: String, targets: [EmailAddress])?) {
        guard let alias, let address = EmailAddress(stored: alias.folded) else { return }
        learn(.alias(address, targets: alias.targets))
    }
}

// Pages for the administrator's command.
extension SQLiteDatabase {
    package func domains(after name: String?, limit: Int) async throws(DatabaseError) -> [DomainEntry] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT name, (SELECT COUNT(*) FROM accounts WHERE domain = name AND removed_at IS NULL) AS accounts,
                        alias_of, catch_all, transport, delimiters, quota_octets, quota_messages, account_octets,
                        account_messages
                    FROM domains WHERE name > ? ORDER BY name LIMIT ?
                    """,
                arguments: [name ?? "", limit])
            return rows.map {
                DomainEntry(
                    name: $0[0], accounts: $0[1], aliasOf: $0["alias_of"], choices: DomainChoices($0),
                    quotas: DomainQuotas($0))
            }
        }
    }

    package func accounts(after address: EmailAddress?, limit: Int) async throws(DatabaseError) -> [AccountEntry] {
        try await read { database in
            // A verifier's kind leads its key, so each kind is a look-up of its own.
            let kinds = VerifierKind.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT a.folded, a.address, a.kind,
                        (SELECT COALESCE(SUM(messages), 0) FROM mailboxes WHERE account = a.id AND removed_at IS NULL),
                        (SELECT COALESCE(SUM(octets), 0) FROM mailboxes WHERE account = a.id AND removed_at IS NULL),
                        (SELECT group_concat(c.kind) FROM credentials c WHERE c.kind IN (\(kinds)) AND c.account = a.id),
                        a.quota_octets, a.quota_messages
                    FROM accounts a WHERE a.folded > ? AND a.removed_at IS NULL ORDER BY a.folded, a.kind LIMIT ?
                    """,
                arguments: [address?.folded ?? "", limit + AccountKind.allCases.count - 1])
            let last = rows.count > limit ? rows[limit - 1][0] as String : nil
            return rows.enumerated().compactMap { index, row in
                index < limit || row[0] as String == last ? AccountEntry(row) : nil
            }
        }
    }

    package func aliases(after address: EmailAddress?, targets: Int) async throws(DatabaseError) -> [AliasEntry] {
        try await read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT folded, address, target FROM aliases WHERE folded > ? ORDER BY folded, place",
                arguments: [address?.folded ?? ""])
            var page: [AliasEntry] = []
            var folded = ""
            var count = 0
            while let row = try rows.next() {
                guard let address = EmailAddress(stored: row[1]), let target = EmailAddress(stored: row[2]) else { continue }
                if row[0] != folded {
                    if count >= targets { break }
                    folded = row[0]
                    page.append(AliasEntry(address: address, targets: []))
                }
                page[page.count - 1].targets.append(target)
                count += 1
            }
            return page
        }
    }

    package func rules() async throws(DatabaseError) -> [NamedRule] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT r.number, a.address, r.local_part, r.domain, r.sender, r.source FROM rules r
                    JOIN accounts a ON a.id = r.account ORDER BY r.number
                    """)
            return rows.compactMap { row in
                guard let address = EmailAddress(stored: row[1]), let words = RuleWords(row) else { return nil }
                return NamedRule(
                    number: UInt64(bitPattern: row[0] as Int64), account: address, recipient: words.recipient,
                    sender: words.sender, source: words.source)
            }
        }
    }
}

extension AccountEntry {
    /// From folded, address, kind, messages, octets, kinds of verifiers, limits of octets and messages.
    fileprivate init?(_ row: Row) {
        guard let address = EmailAddress(stored: row[1]), let kind = AccountKind(rawValue: row[2]) else { return nil }
        let verifiers = (row[5] as String? ?? "").split(separator: ",").compactMap { VerifierKind(rawValue: String($0)) }
        let mechanisms = SASLMechanism.satisfied(by: Set(verifiers), hasPassword: kind == .user)
        self.init(
            address: address, kind: kind, mechanisms: mechanisms.map(\.rawValue), messages: row[3], octets: row[4],
            quota: QuotaLimits(columns: row[6], row[7]))
    }
}
