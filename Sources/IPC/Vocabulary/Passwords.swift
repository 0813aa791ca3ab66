// Nouns of the passwords that an account has beside its own: one for each device, good for less, and gone without the others.

import Mail

/// What a password can be good for.
package enum PasswordScope: String, Codable, Sendable, CaseIterable {
    /// Sending, at whichever port: smtp, submission, lmtp.
    case submission
    case pop3
    case imap

    package init(_ service: ServiceName) {
        switch service {
        case .smtp, .submission, .lmtp: self = .submission
        case .pop3: self = .pop3
        }
    }
}

/// A password that an account shall have beside its own.
package struct NewPassword: Codable, Sendable {
    /// What tells it from the account's others: 1 to 64 octets.
    package var name: String
    /// nil: everything.
    package var scopes: [PasswordScope]?
    /// Milliseconds since 1970, from which on it is no good; nil: never.
    package var expiresAt: Int64?
    /// nil: the store makes one.
    package var password: Secret?

    package init(name: String, scopes: [PasswordScope]? = nil, expiresAt: Int64? = nil, password: Secret? = nil) {
        self.name = name
        self.scopes = scopes
        self.expiresAt = expiresAt
        self.password = password
    }

    /// Whether a password can be named so.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.first != " " && text.last != " "
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}

/// One of an account's passwords.
package struct PasswordEntry: Codable, Sendable, Hashable {
    /// nil: the account's own.
    package var name: String?
    /// nil: everything.
    package var scopes: [PasswordScope]?
    /// Ways to log in with it, as IANA registers them.
    package var mechanisms: [String]
    /// Milliseconds since 1970; nil: it is not known, or never.
    package var madeAt: Int64?
    package var expiresAt: Int64?
    /// The last day on which somebody logged in with it, in days since 1970 in UTC; nil: none.
    package var usedOn: Int64?

    package init(
        name: String?, scopes: [PasswordScope]?, mechanisms: [String], madeAt: Int64? = nil, expiresAt: Int64? = nil,
        usedOn: Int64? = nil
    ) {
        self.name = name
        self.scopes = scopes
        self.mechanisms = mechanisms
        self.madeAt = madeAt
        self.expiresAt = expiresAt
        self.usedOn = usedOn
    }
}
