// Reads a file of the directory: every error at once, each with file, line, key and what is allowed. Whether the entries
// fit together and to what is there is DirectoryReferences' question.

import IPC
import Mail
import Settings

/// An entry and the table that it stands in.
struct Written<Entry> {
    let entry: Entry
    let table: DirectoryTable
}

struct WrittenDirectory {
    let file: String
    var domains: [Written<DomainEntry>] = []
    var accounts: [Written<AccountEntry>] = []
    var aliases: [Written<AliasEntry>] = []
    var rules: [Written<NamedRule>] = []
    var ranges: [AccessList: [AddressRange]] = [:]
}

/// Used by one call of `read`.
struct DirectoryReading {
    /// Octets; a million accounts have less.
    static let largest = 128 << 20
    private static let keys = ["version", "domain", "account", "alias", "rule", "access"]

    private var notes: DirectoryNotes
    private var all: WrittenDirectory

    private init(_ file: String) {
        notes = DirectoryNotes(file: file)
        all = WrittenDirectory(file: file)
    }

    /// - Throws: `Failure` with one line for each error.
    static func load(_ path: String) throws -> WrittenDirectory {
        let octets: [UInt8]
        do {
            octets = try SettingsFile.open(path, largest: largest).octets
        } catch {
            throw Failure("\(path) \(error.message)")
        }
        guard let text = String(validating: octets, as: UTF8.self) else { throw Failure("\(path) is not UTF-8") }
        return try read(text, file: path)
    }

    static func read(_ text: String, file: String) throws -> WrittenDirectory {
        let root: SettingsTable
        do {
            root = try TOMLReader.read(text)
        } catch {
            throw Failure("\(Finding(file: file, line: error.line, key: "", message: error.message))")
        }
        var reading = DirectoryReading(file)
        reading.document(root)
        try reading.notes.refuse()
        return reading.all
    }

    private mutating func document(_ root: SettingsTable) {
        let top = DirectoryTable(root, path: "", line: 1)
        // What another version means by a key is not known: nothing else is said about its file.
        guard version(top) else { return }
        tables("domain", root) { $0.domain($1) }
        tables("account", root) { $0.account($1) }
        tables("alias", root) { $0.alias($1) }
        tables("rule", root) { $0.rule($1) }
        access(root)
        top.finish(Self.keys, &notes)
    }

    private mutating func version(_ top: DirectoryTable) -> Bool {
        let allowed = "\(DirectoryText.version), the format that this release writes"
        guard let node = top.node("version") else {
            notes.add(1, "version", "must be set; allowed: \(allowed)")
            return true
        }
        if case .integer(DirectoryText.version) = node.value { return true }
        notes.add(node.line, "version", "is not a version that this release reads; allowed: \(allowed)")
        return false
    }

    private mutating func tables(
        _ name: String, _ root: SettingsTable, _ read: (inout DirectoryReading, DirectoryTable) -> Void
    ) {
        guard let node = root[name] else { return }
        guard case .list(let list) = node.value, list.allSatisfy({ $0.table != nil }) else {
            return notes.add(node.line, name, "must be written as [[\(name)]], once for each, not as \(node.kind)")
        }
        for (index, element) in list.enumerated() {
            guard let found = element.table else { continue }
            let table = DirectoryTable(found, path: "\(name)[\(index + 1)]", line: element.line)
            read(&self, table)
        }
    }
}

