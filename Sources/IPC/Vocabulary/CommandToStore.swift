// The words of the administrator's command to the store: directory, queue, audit.

import Mail

package enum CommandToStore: Edge {
    package static let asker = RoomName.command
    package static let server = RoomName.store
    package static let name = "command-store"

    package enum Question: Word {
        case room(CommandToRoom)
        case addDomain(String)
        case removeDomain(String)
        /// A page of at most 1,000, in order, after this name.
        case listDomains(after: String?)
        /// An alias domain is another name of `target`: every address of it is one of the target's.
        case addDomainAlias(String, target: String)
        /// What becomes of addresses that the domain does not have; nil leaves it as it is, "" ends it.
        case setDomain(String, DomainChoices)
        /// The password is hashed in the store and kept only so.
        case addAccount(EmailAddress, AccountKind, password: Secret?, legacy: [String])
        /// A user who cannot log in before a password is set: for a directory that comes from a file, which has none.
        case addUserWithoutPassword(EmailAddress)
        case setPassword(EmailAddress, password: Secret, legacy: [String])
        case removeAccount(EmailAddress, AccountKind)
        case listAccounts(after: EmailAddress?)
        /// Targets are added to those that the alias has.
        case addAlias(EmailAddress, targets: [EmailAddress])
        /// Without targets the whole alias goes.
        case removeAlias(EmailAddress, targets: [EmailAddress])
        case listAliases(after: EmailAddress?)
        /// The rule's place is behind all others.
        case addRule(NamedRule)
        case removeRule(number: UInt64)
        case listRules
        /// What an account or a domain may keep. An account has the words about itself only.
        case setQuota(QuotaOwner, QuotaChange)
        /// A page of at most 1,000. Answered by `quotas`.
        case listQuotas(QuotaListing)
        case addRange(AccessList, AddressRange)
        case removeRange(AccessList, AddressRange)
        case listRanges(AccessList)
        /// A page of at most 1,000 entries after this entry.
        case listQueue(after: UInt64?)
        /// Held and deferred entries become ready now, at most 1,000. Answered by `entries`: how many did.
        case releaseEntries([UInt64])
        /// These are given up, at most 1,000: their recipients' fate is bounced, and no report is sent. An entry that is
        /// being delivered just now stays. Answered by `entries`: how many are gone.
        case dropEntries([UInt64])
        /// About mailboxes and what is in them.
        case mailbox(MailboxQuestion)
        /// Recomputes the ledger from durable state.
        case audit
        /// Reads messages after this one again and compares their checksums: a page of at most 1,000 messages or 64 MB. Of a
        /// sample this many in 1,000 are read, drawn anew each time.
        case verify(after: SpoolID?, sample: UInt16)
        /// Answered by `madePassword` where the store is to make it, and never shown again; else by `done`.
        case addPassword(EmailAddress, NewPassword)
        case removePassword(EmailAddress, name: String)
        /// What the account's own password is good for; nil: everything.
        case setPasswordScopes(EmailAddress, [PasswordScope]?)
        /// Answered by `passwords`, the account's own first.
        case listPasswords(EmailAddress)
        case backup(BackupQuestion)
    }

    package enum Answer: Word {
        case room(RoomAnswer)
        case done
        /// The command cannot be carried out: one sentence with the reason and the fix.
        case refused(String)
        case domains([DomainEntry])
        case accounts([AccountEntry])
        case aliases([AliasEntry])
        case rules([NamedRule])
        case quotas([QuotaEntry])
        case ranges([AddressRange])
        case queue([QueueEntry])
        case entries(UInt32)
        case mailbox(MailboxAnswer)
        case audit(Audit)
        case verified(VerifiedPage)
        case madePassword(Secret)
        case passwords([PasswordEntry])
        case backup(BackupAnswer)
    }
}

package struct DomainEntry: Codable, Sendable {
    package var name: String
    package var accounts: UInt64
    /// The domain that this is only another name of.
    package var aliasOf: String?
    package var choices: DomainChoices
    package var quotas: DomainQuotas

    package init(
        name: String, accounts: UInt64, aliasOf: String? = nil, choices: DomainChoices = DomainChoices(),
        quotas: DomainQuotas = DomainQuotas()
    ) {
        self.name = name
        self.accounts = accounts
        self.aliasOf = aliasOf
        self.choices = choices
        self.quotas = quotas
    }
}

/// What a domain does with addresses that it does not have. nil: not said; in a change "" ends it.
package struct DomainChoices: Codable, Sendable, Hashable {
    /// An address that gets the mail of all others.
    package var catchAll: String?
    /// `host:port` that gets it.
    package var transport: String?
    /// Characters that divide a local part from its detail; nil: "+".
    package var delimiters: String?

    package init(catchAll: String? = nil, transport: String? = nil, delimiters: String? = nil) {
        self.catchAll = catchAll
        self.transport = transport
        self.delimiters = delimiters
    }
}

