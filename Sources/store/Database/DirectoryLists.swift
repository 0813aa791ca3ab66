// The directory's changes: aliases, receive rules, lists of addresses. Each list has an end, since others keep it whole.

import GRDB
import IPC
import Mail

// Aliases.
extension DirectoryChanges {
    func addAlias(_ address: EmailAddress, _ new: [EmailAddress]) throws -> DirectoryNews {
        try mustBeOurs(address.domain)
        guard !new.isEmpty else { throw Rejection("an alias needs somebody to lead to") }
        var targets = try self.targets(of: address)
        for target in new {
            // With a mailbox there it is a forward that keeps a copy; a processor gets its mail by rules.
            if try folded(target) == address.folded, try accounts(address).keys.allSatisfy({ $0 == .processor }) {
                throw Rejection("the alias \(address) would lead to itself, and there is no mailbox of that name")
            }
            if !targets.contains(target) { targets.append(target) }
        }
        guard targets.count <= DirectoryLimits.targets else {
            throw Rejection("an alias leads to \(DirectoryLimits.targets) addresses at most: make more than one of it")
        }
        try write(targets, of: address)
        return .alias(address, targets: targets)
    }

    func removeAlias(_ address: EmailAddress, _ old: [EmailAddress]) throws -> DirectoryNews {
        let targets = try self.targets(of: address)
        guard !targets.isEmpty else { throw Rejection("there is no alias \(address)") }
        if let stranger = old.first(where: { !targets.contains($0) }) {
            throw Rejection("the alias \(address) does not lead to \(stranger)")
        }
        let left = old.isEmpty ? [] : targets.filter { !old.contains($0) }
        try write(left, of: address)
        return .alias(address, targets: left)
    }

    private func targets(of address: EmailAddress) throws -> [EmailAddress] {
        let rows = try String.fetchAll(
            database, sql: "SELECT target FROM aliases WHERE folded = ? ORDER BY place", arguments: [address.folded])
        return rows.compactMap { EmailAddress(stored: $0) }
    }

    private func write(_ targets: [EmailAddress], of address: EmailAddress) throws {
        try database.execute(sql: "DELETE FROM aliases WHERE folded = ?", arguments: [address.folded])
        for (place, target) in targets.enumerated() {
            try database.execute(
                sql: """
                    INSERT INTO aliases (folded, place, address, domain, target, folded_target) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [address.folded, place, address.stored, address.domain, target.stored, try folded(target)])
        }
    }

    /// As an account of ours would be looked up.
    private func folded(_ address: EmailAddress) throws -> String {
        let target = try String.fetchOne(
            database, sql: "SELECT alias_of FROM domains WHERE name = ? AND alias_of IS NOT NULL",
            arguments: [address.domain])
        return EmailAddress(localPart: address.localPart, domain: target ?? address.domain).folded
    }
}

// Receive rules.
extension DirectoryChanges {
    func addRule(_ words: RuleWords, _ address: EmailAddress) throws -> DirectoryNews {
        let known = try accounts(address)
        guard let id = known[.processor] ?? known[.user] ?? known[.folder] else {
            throw Rejection("there is no account \(address): add it first (postern account add \(address))")
        }
        let rules = try [NumberedRule](database)
        guard rules.count < DirectoryLimits.rules else {
            throw Rejection("there are \(DirectoryLimits.rules) rules already, and more there cannot be: remove one first")
        }
        let new = NumberedRule(number: 0, words, account: AccountID(rawValue: id), of: address.domain).rule
        if let same = rules.first(where: { $0.rule == new }) {
            throw Rejection("rule \(same.number) says the same already")
        }
        try database.execute(
            sql: "INSERT INTO rules (account, local_part, domain, sender, source) VALUES (?, ?, ?, ?, ?)",
            arguments: [id, words.localPart, words.domain, words.sender, words.source?.description])
        return .rules(try [NumberedRule](database))
    }

    func removeRule(_ number: UInt64) throws -> DirectoryNews {
        let number = Int64(bitPattern: number)
        guard try has("SELECT 1 FROM rules WHERE number = ?", [number]) else {
            throw Rejection("there is no rule \(number): postern rule list shows those there are")
        }
        try database.execute(sql: "DELETE FROM rules WHERE number = ?", arguments: [number])
        return .rules(try [NumberedRule](database))
    }
}

extension [NumberedRule] {
    init(_ database: GRDB.Database) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT r.number, r.account, r.local_part, r.domain, r.sender, r.source, a.domain AS home FROM rules r
                JOIN accounts a ON a.id = r.account ORDER BY r.number
                """)
        self = rows.compactMap { row in
            guard let words = RuleWords(row) else { return nil }
            return NumberedRule(
                number: UInt64(bitPattern: row["number"]), words, account: AccountID(rawValue: row["account"]), of: row["home"])
        }
    }
}

extension RuleWords {
    /// From the columns local_part, domain, sender, source. nil: a source that cannot be read, so that no rule becomes
    /// wider than it was.
    init?(_ row: Row) {
        var source: AddressRange?
        if let text = row["source"] as String? {
            guard let range = AddressRange(text) else { return nil }
            source = range
        }
        self.init(localPart: row["local_part"], domain: row["domain"], sender: row["sender"], source: source)
    }
}

// Lists of addresses.
extension DirectoryChanges {
    func addRange(_ list: AccessList, _ range: AddressRange) throws -> DirectoryNews {
        let ranges = try [AddressRange](list, database)
        guard !ranges.contains(range) else { throw Rejection("\(range) is \(list.rawValue) already") }
        guard ranges.count < DirectoryLimits.ranges else {
            throw Rejection("the list has \(DirectoryLimits.ranges) ranges already, and more there cannot be: remove one first")
        }
        try database.execute(
            sql: "INSERT INTO ranges (list, range) VALUES (?, ?)", arguments: [list.rawValue, range.description])
        return .ranges(list, try [AddressRange](list, database))
    }

    func removeRange(_ list: AccessList, _ range: AddressRange) throws -> DirectoryNews {
        guard try [AddressRange](list, database).contains(range) else {
            throw Rejection(
                "\(range) is not in the list: postern \(list.rawValue) list shows what is, settings come from the file")
        }
        try database.execute(
            sql: "DELETE FROM ranges WHERE list = ? AND range = ?", arguments: [list.rawValue, range.description])
        return .ranges(list, try [AddressRange](list, database))
    }
}

extension [AddressRange] {
    init(_ list: AccessList, _ database: GRDB.Database) throws {
        let texts = try String.fetchAll(
            database, sql: "SELECT range FROM ranges WHERE list = ? ORDER BY range", arguments: [list.rawValue])
        self = texts.compactMap { AddressRange($0) }
    }
}
