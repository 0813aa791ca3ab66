// What accounts and domains with limits keep, in memory beside the counters of mailboxes: read by a sum when it is first
// needed, and then moved by every change of a counter. Whoever has no limit costs nothing.
//
// Guarantee: everything that is counted here follows MailboxCounter, so that a change of mailboxes which goes through
// counters is right here without knowing of it. What goes past them says `recount`.

import GRDB
import IPC
import Mail

/// What one account, or one domain as a whole, keeps. An account without a limit has one because of its domain.
final class QuotaUse {
    /// nil: a domain.
    let account: AccountID?
    let name: String
    let rule: QuotaRule
    let domain: QuotaUse?
    fileprivate(set) var octets: Int64
    fileprivate(set) var messages: Int64
    /// As it was told last.
    fileprivate var level: QuotaLevel
    private unowned let quotas: Quotas
    fileprivate var isTouched = false

    fileprivate init(
        _ account: AccountID?, _ name: String, _ rule: QuotaRule, in domain: QuotaUse?, octets: Int64, messages: Int64,
        _ quotas: Quotas
    ) {
        self.account = account
        self.name = name
        self.rule = rule
        self.domain = domain
        self.octets = octets
        self.messages = messages
        self.quotas = quotas
        level = rule.level((octets, messages))
    }

    func add(messages: Int64 = 0, octets: Int64 = 0) {
        self.messages += messages
        self.octets += octets
        quotas.touch(self)
        domain?.add(messages: messages, octets: octets)
    }

    func takes(_ count: Int64, octets size: Int64, grace: Int64) -> Bool {
        rule.takes(count, octets: size, over: (octets, messages), grace: grace)
    }

    fileprivate var step: QuotaStep {
        QuotaStep(
            name: name, domain: domain?.name ?? name.domainPart, from: level, to: rule.level((octets, messages)),
            octets: octets, messages: messages)
    }
}

/// How often a message would be kept, in the order in which it is asked: an account may get it in several mailboxes.
private struct Wanted {
    private(set) var all: [(use: QuotaUse, count: Int64)] = []
    private var places: [ObjectIdentifier: Int] = [:]

    mutating func add(_ use: QuotaUse) {
        if let place = places[ObjectIdentifier(use)] {
            all[place].count += 1
        } else {
            places[ObjectIdentifier(use)] = all.count
            all.append((use, 1))
        }
    }
}

/// Used by the index thread alone.
final class Quotas {
    private struct Known {
        weak var use: QuotaUse?
    }

    /// Somebody has a limit.
    private(set) var areSet = false
    private let database: GRDB.Database
    private let grace: Int64
    private let find: IndexStatement
    private let sum: IndexStatement
    /// Counters hold them; a use that no counter holds is read again.
    private var accounts: [AccountID: Known] = [:]
    private var domains: [String: QuotaUse] = [:]
    private var touched: [QuotaUse] = []
    private var news: [QuotaNews] = []

    /// - Parameter grace: octets that the last message may go over a limit.
    init(_ database: GRDB.Database, grace: Int64) throws {
        self.database = database
        self.grace = grace
        find = try IndexStatement(
            database,
            """
            SELECT a.address, a.domain, COALESCE(a.quota_octets, d.account_octets, 0),
                COALESCE(a.quota_messages, d.account_messages, 0), d.quota_octets IS NOT NULL OR d.quota_messages IS NOT NULL
            FROM accounts a JOIN domains d ON d.name = a.domain WHERE a.id = ?1
            """)
        sum = try IndexStatement(
            database,
            """
            SELECT COALESCE(SUM(octets), 0), COALESCE(SUM(messages), 0) FROM mailboxes
            WHERE account = ?1 AND removed_at IS NULL
            """)
        areSet = try database.hasQuotas()
    }

    /// Of an account whose counters were not changed since the index was last written; nil: it has no limit.
    func use(of account: AccountID) throws -> QuotaUse? {
        guard areSet else { return nil }
        if let known = accounts[account]?.use { return known }
        var found: (name: String, domain: String, rule: QuotaRule, isDomainLimited: Bool)?
        find.bind(1, account.rawValue)
        try find.rows {
            let rule = QuotaRule(octets: find.limit(2), messages: find.limit(3))
            found = (find.text(0) ?? "", find.text(1) ?? "", rule, find.integer(4) != 0)
        }
        guard let found, !found.rule.isNone || found.isDomainLimited else { return nil }
        let domain = found.isDomainLimited ? try whole(found.domain) : nil
        let kept = try self.sum(of: account)
        let use = QuotaUse(
            account, found.name, found.rule, in: domain, octets: kept.octets, messages: kept.messages, self)
        if accounts.count > 100_000 { accounts = accounts.filter { $0.value.use != nil } }
        accounts[account] = Known(use: use)
        return use
    }

    private func sum(of account: AccountID) throws -> (octets: Int64, messages: Int64) {
        var found: (Int64, Int64) = (0, 0)
        sum.bind(1, account.rawValue)
        try sum.rows { found = (sum.integer(0), sum.integer(1)) }
        return found
    }

