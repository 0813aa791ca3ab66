// The words of the edge router → store: who lives here, is this password right, keep this message.

import Mail

package enum RouterToStore: Edge {
    package static let asker = RoomName.router
    package static let server = RoomName.store
    package static let name = "router-store"

    package enum Question: Word {
        /// At most 1,000 addresses. Answered by `entries`, in the same order.
        case lookUp([EmailAddress])
        /// Answered late: by `directory` as soon as the directory's version differs from this one, or after 5 minutes.
        case directoryChange(since: UInt64)
        /// What the router keeps in whole. Answered by `policy`.
        case policy
        /// Answered by `login`.
        case verify(Login)
        /// An exchange of SASL on a conversation of its own. Each is answered by `challenge` or `login`.
        case sasl(SASLOpening)
        case saslResponse(Secret)
        /// Whose login this is proof of. Answered by `login`, with the same ticket, or `refused`.
        case redeem(Ticket, ServiceName)
        /// The content that came before this word becomes a message. The last word of its conversation.
        /// Answered by `receipt` after the group commit, or by `overQuota`.
        case commit(Plan)
    }

    package enum Answer: Word {
        case entries([DirectoryEntry], version: UInt64)
        case directory(version: UInt64)
        case policy(DirectoryPolicy)
        case login(LoginAnswer)
        case challenge([UInt8])
        case receipt(Receipt)
        /// Nothing was kept: there is no room for the message in one mailbox at least.
        case overQuota(QuotaShortage)
    }
}

/// The parts of the directory that concern every message.
package struct DirectoryPolicy: Codable, Sendable, Hashable {
    package var version: UInt64
    /// In order.
    package var rules: [ReceiveRule]
    /// Added to `relay.trusted` and `relay.safe` at run time.
    package var trusted: [AddressRange]
    package var safe: [AddressRange]
    /// Mechanisms that at least one credential can satisfy, as IANA registers them.
    package var mechanisms: [String]
    /// Accounts of rules that have no room for more mail.
    package var full: [AccountID]

    package init(
        version: UInt64, rules: [ReceiveRule] = [], trusted: [AddressRange] = [], safe: [AddressRange] = [],
        mechanisms: [String] = [], full: [AccountID] = []
    ) {
        self.version = version
        self.rules = rules
        self.trusted = trusted
        self.safe = safe
        self.mechanisms = mechanisms
        self.full = full
    }
}

/// What the router tells the store to do with one message. `placements` and `relays` together name each recipient, as
/// it is after aliases, exactly once; the ledger holds the store to that.
package struct Plan: Codable, Sendable {
    package var trace: TraceID
    /// nil is the null reverse-path.
    package var sender: EmailAddress?
    /// Header fields that only local copies carry (Return-Path); complete lines with CRLF.
    package var localHeader: [UInt8]
    /// Header fields put in front of the content for everybody (Received); complete lines with CRLF.
    package var header: [UInt8]
    package var placements: [LocalPlacement]
    package var relays: [RelayedRecipient]
    package var parameters: SenderParameters
    /// A second commit with the same key changes nothing and gets the first one's receipt. At most 128 octets.
    package var idempotencyKey: String?
    /// The message did not come by SMTP: its one placement counts no recipient in the ledger, and nobody relays it.
    package var isAppended = false
    /// What IMAP shows as the date of arrival, milliseconds since 1970; nil: when the store took the message.
    package var internalDate: Int64?
    /// A mailbox of a placement that is missing is made; otherwise an appended message is refused, and any other one is
    /// put into the INBOX.
    package var createsMailboxes = false
    /// Of an appended message, at most 128 octets. While a message is in the mailbox that came with it, another one
    /// changes nothing and gets the first one's receipt.
    package var identity: String?
    /// A report of ours about other mail: taken by those who are full too, since nobody would send it again.
    package var isOwnReport: Bool

    package init(
        trace: TraceID, sender: EmailAddress?, localHeader: [UInt8], header: [UInt8], placements: [LocalPlacement],
        relays: [RelayedRecipient], parameters: SenderParameters = SenderParameters(), idempotencyKey: String? = nil,
        isOwnReport: Bool = false
    ) {
        self.trace = trace
        self.sender = sender
        self.localHeader = localHeader
        self.header = header
        self.placements = placements
        self.relays = relays
        self.parameters = parameters
        self.idempotencyKey = idempotencyKey
        self.isOwnReport = isOwnReport
    }
}

/// One accepted recipient and the account whose mailbox gets the message. Two recipients of one message may be the
/// same mailbox; the message is then placed once, and both are accounted for.
package struct LocalPlacement: Codable, Sendable, Hashable {
    package var recipient: EmailAddress
    package var account: AccountID
    /// The mailbox's name; nil: INBOX.
    package var mailbox: String?
    package var flags: MessageFlags = []
    /// At most 64 names of at most 64 octets. Those for which the mailbox has no room are left away.
    package var keywords: [String] = []

    package init(recipient: EmailAddress, account: AccountID) {
        self.recipient = recipient
        self.account = account
    }
}

/// One recipient who lives elsewhere, with what its sender wants to be told (RFC 3461).
package struct RelayedRecipient: Codable, Sendable, Hashable {
    package var address: EmailAddress
    package var parameters: RecipientParameters

    package init(_ address: EmailAddress, _ parameters: RecipientParameters = RecipientParameters()) {
        self.address = address
        self.parameters = parameters
    }
}
