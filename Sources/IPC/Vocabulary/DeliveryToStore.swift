// The words of the edge delivery → store: give me work, give me the bytes, this became of it.

import Mail

package enum DeliveryToStore: Edge {
    package static let asker = RoomName.delivery
    package static let server = RoomName.store
    package static let name = "delivery-store"

    package enum Question: Word {
        /// Answered by `work` as soon as something is due, with nothing after 30 seconds.
        case claim(ClaimRequest)
        /// Content, then the answer `bytes`.
        case read(SpoolID, ReadPart)
        /// Every recipient of the lease has one result. Answered by `settled`; a second time changes nothing.
        case settle(Settlement)
        /// The work takes longer than the lease. Answered by `settled`.
        case renew(LeaseID)
    }

    package enum Answer: Word {
        case work([Lease])
        case bytes(count: UInt64)
        case settled(Bool)
        /// The bytes cannot be given: gone, or their checksum is wrong.
        case unreadable(because: String)
    }
}

package struct ClaimRequest: Codable, Sendable {
    /// Names the agent in the queue listing, such as "delivery@1"; at most 64 octets.
    package var agent: String
    /// At most this many leases.
    package var limit: UInt16
    /// Destinations that this agent has enough of just now; their work stays for later.
    package var saturated: [String]

    package init(agent: String, limit: UInt16, saturated: [String] = []) {
        self.agent = agent
        self.limit = limit
        self.saturated = saturated
    }
}

package struct LeaseID: Hashable, Codable, Sendable, RawRepresentable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One message's recipients at one destination, handed to one agent until `settle` or until the lease expires.
package struct Lease: Codable, Sendable {
    package var id: LeaseID
    /// Seconds from the answer on.
    package var expiresIn: UInt32
    package var message: SpoolID
    package var trace: TraceID
    package var sender: EmailAddress?
    /// The domain, in lower case: connections are reused by it.
    package var destination: String
    /// Where the domain's mail goes by the directory, `host:port`; nil: as the settings say (E-09).
    package var transport: String?
    /// At most 100 (RFC 5321 §4.5.3.1.8).
    package var recipients: [QueuedRecipient]
    /// Octets that `read(.relayed)` will give.
    package var size: UInt64
    package var parameters: SenderParameters
    /// Milliseconds since 1970 when the message was accepted.
    package var acceptedAt: Int64

    package init(
        id: LeaseID, expiresIn: UInt32, message: SpoolID, trace: TraceID, sender: EmailAddress?, destination: String,
        transport: String? = nil, recipients: [QueuedRecipient], size: UInt64,
        parameters: SenderParameters = SenderParameters(), acceptedAt: Int64
    ) {
        self.transport = transport
        self.id = id
        self.expiresIn = expiresIn
        self.message = message
        self.trace = trace
        self.sender = sender
        self.destination = destination
        self.recipients = recipients
        self.size = size
        self.parameters = parameters
        self.acceptedAt = acceptedAt
    }
}

package struct QueuedRecipient: Codable, Sendable, Hashable {
    /// Which queue entry.
    package var entry: UInt64
    package var address: EmailAddress
    package var parameters: RecipientParameters
    /// How often it was tried before.
    package var attempts: UInt32

    package init(
        entry: UInt64, address: EmailAddress, parameters: RecipientParameters = RecipientParameters(), attempts: UInt32
    ) {
        self.parameters = parameters
        self.entry = entry
        self.address = address
        self.attempts = attempts
    }
}

package enum ReadPart: Codable, Sendable {
    /// Everything that goes over the wire: without the header fields of local copies.
    case relayed
    /// Only the header, at most this many octets: a bounce quotes it.
    case header(atMost: UInt32)
}

package struct Settlement: Codable, Sendable {
    package var lease: LeaseID
    package var results: [RecipientResult]

    package init(lease: LeaseID, results: [RecipientResult]) {
        self.lease = lease
        self.results = results
    }
}

package struct RecipientResult: Codable, Sendable {
    package var entry: UInt64
    package var outcome: Outcome

    package init(entry: UInt64, outcome: Outcome) {
        self.entry = entry
        self.outcome = outcome
    }
}

/// What one attempt came to for one recipient.
package enum Outcome: Codable, Sendable {
    case delivered(AttemptReport)
    /// Try again in this many seconds.
    case deferred(AttemptReport, retryAfter: UInt32)
    /// Never again. The sender was told before, by a bounce that the store has, unless the sender is null.
    case failed(AttemptReport)
}

/// What an administrator wants to know about an attempt. Kept with the queue entry.
package struct AttemptReport: Codable, Sendable, Hashable {
    /// Such as "delivered", "connect-failed", "remote-rejected-recipient": see docs/rooms/delivery.md.
    package var category: String
    /// Host name and address that was spoken to; empty when none was reached.
    package var remote: String
    /// The remote's words verbatim, or what happened and during which step. At most 4,096 octets.
    package var text: String
    /// RFC 3463; empty when there is none.
    package var status: String

    package init(category: String, remote: String, text: String, status: String) {
        self.category = category
        self.remote = remote
        self.text = text
        self.status = status
    }
}
