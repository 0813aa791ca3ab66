// Limits: what is kept, who is full, and what a group makes news. Levels are never kept, only compared.

import IPC
import Mail

@testable import store

/// Who may have a limit.
enum QuotaHolder: Hashable {
    case account(AccountID)
    case domain(String)
}

extension MemoryModel {
    typealias Kept = (octets: Int64, messages: Int64)

    /// 0 is none.
    private static func rule(_ octets: UInt64?, _ messages: UInt64?) -> QuotaRule {
        QuotaRule(
            octets: octets.flatMap { $0 > 0 ? Int64($0) : nil }, messages: messages.flatMap { $0 > 0 ? Int64($0) : nil })
    }

    func rule(of account: Account) -> QuotaRule {
        let usual = domains[account.address.domain]?.quotas.account ?? QuotaLimits()
        return Self.rule(account.quota.octets ?? usual.octets, account.quota.messages ?? usual.messages)
    }

    func rule(of domain: String) -> QuotaRule {
        let limits = domains[domain]?.quotas.whole ?? QuotaLimits()
        return Self.rule(limits.octets, limits.messages)
    }

    func kept(by account: AccountID) -> Kept {
        mailboxes(of: account).reduce((0, 0)) {
            ($0.0 + Int64($1.mailbox.octets), $0.1 + Int64($1.mailbox.placements.count))
        }
    }

    func kept(in domain: String) -> Kept {
        accounts.filter { $0.value.removedAt == nil && $0.value.address.domain == domain }.keys.map { kept(by: $0) }
            .reduce((0, 0)) { ($0.0 + $1.octets, $0.1 + $1.messages) }
    }

    func isWholeFull(_ domain: String) -> Bool { rule(of: domain).level(kept(in: domain)) == .full }

    /// Of those who have a limit.
    var levels: [QuotaHolder: QuotaLevel] {
        var levels: [QuotaHolder: QuotaLevel] = [:]
        for (id, account) in accounts where account.removedAt == nil {
            let rule = rule(of: account)
            if !rule.isNone { levels[.account(id)] = rule.level(kept(by: id)) }
        }
        for name in domains.keys where !rule(of: name).isNone { levels[.domain(name)] = rule(of: name).level(kept(in: name)) }
        return levels
    }

    /// Those with a limit of their own, for their accounts, or of an account.
    var domainsWithQuotas: [String] {
        var names = Set(
            domains.filter { _, domain in
                let limits = domain.quotas
                return [limits.whole.octets, limits.whole.messages, limits.account.octets, limits.account.messages]
                    .contains { $0 ?? 0 > 0 }
            }.keys)
        for account in accounts.values where account.removedAt == nil {
            if !Self.rule(account.quota.octets, account.quota.messages).isNone { names.insert(account.address.domain) }
        }
        return names.inOrder
    }

    func counted(_ domain: String) -> QuotaNews {
        let full = accounts.filter { id, account in
            account.removedAt == nil && account.address.domain == domain && rule(of: account).level(kept(by: id)) == .full
        }
        return .counted(domain: domain, isFull: isWholeFull(domain), full: Set(full.keys))
    }

    /// Whether a message finds room in all boxes; nil: it does.
    func shortage(_ boxes: [MailboxID], octets: Int64, _ hasOthers: Bool, _ grace: Int64) -> QuotaShortage? {
        var wanted: [(account: AccountID, count: Int64)] = []
        for box in Set(boxes).sorted(by: { boxes.firstIndex(of: $0)! < boxes.firstIndex(of: $1)! }) {
            let account = mailboxes[box]!.account
            if let place = wanted.firstIndex(where: { $0.account == account }) {
                wanted[place].count += 1
            } else {
                wanted.append((account, 1))
            }
        }
        var over: [AccountID] = []
        var name: String?
        for (account, count) in wanted {
            let found = accounts[account]!
            guard !rule(of: found).takes(count, octets: count * octets, over: kept(by: account), grace: grace) else { continue }
            over.append(account)
            name = name ?? found.address.stored
        }
        var seen: Set<String> = []
        for domain in wanted.map({ accounts[$0.account]!.address.domain }) where seen.insert(domain).inserted {
            let within = wanted.filter { accounts[$0.account]!.address.domain == domain }
            let count = within.reduce(0) { $0 + $1.count }
            guard !rule(of: domain).takes(count, octets: count * octets, over: kept(in: domain), grace: grace) else { continue }
            over += within.map(\.account).filter { !over.contains($0) }
            name = name ?? domain
        }
        guard let name else { return nil }
        return QuotaShortage(
            accounts: over, isEverybody: !hasOthers && over.count == wanted.count,
            because: "\(name) has no room for \(octets) octets")
    }
}

extension MemoryTransaction {
    /// What has crossed a line since the last time becomes news.
    mutating func settle() {
        let levels = model.levels
        for holder in Set(levels.keys).union(told.keys) {
            let (from, to) = (told[holder] ?? .room, levels[holder] ?? .room)
            guard from != to else { continue }
            switch holder {
            case .account(let id):
                guard model.isLive(id), let account = model.accounts[id] else { continue }
                let kept = model.kept(by: id)
                let step = QuotaStep(
                    name: account.address.stored, domain: account.address.domain, from: from, to: to, octets: kept.octets,
                    messages: kept.messages)
                news.append(.account(id, step))
            case .domain(let name):
                guard model.domains[name] != nil else { continue }
                let kept = model.kept(in: name)
                let step = QuotaStep(
                    name: name, domain: name, from: from, to: to, octets: kept.octets, messages: kept.messages)
                news.append(.domain(step))
            }
        }
        told = levels
    }

    mutating func setQuota(_ owner: QuotaOwner, _ change: QuotaChange) throws {
        settle()
        switch owner {
        case .account(let address, let kind):
            let id = try model.account(address, kind)
            if let word = change.octets { model.accounts[id]?.quota.octets = word == .none ? 0 : word.limit }
            if let word = change.messages { model.accounts[id]?.quota.messages = word == .none ? 0 : word.limit }
            settle()
        case .domain(let name):
            try model.mustBeOurs(name)
            let before = told
            var limits = model.domains[name]!.quotas
            if let word = change.octets { limits.whole.octets = word.limit }
            if let word = change.messages { limits.whole.messages = word.limit }
            if let word = change.accountOctets { limits.account.octets = word.limit }
            if let word = change.accountMessages { limits.account.messages = word.limit }
            model.domains[name]?.quotas = limits
            // Of the accounts nothing is told but who is full.
            told = model.levels
            told[.domain(name)] = before[.domain(name)]
            settle()
            news.append(model.counted(name))
        }
    }
}

extension QuotaWord {
    fileprivate var limit: UInt64? {
        if case .limit(let number) = self { return number }
        return nil
    }
}
