// What can be asked of the DNS and what comes back. The one who asks learns whether asking again can help.

import Mail

/// The result of one question.
package enum Answer<Record: Sendable & Hashable>: Sendable, Hashable {
    /// At least one record.
    case records([Record])
    /// The name exists, but has no such record (RFC 2308 §2.2).
    case noData
    /// The name does not exist (RFC 2308 §2.1): asking again tomorrow gives the same.
    case noSuchDomain
    /// SERVFAIL, time-out, bogus signature, or trouble of our own: asking again may help.
    case temporaryFailure(because: String)
}

/// Answers questions about the DNS. CNAMEs have been followed when an answer comes (RFC 5321 §5.1).
package protocol Resolver: Sendable {
    /// The mail exchanges of a domain, in no order.
    func mx(_ domain: String) async -> Answer<MailExchange>
    /// The IPv6 and IPv4 addresses of a host.
    func addresses(_ host: String) async -> Answer<InternetAddress>
    /// Ends it: open questions, and all that follow, are temporary failures.
    func stop()
}

extension Answer where Record == InternetAddress {
    /// One answer out of those for AAAA and A: whatever was found counts, and only two clear answers make a clear "no".
    /// The families take turns, IPv6 first, so that a family without a road costs one time-out at most (RFC 8305 §4).
    package static func merging(_ six: Self, _ four: Self) -> Self {
        let found = (six.found, four.found)
        if !found.0.isEmpty || !found.1.isEmpty {
            return .records(alternating(found.0, found.1))
        }
        for answer in [six, four] {
            if case .temporaryFailure = answer { return answer }
        }
        return six == .noSuchDomain && four == .noSuchDomain ? .noSuchDomain : .noData
    }

    private var found: [InternetAddress] {
        if case .records(let records) = self { records } else { [] }
    }

    private static func alternating(_ first: [InternetAddress], _ second: [InternetAddress]) -> [InternetAddress] {
        var merged: [InternetAddress] = []
        for index in 0..<max(first.count, second.count) {
            if index < first.count { merged.append(first[index]) }
            if index < second.count { merged.append(second[index]) }
        }
        return merged
    }
}
