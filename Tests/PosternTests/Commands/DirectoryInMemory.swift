// A directory that answers as the store's does, and refuses what that refuses: so an order of steps that is not valid is
// noticed. Pages are short.

import IPC
import Mail
import Synchronization

@testable import postern

final class DirectoryInMemory: Sendable {
    fileprivate struct State {
        var domains: [String: DomainEntry] = [:]
        var accounts: [String: AccountEntry] = [:]
        var aliases: [String: AliasEntry] = [:]
        var rules: [NamedRule] = []
        var lastRule: UInt64 = 0
        var ranges: [AccessList: [AddressRange]] = [:]
    }

    private let state = Mutex(State())
    private let page: Int
    /// Refuses what it gives a sentence for.
    private let refuses: @Sendable (CommandToStore.Question) -> String?

    init(page: Int = 2, refuses: @escaping @Sendable (CommandToStore.Question) -> String? = { _ in nil }) {
        (self.page, self.refuses) = (page, refuses)
    }

    var reply: FakeRoom<CommandToStore>.Reply { { self.answer($0) } }

    func answer(_ question: CommandToStore.Question) -> CommandToStore.Answer {
        if let because = refuses(question) { return .refused(because) }
        return state.withLock { state in
            if let listing = list(question, state) { return listing }
            return state.make(question).map { .refused($0) } ?? .done
        }
    }

    private func list(_ question: CommandToStore.Question, _ state: State) -> CommandToStore.Answer? {
        func next<Entry>(_ all: [String: Entry], after key: String?) -> [Entry] {
            all.sorted { $0.key < $1.key }.filter { $0.key > key ?? "" }.prefix(page).map(\.value)
        }
        switch question {
        case .listDomains(let name): return .domains(next(state.domains, after: name))
        case .listAccounts(let address):
            // Those of one address stay together.
            let all = state.accounts.sorted { $0.key < $1.key }
            let rest = all.filter { address == nil || $0.value.address.folded > address?.folded ?? "" }.map(\.value)
            let last = rest.prefix(page).last?.address.folded
            return .accounts(rest.prefix { $0.address.folded <= last ?? "" })
        case .listAliases(let address): return .aliases(next(state.aliases, after: address?.folded))
        case .listRules: return .rules(state.rules)
        case .listRanges(let list): return .ranges(state.ranges[list] ?? [])
        default: return nil
        }
    }

    /// For the beginning of a test.
    func furnish(_ questions: CommandToStore.Question...) throws {
        for question in questions {
            if case .refused(let because) = answer(question) { throw Failure("\(question): \(because)") }
        }
    }

    func setPassword(_ address: EmailAddress) {
        state.withLock { $0.accounts["\(address.folded) user"]?.hasPassword = true }
    }
}

extension DirectoryInMemory.State {
    /// - Returns: why not.
    fileprivate mutating func make(_ question: CommandToStore.Question) -> String? {
        switch question {
        case .addDomain, .removeDomain, .addDomainAlias, .setDomain: makeDomain(question)
        case .addAlias, .removeAlias: makeAlias(question)
        case .setQuota(let owner, let change): setQuota(owner, change)
        case .addAccount, .addUserWithoutPassword, .removeAccount: makeAccount(question)
        default: makeList(question)
        }
    }

    private func isOurs(_ name: String) -> Bool { domains[name].map { $0.aliasOf == nil } ?? false }

    private mutating func makeDomain(_ question: CommandToStore.Question) -> String? {
        switch question {
        case .addDomain(let name):
            if domains[name] != nil { return "the domain \(name) exists already" }
            domains[name] = DomainEntry(name: name, accounts: 0)
        case .addDomainAlias(let name, let target):
            if domains[name] != nil { return "the domain \(name) exists already" }
            if !isOurs(target) { return "the domain \(target) is not ours" }
            domains[name] = DomainEntry(name: name, accounts: 0, aliasOf: target)
        case .setDomain(let name, let new):
            guard isOurs(name), var choices = domains[name]?.choices else { return "the domain \(name) is not ours" }
            if let text = new.catchAll { choices.catchAll = text.isEmpty ? nil : text }
            if let text = new.transport { choices.transport = text.isEmpty ? nil : text }
            if let text = new.delimiters { choices.delimiters = text }
            domains[name]?.choices = choices
        case .removeDomain(let name):
            guard domains[name] != nil else { return "there is no domain \(name)" }
            let isUsed =
                accounts.values.contains { $0.address.domain == name } || domains.values.contains { $0.aliasOf == name }
                || aliases.values.contains { $0.address.domain == name }
            if isUsed { return "the domain \(name) has accounts, aliases or other names" }
            domains[name] = nil
        default: return "another word"
        }
        return nil
    }

