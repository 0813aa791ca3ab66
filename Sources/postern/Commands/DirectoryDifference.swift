// What must be done so that a directory is what a file says: steps in an order in which each is valid. Additions go from
// domains to what lives in them, removals the other way. A pure function of both.

import IPC
import Mail

/// One line of the difference, and the words to the store that make it true.
struct DirectoryStep {
    enum Sign: String, Encodable { case added = "+", changed = "~", removed = "-" }

    let sign: Sign
    /// `account`
    let kind: String
    let name: String
    /// Behind the name; may be empty.
    let detail: String
    let questions: [CommandToStore.Question]

    init(_ sign: Sign, _ kind: String, _ name: String, _ detail: String = "", by questions: [CommandToStore.Question]) {
        (self.sign, self.kind, self.name, self.detail, self.questions) = (sign, kind, name, detail, questions)
    }

    var line: String { printable("\(sign.rawValue) \(kind) \(name)" + (detail.isEmpty ? "" : ": \(detail)")) }
}

struct DirectoryDifference {
    /// In the order in which they are to be made.
    var steps: [DirectoryStep] { additions + removals.reversed() }
    private(set) var additions: [DirectoryStep] = []
    /// In the order of what they take away; made backwards.
    private(set) var removals: [DirectoryStep] = []
    /// What the directory has and the file has not, when it stays: `account bob@example.org`.
    private(set) var kept: [String] = []
    /// New users, who have no password yet.
    private(set) var newUsers: [EmailAddress] = []
    private let prune: Bool

    /// - Parameter prune: what is not in the file goes.
    init(from present: DirectoryContents, to written: WrittenDirectory, prune: Bool) {
        self.prune = prune
        domains(present.domains, written.domains.map(\.entry).sorted { $0.name < $1.name })
        accounts(present.accounts, written.accounts.map(\.entry).sorted { $0.address.place < $1.address.place })
        if prune { endings(present.domains, written.domains.map(\.entry)) }
        aliases(present.aliases, written.aliases.map(\.entry).sorted { $0.address.place < $1.address.place })
        choices(present.domains, written.domains.map(\.entry).sorted { $0.name < $1.name })
        rules(present.rules, written.rules.map(\.entry))
        for list in AccessList.allCases { ranges(list, present.ranges[list] ?? [], written.ranges[list] ?? []) }
    }

    private mutating func add(_ step: DirectoryStep) { additions.append(step) }

    private mutating func leave(
        _ kind: String, _ name: String, _ detail: String = "", by questions: [CommandToStore.Question]
    ) {
        if prune {
            removals.append(DirectoryStep(.removed, kind, name, detail, by: questions))
        } else {
            kept.append(printable("\(kind) \(name)"))
        }
    }
}

// Domains.
extension DirectoryDifference {
    /// Domains first, then other names of domains. What was another name becomes a domain before anything can be in it; what
    /// becomes another name does so when nothing is in it any more.
    private mutating func domains(_ present: [DomainEntry], _ written: [DomainEntry]) {
        let old = Dictionary(present.map { ($0.name, $0) }) { first, _ in first }
        let new = Set(written.map(\.name))
        for domain in written where domain.aliasOf == nil {
            let made = DirectoryDifference.making(domain)
            switch old[domain.name] {
            case nil: add(DirectoryStep(.added, "domain", domain.name, domain.words, by: made))
            case let was? where was.aliasOf != nil:
                let detail = "a domain of its own"
                add(DirectoryStep(.changed, "domain", domain.name, detail, by: [.removeDomain(domain.name)] + made))
            default: break
            }
        }
        // Removed last of all, hence first in the list that is made backwards.
        for domain in present where domain.aliasOf == nil && !new.contains(domain.name) {
            leave("domain", domain.name, by: [.removeDomain(domain.name)])
        }
        for domain in written { otherName(domain, old[domain.name]) }
        for domain in present where domain.aliasOf != nil && !new.contains(domain.name) {
            leave("domain", domain.name, "another name of \(domain.aliasOf ?? "")", by: [.removeDomain(domain.name)])
        }
    }

