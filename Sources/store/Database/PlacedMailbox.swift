// Mailboxes and messages as one snapshot shows them.

import IPC
import Mail

package struct PlacedMailbox: Sendable, Equatable {
    package var id: MailboxID
    package var account: AccountID
    package var name: MailboxName
    package var uidValidity: UInt32
    package var uidNext: UInt32
    package var highestModSeq: UInt64
    package var messages: UInt64
    package var unseen: UInt64
    package var octets: UInt64
    package var use: SpecialUse?
    /// By its account.
    package var isSubscribed: Bool
}

package struct PlacedMessage: Sendable, Equatable {
    package var uid: UInt32
    package var flags: MessageFlags
    package var keywords: [String]
    package var modSeq: UInt64
    /// Milliseconds since 1970.
    package var internalDate: Int64
    package var size: UInt64
    package var spool: SpoolID
    package var location: SpoolLocation
}

/// What has changed in a mailbox since a modification sequence.
package enum MailboxChanges: Sendable, Equatable {
    /// - Parameters:
    ///   - changed: UIDs of messages that are new or have other flags, ascending.
    ///   - vanished: UIDs of messages that are there no longer, ascending.
    case known(changed: [UInt32], vanished: [UInt32], highestModSeq: UInt64)
    /// The log of expunges begins later: the client must look at all messages again.
    case logTooShort(highestModSeq: UInt64)
}

package struct GrantedRights: Sendable, Equatable {
    package var grantee: Grantee
    /// nil: everybody, or an account that was removed.
    package var name: NamedAccount?
    package var rights: MailboxRights
}

package struct SharedMailbox: Sendable, Equatable {
    package var mailbox: PlacedMailbox
    package var owner: NamedAccount
    package var rights: MailboxRights
}
