// Nouns of logging in: a name with its password, or an exchange of SASL (RFC 4422), and what comes of it. The listener
// carries, the router slows down and counts, the store knows the secrets.

import Mail

/// A name and a password as a stranger gave them.
package struct Login: Codable, Sendable {
    package var facts: SessionFacts
    /// At most 320 octets.
    package var user: String
    package var password: Secret

    package init(facts: SessionFacts, user: String, password: Secret) {
        self.facts = facts
        self.user = user
        self.password = password
    }

    /// Whose login it is: only where mail is read can the mailbox of another be asked for.
    package var name: LoginName { facts.service == .pop3 ? LoginName(user) : LoginName(whole: user) }
}

/// The beginning of an exchange. Each `challenge` is answered by a `saslResponse` on the same conversation; ending the
/// conversation gives the exchange up.
package struct SASLOpening: Codable, Sendable {
    package var facts: SessionFacts
    /// As IANA registers it, such as "SCRAM-SHA-256-PLUS".
    package var mechanism: String
    /// The initial response, decoded; nil when there was none.
    package var initial: Secret?
    /// tls-server-end-point (RFC 5929 §4) of the certificate that was shown; nil without TLS.
    package var channelBinding: [UInt8]?

    package init(facts: SessionFacts, mechanism: String, initial: Secret?, channelBinding: [UInt8]?) {
        self.facts = facts
        self.mechanism = mechanism
        self.initial = initial
        self.channelBinding = channelBinding
    }
}

/// Who has logged in.
package struct Grant: Codable, Sendable, Hashable {
    package var ticket: Ticket
    /// 0: the single login for relaying, which has no mailbox.
    package var account: AccountID
    /// The account's address, or the name of the single login.
    package var name: String

    package init(ticket: Ticket, account: AccountID, name: String) {
        self.ticket = ticket
        self.account = account
        self.name = name
    }
}

/// What came of a login.
package enum LoginAnswer: Codable, Sendable {
    case granted(Grant)
    /// Wrong name or wrong password: strangers are never told which. The name as it was given; empty when none was.
    case refused(user: String)
    /// The password of this account was right, but the mailbox of another that it asked for is not open to it, or not there.
    case forbidden(user: String)
    /// Our own trouble: the stranger may try again later.
    case unavailable(because: String)
}