    private mutating func otherName(_ domain: DomainEntry, _ was: DomainEntry?) {
        guard let target = domain.aliasOf, was?.aliasOf != target else { return }
        let made = CommandToStore.Question.addDomainAlias(domain.name, target: target)
        let detail = "another name of \(target)"
        guard let was else { return add(DirectoryStep(.added, "domain", domain.name, detail, by: [made])) }
        let step = DirectoryStep(.changed, "domain", domain.name, detail, by: [.removeDomain(domain.name), made])
        if was.aliasOf == nil { removals.append(step) } else { add(step) }
    }

    /// The catch-all of a domain that goes holds its account, which holds the domain. So it ends before both.
    private mutating func endings(_ present: [DomainEntry], _ written: [DomainEntry]) {
        let stays = Set(written.filter { $0.aliasOf == nil }.map(\.name))
        for domain in present where domain.choices.catchAll != nil && !stays.contains(domain.name) {
            let question = CommandToStore.Question.setDomain(domain.name, DomainChoices(catchAll: ""))
            removals.append(DirectoryStep(.changed, "domain", domain.name, "catch-all none, before it goes", by: [question]))
        }
    }

    private static func making(_ domain: DomainEntry) -> [CommandToStore.Question] {
        let choices = domain.choices == DomainChoices() ? [] : [CommandToStore.Question.setDomain(domain.name, domain.choices)]
        let quotas = QuotaChange(from: DomainQuotas(), to: domain.quotas).map { change in
            CommandToStore.Question.setQuota(.domain(domain.name), change)
        }
        return [.addDomain(domain.name)] + choices + (quotas.map { [$0] } ?? [])
    }

    /// Made when those are there to whom a choice may lead.
    private mutating func choices(_ present: [DomainEntry], _ written: [DomainEntry]) {
        let old = Dictionary(present.map { ($0.name, $0) }) { first, _ in first }
        for domain in written where domain.aliasOf == nil {
            guard let was = old[domain.name], was.aliasOf == nil else { continue }
            var (change, words) = DirectoryDifference.change(from: was.choices, to: domain.choices)
            var questions = words.isEmpty ? [] : [CommandToStore.Question.setDomain(domain.name, change)]
            if let quotas = QuotaChange(from: was.quotas, to: domain.quotas) {
                questions.append(.setQuota(.domain(domain.name), quotas))
                words += quotas.words(usual: Typed.none)
            }
            guard !words.isEmpty else { continue }
            add(DirectoryStep(.changed, "domain", domain.name, words.joined(separator: ", "), by: questions))
        }
    }

    private static func change(from old: DomainChoices, to new: DomainChoices) -> (DomainChoices, [String]) {
        var (change, words) = (DomainChoices(), [String]())
        func says(_ name: String, _ value: String?, _ usual: String) {
            words.append("\(name) \(value.map { $0.isEmpty ? Typed.none : $0 } ?? usual)")
        }
        if old.catchAll != new.catchAll {
            change.catchAll = new.catchAll ?? ""
            says("catch-all", new.catchAll, Typed.none)
        }
        if old.transport != new.transport {
            change.transport = new.transport ?? ""
            says("transport", new.transport, Typed.none)
        }
        if old.delimiters != new.delimiters {
            change.delimiters = new.delimiters ?? DomainEntry.usualDelimiters
            says("delimiters", new.delimiters, DomainEntry.usualDelimiters)
        }
        return (change, words)
    }
}

extension DomainChoices {
    fileprivate var words: String {
        let all = [("catch-all", catchAll), ("transport", transport), ("delimiters", delimiters)]
        return all.compactMap { name, value in value.map { "\(name) \($0.isEmpty ? Typed.none : $0)" } }
            .joined(separator: ", ")
    }
}

extension DomainEntry {
    /// All that it says, for a line of a difference.
    fileprivate var words: String {
        let quotas = QuotaChange(from: DomainQuotas(), to: quotas)?.words(usual: Typed.none) ?? []
        return ([choices.words].filter { !$0.isEmpty } + quotas).joined(separator: ", ")
    }
}

