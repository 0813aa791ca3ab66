// The words about putting a message into a mailbox: the order, its receipt, and why it is not taken.

import Mail

/// A message that did not come by SMTP: from a file, from another server.
package struct AppendOrder: Codable, Sendable {
    /// Octets of its content, whatever the settings say: as much as `limits.max_message_size` may allow.
    package static let largest: UInt64 = 2 << 30

    package var mailbox: NamedMailbox
    package var flags: MessageFlags
    /// Names as IMAP has them, at most 64 octets each. Those for which the mailbox has no room are left away.
    package var keywords: [String]
    /// Milliseconds since 1970; nil: now.
    package var internalDate: Int64?
    /// At most 128 octets. While a message is in the mailbox that came with it, a second one changes nothing and gets the
    /// first one's receipt.
    package var identity: String?
    /// A mailbox that is missing is made.
    package var createsMailbox: Bool

    package init(
        _ mailbox: NamedMailbox, flags: MessageFlags = [], keywords: [String] = [], internalDate: Int64? = nil,
        identity: String? = nil, createsMailbox: Bool = false
    ) {
        self.mailbox = mailbox
        self.flags = flags
        self.keywords = keywords
        self.internalDate = internalDate
        self.identity = identity
        self.createsMailbox = createsMailbox
    }
}

/// The receipt of an append: the message is durable.
package struct AppendedMessage: Codable, Sendable, Hashable {
    package var spool: SpoolID
    /// False: the mailbox had a message with this identity, which is the one named here.
    package var isNew: Bool

    package init(spool: SpoolID, isNew: Bool) {
        self.spool = spool
        self.isNew = isNew
    }
}

/// The message was not taken, and nothing of it was kept.
package struct AppendRefusal: Error, Codable, Sendable, Hashable {
    /// What whoever has more messages does next hangs on it.
    package enum Cause: String, Codable, Sendable, CaseIterable {
        /// The message itself, or what is said with it: it will never be taken so, and others may be.
        case message
        /// There is no such account or mailbox, or the mailbox cannot be made: no message goes there.
        case place
        /// A limit of the account or its domain is reached, or the disk is full: somebody has to make room.
        case room
        /// Our own trouble: the same may be taken later.
        case trouble
    }

    package var cause: Cause
    /// One sentence with the reason and the fix.
    package var because: String

    package init(_ cause: Cause, because: String) {
        self.cause = cause
        self.because = because
    }
}
