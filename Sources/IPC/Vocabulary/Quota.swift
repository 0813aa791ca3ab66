// Nouns of quotas: what an account or a domain may keep (RFC 9208 §5: STORAGE, here in octets, and MESSAGE).

import Mail

/// Two limits, or the use of both.
package struct QuotaLimits: Codable, Sendable, Hashable {
    /// nil: there is no limit, or none of its own: whoever has these says which.
    package var octets: UInt64?
    package var messages: UInt64?

    package init(octets: UInt64? = nil, messages: UInt64? = nil) {
        self.octets = octets
        self.messages = messages
    }

    /// What a limit can be. More than 2^60 octets is a slip of the keyboard.
    package static let range: ClosedRange<UInt64> = 1...(1 << 60)
}

/// The limits of a domain; nil is no limit.
package struct DomainQuotas: Codable, Sendable, Hashable {
    /// Of all accounts together.
    package var whole: QuotaLimits
    /// Of each account that says nothing of its own.
    package var account: QuotaLimits

    package init(whole: QuotaLimits = QuotaLimits(), account: QuotaLimits = QuotaLimits()) {
        self.whole = whole
        self.account = account
    }
}

/// Whose limits.
package enum QuotaOwner: Codable, Sendable, Hashable {
    /// nil: the only account with this address.
    case account(EmailAddress, AccountKind?)
    case domain(String)
}

/// A word about a limit.
package enum QuotaWord: Codable, Sendable, Hashable {
    /// An account's: what its domain says. A domain's: no limit.
    case usual
    /// No limit.
    case none
    case limit(UInt64)
}

/// nil leaves a limit as it is.
package struct QuotaChange: Codable, Sendable, Hashable {
    package var octets: QuotaWord?
    package var messages: QuotaWord?
    /// For each account of a domain that says nothing of its own.
    package var accountOctets: QuotaWord?
    package var accountMessages: QuotaWord?

    package init(
        octets: QuotaWord? = nil, messages: QuotaWord? = nil, accountOctets: QuotaWord? = nil,
        accountMessages: QuotaWord? = nil
    ) {
        self.octets = octets
        self.messages = messages
        self.accountOctets = accountOctets
        self.accountMessages = accountMessages
    }
}

/// Whose quotas are wanted.
package enum QuotaListing: Codable, Sendable, Hashable {
    /// Those with addresses of their own, in order, after this name.
    case domains(after: String?)
    case domain(String)
    /// Of this domain or of all, in order, after this address; two more than a page at most: those of one address stay
    /// together.
    case accounts(of: String?, after: EmailAddress?)
    case account(EmailAddress)
}

/// What an account or a domain keeps, and may keep.
package struct QuotaEntry: Codable, Sendable, Hashable {
    /// nil: all accounts of the domain together.
    package var account: EmailAddress?
    package var kind: AccountKind?
    package var domain: String
    package var octets: UInt64
    package var messages: UInt64
    /// Those in force; nil is no limit.
    package var limits: QuotaLimits
    /// It takes no more mail; an account also because its domain is full.
    package var isFull: Bool

    package init(
        account: EmailAddress? = nil, kind: AccountKind? = nil, domain: String, octets: UInt64, messages: UInt64,
        limits: QuotaLimits, isFull: Bool
    ) {
        self.account = account
        self.kind = kind
        self.domain = domain
        self.octets = octets
        self.messages = messages
        self.limits = limits
        self.isFull = isFull
    }
}

/// Why a message was not placed.
package struct QuotaShortage: Codable, Sendable, Hashable {
    /// Those that cannot take it.
    package var accounts: [AccountID]
    /// Nobody else would have got the message.
    package var isEverybody: Bool
    /// Whose limit stands in the way, for the journal.
    package var because: String

    package init(accounts: [AccountID], isEverybody: Bool, because: String) {
        self.accounts = accounts
        self.isEverybody = isEverybody
        self.because = because
    }
}
