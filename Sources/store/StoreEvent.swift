// What the store has to tell the journal. No text contains content or a password.

import IPC
import Mail
import SASL

package enum StoreEvent: Sendable {
    /// What the start found: complete and torn records behind the indexed end, which nobody was told about and which
    /// are dropped; messages whose bytes a power cut took before they were acknowledged; files that belong to nobody.
    case recovered(RecoveryReport)
    /// The disk is full, or nearly. Mail is refused with 452 until it is not. Said once.
    case diskFull(free: UInt64?)
    case diskFree
    /// The bytes of a group did not reach the disk; the group was refused and its segment is closed.
    case segmentFailed(number: UInt64, because: String)
    /// A group of changes did not become durable; those who asked for them were told so.
    case indexFailed(because: String, changes: Int)
    /// A message is not what was stored. Nobody gets its bytes.
    case damaged(SpoolID, because: String)
    /// What was wanted of a segment lies elsewhere now; the segment is gone, and so many octets are free.
    case compacted(number: UInt64, freed: UInt64)
    /// A moment of the store is held for a backup; it was read to its end; or the rest is not wanted, or cannot be had.
    case backupBegun(BackupBegun)
    case backupFinished(milliseconds: Int64)
    case backupGivenUp(because: String)
    /// A plan that cannot be carried out: the router's mistake.
    case planRefused(TraceID, because: String)
    case loginGranted(LoginGranted, SessionFacts)
    case loginRefused(user: String, SessionFacts, because: String)
    case loginUnavailable(SessionFacts, because: String)
    /// What was added, changed or removed.
    case directoryChanged(what: String)
    /// An account or a domain has another level of its quota. Once a crossing.
    case quotaCrossed(QuotaStep)
    case leaseExpired(LeaseID, agent: String, entries: Int)
    case leasesReleased(agent: Int32, count: Int)
}

package struct LoginGranted: Sendable {
    package var account: AccountID
    package var user: String
    /// nil for a name and a password in the words of the protocol.
    package var mechanism: SASLMechanism?
    /// Its name; nil for the account's own.
    package var password: String?
    /// nil: the login's own, or none, as for sending.
    package var maildrop: ChosenMaildrop?
}
