// Limits and use as the index has them: sums of what mailboxes count. For the start, for a change of limits, and pages for the
// administrator's command.

import GRDB
import IPC
import Mail

extension GRDB.Database {
    private static let limitedDomains = """
        SELECT name FROM domains INDEXED BY domains_limited
        WHERE quota_octets > 0 OR quota_messages > 0 OR account_octets > 0 OR account_messages > 0
        """
    private static let limitedAccounts = """
        SELECT domain FROM accounts INDEXED BY accounts_limited
        WHERE (quota_octets > 0 OR quota_messages > 0) AND removed_at IS NULL
        """

    /// Somebody has a limit.
    func hasQuotas() throws -> Bool {
        try Bool.fetchOne(self, sql: "SELECT EXISTS (\(Self.limitedDomains)) OR EXISTS (\(Self.limitedAccounts))") ?? false
    }

    /// Those with a limit of their own or of an account.
    func domainsWithQuotas() throws -> [String] {
        try String.fetchAll(self, sql: "\(Self.limitedDomains) UNION \(Self.limitedAccounts)")
    }

    /// nil: the domain as a whole has no limit.
    func domainQuota(_ name: String) throws -> (rule: QuotaRule, octets: Int64, messages: Int64)? {
        let limits = try Row.fetchOne(
            self, sql: "SELECT quota_octets, quota_messages FROM domains WHERE name = ?", arguments: [name])
        guard let limits else { return nil }
        let rule = QuotaRule(octets: limits[0], messages: limits[1])
        guard !rule.isNone else { return nil }
        let kept = try kept(in: name)
        return (rule, kept.octets, kept.messages)
    }

    /// What all accounts of a domain keep together.
    func kept(in domain: String) throws -> (octets: Int64, messages: Int64) {
        let row = try Row.fetchOne(
            self,
            sql: """
                SELECT COALESCE(SUM(m.octets), 0), COALESCE(SUM(m.messages), 0) FROM accounts a
                JOIN mailboxes m ON m.account = a.id AND m.removed_at IS NULL
                WHERE a.domain = ? AND a.removed_at IS NULL
                """,
            arguments: [domain])
        return (row?[0] ?? 0, row?[1] ?? 0)
    }

    /// Who is full in a domain.
    func counted(_ domain: String) throws -> QuotaNews {
        let whole = try domainQuota(domain)
        let isFull = whole.map { $0.rule.level(($0.octets, $0.messages)) == .full } ?? false
        let full = try Int64.fetchAll(
            self,
            sql: """
                SELECT a.id FROM accounts a JOIN domains d ON d.name = a.domain
                JOIN mailboxes m ON m.account = a.id AND m.removed_at IS NULL WHERE a.domain = ? AND a.removed_at IS NULL
                    AND (COALESCE(a.quota_octets, d.account_octets, 0) > 0
                        OR COALESCE(a.quota_messages, d.account_messages, 0) > 0)
                GROUP BY a.id
                HAVING SUM(m.octets) >= NULLIF(COALESCE(a.quota_octets, d.account_octets, 0), 0)
                    OR SUM(m.messages) >= NULLIF(COALESCE(a.quota_messages, d.account_messages, 0), 0)
                """,
            arguments: [domain])
        return .counted(domain: domain, isFull: isFull, full: Set(full.map { AccountID(rawValue: $0) }))
    }
}

extension SQLiteDatabase {
    package func quotas(_ listing: QuotaListing, limit: Int) async throws(DatabaseError) -> [QuotaEntry] {
        try await read { database in
            switch listing {
            case .domains(let name):
                return try database.domainEntries("name > ? ORDER BY name LIMIT ?", [name ?? "", limit])
            case .domain(let name): return try database.domainEntries("name = ?", [name])
            case .accounts(let domain, let address):
                return try database.accountEntries(of: domain, after: address, limit)
            case .account(let address):
                return try database.accountEntries("a.folded = ? ORDER BY a.kind", [address.folded])
            }
        }
    }
}

