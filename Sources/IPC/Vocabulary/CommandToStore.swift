// The words of the administrator's command to the store: directory, queue, audit.

import Mail

package enum CommandToStore: Edge {
    package static let asker = RoomName.command
    package static let server = RoomName.store
    package static let name = "command-store"

    package enum Question: Codable, Sendable {
        case room(CommandToRoom)
        case addDomain(String)
        case removeDomain(String)
        /// A page of at most 1,000, in order, after this name.
        case listDomains(after: String?)
        /// The password is hashed in the store and kept only so.
        case addAccount(EmailAddress, password: Secret)
        case removeAccount(EmailAddress)
        case listAccounts(after: EmailAddress?)
        /// A page of at most 1,000 entries after this entry.
        case listQueue(after: UInt64?)
        /// Recomputes the ledger from durable state.
        case audit
        /// Reads messages after this one again and compares their checksums: a page of at most 1,000 messages or 64 MB.
        case verify(after: SpoolID?)
    }

    package enum Answer: Codable, Sendable {
        case room(RoomAnswer)
        case done
        /// The command cannot be carried out: one sentence with the reason and the fix.
        case refused(String)
        case domains([DomainEntry])
        case accounts([AccountEntry])
        case queue([QueueEntry])
        case audit(Audit)
        case verified(VerifiedPage)
    }
}

package struct DomainEntry: Codable, Sendable {
    package var name: String
    package var accounts: UInt64

    package init(name: String, accounts: UInt64) {
        self.name = name
        self.accounts = accounts
    }
}

package struct AccountEntry: Codable, Sendable {
    package var address: EmailAddress
    package var messages: UInt64
    package var octets: UInt64

    package init(address: EmailAddress, messages: UInt64, octets: UInt64) {
        self.address = address
        self.messages = messages
        self.octets = octets
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