    /// nil: the domain as a whole has no limit.
    private func whole(_ name: String) throws -> QuotaUse? {
        if let known = domains[name] { return known }
        guard let row = try database.domainQuota(name) else { return nil }
        let use = QuotaUse(nil, name, row.rule, in: nil, octets: row.octets, messages: row.messages, self)
        domains[name] = use
        return use
    }

    /// Whether a message of this size finds room in all boxes; nil: it does. Nothing is changed.
    /// - Parameter hasOthers: the message goes to other servers too.
    func refusal(of boxes: [MailboxCounter], octets: Int64, hasOthers: Bool) -> QuotaShortage? {
        var seen: Set<Int64> = []
        var accounts = Wanted()
        var domains = Wanted()
        var isEverybody = !hasOthers
        for box in boxes where boxes.count == 1 || seen.insert(box.id).inserted {
            guard let use = box.quota else {
                isEverybody = false
                continue
            }
            accounts.add(use)
            if let domain = use.domain { domains.add(domain) }
        }
        var over: [QuotaUse] = []
        var limit: QuotaUse?
        for (use, count) in accounts.all where !use.takes(count, octets: count * octets, grace: grace) {
            over.append(use)
            limit = limit ?? use
        }
        for (domain, count) in domains.all where !domain.takes(count, octets: count * octets, grace: grace) {
            over += accounts.all.map(\.use).filter { use in use.domain === domain && !over.contains { $0 === use } }
            limit = limit ?? domain
        }
        guard let limit else { return nil }
        return QuotaShortage(
            accounts: over.compactMap(\.account), isEverybody: isEverybody && over.count == accounts.all.count,
            because: "\(limit.name) has no room for \(octets) octets")
    }

    fileprivate func touch(_ use: QuotaUse) {
        guard !use.isTouched else { return }
        use.isTouched = true
        touched.append(use)
    }
}

// From one level to another.
extension Quotas {
    /// What has changed since the last time becomes news.
    func settle() {
        guard !touched.isEmpty else { return }
        for use in touched {
            use.isTouched = false
            let step = use.step
            guard step.from != step.to else { continue }
            use.level = step.to
            news.append(use.account.map { .account($0, step) } ?? .domain(step))
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// To be called when the transaction is durable.
    func takeNews() -> [QuotaNews] {
        defer { news.removeAll() }
        return news
    }

    /// The counters are read again, so the uses of accounts are too. All that was changed has been settled.
    func forgetAccounts() {
        accounts.removeAll()
        for use in touched { use.isTouched = false }
        touched.removeAll()
    }

    /// The transaction did not happen.
    func abort() {
        forgetAccounts()
        domains.removeAll()
        news.removeAll()
        // A change of limits may have been part of it.
        areSet = (try? database.hasQuotas()) ?? true
    }
}

// What goes past the counters.
extension Quotas {
    /// An account of the domain is about to go.
    func prepare(for domain: String) throws { if areSet { _ = try whole(domain) } }

    /// It has gone, with what it keeps.
    func left(_ account: AccountID, _ domain: String) throws {
        guard let whole = domains[domain] else { return }
        let kept = try sum(of: account)
        whole.add(messages: -kept.messages, octets: -kept.octets)
        settle()
    }

    func forget(domain: String) throws {
        domains[domain] = nil
        areSet = try database.hasQuotas()
    }

    func level(of account: AccountID) throws -> QuotaLevel { try use(of: account)?.level ?? .room }

    func level(of domain: String) throws -> QuotaLevel { areSet ? try whole(domain)?.level ?? .room : .room }

    /// All counters have been saved and are read again.
    func limitsChanged(of account: AccountID, from before: QuotaLevel) throws {
        areSet = try database.hasQuotas()
        forgetAccounts()
        guard let name = try name(of: account) else { return }
        let (use, kept) = (try use(of: account), try sum(of: account))
        let step = QuotaStep(
            name: name.account, domain: name.domain, from: before, to: use?.level ?? .room, octets: kept.octets,
            messages: kept.messages)
        if step.from != step.to { news.append(.account(account, step)) }
    }

    func limitsChanged(of domain: String, from before: QuotaLevel) throws {
        areSet = try database.hasQuotas()
        forgetAccounts()
        domains[domain] = nil
        let (level, kept) = (try level(of: domain), try database.kept(in: domain))
        let step = QuotaStep(
            name: domain, domain: domain, from: before, to: level, octets: kept.octets, messages: kept.messages)
        if step.from != step.to { news.append(.domain(step)) }
        try news.append(database.counted(domain))
    }

    private func name(of account: AccountID) throws -> (account: String, domain: String)? {
        var found: (String, String)?
        find.bind(1, account.rawValue)
        try find.rows { found = (find.text(0) ?? "", find.text(1) ?? "") }
        return found
    }

    /// Mailboxes were changed past their counters.
    func recount() throws {
        guard areSet else { return }
        domains.removeAll()
        for name in try database.domainsWithQuotas() { try news.append(database.counted(name)) }
    }
}

extension IndexStatement {
    /// 0 is none.
    fileprivate func limit(_ index: Int32) -> Int64? {
        let number = integer(index)
        return number > 0 ? number : nil
    }
}

extension String {
    fileprivate var domainPart: String { utf8.lastIndex(of: UInt8(ascii: "@")).map { String(self[index(after: $0)...]) } ?? self }
}
