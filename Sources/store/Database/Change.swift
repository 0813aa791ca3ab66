// What the database is asked to make durable, and what it says to each.

import IPC
import Mail

/// A durable change. All changes of one group commit become durable together, or none does.
package enum Change: Sendable {
    case ingest(IndexedMessage)
    /// These were indexed, but their bytes did not reach the disk. Nobody was told that they were accepted.
    case withdraw([SpoolID])
    case settle(LeaseID, [EntryResult], at: Int64)
    /// Takes messages out of an account's INBOX: softly, their bytes stay.
    case expunge([UInt32], of: AccountID, at: Int64)
    case mailbox(MailboxChange, at: Int64)
    /// Open entries of the queue become ready now; those that are held are held no longer.
    case release([EntryID], at: Int64)
    /// Open entries are given up: their recipients' fate is bounced, and nobody is told.
    case drop([EntryID], at: Int64)
    case directory(DirectoryChange, at: Int64)
    /// Somebody has logged in with this password of the account on this day since 1970; without a name with its own. What
    /// is gone meanwhile is left alone, and the directory's version stays.
    case passwordUsed(AccountID, name: String?, day: Int64)
    /// Lets go of at most `limit` placements that were removed at or before this time, and forgets at most as many messages
    /// that nothing refers to any more; deleted mailboxes, the log of expunges and keys as far as they are past at `at`.
    case purge(removedUntil: Int64, limit: Int, at: Int64 = 0)
    /// Copies of these are on the disk at new places. What is gone from its old place meanwhile is left alone.
    case move([MovedMessage])
    /// Rejected while a message lies in this segment; with all changes that came before seen.
    case retire(segment: UInt64)
    /// No spool id below this one will be given out again after a restart.
    case reserve(SpoolID)
    /// The bytes of all messages before this one are on the disk for good.
    case synced(SpoolID)
}

/// What became of a change, in the order of the changes.
package enum ChangeResult: Sendable {
    case done
    /// The idempotency key is known: this message has it. Nothing was changed.
    case repeated(SpoolID)
    /// The directory has changed, in this.
    case directory(DirectoryNews)
    case mailbox(MailboxNews)
    /// Those of the entries that were there, with their destinations.
    case entries([(entry: EntryID, destination: String)])
    /// The entries whose outcome was taken.
    case settled([UInt64])
    case purged(Purged)
    /// There is no room for the message in one of its accounts at least. Nothing was changed.
    case overQuota(QuotaShortage)
    /// The state of things does not allow it; one sentence with the reason.
    case rejected(String)
    /// Our own trouble. Nothing of the group is durable.
    case failed(DatabaseError)
}

package enum DatabaseError: Error, Equatable, Sendable, CustomStringConvertible {
    case full
    case trouble(String)
    /// The database was made by a newer release.
    case newer(found: Int, known: Int)

    package var description: String {
        switch self {
        case .full: "the disk is full"
        case .trouble(let text): text
        case .newer(let found, let known):
            "the database has version \(found) and this release knows versions up to \(known): install a newer release"
        }
    }
}

/// What a purge came to.
package struct Purged: Sendable {
    /// A message that is not in the index any more.
    package struct Message: Sendable {
        package var location: SpoolLocation
        /// The number of the content's own file, or 0.
        package var ownFile: UInt64
    }

    /// Removed placements that are past.
    package var placements = 0
    package var messages: [Message] = []
    /// There is more.
    package var isMore = false
}

/// A message whose record was copied.
package struct MovedMessage: Sendable {
    package var spool: SpoolID
    package var from: SpoolPosition
    package var to: SpoolLocation
}

/// A message whose bytes lie in a segment.
package struct IndexedMessage: Sendable {
    package var spool: SpoolID
    package var location: SpoolLocation
    package var plan: Plan
    package var acceptedAt: Int64
    /// Octets that go over the wire: header and content.
    package var size: UInt64
    /// The number of the content's own file, or 0.
    package var ownFile: UInt64

    package init(
        spool: SpoolID, location: SpoolLocation, plan: Plan, acceptedAt: Int64, size: UInt64, ownFile: UInt64
    ) {
        self.spool = spool
        self.location = location
        self.plan = plan
        self.acceptedAt = acceptedAt
        self.size = size
        self.ownFile = ownFile
    }
}

/// A queue entry's number: the message and the place of the recipient among those that were accepted.
package struct EntryID: Hashable, Comparable, Sendable {
    package static let recipients = 1 << 16
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package init(_ spool: SpoolID, ordinal: Int) {
        rawValue = spool.rawValue << 16 | UInt64(ordinal)
    }

    package var spool: SpoolID { SpoolID(rawValue: rawValue >> 16) }

    package static func < (left: EntryID, right: EntryID) -> Bool { left.rawValue < right.rawValue }
}

/// What one attempt came to for one entry of the queue.
package struct EntryResult: Sendable {
    package enum Fate: Sendable {
        case delivered
        /// To be tried again at this time.
        case deferred(until: Int64)
        case bounced
    }

    package var entry: EntryID
    package var fate: Fate
    package var report: AttemptReport

    package init(entry: EntryID, fate: Fate, report: AttemptReport) {
        self.entry = entry
        self.fate = fate
        self.report = report
    }
}
