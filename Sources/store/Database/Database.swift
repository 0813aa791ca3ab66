// What the room wants from a database: group commits and snapshots, nothing of an engine. SQLite is the first engine.

import IPC
import Mail
import SASL

/// Holds the index, the queue, the mailboxes, the directory and the ledger.
///
/// What an engine must do, whatever it is:
/// - The changes of one `commit` are durable together or not at all, and an answer comes after that. An engine may take
///   several commits into one transaction; if one of them breaks it, the others are tried without that one.
/// - Commits count in the order in which they came, and are answered in that order. A change sees all changes before it, also
///   those of its own group. What is `rejected`, `repeated` or `overQuota` changes nothing (but what a step of `undelete` had
///   brought back by then, and the end of the segments, where the bytes lie all the same), and the group goes on.
/// - A read is one snapshot. It has everything that was answered before it was asked for, whole groups alone, and perhaps
///   what was committed meanwhile. Reads take any time, come back in any order, and hold no commit up.
/// - Texts are equal octet by octet, except where a comment says "without case", and lists are in the order of octets.
/// - A number that was given out (spool, account, mailbox, rule) is not given out again, also not when what had it is gone.
package protocol Database: Sendable {
    /// Makes the changes durable together, with those of others that wait, in the order in which they came. `done` is
    /// called once, on the database's own thread, with one result a change: it must not block and must not wait for another
    /// commit. After `close` every change fails.
    func commit(_ changes: [Change], _ done: @escaping @Sendable ([ChangeResult]) -> Void)

    /// Calls `body` on the database's own thread with what a commit has made full or not full any more, before its
    /// changes are answered, and in the order of the commits. A group that failed has no news. What was news before somebody
    /// watches is told at once.
    func watchQuotas(_ body: @escaping @Sendable ([QuotaNews]) -> Void)

    /// Everything that is kept in memory. Blocks; for the start.
    func load() throws(DatabaseError) -> Loaded

    /// A page of messages from this one on, in the order of their ids. Blocks.
    func messages(from spool: SpoolID, limit: Int) throws(DatabaseError) -> [IndexedRecord]

    /// A page of the messages in a segment from this offset on, in the order of their places. In a segment of arriving mail
    /// ids ascend with places. Blocks.
    func messages(in segment: UInt64, from offset: UInt64, limit: Int) throws(DatabaseError) -> [IndexedRecord]

    /// What of a segment is wanted. Blocks.
    func occupancy(of segment: UInt64) throws(DatabaseError) -> SegmentOccupancy

    /// The files of their own that messages refer to. Blocks; for the start.
    func ownFiles() throws(DatabaseError) -> Set<UInt64>

    /// nil: the message is not there any more.
    func location(of spool: SpoolID) async throws(DatabaseError) -> SpoolLocation?
    /// nil: there is no such account, or it was removed.
    func inbox(of account: AccountID) async throws(DatabaseError) -> PlacedInbox?
    /// Without case.
    func account(_ name: NamedAccount) async throws(DatabaseError) -> AccountID?
    /// A page of the account's mailboxes, in the order of the names' octets, after this name. A removed account has none.
    func mailboxes(of account: AccountID, after name: String?, limit: Int) async throws(DatabaseError) -> [PlacedMailbox]
    /// nil: the account has none of this name (any more).
    func mailbox(_ name: MailboxName, of account: AccountID) async throws(DatabaseError) -> PlacedMailbox?
    /// At most `limit` messages of a mailbox from this UID on, ascending. nil: it is not there any more.
    func messages(of mailbox: MailboxID, from uid: UInt32, limit: Int) async throws(DatabaseError) -> [PlacedMessage]?
    /// nil: the mailbox does not have it (any more).
    func message(_ uid: UInt32, of mailbox: MailboxID) async throws(DatabaseError) -> PlacedMessage?
    /// The newest message of the mailbox with these bytes; what was appended just now is found at once.
    func uid(of spool: SpoolID, in mailbox: MailboxID) async throws(DatabaseError) -> UInt32?
    /// What became other than it was at this modification sequence (RFC 7162 §3.2.5.1). nil: the mailbox is not there.
    func changes(of mailbox: MailboxID, since modSeq: UInt64) async throws(DatabaseError) -> MailboxChanges?
    /// What this account may do with the mailbox: an owner everything.
    func rights(of account: AccountID, on mailbox: MailboxID) async throws(DatabaseError) -> MailboxRights
    /// Everybody's but the owner's: first those of everybody with an account, then in the order of accounts.
    func rights(on mailbox: MailboxID) async throws(DatabaseError) -> [GrantedRights]
    /// Mailboxes of others of which this account has at least one right, in the order of their ids, after this one.
    func sharedMailboxes(
        with account: AccountID, after mailbox: MailboxID?, limit: Int
    ) async throws(DatabaseError) -> [SharedMailbox]
    /// Its own password first, also where that is nobody's; empty for what is no account.
    func passwords(of account: AccountID) async throws(DatabaseError) -> [StoredPassword]
    /// nil: the account has none of this kind.
    func verifier(_ kind: VerifierKind, of account: AccountID) async throws(DatabaseError) -> Verifier?

    /// What a delivery agent must know about each list of one message's entries. nil: the message is gone; entries that are
    /// not open any more are left out.
    func work(_ entries: [[EntryID]]) async throws(DatabaseError) -> [OpenWork?]

    /// A page of what is open, in the order of the entries.
    func queue(after entry: EntryID?, limit: Int) async throws(DatabaseError) -> [QueueEntry]
    /// A page in the order of the names, with other names of domains.
    func domains(after name: String?, limit: Int) async throws(DatabaseError) -> [DomainEntry]
    /// A page in the order of the addresses in small letters. Two more than `limit` at most: those of one address stay together.
    func accounts(after address: EmailAddress?, limit: Int) async throws(DatabaseError) -> [AccountEntry]
    /// A page in the same order: whole aliases, until they have this many targets together.
    func aliases(after address: EmailAddress?, targets: Int) async throws(DatabaseError) -> [AliasEntry]
    /// In the order of their numbers.
    func rules() async throws(DatabaseError) -> [NamedRule]
    /// Limits in force, and what is kept.
    func quotas(_ listing: QuotaListing, limit: Int) async throws(DatabaseError) -> [QuotaEntry]

    /// Writes a snapshot of everything into a file of its own, from which the same engine can make a database again. Blocks,
    /// and holds no change up.
    func copy(to path: String) throws(DatabaseError) -> any DatabaseCopy

    /// What a copy takes, about.
    var octetsOfCopy: UInt64 { get }

    /// Recomputed from what is durable, in one snapshot.
    func audit() async throws(DatabaseError) -> Audit

    /// Commits what waits and closes. Blocks.
    func close()
}

