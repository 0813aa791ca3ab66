// What the session socket has to tell the journal.

import IPC
import Mail

package enum SessionEvent: Sendable {
    /// The kernel says the peer is not the listener.
    case turnedAway(uid: UInt32, pid: Int32)
    case tooMany(limit: Int)
    case noOpening(OpeningError)
    /// The ticket is expired, forged, or for another service.
    case ticketRefused(SessionFacts)
    /// The login's last visit to this maildrop was a moment ago (RFC 2449 §6.5).
    case tooSoon(SessionFacts, MaildropVisit)
    case entered(SessionFacts, MaildropVisit)
    /// A silent session that had the maildrop was ended, so that this one gets the maildrop.
    case tookOver(SessionFacts, MaildropVisit)
    /// The session could not be given something; the client has been told without the reason.
    case trouble(AccountID, MaildropError)
    case left(AccountID, retrieved: Int)
    /// The socket does not accept any more.
    case notAccepting(because: String)
}
