// The directory as the text of a file: the same directory always gives the same text, and a change of one entry changes the
// lines of that entry alone.

import IPC
import Mail
import Settings

struct DirectoryText {
    /// Of the format. A release reads its own only.
    static let version = 1

    let text: String

    init(_ contents: DirectoryContents) {
        let all = contents.ordered
        let blocks =
            [DirectoryText.head] + all.domains.map(DirectoryText.domain) + all.accounts.map(DirectoryText.account)
            + all.aliases.map(DirectoryText.alias) + all.rules.map(DirectoryText.rule) + [DirectoryText.access(all.ranges)]
        text = blocks.joined(separator: "\n\n") + "\n"
    }

    private static let head = """
        # The directory of a Postern mail server, format \(version): domains, accounts, aliases, rules and access lists.
        # Written by postern directory export; postern directory apply FILE makes the directory what the file says.
        # No password is in it: "password" only tells whether there is one, and apply ignores it.
        version = \(version)
        """

    private static func domain(_ domain: DomainEntry) -> String {
        let delimiters = domain.choices.delimiters.map { $0.isEmpty ? Typed.none : $0 }
        return table(
            "[[domain]]",
            [
                ("name", tomlText(domain.name)), ("alias_of", domain.aliasOf.map(tomlText)),
                ("catch_all", domain.choices.catchAll.map(tomlText)), ("transport", domain.choices.transport.map(tomlText)),
                ("delimiters", delimiters.map(tomlText)),
            ] + domain.quotas.pairs)
    }

    private static func account(_ account: AccountEntry) -> String {
        let password = account.kind == .user ? tomlText(account.hasPassword ? "set" : "none") : nil
        return table(
            "[[account]]",
            [
                ("address", tomlText(account.address.typed)), ("kind", tomlText(account.kind.rawValue)),
                ("password", password),
            ] + account.quota.pairs("quota"))
    }

    private static func alias(_ alias: AliasEntry) -> String {
        table("[[alias]]", [("address", tomlText(alias.address.typed)), ("targets", list(alias.targets.map(\.typed)))])
    }

    private static func rule(_ rule: NamedRule) -> String {
        table(
            "[[rule]]",
            [
                ("account", tomlText(rule.account.typed)), ("recipient", tomlText(rule.recipient)),
                ("sender", rule.sender.map { tomlText($0.isEmpty ? "<>" : $0) }),
                ("source", rule.source.map { tomlText($0.description) }),
            ])
    }

    private static func access(_ ranges: [AccessList: [AddressRange]]) -> String {
        table("[access]", AccessList.allCases.map { ($0.rawValue, list((ranges[$0] ?? []).map(\.description))) })
    }

    private static func table(_ header: String, _ pairs: [(String, String?)]) -> String {
        ([header] + pairs.compactMap { key, value in value.map { "\(key) = \($0)" } }).joined(separator: "\n")
    }

    /// One line for each, so that one more is one line more.
    private static func list(_ texts: [String]) -> String {
        texts.isEmpty ? "[]" : "[\n" + texts.map { "    \(tomlText($0)),\n" }.joined() + "]"
    }
}

/// The same for programs.
struct ShownDirectory: Encodable {
    struct Account: Encodable {
        let address: String
        let kind: String
        let password: String?
        /// 0: none; nil: what the domain says.
        let quotaOctets: UInt64?
        let quotaMessages: UInt64?
    }

    struct Rule: Encodable {
        let account: String
        let recipient: String
        /// Empty: the null sender.
        let sender: String?
        let source: String?
    }

    let version = DirectoryText.version
    let domains: [DomainRow]
    let accounts: [Account]
    let aliases: [AliasRow]
    let rules: [Rule]
    let trusted: [String]
    let safe: [String]

    init(_ contents: DirectoryContents) {
        let all = contents.ordered
        domains = all.domains.map(DomainRow.init)
        accounts = all.accounts.map {
            let password = $0.kind == .user ? ($0.hasPassword ? "set" : "none") : nil
            return Account(
                address: $0.address.typed, kind: $0.kind.rawValue, password: password, quotaOctets: $0.quota.octets,
                quotaMessages: $0.quota.messages)
        }
        aliases = all.aliases.map(AliasRow.init)
        rules = all.rules.map {
            Rule(account: $0.account.typed, recipient: $0.recipient, sender: $0.sender, source: $0.source?.description)
        }
        trusted = (all.ranges[.trusted] ?? []).map(\.description)
        safe = (all.ranges[.safe] ?? []).map(\.description)
    }
}
