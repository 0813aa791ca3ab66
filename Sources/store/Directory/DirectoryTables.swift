// The part of the directory that look-ups need, as a value: pure, fed by what the database says has changed. Made for a
// million accounts: a domain has its own tables, keyed by local parts alone, most of which need no memory of their own.

import IPC
import Mail
import SASL

package struct DirectoryTables: Sendable {
    private struct Domain: Sendable {
        var name: String
        var catchAll: EmailAddress?
        var transport: String?
        var delimiters = DirectoryTables.usualDelimiters
        /// By folded local part.
        var users: [String: AccountID] = [:]
        var processors: [String: AccountID] = [:]
        var folders: [String: AccountID] = [:]
        var aliases: [String: [EmailAddress]] = [:]
        /// All its accounts together have no room for more.
        var isFull = false
        /// Accounts that have none, whatever the others keep.
        var full: Set<AccountID> = []
    }

    static let usualDelimiters = "+"

    /// Places in `domains`, by the domain's name and by its other names.
    private var numbers: [String: Int] = [:]
    private var domains: [Domain] = []
    private var unused: [Int] = []
    private var counts: [AccountKind: Int] = [:]
    private(set) var rules: [NumberedRule] = []
    private(set) var ranges: [AccessList: [AddressRange]] = [:]
    /// Those that at least one account has.
    private(set) var verifierKinds: Set<VerifierKind> = []

    package init() {}

    var hasUsers: Bool { counts[.user, default: 0] > 0 }

    var figures: [Figure] {
        [
            Figure("domains", Int64(numbers.count)), Figure("accounts", Int64(counts.values.reduce(0, +))),
            Figure("aliases", Int64(domains.reduce(0) { $0 + $1.aliases.count })), Figure("rules", Int64(rules.count)),
        ]
    }

    /// The part of an address that tells accounts of one domain apart. Most are in small letters as they come.
    private static func fold(_ address: EmailAddress) -> String {
        let isFolded = address.localPart.utf8.allSatisfy { $0 < 0x80 && !(0x41...0x5A).contains($0) }
        return isFolded ? address.localPart : address.localPart.lowercased()
    }
}

// Looking up.
extension DirectoryTables {
    func entry(of address: EmailAddress) -> DirectoryEntry {
        guard let number = numbers[address.domain] else { return .foreign }
        let local = Self.fold(address)
        let accounts = (
            domains[number].processors[local], domains[number].users[local], domains[number].folders[local]
        )
        return .local(
            LocalEntry(
                processor: accounts.0, user: accounts.1, folder: accounts.2,
                targets: domains[number].aliases[local], catchAll: domains[number].catchAll,
                transport: domains[number].transport, domain: domains[number].name,
                delimiters: domains[number].delimiters, full: full([accounts.0, accounts.1, accounts.2], in: number)))
    }

    private func full(_ accounts: [AccountID?], in number: Int) -> [AccountID] {
        guard domains[number].isFull || !domains[number].full.isEmpty else { return [] }
        return accounts.compactMap { $0 }.filter { domains[number].isFull || domains[number].full.contains($0) }
    }

    /// Accounts of rules that have no room for more mail, each once.
    var fullByRules: [AccountID] {
        var seen: Set<AccountID> = []
        return rules.compactMap { rule in
            guard let number = numbers[rule.home], seen.insert(rule.rule.account).inserted else { return nil }
            return full([rule.rule.account], in: number).first
        }
    }

    /// The user with this address, and the address as the domain's own name and small letters make it.
    func user(_ address: EmailAddress) -> (id: AccountID, address: EmailAddress)? {
        let name = folded(address)
        guard let number = numbers[name.domain], let id = domains[number].users[name.localPart] else { return nil }
        return (id, name)
    }

    /// As an account of this address is called, or would be: without capitals, in the domain that an alias domain stands for.
    func folded(_ address: EmailAddress) -> EmailAddress {
        let domain = numbers[address.domain].map { domains[$0].name } ?? address.domain
        return EmailAddress(localPart: Self.fold(address), domain: domain)
    }

