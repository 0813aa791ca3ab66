// What the directory is asked to become, and what those who keep it in memory must learn of it.

import IPC
import Mail
import SASL

/// One change. Its words are in the form in which `DirectoryForm` gives them.
package enum DirectoryChange: Sendable {
    case addDomain(String)
    case addDomainAlias(String, target: String)
    case setDomain(String, DomainChoices)
    case removeDomain(String)
    /// - `KeptPassword`: a user's; nil for those who cannot log in.
    case addAccount(EmailAddress, AccountKind, KeptPassword?)
    case setPassword(EmailAddress, KeptPassword)
    /// A user's, beside the own one.
    case addPassword(EmailAddress, StoredPassword)
    case removePassword(EmailAddress, name: String)
    /// What the user's own password is good for; nil: everything.
    case setPasswordScopes(EmailAddress, Set<PasswordScope>?)
    /// Of several accounts with this address the first of processor, user, folder.
    case removeAccount(EmailAddress, AccountKind)
    case addAlias(EmailAddress, targets: [EmailAddress])
    /// Without targets the whole alias.
    case removeAlias(EmailAddress, targets: [EmailAddress])
    case addRule(RuleWords, account: EmailAddress)
    case removeRule(number: UInt64)
    case addRange(AccessList, AddressRange)
    case removeRange(AccessList, AddressRange)
    /// Words that are nil stay as they are.
    case setQuota(QuotaOwner, QuotaChange)
    /// Nothing but the version: something that others know of the directory has changed outside the database.
    case touch
}

/// What a change has come to.
package enum DirectoryNews: Sendable {
    /// The domain is there, with these choices.
    case domain(String, DomainChoices)
    case domainAlias(String, of: String)
    case domainRemoved(String)
    /// - `VerifierKind`: those that at least one account has, after the change.
    case account(AccountID, EmailAddress, AccountKind, Set<VerifierKind>)
    /// One of its passwords is another one, gone, or good for less.
    case password(AccountID, Set<VerifierKind>)
    case accountRemoved(AccountID, EmailAddress, AccountKind, Set<VerifierKind>)
    /// All targets that the alias has now; none: it is gone.
    case alias(EmailAddress, targets: [EmailAddress])
    /// All rules, in order.
    case rules([NumberedRule])
    /// The whole list.
    case ranges(AccessList, [AddressRange])
    /// Who is full after a change of limits is told as news of quotas.
    case touched
}

/// A password as it is kept.
package struct KeptPassword: Sendable {
    /// libcrypt's.
    package var hash: String
    package var verifiers: [Verifier]

    package init(hash: String, verifiers: [Verifier]) {
        self.hash = hash
        self.verifiers = verifiers
    }
}

/// What a receive rule looks at, without its number and account.
package struct RuleWords: Hashable, Sendable {
    package var localPart: String
    package var domain: String?
    package var sender: String?
    package var source: AddressRange?

    package init(localPart: String, domain: String?, sender: String?, source: AddressRange?) {
        self.localPart = localPart
        self.domain = domain
        self.sender = sender
        self.source = source
    }

    /// `local@domain`, with `*` for any domain.
    package var recipient: String { "\(localPart)@\(domain ?? "*")" }
}

package struct NumberedRule: Hashable, Sendable {
    package var number: UInt64
    package var rule: ReceiveRule
    /// The account's domain.
    package var home: String

    package init(number: UInt64, _ words: RuleWords, account: AccountID, of home: String) {
        self.home = home
        self.number = number
        rule = ReceiveRule(
            localPart: words.localPart, domain: words.domain, sender: words.sender, source: words.source,
            account: account)
    }
}

/// How much the directory takes: what crosses a road in one answer must fit into it.
package enum DirectoryLimits {
    package static let rules = 1_000
    /// Of each list.
    package static let ranges = 1_000
    /// Of one alias.
    package static let targets = 1_000
    /// Passwords of a user beside the own one.
    package static let namedPasswords = 32
    /// Those of them that people have thought up: a wrong password costs a slow hash for each.
    package static let typedPasswords = 3
    /// Octets of both patterns of a rule.
    package static let patterns = 512
    /// Octets of one answer about addresses, nearly.
    package static let answer = 1_000_000
}
