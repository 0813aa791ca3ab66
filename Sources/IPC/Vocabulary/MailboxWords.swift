// The words about mailboxes: what they are called, what they have, what may be asked of them. The administrator's command
// speaks them; IMAP will.

import Mail

/// An account by its name: an address may have one of each kind.
package struct NamedAccount: Codable, Sendable, Hashable {
    package var address: EmailAddress
    package var kind: AccountKind

    package init(_ address: EmailAddress, _ kind: AccountKind = .user) {
        self.address = address
        self.kind = kind
    }
}

/// A mailbox by its name.
package struct NamedMailbox: Codable, Sendable, Hashable {
    package var account: NamedAccount
    /// Levels are divided by `/`. INBOX in any case is the INBOX; everything else is compared octet by octet, in NFC.
    package var name: String

    package init(_ account: NamedAccount, _ name: String) {
        self.account = account
        self.name = name
    }
}

/// The system's flags (RFC 9051 §2.3.2). All others are keywords.
package struct MessageFlags: OptionSet, Codable, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let seen = MessageFlags(rawValue: 1)
    package static let answered = MessageFlags(rawValue: 2)
    package static let flagged = MessageFlags(rawValue: 4)
    package static let deleted = MessageFlags(rawValue: 8)
    package static let draft = MessageFlags(rawValue: 16)
    package static let all: MessageFlags = [.seen, .answered, .flagged, .deleted, .draft]
}

/// What a mailbox is for (RFC 6154 §2). An account has at most one mailbox for each use.
package enum SpecialUse: String, Codable, Sendable, CaseIterable {
    case drafts = "Drafts"
    case sent = "Sent"
    case archive = "Archive"
    case junk = "Junk"
    case trash = "Trash"

    /// As IMAP has it, with its backslash.
    package var attribute: String { "\\\(rawValue)" }
}

/// What somebody may do with a mailbox (RFC 4314 §2.1).
package struct MailboxRights: OptionSet, Codable, Sendable, Hashable, CustomStringConvertible {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    /// It is seen in lists.
    package static let lookup = MailboxRights(rawValue: 1)
    package static let read = MailboxRights(rawValue: 2)
    /// \Seen stays as it was left.
    package static let keepSeen = MailboxRights(rawValue: 4)
    /// Flags but \Seen and \Deleted.
    package static let write = MailboxRights(rawValue: 8)
    package static let insert = MailboxRights(rawValue: 16)
    package static let post = MailboxRights(rawValue: 32)
    package static let createInferior = MailboxRights(rawValue: 64)
    package static let deleteMailbox = MailboxRights(rawValue: 128)
    package static let deleteMessages = MailboxRights(rawValue: 256)
    package static let expunge = MailboxRights(rawValue: 512)
    package static let administer = MailboxRights(rawValue: 1024)
    package static let all = MailboxRights(rawValue: 2047)

    private static let letters = Array("lrswipkxtea".utf8)

    /// - Parameter letters: of `lrswipkxtea`, and the obsolete `c` (k, x) and `d` (e, t, x) of RFC 4314 §2.1.1.
    /// - Returns: nil for any other letter.
    package init?(letters: String) {
        var rights: MailboxRights = []
        for letter in letters.utf8 {
            switch letter {
            case UInt8(ascii: "c"): rights.formUnion([.createInferior, .deleteMailbox])
            case UInt8(ascii: "d"): rights.formUnion([.expunge, .deleteMessages, .deleteMailbox])
            default:
                guard let bit = Self.letters.firstIndex(of: letter) else { return nil }
                rights.insert(MailboxRights(rawValue: 1 << UInt16(bit)))
            }
        }
        self = rights
    }

    /// The letters in the order of the RFC.
    package var description: String {
        let bits = Self.letters.indices.filter { rawValue & (1 << UInt16($0)) != 0 }
        return String(decoding: bits.map { Self.letters[$0] }, as: UTF8.self)
    }
}

/// What is asked of mailboxes on the edge command → store. The account must be there; a refusal is one sentence with the fix.
package enum MailboxQuestion: Codable, Sendable {
    /// A page of at most 1,000, in the order of the names, after this name. Answered by `mailboxes`.
    case list(NamedAccount, after: String?)
    /// With the mailboxes above it that are missing. Answered by `done`, like all changes that follow.
    case create(NamedMailbox, use: SpecialUse?)
    /// With those below it. INBOX keeps its name.
    case rename(NamedMailbox, to: String)
    /// What is in it can be brought back by `undelete` for `store.expunge_retention`. Mailboxes below it stay.
    case delete(NamedMailbox)
    /// A name may be subscribed to that no mailbox has (RFC 3501 §6.3.6).
    case subscribe(NamedMailbox)
    case unsubscribe(NamedMailbox)
    /// nil: for nothing special.
    case setUse(NamedMailbox, SpecialUse?)
    /// Exactly these letters for this account; nil: for everybody with an account.
    case grant(NamedMailbox, to: NamedAccount?, rights: String)
    case revoke(NamedMailbox, from: NamedAccount?)
    /// Answered by `rights`.
    case listRights(NamedMailbox)
    /// A page of at most 1,000 from this UID on. Answered by `messages`.
    case messages(NamedMailbox, from: UInt32)
    /// The message as a local reader gets it: content, then `content`. The last word of its conversation.
    case read(NamedMailbox, uid: UInt32)
    /// The content that came before this word is put into the mailbox. The last word of its conversation. Answered by
    /// `appended` or `notAppended`.
    case append(AppendOrder)
    /// One step of bringing back what was removed after a time; asked again with the answer's mark until there is none.
    /// Answered by `undeleted`.
    case undelete(UndeleteOrder)
}