    private mutating func makeAccount(_ question: CommandToStore.Question) -> String? {
        switch question {
        case .addAccount(let address, let kind, _, _): return add(address, kind)
        case .addUserWithoutPassword(let address): return add(address, .user)
        case .removeAccount(let address, let kind):
            guard accounts["\(address.folded) \(kind)"] != nil else { return "there is no \(kind) \(address)" }
            if rules.contains(where: { $0.account.folded == address.folded }) { return "receive rules lead to \(address)" }
            // Another account of the same address takes its place.
            let isLast = accounts.values.count { $0.address.folded == address.folded } == 1
            if isLast, aliases.values.contains(where: { $0.targets.contains(address) }) { return "aliases lead to \(address)" }
            if isLast, domains.values.contains(where: { $0.choices.catchAll == address.typed }) {
                return "\(address) is a catch-all"
            }
            accounts["\(address.folded) \(kind)"] = nil
        default: return "another word"
        }
        return nil
    }

    private mutating func add(_ address: EmailAddress, _ kind: AccountKind) -> String? {
        if !isOurs(address.domain) { return "the domain \(address.domain) is not ours" }
        if accounts["\(address.folded) \(kind)"] != nil { return "the \(kind) \(address) exists already" }
        accounts["\(address.folded) \(kind)"] = AccountEntry(address: address, kind: kind, messages: 0, octets: 0)
        return nil
    }

    private mutating func setQuota(_ owner: QuotaOwner, _ change: QuotaChange) -> String? {
        func set(_ limit: inout UInt64?, _ word: QuotaWord?, none: UInt64?) {
            switch word {
            case nil: return
            case .usual?: limit = nil
            case QuotaWord.none?: limit = none
            case .limit(let number)?: limit = number
            }
        }
        switch owner {
        case .domain(let name):
            guard isOurs(name), var quotas = domains[name]?.quotas else { return "the domain \(name) is not ours" }
            set(&quotas.whole.octets, change.octets, none: nil)
            set(&quotas.whole.messages, change.messages, none: nil)
            set(&quotas.account.octets, change.accountOctets, none: nil)
            set(&quotas.account.messages, change.accountMessages, none: nil)
            domains[name]?.quotas = quotas
        case .account(let address, let kind):
            let key = "\(address.folded) \(kind ?? .user)"
            guard var quota = accounts[key]?.quota else { return "there is no account \(address)" }
            set(&quota.octets, change.octets, none: 0)
            set(&quota.messages, change.messages, none: 0)
            accounts[key]?.quota = quota
        }
        return nil
    }

    private mutating func makeAlias(_ question: CommandToStore.Question) -> String? {
        switch question {
        case .addAlias(let address, let new):
            if !isOurs(address.domain) { return "the domain \(address.domain) is not ours" }
            let old = aliases[address.folded]?.targets ?? []
            aliases[address.folded] = AliasEntry(address: address, targets: old + new.filter { !old.contains($0) })
        case .removeAlias(let address, let targets):
            guard let old = aliases[address.folded]?.targets else { return "there is no alias \(address)" }
            let left = targets.isEmpty ? [] : old.filter { !targets.contains($0) }
            aliases[address.folded] = left.isEmpty ? nil : AliasEntry(address: address, targets: left)
        default: return "another word"
        }
        return nil
    }

    private mutating func makeList(_ question: CommandToStore.Question) -> String? {
        switch question {
        case .addRule(var rule):
            if !accounts.values.contains(where: { $0.address.folded == rule.account.folded }) { return "there is no account" }
            if rules.contains(where: { $0.meaning == rule.meaning }) { return "a rule says the same already" }
            lastRule += 1
            rule.number = lastRule
            rules.append(rule)
        case .removeRule(let number):
            guard rules.contains(where: { $0.number == number }) else { return "there is no rule \(number)" }
            rules.removeAll { $0.number == number }
        case .addRange(let list, let range):
            if ranges[list]?.contains(range) == true { return "\(range) is \(list) already" }
            ranges[list, default: []].append(range)
        case .removeRange(let list, let range):
            guard ranges[list]?.contains(range) == true else { return "\(range) is not in the list" }
            ranges[list]?.removeAll { $0 == range }
        default: return "another word"
        }
        return nil
    }
}
