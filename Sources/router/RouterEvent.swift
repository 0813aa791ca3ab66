// What the router has to tell its journal. The texts are written where the journal is.

import IPC
import Mail

enum RouterEvent: Sendable {
    /// A verdict about one recipient, with the rule that decided.
    case decided(TraceID, EmailAddress, rule: RecipientDecision.Rule, refusal: Refusal?)
    case senderRefused(TraceID, EmailAddress?, Refusal)
    case admissionRefused(SessionFacts, rule: String)
    /// The store has it.
    case accepted(TraceID, SpoolID, sender: EmailAddress?, recipients: Int, octets: Int)
    /// A sender who had asked for it was told that a message arrived.
    case reported(TraceID, SpoolID, sender: EmailAddress, recipients: Int)
    case reportGivenUp(TraceID, SpoolID, because: String)
    /// A message was refused after its content had come.
    case refused(TraceID, Refusal)
    case login(SessionFacts, user: String, LoginAnswer)
    case banned(InternetAddress, milliseconds: Int64, because: String)
    case pardoned(String)
    /// Something about a stranger that is let pass.
    case suspicious(SessionFacts, because: String)
    /// The directory's version as the store tells it.
    case directoryVersion(UInt64)
    /// The store answered what was not asked.
    case wrongAnswer(question: String)
    /// The listener or the delivery agent broke the order of a conversation, which was cancelled.
    case disorder(edge: String, because: String)
}

extension Refusal {
    /// Our own trouble: never for ever (RFC 3463 §3.4, X.3.0).
    static func local(_ because: String) -> Refusal {
        Refusal(Reply(451, "4.3.0", "Local trouble, try again later"), because: because)
    }
}