/// What an account is (FEATURES 1.0): all have mailboxes; a user can log in, a folder is shared, a processor gets what its
/// rules match.
package enum AccountKind: String, Codable, Sendable, CaseIterable { case user, folder, processor }

package struct AliasEntry: Codable, Sendable {
    package var address: EmailAddress
    package var targets: [EmailAddress]

    package init(address: EmailAddress, targets: [EmailAddress]) {
        self.address = address
        self.targets = targets
    }
}

/// A receive rule as an administrator sees it: with its number and the account's name.
package struct NamedRule: Codable, Sendable {
    /// Rules are tried in the order of their numbers; 0 in a rule that is to be added.
    package var number: UInt64
    package var account: EmailAddress
    /// `local@domain` with `*` and `?` in the local part and `*` for any domain.
    package var recipient: String
    package var sender: String?
    package var source: AddressRange?

    package init(number: UInt64 = 0, account: EmailAddress, recipient: String, sender: String?, source: AddressRange?) {
        self.number = number
        self.account = account
        self.recipient = recipient
        self.sender = sender
        self.source = source
    }
}

package enum AccessList: String, Codable, Sendable, CaseIterable { case trusted, safe }

package struct AccountEntry: Codable, Sendable {
    package var address: EmailAddress
    package var kind: AccountKind
    /// Ways to log in that its credentials allow, as IANA registers them.
    package var mechanisms: [String]
    /// False for those who cannot log in: all but users, and users before their first password.
    package var hasPassword: Bool
    package var messages: UInt64
    package var octets: UInt64
    /// The account's own words about its limits: nil is what its domain says, 0 is none.
    package var quota: QuotaLimits

    package init(
        address: EmailAddress, kind: AccountKind = .user, mechanisms: [String] = [], hasPassword: Bool = false,
        messages: UInt64, octets: UInt64, quota: QuotaLimits = QuotaLimits()
    ) {
        self.address = address
        self.kind = kind
        self.mechanisms = mechanisms
        self.hasPassword = hasPassword
        self.messages = messages
        self.octets = octets
        self.quota = quota
    }
}

package enum QueueState: String, Codable, Sendable { case ready, leased, deferred, held }

package struct QueueEntry: Codable, Sendable {
    package var entry: UInt64
    package var message: SpoolID
    package var sender: EmailAddress?
    package var recipient: EmailAddress
    package var state: QueueState
    /// Milliseconds since 1970.
    package var acceptedAt: Int64
    package var nextAttemptAt: Int64
    package var attempts: UInt32
    package var size: UInt64
    /// The last attempt; nil before the first.
    package var last: AttemptReport?

    package init(
        entry: UInt64, message: SpoolID, sender: EmailAddress?, recipient: EmailAddress, state: QueueState,
        acceptedAt: Int64, nextAttemptAt: Int64, attempts: UInt32, size: UInt64, last: AttemptReport?
    ) {
        self.entry = entry
        self.message = message
        self.sender = sender
        self.recipient = recipient
        self.state = state
        self.acceptedAt = acceptedAt
        self.nextAttemptAt = nextAttemptAt
        self.attempts = attempts
        self.size = size
        self.last = last
    }
}

/// What one page of `verify` found.
package struct VerifiedPage: Codable, Sendable {
    package var checked: UInt64
    package var octets: UInt64
    /// One sentence for each message whose bytes are not what was stored.
    package var damaged: [String]
    /// The last message of this page; nil when there is nothing behind it.
    package var next: SpoolID?

    package init(checked: UInt64, octets: UInt64, damaged: [String], next: SpoolID?) {
        self.checked = checked
        self.octets = octets
        self.damaged = damaged
        self.next = next
    }
}

/// The ledger, recomputed: every accepted recipient has exactly one fate or one open queue entry.
package struct Audit: Codable, Sendable {
    package var accepted: UInt64
    package var stored: UInt64
    package var delivered: UInt64
    package var bounced: UInt64
    package var open: UInt64
    /// accepted − stored − delivered − bounced − open. Not 0 means that a message was lost or counted twice.
    package var unaccounted: Int64

    package init(accepted: UInt64, stored: UInt64, delivered: UInt64, bounced: UInt64, open: UInt64) {
        self.accepted = accepted
        self.stored = stored
        self.delivered = delivered
        self.bounced = bounced
        self.open = open
        unaccounted = Int64(accepted) - Int64(stored + delivered + bounced + open)
    }
}
