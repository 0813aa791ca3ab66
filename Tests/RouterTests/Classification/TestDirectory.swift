// A directory in memory, and a classification that is run against it to its end.

import Mail

@testable import router

/// Domains with the entries of their addresses.
struct TestDirectory {
    /// What every address of a domain of ours says.
    var domains: [String: LocalEntry] = [:]
    var addresses: [EmailAddress: LocalEntry] = [:]
    /// Other names of domains.
    var aliasDomains: [String: String] = [:]

    init(_ domains: String...) {
        for domain in domains { self.domains[domain] = LocalEntry(domain: domain) }
    }

    subscript(_ text: String) -> LocalEntry {
        get { addresses[.of(text).folded] ?? domains[EmailAddress.of(text).domain]! }
        set { addresses[.of(text).folded] = newValue }
    }

    mutating func user(_ text: String, _ account: Int64) { self[text].user = AccountID(rawValue: account) }
    mutating func folder(_ text: String, _ account: Int64) { self[text].folder = AccountID(rawValue: account) }
    mutating func alias(_ text: String, _ targets: String...) { self[text].targets = targets.map { .of($0) } }

    /// As the store answers: alias domains are followed, local parts folded, and the domain's part is in every answer.
    func lookUp(_ address: EmailAddress) -> DirectoryEntry {
        let name = aliasDomains[address.domain] ?? address.domain
        guard let domain = domains[name] else { return .foreign }
        guard var entry = addresses[EmailAddress(localPart: address.localPart, domain: name).folded] else {
            return .local(domain)
        }
        (entry.catchAll, entry.transport, entry.delimiters) = (domain.catchAll, domain.transport, domain.delimiters)
        return .local(entry)
    }
}

extension EmailAddress {
    static func of(_ text: String) -> EmailAddress {
        let at = text.lastIndex(of: "@")!
        return EmailAddress(localPart: String(text[..<at]), domain: String(text[text.index(after: at)...]))
    }

    fileprivate var folded: EmailAddress { EmailAddress(localPart: localPart.lowercased(), domain: domain) }
}

extension AccountID: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self.init(rawValue: value) }
}

/// What came of a classification, in words: `5 alice@example.org +lists`, `-> bob@example.net`, `=> …` by a transport,
/// `no x@example.org unknown-recipient`.
struct Classified: Equatable {
    var rule: String
    var destinations: [String]
    var asked: [String]

    init(
        _ recipient: String, in directory: TestDirectory, rules: [ReceiveRule] = [], from sender: String? = "s@example.com",
        client: String = "192.0.2.1", hostname: String = "mail.example.org"
    ) {
        var classification = Classification(
            .of(recipient), from: sender.map { .of($0) }, client: InternetAddress(client)!,
            by: ReceivePolicy(hostname: hostname, rules: rules))
        asked = []
        while true {
            switch classification.next() {
            case .lookUp(let address):
                asked.append(address.description)
                classification.found(directory.lookUp(address))
            case .done(let destinations, let rule):
                self.rule = rule.description
                self.destinations = destinations.map(Classified.words)
                return
            }
        }
    }

    private static func words(_ destination: Destination) -> String {
        switch destination {
        case .place(let account, let recipient, let detail):
            "\(account.rawValue) \(recipient)" + (detail.map { " +\($0)" } ?? "")
        case .full(let account, let recipient): "full \(account.rawValue) \(recipient)"
        case .remote(let address, let viaTransport): "\(viaTransport ? "=>" : "->") \(address)"
        case .refuse(let address, let reason): "no \(address) \(reason.rawValue)"
        }
    }
}
