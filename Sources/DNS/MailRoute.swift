// From the answer about a domain's MX records to the hosts that are tried, in their order: RFC 5321 §5.1, RFC 7505.

import Mail

/// Where mail for one domain goes.
package enum MailRoute: Equatable, Sendable {
    /// Try these, in this order, until one takes the message. Never empty.
    case hosts([String])
    /// RFC 7505: the domain says that it takes no mail. Permanent, 5.1.10.
    case refusesMail
    /// The domain does not exist. Permanent, 5.1.2.
    case noSuchDomain
    /// The best exchange is this host itself, though the domain is none of ours. Permanent, 5.4.6.
    case loopsBack
    /// MX records are there, but none names a host. Permanent, 5.4.4 (RFC 5321 §5.1: "reported as an error").
    case unusable
    /// Asking again may help.
    case temporaryFailure(because: String)

    /// - Parameters:
    ///   - domain: what was asked for; the implicit exchange when there are no MX records.
    ///   - ourNames: the names under which this host takes mail.
    ///   - randomness: brings exchanges of equal preference into a random order (RFC 5321 §5.1).
    package init(
        of domain: String, answer: Answer<MailExchange>, ourNames: Set<String>,
        using randomness: inout some RandomNumberGenerator
    ) {
        switch answer {
        case .temporaryFailure(let reason): self = .temporaryFailure(because: reason)
        case .noSuchDomain: self = .noSuchDomain
        case .noData:
            let host = DomainName.normalized(domain)
            self = ourNames.contains(host) ? .loopsBack : .hosts([host])
        case .records(let exchanges):
            self = MailRoute.ordered(exchanges, ourNames: ourNames, using: &randomness)
        }
    }

    /// More exchanges than this are not looked at: a domain cannot make us work without end.
    package static let mostExchanges = 100

    private static func ordered(
        _ exchanges: [MailExchange], ourNames: Set<String>, using randomness: inout some RandomNumberGenerator
    ) -> MailRoute {
        if exchanges.count == 1, exchanges[0].isNull { return .refusesMail }
        // RFC 7505 §3: a null MX beside others is an error of the domain; the others count.
        let named = exchanges.prefix(mostExchanges).filter { !$0.isNull }
        guard !named.isEmpty else { return .unusable }
        // RFC 5321 §5.1: what is as far as or farther than ourselves would send the message in a circle.
        let ours = named.filter { ourNames.contains($0.host) }.map(\.preference).min()
        let nearer = named.filter { ours == nil || $0.preference < ours! }
        guard !nearer.isEmpty else { return .loopsBack }
        let shuffled = nearer.shuffled(using: &randomness).enumerated()
        let sorted = shuffled.sorted { ($0.element.preference, $0.offset) < ($1.element.preference, $1.offset) }
        var seen: Set<String> = []
        return .hosts(sorted.map(\.element.host).filter { seen.insert($0).inserted })
    }
}