    func transport(of domain: String) -> String? { numbers[domain].flatMap { domains[$0].transport } }
}

// Learning.
extension DirectoryTables {
    /// Room for so many more accounts, so that a load does not move them again and again.
    mutating func reserve(_ count: Int, _ kind: AccountKind, of domain: String) {
        guard let number = numbers[domain] else { return }
        switch kind {
        case .user: domains[number].users.reserveCapacity(count)
        case .folder: domains[number].folders.reserveCapacity(count)
        case .processor: domains[number].processors.reserveCapacity(count)
        }
    }

    mutating func learn(_ news: DirectoryNews) {
        switch news {
        case .domain(let name, let choices): set(name, choices)
        case .domainAlias(let name, let target): numbers[name] = numbers[target]
        case .domainRemoved(let name): remove(name)
        case .account(let id, let address, let kind, let verifiers):
            place(address, kind, id)
            counts[kind, default: 0] += 1
            verifierKinds = verifiers
        case .password(_, let verifiers): verifierKinds = verifiers
        case .accountRemoved(let id, let address, let kind, let verifiers):
            place(address, kind, nil)
            if let number = numbers[address.domain] { domains[number].full.remove(id) }
            counts[kind, default: 0] -= 1
            verifierKinds = verifiers
        case .alias(let address, let targets):
            guard let number = numbers[address.domain] else { return }
            domains[number].aliases[Self.fold(address)] = targets.isEmpty ? nil : targets
        case .rules(let rules): self.rules = rules
        case .ranges(let list, let ranges): self.ranges[list] = ranges
        case .touched: return
        }
    }

    /// - Returns: somebody is full who was not, or the other way.
    @discardableResult
    mutating func learn(_ news: QuotaNews) -> Bool {
        switch news {
        case .account(let account, let step):
            guard let number = numbers[step.domain] else { return false }
            if step.to == .full { return domains[number].full.insert(account).inserted }
            return domains[number].full.remove(account) != nil
        case .domain(let step):
            guard let number = numbers[step.domain] else { return false }
            defer { domains[number].isFull = step.to == .full }
            return domains[number].isFull != (step.to == .full)
        case .counted(let name, let isFull, let full):
            guard let number = numbers[name] else { return false }
            defer { (domains[number].isFull, domains[number].full) = (isFull, full) }
            return domains[number].isFull != isFull || domains[number].full != full
        }
    }

    private mutating func set(_ name: String, _ choices: DomainChoices) {
        if numbers[name] == nil {
            if let free = unused.popLast() {
                numbers[name] = free
                domains[free] = Domain(name: name)
            } else {
                numbers[name] = domains.count
                domains.append(Domain(name: name))
            }
        }
        guard let number = numbers[name] else { return }
        domains[number].catchAll = choices.catchAll.flatMap { EmailAddress($0) }
        domains[number].transport = choices.transport
        domains[number].delimiters = choices.delimiters ?? Self.usualDelimiters
    }

    /// A domain that nothing belongs to, or another name of one.
    private mutating func remove(_ name: String) {
        guard let number = numbers.removeValue(forKey: name), domains[number].name == name else { return }
        domains[number] = Domain(name: "")
        unused.append(number)
    }

    private mutating func place(_ address: EmailAddress, _ kind: AccountKind, _ id: AccountID?) {
        guard let number = numbers[address.domain] else { return }
        switch kind {
        case .user: domains[number].users[Self.fold(address)] = id
        case .folder: domains[number].folders[Self.fold(address)] = id
        case .processor: domains[number].processors[Self.fold(address)] = id
        }
    }
}

extension SASLMechanism {
    /// What somebody can log in with who has these verifiers, strongest first.
    static func satisfied(by verifiers: Set<VerifierKind>, hasPassword: Bool) -> [SASLMechanism] {
        allCases.filter { $0.verifierKind.map(verifiers.contains) ?? hasPassword }
    }
}
