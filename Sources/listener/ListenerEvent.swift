// What the listener has to tell its journal. The texts are written where the journal is.

import IPC
import Mail

enum ListenerEvent: Sendable {
    case portOpened(PortPlan, SocketPlace)
    case portClosed(PortPlan, SocketPlace)
    /// Said once per port and reason; the port is tried again.
    case portFailed(PortFailure)
    case opened(SessionFacts)
    case closed(SessionFacts, SessionEnd, messages: Int)
    /// Told to come later before the session began.
    case turnedAway(SessionFacts, because: String)
    /// The router did not want the client.
    case notAdmitted(SessionFacts, because: String)
    /// RFC 5321 §3.1 forbids a client to speak before the banner; only programs that do not listen do.
    case earlyTalker(SessionFacts)
    /// The connection ended before its session began: no PROXY header from a load balancer, no TLS handshake.
    case notEntered(SessionFacts, because: String)
    /// A certificate cannot be used, or should be looked at.
    case certificate(path: String, finding: String, isError: Bool)
    case certificatesReloaded(count: Int)
    case loggedIn(SessionFacts, mechanism: String, user: String)
    /// The router could not be asked, or its answer did not come.
    case routerFailed(SessionFacts, because: String)
    /// The router answered what was not asked.
    case wrongAnswer(question: String)
}

/// Why a session ended.
enum SessionEnd: String, Sendable {
    /// The protocol came to its end: QUIT, or a reply that closes.
    case complete
    /// The client closed the connection in the middle.
    case left
    /// The client said nothing for too long.
    case timedOut = "timed-out"
    /// The client did not read our replies.
    case stalled
    /// The room stops.
    case stopped
}
