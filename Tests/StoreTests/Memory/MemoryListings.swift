// What the memory engine says of the directory, of limits, and of itself for a backup.

import Glibc
import IPC
import Mail
import SASL

@testable import store

extension MemoryDatabase {
    func load() throws(DatabaseError) -> Loaded {
        try look { model in
            var loaded = Loaded()
            (loaded.firstSpool, loaded.synced, loaded.indexedEnd) = (model.nextSpool, model.synced, model.end)
            (loaded.directoryVersion, loaded.decoy) = (model.directoryVersion, Secret(model.decoy))
            loaded.directory = model.tables
            for name in model.domainsWithQuotas { loaded.directory.learn(model.counted(name)) }
            loaded.queue = model.queue.sorted { $0.key < $1.key }.map { entry, open in
                Loaded.Waiting(
                    entry: entry, destination: open.recipient.domain, isHeld: open.state == .held,
                    nextAttemptAt: open.nextAttempt)
            }
            return loaded
        }
    }

    func passwords(of account: AccountID) async throws(DatabaseError) -> [StoredPassword] {
        try await read { model in
            guard model.isLive(account), let known = model.accounts[account] else { return [] }
            return [known.own] + known.named.keys.inOrder.map { known.named[$0]! }
        }
    }

    func verifier(_ kind: VerifierKind, of account: AccountID) async throws(DatabaseError) -> Verifier? {
        try await read { $0.accounts[account]?.verifiers[kind] }
    }
}

extension MemoryModel {
    fileprivate var tables: DirectoryTables {
        var tables = DirectoryTables()
        for (name, domain) in domains where domain.aliasOf == nil { tables.learn(.domain(name, domain.choices)) }
        for (name, domain) in domains { if let target = domain.aliasOf { tables.learn(.domainAlias(name, of: target)) } }
        for (id, account) in accounts where account.removedAt == nil {
            tables.learn(.account(id, account.address, account.kind, verifierKinds))
        }
        for alias in aliases.values { tables.learn(.alias(alias.address, targets: alias.targets)) }
        tables.learn(.rules(numberedRules))
        for list in AccessList.allCases { tables.learn(.ranges(list, inOrder(list))) }
        return tables
    }

    /// Accounts that are there, in the order of their addresses.
    fileprivate func residents(after address: EmailAddress?) -> [(id: AccountID, account: Account)] {
        accounts.filter { $0.value.removedAt == nil && $0.value.address.folded.isBehind(address?.folded) }
            .map { ($0.key, $0.value) }.sorted { left, right in
                let (one, other) = (left.account.address.folded, right.account.address.folded)
                return one == other ? left.account.kind.rawValue < right.account.kind.rawValue : other.isBehind(one)
            }
    }

    /// Those of one address stay together.
    fileprivate func page(_ all: [(id: AccountID, account: Account)], _ limit: Int) -> [(id: AccountID, account: Account)] {
        guard all.count > limit else { return all }
        let last = all[limit - 1].account.address.folded
        return all.prefix(limit) + all.dropFirst(limit).prefix { $0.account.address.folded == last }
    }
}

// Pages.
extension MemoryDatabase {
    func domains(after name: String?, limit: Int) async throws(DatabaseError) -> [DomainEntry] {
        try await read { model in
            model.domains.keys.filter { $0.isBehind(name) }.inOrder.prefix(limit).map { name in
                let domain = model.domains[name]!
                let number = model.accounts.values.count { $0.removedAt == nil && $0.address.domain == name }
                return DomainEntry(
                    name: name, accounts: UInt64(number), aliasOf: domain.aliasOf, choices: domain.choices,
                    quotas: domain.quotas)
            }
        }
    }

    func accounts(after address: EmailAddress?, limit: Int) async throws(DatabaseError) -> [AccountEntry] {
        try await read { model in
            model.page(model.residents(after: address), limit).map { id, account in
                let kept = model.kept(by: id)
                let mechanisms = SASLMechanism.satisfied(
                    by: Set(account.verifiers.keys), hasPassword: account.kind == .user)
                return AccountEntry(
                    address: account.address, kind: account.kind, mechanisms: mechanisms.map(\.rawValue),
                    messages: UInt64(kept.messages), octets: UInt64(kept.octets), quota: account.quota)
            }
        }
    }

