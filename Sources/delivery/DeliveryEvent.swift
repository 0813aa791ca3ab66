// What the room has to say, for its journal.

import IPC
import Mail
import SMTP

enum DeliveryEvent: Sendable {
    case attempted(Lease, QueuedRecipient, Fate)
    /// A report went to the sender.
    case reported(Lease, BounceMessage.Action, recipients: Int, as: SpoolID)
    /// A report of good news could not be handed over.
    case reportGivenUp(Lease, because: String)
    /// RFC 5321 §6.1: there is nobody to tell. The message ends here.
    case doubleBounce(Lease, QueuedRecipient, because: String)
    /// The router does not take the report now.
    case bouncePending(Lease, because: String)
    /// The remote has the message; the store does not know it yet.
    case unsettled(Lease, because: String)
    case leaseLost(LeaseID)
    case claimFailed(because: String)
    /// Mail goes out in clear although TLS was offered.
    case fellBackToClear(remote: String, because: String)
}
