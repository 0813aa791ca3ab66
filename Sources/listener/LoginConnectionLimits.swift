// How long a POP3 connection may take, and what it has to tell the journal.

import IPC
import NIOCore

package struct LoginLimits: Sendable {
    /// From the greeting to the login. RFC 1939 §3 wants 10 minutes for a session; one that has not logged in is a
    /// stranger's, and 3 minutes are what Dovecot gives it.
    package var login = TimeAmount.minutes(3)
    /// RFC 1939 §3: at least 10 minutes without a byte in either direction.
    package var idle = TimeAmount.minutes(10)
    /// The answer to a wrong password comes this long after the question, however fast it was found to be wrong: the
    /// time tells nothing, and guessing is slow.
    package var refusal = TimeAmount.seconds(2)
    /// The router's answers.
    package var admission = TimeAmount.seconds(30)
    package var authentication = TimeAmount.seconds(30)
    /// The store's socket.
    package var connecting = TimeAmount.seconds(5)
    /// How long a client may take to read the last bytes that wait for it in this process (at most some 100 KB).
    package var drain = TimeAmount.minutes(2)
    /// How long we wait for the client's end of the connection when it has all of ours.
    package var linger = TimeAmount.seconds(5)

    package init() {}
}

package enum LoginEvent: Sendable {
    case notAdmitted(SessionFacts, because: String)
    case loginRefused(SessionFacts, user: String)
    /// The stranger has been told to try later; the reason is for the journal.
    case loginUnavailable(SessionFacts, because: String)
    case handedOver(SessionFacts, user: String)
    /// The session socket does not take the session.
    case storeUnreachable(SessionFacts, because: String)
    case timedOut(SessionFacts)
    /// The handshake behind STLS failed.
    case notSecured(SessionFacts, because: String)
    /// A session behind its login has ended. Octets by the side they came from.
    case ended(SessionFacts, fromClient: UInt64, fromStore: UInt64, how: SpliceEnding)
}

package enum SpliceEnding: Sendable, Equatable {
    /// The store ended it: QUIT, or trouble of its own.
    case byStore
    case byClient
    case idle
}