// Accounts and aliases.
extension DirectoryDifference {
    private mutating func accounts(_ present: [AccountEntry], _ written: [AccountEntry]) {
        let old = Dictionary(present.map { ($0.identity, $0) }) { first, _ in first }
        let new = Set(written.map(\.identity))
        for account in written {
            if let was = old[account.identity] {
                quota(of: account, was)
                continue
            }
            let (name, kind) = (account.address, account.kind)
            let question =
                kind == .user
                ? CommandToStore.Question.addUserWithoutPassword(name)
                : .addAccount(name, kind, password: nil, legacy: [])
            let quota = QuotaChange(from: QuotaLimits(), to: account.quota)
            let words = (kind == .user ? ["without a password"] : []) + (quota?.words(usual: "default") ?? [])
            let questions = [question] + (quota.map { [.setQuota(.account(name, kind), $0)] } ?? [])
            add(DirectoryStep(.added, kind.command, name.typed, words.joined(separator: ", "), by: questions))
            if kind == .user { newUsers.append(name) }
        }
        for account in present where !new.contains(account.identity) {
            let detail = account.messages == 0 ? "" : "\(account.messages) messages, \(octets(account.octets))"
            leave(account.kind.command, account.address.typed, detail, by: [.removeAccount(account.address, account.kind)])
        }
    }

    private mutating func quota(of account: AccountEntry, _ was: AccountEntry) {
        guard let change = QuotaChange(from: was.quota, to: account.quota) else { return }
        let words = change.words(usual: "default").joined(separator: ", ")
        let question = CommandToStore.Question.setQuota(.account(was.address, was.kind), change)
        add(DirectoryStep(.changed, account.kind.command, account.address.typed, words, by: [question]))
    }

    /// An alias of the file leads where the file says, and nowhere else.
    private mutating func aliases(_ present: [AliasEntry], _ written: [AliasEntry]) {
        let old = Dictionary(present.map { ($0.address.folded, $0) }) { first, _ in first }
        let new = Set(written.map(\.address.folded))
        for alias in written {
            let was = old[alias.address.folded]?.targets ?? []
            let (more, less) = (alias.targets.filter { !was.contains($0) }, was.filter { !alias.targets.contains($0) })
            guard !more.isEmpty || !less.isEmpty else { continue }
            // First more, then less: the alias leads to somebody all the time.
            var questions: [CommandToStore.Question] = []
            if !more.isEmpty { questions.append(.addAlias(alias.address, targets: more)) }
            if !less.isEmpty { questions.append(.removeAlias(alias.address, targets: less)) }
            let words = more.map { "to \($0.typed)" } + less.map { "no longer to \($0.typed)" }
            let sign = was.isEmpty ? DirectoryStep.Sign.added : .changed
            add(DirectoryStep(sign, "alias", alias.address.typed, words.joined(separator: ", "), by: questions))
        }
        for alias in present where !new.contains(alias.address.folded) {
            let detail = alias.targets.map { "to \($0.typed)" }.joined(separator: ", ")
            leave("alias", alias.address.typed, detail, by: [.removeAlias(alias.address, targets: [])])
        }
    }
}

extension AccountEntry {
    /// One address may have an account of each kind.
    var identity: String { "\(kind.rawValue) \(address.folded)" }
}

// Rules and lists.
extension DirectoryDifference {
    /// A new rule stands behind all others. So those that begin the file's order and are there in it stay; what comes after
    /// them in the file is added, and what is there already is moved behind.
    private mutating func rules(_ present: [NamedRule], _ written: [NamedRule]) {
        let old = Dictionary(present.map { ($0.meaning, $0.number) }) { first, _ in first }
        let new = Set(written.map(\.meaning))
        var last: UInt64 = 0
        var inOrder = true
        for rule in written {
            guard let number = old[rule.meaning] else {
                inOrder = false
                add(DirectoryStep(.added, "rule", rule.words, by: [.addRule(rule)]))
                continue
            }
            inOrder = inOrder && number > last
            last = number
            if inOrder { continue }
            let detail = "moves behind the others"
            add(DirectoryStep(.changed, "rule", rule.words, detail, by: [.removeRule(number: number), .addRule(rule)]))
        }
        for rule in present where !new.contains(rule.meaning) {
            leave("rule", rule.words, by: [.removeRule(number: rule.number)])
        }
    }

    private mutating func ranges(_ list: AccessList, _ present: [AddressRange], _ written: [AddressRange]) {
        for range in written where !present.contains(range) {
            add(DirectoryStep(.added, list.rawValue, "\(range)", by: [.addRange(list, range)]))
        }
        for range in present where !written.contains(range) {
            leave(list.rawValue, "\(range)", by: [.removeRange(list, range)])
        }
    }
}
