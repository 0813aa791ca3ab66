// The administrator's words about the directory: each becomes one change, and one line of the journal.

import IPC
import Mail

struct DirectoryCommands: Sendable {
    typealias Answering = @Sendable (CommandToStore.Answer) -> Void

    private static let page = 1_000

    let directory: Directory
    let hashes: PasswordHashes
    let database: any Database
    let log: @Sendable (StoreEvent) -> Void

    /// Answers now or later, on any thread, what is about the directory.
    /// - Returns: false for what is not.
    func carryOut(_ question: CommandToStore.Question, _ answer: @escaping Answering) -> Bool {
        do throws(FormFault) {
            if let (change, what) = try change(question) {
                make(change, what, answer)
                return true
            }
            if try setPassword(question, answer) { return true }
            return try changePasswords(question, answer) ? true : list(question, answer)
        } catch {
            answer(.refused(error.because))
            return true
        }
    }

    func make(_ change: DirectoryChange, _ what: String, _ answer: @escaping Answering) {
        directory.make(change) { because in
            if let because { return answer(.refused(because)) }
            log(.directoryChanged(what: what))
            answer(.done)
        }
    }

    /// What can be done at once, and its line of the journal.
    private func change(_ question: CommandToStore.Question) throws(FormFault) -> (DirectoryChange, String)? {
        switch question {
        case .addDomain(let name):
            let name = try DirectoryForm.domain(name)
            return (.addDomain(name), "domain \(name) added")
        case .removeDomain(let name): return (.removeDomain(name.lowercased()), "domain \(name.lowercased()) removed")
        case .addDomainAlias(let name, let target):
            let (name, target) = (try DirectoryForm.domain(name), target.lowercased())
            guard name != target else { throw FormFault("\(name) cannot be another name of itself") }
            return (.addDomainAlias(name, target: target), "\(name) is another name of domain \(target) now")
        case .setDomain(let name, let choices):
            let kept = try DirectoryForm.choices(choices)
            return (.setDomain(name.lowercased(), kept), "domain \(name.lowercased()): \(kept.words)")
        case .addUserWithoutPassword(let address):
            let address = try DirectoryForm.address(address)
            return (.addAccount(address, .user, nil), "user \(address) added, without a password")
        case .setQuota(let owner, let change):
            let (owner, change) = try DirectoryForm.quota(owner, change)
            return (.setQuota(owner, change), "\(owner.words): \(change.words)")
        case .removeAccount(let address, let kind):
            return (.removeAccount(address, kind), "\(kind.rawValue) \(address) removed")
        default: return try listChange(question)
        }
    }

    private func listChange(_ question: CommandToStore.Question) throws(FormFault) -> (DirectoryChange, String)? {
        switch question {
        case .addAlias(let address, let targets):
            let (address, targets) = (try DirectoryForm.address(address), try DirectoryForm.targets(targets))
            return (.addAlias(address, targets: targets), "alias \(address) leads to \(targets.map { "\($0)" }.named) too")
        case .removeAlias(let address, let targets):
            let whom = targets.isEmpty ? "is gone" : "leads to \(targets.map { "\($0)" }.named) no longer"
            return (.removeAlias(address, targets: targets), "alias \(address) \(whom)")
        case .addRule(let rule):
            let words = try DirectoryForm.rule(rule)
            return (.addRule(words, account: rule.account), "rule for \(words.recipient) to \(rule.account) added")
        case .removeRule(let number): return (.removeRule(number: number), "rule \(number) removed")
        case .addRange(let list, let range): return (.addRange(list, range), "\(range) is \(list.rawValue) now")
        case .removeRange(let list, let range):
            return (.removeRange(list, range), "\(range) is \(list.rawValue) no longer")
        default: return nil
        }
    }
}

// Accounts and passwords.
extension DirectoryCommands {
    private func setPassword(
        _ question: CommandToStore.Question, _ answer: @escaping Answering
    ) throws(FormFault) -> Bool {
        switch question {
        case .addAccount(let address, let kind, let password, let legacy):
            let address = try DirectoryForm.address(address)
            let what = "\(kind.rawValue) \(address) added"
            guard kind == .user else {
                guard password == nil, legacy.isEmpty else {
                    throw FormFault("nobody logs in to a \(kind.rawValue): leave the password away")
                }
                make(.addAccount(address, kind, nil), what, answer)
                return true
            }
            guard let password else { throw FormFault("a user logs in: give a password") }
            try keep(password, legacy, answer) { make(.addAccount(address, .user, $0), what, answer) }
        case .setPassword(let address, let password, let legacy):
            try keep(password, legacy, answer) {
                make(.setPassword(address, $0), "the password of \(address) is another one", answer)
            }
        default: return false
        }
        return true
    }

    private func keep(
        _ password: Secret, _ legacy: [String], _ answer: @escaping Answering,
        _ body: @escaping @Sendable (KeptPassword) -> Void
    ) throws(FormFault) {
        hashes.keep(password, more: try DirectoryForm.legacy(legacy)) { result in
            switch result {
            case .success(let kept): body(kept)
            case .failure(let failure): answer(.refused(failure.sentence))
            }
        }
    }
}

// Listings.
extension DirectoryCommands {
    private func list(_ question: CommandToStore.Question, _ answer: @escaping Answering) -> Bool {
        switch question {
        case .listRanges(let list): answer(.ranges(directory.ranges(list)))
        case .listPasswords(let address): Task { answer(await passwords(of: address)) }
        case .listDomains, .listAccounts, .listAliases, .listRules, .listQuotas: Task { answer(await page(question)) }
        default: return false
        }
        return true
    }

    private func page(_ question: CommandToStore.Question) async -> CommandToStore.Answer {
        do throws(DatabaseError) {
            switch question {
            case .listDomains(let name): return .domains(try await database.domains(after: name, limit: Self.page))
            case .listAccounts(let address):
                return .accounts(try await withPasswords(try await database.accounts(after: address, limit: Self.page)))
            case .listAliases(let address):
                return .aliases(try await database.aliases(after: address, targets: Self.page))
            case .listQuotas(let listing): return .quotas(try await database.quotas(listing, limit: Self.page))
            default: return .rules(try await database.rules())
            }
        } catch { return .refused("the index cannot be read: \(error)") }
    }

    /// Says of each user whether there is a password. A verifier of SCRAM comes from one; without it, as passwords of the
    /// index's first version are, the hash itself is looked for.
    private func withPasswords(_ entries: [AccountEntry]) async throws(DatabaseError) -> [AccountEntry] {
        var entries = entries
        for index in entries.indices where entries[index].kind == .user {
            entries[index].hasPassword = entries[index].mechanisms.contains { $0.hasPrefix("SCRAM-") }
            if entries[index].hasPassword { continue }
            entries[index].hasPassword = try await hasHash(entries[index].address)
            if !entries[index].hasPassword { entries[index].mechanisms = [] }
        }
        return entries
    }

    private func hasHash(_ address: EmailAddress) async throws(DatabaseError) -> Bool {
        guard let account = directory.resident(address)?.account else { return false }
        return try await database.passwords(of: account).contains { !$0.hash.isEmpty }
    }
}

extension DomainChoices {
    /// For the journal.
    fileprivate var words: String {
        let all = [("catch-all", catchAll), ("transport", transport), ("delimiters", delimiters)]
        return all.compactMap { name, value in value.map { "\(name) \($0.isEmpty ? "none" : $0)" } }.joined(separator: ", ")
    }
}
