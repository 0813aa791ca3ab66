// Whether the entries of a file lead to each other and to what stays in the directory: known before the first change, with
// the line of each that does not.

import IPC
import Mail

struct DirectoryReferences {
    private let prune: Bool
    /// Of each domain that there will be, the one that it is another name of.
    private var domains: [String: String?] = [:]
    /// Folded addresses with an account, as they will be.
    private var accounts: Set<String> = []
    /// Folded addresses whose last account goes.
    private var leaving: Set<String> = []
    private var notes: DirectoryNotes

    /// - Throws: `Failure` with one line for each entry that leads nowhere.
    static func check(_ written: WrittenDirectory, in present: DirectoryContents, prune: Bool) throws {
        var references = DirectoryReferences(written, present, prune)
        references.domains(written, present)
        for account in written.accounts { references.mustBeDomain(account.entry.address.domain, "address", account.table) }
        for alias in written.aliases { references.alias(alias) }
        for rule in written.rules where !references.accounts.contains(rule.entry.account.folded) {
            references.note("account", rule.table, "\(rule.entry.account.typed) is not an account \(references.places)")
        }
        try references.notes.refuse()
    }

    private init(_ written: WrittenDirectory, _ present: DirectoryContents, _ prune: Bool) {
        self.prune = prune
        notes = DirectoryNotes(file: written.file)
        let before = Set(present.accounts.map(\.address.folded))
        accounts = Set(written.accounts.map(\.entry.address.folded))
        if prune {
            leaving = before.subtracting(accounts)
        } else {
            accounts.formUnion(before)
            for domain in present.domains { domains[domain.name] = .some(domain.aliasOf) }
        }
        for domain in written.domains { domains[domain.entry.name] = .some(domain.entry.aliasOf) }
    }

    private var places: String { prune ? "of this file" : "of this file or of the directory" }

    private mutating func note(_ key: String, _ table: DirectoryTable, _ message: String) {
        notes.add(table.line(of: key), table.path(of: key), message)
    }

    private mutating func domains(_ written: WrittenDirectory, _ present: DirectoryContents) {
        let staying = prune ? [:] : DirectoryReferences.staying(written, present)
        for domain in written.domains {
            let entry = domain.entry
            if let target = entry.aliasOf {
                mustBeDomain(target, "alias_of", domain.table)
                guard let somebody = staying[entry.name] else { continue }
                let message = "\(entry.name) has \(somebody), which is not in the file: "
                note("alias_of", domain.table, message + "another name of a domain has no addresses of its own")
            } else if let address = entry.choices.catchAll.flatMap({ EmailAddress($0) }) {
                mustNotLeave(address, domain.table.line(of: "catch_all"), domain.table.path(of: "catch_all"))
            }
        }
    }

    /// What stays in the directory beside the file: by domain, one of each.
    private static func staying(_ written: WrittenDirectory, _ present: DirectoryContents) -> [String: String] {
        let names = Set(written.domains.map(\.entry.name))
        let accounts = Set(written.accounts.map(\.entry.identity))
        let aliases = Set(written.aliases.map(\.entry.address.folded))
        var found: [String: String] = [:]
        for domain in present.domains where !names.contains(domain.name) {
            if let target = domain.aliasOf { found[target] = "another name, \(domain.name)" }
        }
        for alias in present.aliases where !aliases.contains(alias.address.folded) {
            found[alias.address.domain] = "the alias \(alias.address.typed)"
        }
        for account in present.accounts where !accounts.contains(account.identity) {
            found[account.address.domain] = "the \(account.kind) \(account.address.typed)"
        }
        return found
    }

    private mutating func alias(_ alias: Written<AliasEntry>) {
        mustBeDomain(alias.entry.address.domain, "address", alias.table)
        for (index, target) in alias.entry.targets.enumerated() {
            let path = "\(alias.table.path(of: "targets"))[\(index + 1)]"
            mustNotLeave(target, alias.table.line(of: "targets", element: index), path)
        }
    }

    private mutating func mustBeDomain(_ name: String, _ key: String, _ table: DirectoryTable) {
        switch domains[name] {
        case nil: note(key, table, "\(name) is not a domain \(places)")
        case .some(.some(let target)):
            note(key, table, "\(name) is only another name of the domain \(target): write \(target) instead")
        case .some(.none): return
        }
    }

    /// The store does not let an account go that something leads to.
    private mutating func mustNotLeave(_ address: EmailAddress, _ line: Int, _ path: String) {
        let name = (domains[address.domain] ?? nil) ?? address.domain
        let home = EmailAddress(localPart: address.localPart, domain: name)
        guard leaving.contains(home.folded) else { return }
        notes.add(line, path, "\(address.typed) is an account that is not in the file, and --prune removes it")
    }
}
