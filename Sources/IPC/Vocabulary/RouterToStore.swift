// The words of the edge router → store: who lives here, is this password right, keep this message.

import Mail

package enum RouterToStore: Edge {
    package static let asker = RoomName.router
    package static let server = RoomName.store
    package static let name = "router-store"

    package enum Question: Codable, Sendable {
        /// At most 1,000 addresses. Answered by `residents`, in the same order.
        case lookUp([EmailAddress])
        /// Answered late: by `directory` as soon as the directory's version differs from this one, or after 5 minutes.
        case directoryChange(since: UInt64)
        /// Answered by `login`.
        case verify(Login)
        /// The content that came before this word becomes a message. The last word of its conversation.
        /// Answered by `receipt` after the group commit.
        case commit(Plan)
    }

    package enum Answer: Codable, Sendable {
        case residents([Resident], version: UInt64)
        case directory(version: UInt64)
        case login(LoginAnswer)
        case receipt(Receipt)
    }
}

/// What the directory knows about an address.
package enum Resident: Codable, Sendable, Hashable {
    /// The domain is not ours.
    case foreign
    /// The domain is ours, the address does not exist.
    case unknown
    case account(AccountID)
}

/// What the router tells the store to do with one message. `placements` and `relays` together name each accepted
/// recipient exactly once, in the order of RCPT; the ledger holds the store to that.
package struct Plan: Codable, Sendable {
    package var trace: TraceID
    /// nil is the null reverse-path.
    package var sender: EmailAddress?
    /// Header fields that only local copies carry (Return-Path); complete lines with CRLF.
    package var localHeader: [UInt8]
    /// Header fields put in front of the content for everybody (Received); complete lines with CRLF.
    package var header: [UInt8]
    package var placements: [LocalPlacement]
    package var relays: [EmailAddress]
    package var isEightBit: Bool
    /// A second commit with the same key changes nothing and gets the first one's receipt. At most 128 octets.
    package var idempotencyKey: String?

    package init(
        trace: TraceID, sender: EmailAddress?, localHeader: [UInt8], header: [UInt8], placements: [LocalPlacement],
        relays: [EmailAddress], isEightBit: Bool, idempotencyKey: String? = nil
    ) {
        self.trace = trace
        self.sender = sender
        self.localHeader = localHeader
        self.header = header
        self.placements = placements
        self.relays = relays
        self.isEightBit = isEightBit
        self.idempotencyKey = idempotencyKey
    }
}

/// One accepted recipient and the account whose INBOX gets the message. Two recipients of one message may be the
/// same account; the message is then placed once, and both are accounted for.
package struct LocalPlacement: Codable, Sendable, Hashable {
    package var recipient: EmailAddress
    package var account: AccountID

    package init(recipient: EmailAddress, account: AccountID) {
        self.recipient = recipient
        self.account = account
    }
}
