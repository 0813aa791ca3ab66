// What mailboxes are asked to become, and what each change has come to.

import IPC
import Mail

/// A change of mailboxes, or of what one of them has. Names have gone through `MailboxName`.
package enum MailboxChange: Sendable {
    /// With the mailboxes above it that are missing.
    case create(MailboxName, of: AccountID, SpecialUse?)
    /// With those below it. UIDs, UIDVALIDITY and MAILBOXID stay. Who was subscribed to an old name is to the new one too.
    case rename(MailboxName, to: MailboxName, of: AccountID)
    /// Softly: the name is free at once, and the messages go to the log of expunges with the next purges.
    case delete(MailboxName, of: AccountID)
    case setUse(SpecialUse?, MailboxName, of: AccountID)
    case subscribe(MailboxName, of: AccountID)
    case unsubscribe(MailboxName, of: AccountID)
    /// Exactly these; none at all is what `revoke` does.
    case grant(MailboxRights, MailboxName, of: AccountID, to: Grantee)
    case revoke(MailboxName, of: AccountID, from: Grantee)
    /// At most `MailboxLimits.uids` messages.
    case flags(FlagChange, of: MailboxID)
    /// Those of these that the mailbox has; at most `MailboxLimits.uids`.
    case expunge([UInt32], of: MailboxID)
    /// One step; at most `limit` messages come back.
    case undelete(Undeletion, limit: Int)
}

/// Who may.
package enum Grantee: Hashable, Sendable {
    case account(AccountID)
    /// Everybody with an account.
    case anyone

    /// The column `grantee`.
    var stored: Int64 {
        if case .account(let id) = self { return id.rawValue }
        return 0
    }

    init(stored number: Int64) { self = number == 0 ? .anyone : .account(AccountID(rawValue: number)) }
}

package enum MailboxNews: Sendable {
    case done
    case created(MailboxID)
    case flagged(FlagOutcome)
    /// How many messages there were of those that were named.
    case expunged(Int)
    case undeleted(UndeleteStep)
}

/// How flags of messages become others (RFC 9051 §6.4.6).
package struct FlagChange: Sendable {
    package enum Kind: Sendable { case add, remove, replace }

    package var kind: Kind
    package var uids: [UInt32]
    package var flags: MessageFlags
    package var keywords: [String]
    /// Messages that were changed after this modification sequence are left as they are (RFC 7162 §3.1.3).
    package var unchangedSince: UInt64?

    package init(
        _ kind: Kind, _ uids: [UInt32], _ flags: MessageFlags = [], keywords: [String] = [], unchangedSince: UInt64? = nil
    ) {
        self.kind = kind
        self.uids = uids
        self.flags = flags
        self.keywords = keywords
        self.unchangedSince = unchangedSince
    }
}

package struct FlagOutcome: Equatable, Sendable {
    /// Of those that are changed; without any the mailbox's highest.
    package var modSeq: UInt64
    package var changed: [UInt32] = []
    /// They have a later modification sequence than the change allowed.
    package var refused: [UInt32] = []
}

/// What was in an account at a time and is not any more comes back.
package struct Undeletion: Sendable {
    package var account: AccountID
    /// nil: all.
    package var mailbox: MailboxName?
    /// Milliseconds since 1970.
    package var at: Int64
    package var after: UndeleteMark?

    package init(_ account: AccountID, mailbox: MailboxName? = nil, at: Int64, after: UndeleteMark? = nil) {
        self.account = account
        self.mailbox = mailbox
        self.at = at
        self.after = after
    }
}

package enum MailboxLimits {
    /// Messages of one change.
    package static let uids = 10_000
    /// Of one mailbox (RFC 9051 has no number): bits 5 to 60 of a placement's flags.
    package static let keywords = 56
    /// Octets of one keyword.
    package static let keyword = 64
    /// Keywords of one message that comes in.
    package static let keywordsOfMessage = 64
    /// Accounts that a mailbox is shared with.
    package static let grantees = 1_000
    /// Rows of a mailbox's log of expunges whose message is gone, and how long they are kept. Milliseconds.
    package static let log = 100_000
    package static let logAge: Int64 = 366 * 86_400_000
    /// How long a key against double submission is known. Milliseconds.
    package static let keyAge: Int64 = 7 * 86_400_000
}