package enum MailboxAnswer: Codable, Sendable {
    case mailboxes([MailboxEntry])
    case rights([RightsEntry])
    case messages(MessagePage)
    /// The content that came before this answer has so many octets.
    case content(octets: UInt64)
    case appended(AppendedMessage)
    case notAppended(AppendRefusal)
    case undeleted(UndeleteStep)
}

package struct MailboxEntry: Codable, Sendable, Hashable {
    package var name: String
    /// MAILBOXID (RFC 8474): stays when the mailbox gets another name, and is never another one's.
    package var id: String
    package var uidValidity: UInt32
    package var uidNext: UInt32
    package var highestModSeq: UInt64
    package var messages: UInt64
    package var unseen: UInt64
    package var octets: UInt64
    package var use: SpecialUse?
    package var isSubscribed: Bool

    package init(
        name: String, id: String, uidValidity: UInt32, uidNext: UInt32, highestModSeq: UInt64, messages: UInt64,
        unseen: UInt64, octets: UInt64, use: SpecialUse?, isSubscribed: Bool
    ) {
        self.name = name
        self.id = id
        self.uidValidity = uidValidity
        self.uidNext = uidNext
        self.highestModSeq = highestModSeq
        self.messages = messages
        self.unseen = unseen
        self.octets = octets
        self.use = use
        self.isSubscribed = isSubscribed
    }
}

package struct RightsEntry: Codable, Sendable, Hashable {
    /// nil: everybody with an account.
    package var grantee: NamedAccount?
    package var rights: MailboxRights

    package init(grantee: NamedAccount?, rights: MailboxRights) {
        self.grantee = grantee
        self.rights = rights
    }
}

/// One message of a mailbox.
package struct MessageEntry: Codable, Sendable, Hashable {
    package var uid: UInt32
    package var flags: MessageFlags
    package var keywords: [String]
    package var modSeq: UInt64
    /// Milliseconds since 1970.
    package var internalDate: Int64
    /// Octets of the message as a local reader gets it.
    package var size: UInt64
    package var spool: SpoolID

    package init(
        uid: UInt32, flags: MessageFlags, keywords: [String], modSeq: UInt64, internalDate: Int64, size: UInt64,
        spool: SpoolID
    ) {
        self.uid = uid
        self.flags = flags
        self.keywords = keywords
        self.modSeq = modSeq
        self.internalDate = internalDate
        self.size = size
        self.spool = spool
    }
}

package struct MessagePage: Codable, Sendable {
    package var uidValidity: UInt32
    package var messages: [MessageEntry]
    /// Where the next page begins; nil: there is none.
    package var next: UInt32?

    package init(uidValidity: UInt32, messages: [MessageEntry], next: UInt32?) {
        self.uidValidity = uidValidity
        self.messages = messages
        self.next = next
    }
}

/// What was in an account at a time and is not there any more comes back: with new UIDs, and without \Deleted.
package struct UndeleteOrder: Codable, Sendable {
    package var account: NamedAccount
    /// nil: all, also those that were deleted since.
    package var mailbox: String?
    /// Milliseconds since 1970.
    package var at: Int64
    /// From the last step's answer; nil at the beginning. Who begins again repeats nothing.
    package var after: UndeleteMark?

    package init(_ account: NamedAccount, mailbox: String?, at: Int64, after: UndeleteMark? = nil) {
        self.account = account
        self.mailbox = mailbox
        self.at = at
        self.after = after
    }
}

/// How far a step came.
package struct UndeleteMark: Codable, Sendable, Hashable {
    package var mailbox: Int64
    package var modSeq: UInt64
    package var uid: UInt32

    package init(mailbox: Int64, modSeq: UInt64, uid: UInt32) {
        self.mailbox = mailbox
        self.modSeq = modSeq
        self.uid = uid
    }
}

package struct UndeleteStep: Codable, Sendable, Hashable {
    /// Messages that this step brought back.
    package var messages: UInt32 = 0
    /// Mailboxes that it made again.
    package var mailboxes: [String] = []
    /// nil: there is nothing more.
    package var next: UndeleteMark?

    package init() {}
}