/// What the room keeps in memory from its start on.
package struct Loaded: Sendable {
    package struct Waiting: Sendable {
        package var entry: EntryID
        package var destination: String
        package var isHeld: Bool
        package var nextAttemptAt: Int64
    }

    package var directoryVersion: UInt64 = 0
    package var directory = DirectoryTables()
    /// What unknown users are shown at a login is derived from it.
    package var decoy = Secret([])
    package var queue: [Waiting] = []
    /// The first spool id that was never given out.
    package var firstSpool = SpoolID(rawValue: 1)
    /// The bytes of messages before it are on the disk; of the others only a checksum knows.
    package var synced = SpoolID(rawValue: 0)
    /// No message lies at or behind this place.
    package var indexedEnd = SpoolPosition(segment: 0, offset: 0)

    package init() {}
}

package struct IndexedRecord: Sendable {
    package var spool: SpoolID
    package var location: SpoolLocation
}

/// The messages of a segment.
package struct SegmentOccupancy: Equatable, Sendable {
    /// Octets of their records.
    package var live: UInt64 = 0
    /// The end of the last one; 0 when there is none.
    package var end: UInt64 = 0
}

/// An account's INBOX as one snapshot shows it.
package struct PlacedInbox: Sendable {
    package struct Message: Sendable {
        package var uid: UInt32
        package var size: UInt64
        package var spool: SpoolID
        package var location: SpoolLocation
    }

    package var uidValidity: UInt32
    /// Ascending by uid.
    package var messages: [Message]
}

/// A message and those of its recipients that one lease is about.
package struct OpenWork: Sendable {
    package var spool: SpoolID
    package var location: SpoolLocation
    package var trace: TraceID
    package var sender: EmailAddress?
    package var size: UInt64
    package var parameters: SenderParameters
    package var acceptedAt: Int64
    package var recipients: [QueuedRecipient]
}
