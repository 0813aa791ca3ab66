// The directory: domains, accounts and their passwords.

import IPC
import Mail
import SASL

@testable import store

extension MemoryTransaction {
    mutating func apply(_ change: DirectoryChange, _ now: Int64) throws -> DirectoryNews {
        let news = try carryOut(change, now)
        model.directoryVersion += 1
        return news
    }

    private mutating func carryOut(_ change: DirectoryChange, _ now: Int64) throws -> DirectoryNews {
        switch change {
        case .addDomain(let name): return try model.addDomain(name)
        case .addDomainAlias(let name, let target): return try model.addDomainAlias(name, target)
        case .setDomain(let name, let choices): return try model.setDomain(name, choices)
        case .removeDomain(let name): return try model.removeDomain(name)
        case .addAccount(let address, let kind, let password): return try model.addAccount(address, kind, password, now)
        case .removeAccount(let address, let kind):
            settle()
            let news = try model.removeAccount(address, kind, now)
            settle()
            return news
        case .setPassword(let address, let password): return try model.setPassword(address, password)
        case .addPassword(let address, let password): return try model.addPassword(address, password, now)
        case .removePassword(let address, let name): return try model.removePassword(address, name)
        case .setPasswordScopes(let address, let scopes):
            let id = try model.user(address)
            model.accounts[id]?.own.scopes = scopes
            return .password(id, model.verifierKinds)
        case .addAlias(let address, let targets): return try model.addAlias(address, targets)
        case .removeAlias(let address, let targets): return try model.removeAlias(address, targets)
        case .addRule(let words, let account): return try model.addRule(words, account)
        case .removeRule(let number): return try model.removeRule(number)
        case .addRange(let list, let range): return try model.addRange(list, range)
        case .removeRange(let list, let range): return try model.removeRange(list, range)
        case .setQuota(let owner, let change):
            try setQuota(owner, change)
            return .touched
        case .touch: return .touched
        }
    }
}

// Domains.
extension MemoryModel {
    fileprivate mutating func addDomain(_ name: String) throws -> DirectoryNews {
        try mustBeNew(name)
        domains[name] = Domain()
        return .domain(name, DomainChoices())
    }

    fileprivate mutating func addDomainAlias(_ name: String, _ target: String) throws -> DirectoryNews {
        try mustBeNew(name)
        try mustBeOurs(target)
        domains[name] = Domain(aliasOf: target)
        return .domainAlias(name, of: target)
    }

    fileprivate mutating func setDomain(_ name: String, _ new: DomainChoices) throws -> DirectoryNews {
        try mustBeOurs(name)
        var choices = domains[name]!.choices
        if let catchAll = new.catchAll { choices.catchAll = catchAll.isEmpty ? nil : catchAll }
        if let transport = new.transport { choices.transport = transport.isEmpty ? nil : transport }
        if let delimiters = new.delimiters { choices.delimiters = delimiters }
        domains[name]?.choices = choices
        return .domain(name, choices)
    }

    fileprivate mutating func removeDomain(_ name: String) throws -> DirectoryNews {
        guard domains[name] != nil else { throw Rejection("there is no domain \(name)") }
        let homes = accounts.filter { $0.value.removedAt == nil && $0.value.address.domain == name }
            .sorted { $0.key.rawValue < $1.key.rawValue }
        let dependents = [
            ("accounts", homes.map(\.value.address.stored)),
            ("aliases", aliases.filter { $0.value.address.domain == name }.keys.inOrder.map { aliases[$0]!.address.stored }),
            ("other names", domains.filter { $0.value.aliasOf == name }.keys.inOrder),
        ]
        for (what, found) in dependents where !found.isEmpty {
            throw Rejection("the domain \(name) has \(what) (\(found.named)): remove them first")
        }
        domains[name] = nil
        return .domainRemoved(name)
    }

    private func mustBeNew(_ name: String) throws {
        guard let known = domains[name] else { return }
        guard let target = known.aliasOf else { throw Rejection("the domain \(name) exists already") }
        throw Rejection("\(name) is another name of the domain \(target) already")
    }

    /// A domain with addresses of its own.
    func mustBeOurs(_ name: String) throws {
        guard let known = domains[name] else {
            throw Rejection("the domain \(name) is not ours: add it first (postern domain add \(name))")
        }
        guard let target = known.aliasOf else { return }
        throw Rejection("\(name) is only another name of the domain \(target): say \(target) instead")
    }
}

// Accounts.
extension MemoryModel {
    fileprivate mutating func addAccount(
        _ address: EmailAddress, _ kind: AccountKind, _ password: KeptPassword?, _ now: Int64
    ) throws -> DirectoryNews {
        try mustBeOurs(address.domain)
        guard accounts(address)[kind] == nil else { throw Rejection("the \(kind.rawValue) \(address) exists already") }
        lastAccount += 1
        let id = AccountID(rawValue: lastAccount)
        accounts[id] = Account(address: address, kind: kind, own: StoredPassword(hash: password?.hash ?? ""))
        keep(password?.verifiers ?? [], of: id)
        _ = addMailbox(.inbox, of: id, nil, now)
        if kind == .user {
            subscriptions[id] = [.inbox]
            for use in SpecialUse.allCases {
                _ = addMailbox(MailboxName(kept: use.rawValue), of: id, use, now)
                subscriptions[id]?.insert(MailboxName(kept: use.rawValue))
            }
        }
        return .account(id, address, kind, verifierKinds)
    }

