// What the store's own program tells of a backup, one thing behind the other on its standard output: a length (4,
// little-endian) and a `BackedUp`; behind a message so many octets as it says.

import Mail
import NIOCore

package enum BackedUp: Equatable, Codable, Sendable {
    case mailbox(BackedUpMailbox)
    /// What somebody may do with a mailbox, behind all mailboxes.
    case rights(RightsEntry, mailbox: Int64)
    case message(BackedUpMessage)
    /// A message whose bytes are not those that were stored, or not in the backup; one sentence.
    case damaged(uid: UInt32, because: String)
    /// Nothing follows. Without it what came is not all.
    case end

    /// Octets of one of these.
    package static let longest = 64 << 10

    /// As it is sent.
    package func frame() throws(BinaryCoderError) -> ByteBuffer {
        var payload = ByteBuffer()
        try BinaryEncoder.encode(self, limit: Self.longest, into: &payload)
        var frame = ByteBuffer(integer: UInt32(payload.readableBytes), endianness: .little)
        frame.writeBuffer(&payload)
        return frame
    }
}

package struct BackedUpMailbox: Equatable, Codable, Sendable {
    package var account: AccountID
    package var address: EmailAddress
    /// `user`, `folder` or `processor`.
    package var kind: String
    /// The mailbox or its account was removed before the backup was made.
    package var isRemoved: Bool
    /// The index's number of the mailbox.
    package var number: Int64
    package var name: String
    package var uidValidity: UInt32
    package var messages: UInt64
    package var use: SpecialUse?
    package var isSubscribed: Bool

    package init(
        account: AccountID, address: EmailAddress, kind: String, isRemoved: Bool, number: Int64, name: String,
        uidValidity: UInt32, messages: UInt64, use: SpecialUse? = nil, isSubscribed: Bool = false
    ) {
        self.account = account
        self.address = address
        self.kind = kind
        self.isRemoved = isRemoved
        self.number = number
        self.name = name
        self.uidValidity = uidValidity
        self.messages = messages
        self.use = use
        self.isSubscribed = isSubscribed
    }
}

package struct BackedUpMessage: Equatable, Codable, Sendable {
    package var uid: UInt32
    package var flags: MessageFlags
    package var keywords: [String]
    /// Milliseconds since 1970.
    package var receivedAt: Int64
    package var spool: SpoolID
    package var trace: TraceID
    /// Octets that follow: what a local reader gets.
    package var octets: UInt64

    package init(
        uid: UInt32, flags: MessageFlags, keywords: [String] = [], receivedAt: Int64, spool: SpoolID, trace: TraceID,
        octets: UInt64
    ) {
        self.uid = uid
        self.flags = flags
        self.keywords = keywords
        self.receivedAt = receivedAt
        self.spool = spool
        self.trace = trace
        self.octets = octets
    }
}