extension GRDB.Database {
    fileprivate func domainEntries(_ condition: String, _ arguments: StatementArguments) throws -> [QuotaEntry] {
        let rows = try Row.fetchAll(
            self, sql: "SELECT name, quota_octets, quota_messages FROM domains WHERE alias_of IS NULL AND \(condition)",
            arguments: arguments)
        return try rows.map { row in
            let (kept, rule) = (try kept(in: row[0]), QuotaRule(octets: row[1], messages: row[2]))
            return QuotaEntry(
                domain: row[0], octets: UInt64(clamping: kept.octets), messages: UInt64(clamping: kept.messages),
                limits: QuotaLimits(rule), isFull: rule.level(kept) == .full)
        }
    }

    /// Those of one address stay together, in pages that are a little longer for it.
    fileprivate func accountEntries(of domain: String?, after address: EmailAddress?, _ limit: Int) throws -> [QuotaEntry] {
        let most = limit + AccountKind.allCases.count - 1
        let (inDomain, arguments): (String, StatementArguments) =
            domain.map { ("AND a.domain = ?", [address?.folded ?? "", $0, most]) } ?? ("", [address?.folded ?? "", most])
        let found = try accountEntries("a.folded > ? \(inDomain) ORDER BY a.folded, a.kind LIMIT ?", arguments)
        guard found.count > limit else { return found }
        let last = found[limit - 1].account?.folded
        return Array(found.prefix(limit)) + found.dropFirst(limit).prefix { $0.account?.folded == last }
    }

    fileprivate func accountEntries(_ condition: String, _ arguments: StatementArguments) throws -> [QuotaEntry] {
        let rows = try Row.fetchAll(
            self,
            sql: """
                SELECT a.address, a.kind, a.domain, COALESCE(a.quota_octets, d.account_octets, 0) AS may_octets,
                    COALESCE(a.quota_messages, d.account_messages, 0) AS may_messages,
                    (SELECT COALESCE(SUM(octets), 0) FROM mailboxes WHERE account = a.id AND removed_at IS NULL) AS octets,
                    (SELECT COALESCE(SUM(messages), 0) FROM mailboxes WHERE account = a.id AND removed_at IS NULL) AS messages
                FROM accounts a JOIN domains d ON d.name = a.domain WHERE a.removed_at IS NULL AND \(condition)
                """,
            arguments: arguments)
        var isFull: [String: Bool] = [:]
        return try rows.compactMap { row in
            guard let address = EmailAddress(stored: row[0]), let kind = AccountKind(rawValue: row[1]) else { return nil }
            let rule = QuotaRule(limits: row["may_octets"], row["may_messages"])
            let kept: (octets: Int64, messages: Int64) = (row["octets"], row["messages"])
            let whole = try isFull[address.domain] ?? isWholeFull(row[2])
            isFull[address.domain] = whole
            return QuotaEntry(
                account: address, kind: kind, domain: row[2], octets: UInt64(clamping: kept.octets),
                messages: UInt64(clamping: kept.messages), limits: QuotaLimits(rule),
                isFull: whole || rule.level(kept) == .full)
        }
    }

    private func isWholeFull(_ domain: String) throws -> Bool {
        try domainQuota(domain).map { $0.rule.level(($0.octets, $0.messages)) == .full } ?? false
    }
}

extension QuotaRule {
    /// 0 is none.
    fileprivate init(limits octets: Int64, _ messages: Int64) {
        self.init(octets: octets > 0 ? octets : nil, messages: messages > 0 ? messages : nil)
    }
}

extension QuotaLimits {
    fileprivate init(_ rule: QuotaRule) {
        self.init(octets: rule.octets.map { UInt64($0) }, messages: rule.messages.map { UInt64($0) })
    }

    /// From columns; NULL is nil, 0 stays.
    init(columns octets: Int64?, _ messages: Int64?) {
        self.init(octets: octets.map { UInt64(clamping: $0) }, messages: messages.map { UInt64(clamping: $0) })
    }
}

extension DomainQuotas {
    init(_ row: Row) {
        self.init(
            whole: QuotaLimits(columns: row["quota_octets"], row["quota_messages"]),
            account: QuotaLimits(columns: row["account_octets"], row["account_messages"]))
    }
}