    private mutating func keep(_ verifiers: [Verifier], of id: AccountID) {
        accounts[id]?.verifiers = Dictionary(uniqueKeysWithValues: verifiers.map { ($0.kind, $0) })
    }

    fileprivate mutating func removeAccount(_ address: EmailAddress, _ kind: AccountKind, _ now: Int64) throws -> DirectoryNews {
        let known = accounts(address)
        guard let id = known[kind] else {
            throw Rejection("there is no \(kind == .user ? "account" : kind.rawValue) \(address)")
        }
        try mustBeFree(address, id, isLast: known.count == 1)
        accounts[id]?.removedAt = now
        accounts[id]?.verifiers = [:]
        accounts[id]?.named = [:]
        for mailbox in mailboxes.keys { mailboxes[mailbox]?.rights[id.rawValue] = nil }
        return .accountRemoved(id, address, kind, verifierKinds)
    }

    /// Nothing leads to it.
    private func mustBeFree(_ address: EmailAddress, _ id: AccountID, isLast: Bool) throws {
        let rules = rules.filter { $0.value.account == id }.keys.sorted().map { "\($0)" }
        guard rules.isEmpty else {
            throw Rejection("receive rules lead to \(address) (\(rules.named)): remove them first (postern rule remove)")
        }
        guard isLast else { return }
        let leading = aliases.filter { $0.value.foldedTargets.contains(address.folded) }.keys.inOrder
            .map { aliases[$0]!.address.stored }
        guard leading.isEmpty else {
            throw Rejection("aliases lead to \(address) (\(leading.named)): remove them first (postern alias remove)")
        }
        let catching = domains.filter { $0.value.choices.catchAll?.lowercased() == address.stored.lowercased() }.keys.inOrder
        guard catching.isEmpty else {
            throw Rejection("\(address) is the catch-all of \(catching.named): choose another first (postern domain set)")
        }
    }

    /// The account of this kind, or the only one.
    func account(_ address: EmailAddress, _ kind: AccountKind?) throws -> AccountID {
        let known = accounts(address)
        if let kind {
            guard let id = known[kind] else { throw Rejection("there is no \(kind.rawValue) \(address)") }
            return id
        }
        guard let id = known.first?.value else { throw Rejection("there is no account \(address)") }
        guard known.count == 1 else {
            let kinds = known.keys.map(\.rawValue).sorted().joined(separator: " and a ")
            throw Rejection("\(address) is a \(kinds): say which is meant (--kind)")
        }
        return id
    }

    /// The one with this address who logs in.
    func user(_ address: EmailAddress) throws -> AccountID {
        let known = accounts(address)
        if let id = known[.user] { return id }
        guard let other = AccountKind.allCases.first(where: { known[$0] != nil }) else {
            throw Rejection("there is no account \(address)")
        }
        throw Rejection("\(address) is a \(other.rawValue): nobody logs in to it")
    }
}

// Passwords.
extension MemoryModel {
    fileprivate mutating func setPassword(_ address: EmailAddress, _ password: KeptPassword) throws -> DirectoryNews {
        let id = try user(address)
        accounts[id]?.own.hash = password.hash
        keep(password.verifiers, of: id)
        return .password(id, verifierKinds)
    }

    fileprivate mutating func addPassword(
        _ address: EmailAddress, _ password: StoredPassword, _ now: Int64
    ) throws -> DirectoryNews {
        let (id, name) = (try user(address), password.name ?? "")
        let named = accounts[id]!.named
        if named[name] != nil {
            throw Rejection("\(address) has a password \"\(name)\" already: remove it first, or choose another name")
        }
        guard named.count < DirectoryLimits.namedPasswords else {
            throw Rejection("\(address) has \(named.count) passwords beside the own one, and more there cannot be: remove one")
        }
        let typed = named.values.count { !MadePassword.isHash($0.hash) }
        guard MadePassword.isHash(password.hash) || typed < DirectoryLimits.typedPasswords else {
            throw Rejection(
                "\(address) has \(typed) passwords that were given, and more there cannot be: let postern make this one")
        }
        if let end = password.expiresAt, end <= now { throw Rejection("the password would have expired: choose a later day") }
        var kept = StoredPassword(name: name, hash: password.hash)
        (kept.scopes, kept.madeAt, kept.expiresAt) = (password.scopes, now, password.expiresAt)
        accounts[id]?.named[name] = kept
        return .touched
    }

    fileprivate mutating func removePassword(_ address: EmailAddress, _ name: String) throws -> DirectoryNews {
        let id = try user(address)
        guard accounts[id]?.named.removeValue(forKey: name) != nil else {
            throw Rejection("\(address) has no password \"\(name)\": postern password list \(address) shows those there are")
        }
        return .password(id, verifierKinds)
    }
}
