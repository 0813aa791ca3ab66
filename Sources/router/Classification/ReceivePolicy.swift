// What classification goes by besides the directory's entries: the accounts' receive rules and the postmaster's names.
// Made once for each version of the directory, shared by all recipients.

import Mail

struct ReceivePolicy: Sendable {
    /// In lower case, as the domains of addresses are.
    let hostname: String
    /// Who keeps a postmaster's mail where that has no mailbox, in the order in which they are asked.
    let postmasters: [EmailAddress]
    /// Accounts of rules that have no room for more mail.
    let full: Set<AccountID>
    private let rules: [FoldedRule]

    init(hostname: String, rules: [ReceiveRule] = [], full: [AccountID] = []) {
        self.full = Set(full)
        self.hostname = hostname.lowercased()
        self.rules = rules.map(FoldedRule.init)
        postmasters = ReceivePolicy.postmasters(of: self.hostname)
    }

    /// The first rule that wants this envelope (T-03), and its place in the list from 0.
    /// - Parameters:
    ///   - domain: the recipient's domain by its own name, where the recipient names an alias of it: a rule may say either.
    ///   - sender: nil is the null reverse-path. To a pattern it is the empty text: `*` matches it, `*@*` does not.
    func rule(
        for recipient: EmailAddress, in domain: String?, from sender: EmailAddress?, client: InternetAddress
    ) -> (index: Int, account: AccountID)? {
        if rules.isEmpty { return nil }
        let localPart = recipient.localPart.lowercased()
        let reversePath = sender.map { "\($0.localPart.lowercased())@\($0.domain)" } ?? ""
        for (index, rule) in rules.enumerated() {
            guard rule.domain == nil || rule.domain == recipient.domain || rule.domain == domain,
                rule.localPart.matches(localPart), rule.sender?.matches(reversePath) != false,
                rule.source?.contains(client) != false
            else { continue }
            return (index, rule.account)
        }
        return nil
    }

    /// RFC 5321 §4.5.1: mail to the postmaster of any domain that we serve, and to `<postmaster>` alone, must be taken.
    /// `<postmaster>` comes as postmaster at our host name.
    static func isPostmaster(_ address: EmailAddress) -> Bool {
        address.localPart.utf8.count == 10 && address.localPart.lowercased() == "postmaster"
    }

    /// The postmaster of our host name, and that of the domain that it stands in (mail.example.org → example.org).
    private static func postmasters(of hostname: String) -> [EmailAddress] {
        var domains = [hostname]
        if let dot = hostname.firstIndex(of: ".") {
            let parent = hostname[hostname.index(after: dot)...]
            if parent.contains(".") { domains.append(String(parent)) }
        }
        return domains.map { EmailAddress(localPart: "postmaster", domain: $0) }
    }
}

/// A rule whose words are in lower case.
private struct FoldedRule: Sendable {
    let localPart: WildcardPattern
    let domain: String?
    let sender: WildcardPattern?
    let source: AddressRange?
    let account: AccountID

    init(_ rule: ReceiveRule) {
        localPart = WildcardPattern(rule.localPart)
        domain = rule.domain?.lowercased()
        sender = rule.sender.map(WildcardPattern.init)
        source = rule.source
        account = rule.account
    }
}