    func aliases(after address: EmailAddress?, targets: Int) async throws(DatabaseError) -> [AliasEntry] {
        try await read { model in
            var page: [AliasEntry] = []
            for folded in model.aliases.keys.filter({ $0.isBehind(address?.folded) }).inOrder {
                guard page.reduce(0, { $0 + $1.targets.count }) < targets, let alias = model.aliases[folded] else { break }
                page.append(AliasEntry(address: alias.address, targets: alias.targets))
            }
            return page
        }
    }

    func rules() async throws(DatabaseError) -> [NamedRule] {
        try await read { model in
            model.rules.sorted { $0.key < $1.key }.map { number, rule in
                NamedRule(
                    number: number, account: model.accounts[rule.account]!.address, recipient: rule.words.recipient,
                    sender: rule.words.sender, source: rule.words.source)
            }
        }
    }

    func quotas(_ listing: QuotaListing, limit: Int) async throws(DatabaseError) -> [QuotaEntry] {
        try await read { model in
            let names = model.domains.filter { $0.value.aliasOf == nil }.keys.inOrder
            switch listing {
            case .domains(let name): return names.filter { $0.isBehind(name) }.prefix(limit).map { model.entry(domain: $0) }
            case .domain(let name): return names.filter { $0 == name }.map { model.entry(domain: $0) }
            case .accounts(let domain, let address):
                let all = model.residents(after: address).filter { domain == nil || $0.account.address.domain == domain }
                return model.page(all, limit).map { model.entry($0.id, $0.account) }
            case .account(let address):
                return model.residents(after: nil).filter { $0.account.address.folded == address.folded }
                    .map { model.entry($0.id, $0.account) }
            }
        }
    }
}

extension MemoryModel {
    fileprivate func entry(domain name: String) -> QuotaEntry {
        let (kept, rule) = (kept(in: name), rule(of: name))
        return QuotaEntry(
            domain: name, octets: UInt64(kept.octets), messages: UInt64(kept.messages), limits: QuotaLimits(of: rule),
            isFull: rule.level(kept) == .full)
    }

    fileprivate func entry(_ id: AccountID, _ account: Account) -> QuotaEntry {
        let (kept, rule) = (kept(by: id), rule(of: account))
        return QuotaEntry(
            account: account.address, kind: account.kind, domain: account.address.domain, octets: UInt64(kept.octets),
            messages: UInt64(kept.messages), limits: QuotaLimits(of: rule),
            isFull: isWholeFull(account.address.domain) || rule.level(kept) == .full)
    }
}

extension QuotaLimits {
    fileprivate init(of rule: QuotaRule) {
        self.init(octets: rule.octets.map { UInt64($0) }, messages: rule.messages.map { UInt64($0) })
    }
}

// Backup.
extension MemoryDatabase {
    var octetsOfCopy: UInt64 { UInt64(Self.paper.count) }

    /// What a copy's file has: its own rows are memory of this process.
    private static let paper = [UInt8](repeating: 0x2E, count: 4_096)

    func copy(to path: String) throws(DatabaseError) -> any DatabaseCopy {
        let copy = MemoryCopy(model: try look { $0 })
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { throw .trouble("\(path): errno \(errno)") }
        defer { Glibc.close(file) }
        guard write(file, Self.paper, Self.paper.count) == Self.paper.count else { throw .full }
        return copy
    }
}

private struct MemoryCopy: DatabaseCopy {
    let model: MemoryModel

    func identity() throws(DatabaseError) -> String { model.decoy }
    func messageCount() throws(DatabaseError) -> UInt64 { UInt64(model.messages.count) }
    func end() throws(DatabaseError) -> SpoolPosition { model.end }
    func ownFiles() throws(DatabaseError) -> [UInt64] { model.messages.values.map(\.ownFile).filter { $0 != 0 }.sorted() }

    func segments() throws(DatabaseError) -> [(number: UInt64, end: UInt64)] {
        let ends = Dictionary(
            model.messages.values.map { ($0.location.position.segment, $0.location.end.offset) }, uniquingKeysWith: max)
        return ends.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func unsyncedSegments() throws(DatabaseError) -> [UInt64] {
        Set(model.messages.filter { $0.key >= model.synced }.values.map(\.location.position.segment)).sorted()
    }
}
