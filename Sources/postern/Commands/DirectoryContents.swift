// All of the directory as one value, in one order: what the store has, or what a file says.

import IPC
import Mail

struct DirectoryContents {
    var domains: [DomainEntry] = []
    var accounts: [AccountEntry] = []
    var aliases: [AliasEntry] = []
    /// In the order in which they are tried.
    var rules: [NamedRule] = []
    var ranges: [AccessList: [AddressRange]] = [:]

    /// The same in the order of a file: by domain, then by name, so that a change moves nothing else.
    var ordered: DirectoryContents {
        var all = self
        all.domains = domains.map(\.plain).sorted { $0.name < $1.name }
        all.accounts.sort { ($0.address.place, $0.kind.place) < ($1.address.place, $1.kind.place) }
        all.aliases = aliases.map { alias in
            AliasEntry(address: alias.address, targets: alias.targets.sorted { $0.place < $1.place })
        }
        all.aliases.sort { $0.address.place < $1.address.place }
        all.ranges = ranges.mapValues { $0.sorted { $0.description < $1.description } }
        return all
    }
}

/// One above the other in a file.
struct PlaceInOrder: Comparable {
    let domain: String
    let folded: String
    let local: String

    static func < (one: Self, other: Self) -> Bool {
        (one.domain, one.folded, one.local) < (other.domain, other.folded, other.local)
    }
}

extension EmailAddress {
    var place: PlaceInOrder { PlaceInOrder(domain: domain, folded: localPart.lowercased(), local: localPart) }
    /// As an administrator types it: without the quotes of the wire.
    var typed: String { "\(localPart)@\(domain)" }
    /// Two addresses with the same are one account's (the store's `folded`).
    var folded: String { "\(localPart.lowercased())@\(domain)" }
}

extension AccountKind {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    /// The command that it is changed with.
    var command: String { self == .user ? "account" : rawValue }
}

extension DomainEntry {
    /// Without choices that say nothing: an ended one, or the usual delimiter.
    fileprivate var plain: DomainEntry {
        func said(_ text: String?, unless usual: String) -> String? { text == usual ? nil : text }
        let plain = DomainChoices(
            catchAll: said(choices.catchAll, unless: ""), transport: said(choices.transport, unless: ""),
            delimiters: said(choices.delimiters, unless: DomainEntry.usualDelimiters))
        return DomainEntry(name: name, accounts: accounts, aliasOf: aliasOf, choices: plain, quotas: quotas)
    }

    static let usualDelimiters = "+"
}

extension NamedRule {
    /// What makes two rules the same: all but the number.
    struct Meaning: Hashable {
        let account: String
        let recipient: String
        let sender: String?
        let source: String?
    }

    var meaning: Meaning {
        Meaning(account: account.folded, recipient: recipient, sender: sender, source: source?.description)
    }

    /// For a line of a difference.
    var words: String {
        let sender = self.sender.map { "sender \($0.isEmpty ? "<>" : $0)" }
        let more = [sender, source.map { "source \($0)" }].compactMap { $0 }
        return "\(recipient) to \(account.typed)" + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
    }
}

extension StoreCall {
    /// All of the directory, page after page: what changes meanwhile may be in it or not.
    func directory() async throws -> DirectoryContents {
        var all = DirectoryContents()
        all.domains = try await pages { (last: DomainEntry?) in
            guard case .domains(let page) = try await ask(.listDomains(after: last?.name)) else { throw Failure.misfit("store") }
            return page
        }
        all.accounts = try await accounts()
        all.aliases = try await pages { (last: AliasEntry?) in
            guard case .aliases(let page) = try await ask(.listAliases(after: last?.address)) else {
                throw Failure.misfit("store")
            }
            return page
        }
        guard case .rules(let rules) = try await ask(.listRules) else { throw Failure.misfit("store") }
        all.rules = rules
        for list in AccessList.allCases { all.ranges[list] = try await ranges(list) }
        return all.ordered
    }
}