// One table each.
extension DirectoryReading {
    private mutating func domain(_ table: DirectoryTable) {
        let name = table.required("name", &notes, Typed.domain)
        let target = table.optional("alias_of", &notes, Typed.domain)
        func choice(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        let choices = DomainChoices(
            catchAll: choice(
                table.optional("catch_all", &notes) { $0 == Typed.none ? "" : try Typed.address($0).typed }),
            transport: choice(table.optional("transport", &notes, Typed.transport)),
            delimiters: table.optional("delimiters", &notes, Typed.delimiters))
        if target != nil {
            for key in ["catch_all", "transport", "delimiters"] + DomainQuotas.keys where table.has(key) {
                notes.add(table.line(of: key), table.path(of: key), "an alias domain does what the other does: choose there")
            }
        }
        let quotas = DomainQuotas(
            whole: QuotaLimits(domain: table.limits("quota", &notes)),
            account: QuotaLimits(domain: table.limits("account", &notes)))
        table.finish(["name", "alias_of", "catch_all", "transport", "delimiters"] + DomainQuotas.keys, &notes)
        guard let name, notes.isFirst("domain \(name)", table.line, table.path(of: "name"), name) else { return }
        let entry = DomainEntry(name: name, accounts: 0, aliasOf: target, choices: choices, quotas: quotas)
        all.domains.append(Written(entry: entry, table: table))
    }

    private mutating func account(_ table: DirectoryTable) {
        let address = table.required("address", &notes, Typed.address)
        let kind = table.word("kind", AccountKind.allCases.map(\.rawValue), &notes).flatMap(AccountKind.init)
        if let node = table.node("password"), !["set", "none"].contains(node.text) {
            // Whoever writes a password here is told so without seeing it again.
            let message = "only tells whether there is a password; allowed: \"set\", \"none\"; to set one: "
            notes.add(node.line, table.path(of: "password"), message + "postern account password")
        }
        let quota = QuotaLimits(account: table.limits("quota", &notes))
        table.finish(["address", "kind", "password"] + QuotaLimits.keys, &notes)
        guard let address, let kind else { return }
        guard notes.isFirst("\(kind) \(address.folded)", table.line, table.path(of: "address"), "\(kind) \(address.typed)")
        else { return }
        let entry = AccountEntry(address: address, kind: kind, messages: 0, octets: 0, quota: quota)
        all.accounts.append(Written(entry: entry, table: table))
    }

    private mutating func alias(_ table: DirectoryTable) {
        let address = table.required("address", &notes, Typed.address)
        let targets = table.list("targets", &notes, { $0.typed }, Typed.address)
        if case .list(let list) = table.node("targets")?.value, list.isEmpty {
            notes.add(table.line(of: "targets"), table.path(of: "targets"), "is empty: an alias leads to somebody")
        }
        table.finish(["address", "targets"], &notes, required: ["targets"])
        guard let address, let targets else { return }
        guard notes.isFirst("alias \(address.folded)", table.line, table.path(of: "address"), address.typed) else { return }
        let entry = AliasEntry(address: address, targets: targets)
        all.aliases.append(Written(entry: entry, table: table))
    }

    private mutating func rule(_ table: DirectoryTable) {
        let account = table.required("account", &notes, Typed.address)
        let recipient = table.required("recipient", &notes, Typed.recipientPattern)
        let sender = table.optional("sender", &notes, Typed.senderPattern)
        let source = table.optional("source", &notes, Typed.range)
        table.finish(["account", "recipient", "sender", "source"], &notes)
        // Half a rule would be another, wider one.
        guard let account, let recipient else { return }
        let rule = NamedRule(account: account, recipient: recipient, sender: sender, source: source)
        guard notes.isFirst("rule \(rule.meaning)", table.line, table.path, "this rule") else { return }
        all.rules.append(Written(entry: rule, table: table))
    }

    private mutating func access(_ root: SettingsTable) {
        guard let node = root["access"] else { return }
        guard let found = node.table else {
            return notes.add(node.line, "access", "must be a table, [access], not \(node.kind)")
        }
        let table = DirectoryTable(found, path: "access", line: node.line)
        for list in AccessList.allCases {
            all.ranges[list] = table.list(list.rawValue, &notes, { $0.description }, Typed.range) ?? []
        }
        table.finish(AccessList.allCases.map(\.rawValue), &notes)
    }
}
