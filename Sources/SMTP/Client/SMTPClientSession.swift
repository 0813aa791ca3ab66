// The client's side of an SMTP session (RFC 5321) as a pure machine: octets in, actions out, the caller pulls.
// Guarantees: each message given to `begin` is finished exactly once, with one outcome per recipient; nothing is
// `delivered` without the remote's 2yz behind the final dot; no trouble of ours or of the line is ever `failed`.
import Mail

package struct SMTPClientSession: ~Copyable {
    let configuration: SMTPClientConfiguration
    var phase = Phase.greeting
    var reader = RemoteReplyReader()
    var outbox: [SMTPClientAction] = []
    var stuffer = ContentStuffer()
    /// Given, not yet begun on the wire.
    var waiting: SMTPClientMessage?
    var transaction: ClientTransaction?
    /// The remote has a transaction open that we have done with.
    var needsReset = false
    package internal(set) var capabilities = SMTPCapabilities()
    package internal(set) var isSecured: Bool
    /// STARTTLS was refused and is not demanded.
    var goesWithoutTLS = false
    var mechanisms: [SMTPClientCredentials.Mechanism]?

    enum Phase: Equatable {
        case greeting
        case hello
        case plainHello
        /// STARTTLS is sent.
        case startTLS
        /// The shell is making the connection secure.
        case upgrading
        case authenticating(SMTPClientCredentials.Mechanism, step: Int)
        case idle
        /// MAIL, RCPT and DATA are on their way.
        case envelope
        /// 354 was said; the shell is sending.
        case content
        /// The final dot is sent.
        case endOfContent
        /// 354 was said although nobody was accepted: an empty message is sent and its reply ignored (RFC 2920 §3.1).
        case endOfNothing
        case quitting
        case closed
    }

    package init(_ configuration: SMTPClientConfiguration) {
        self.configuration = configuration
        isSecured = configuration.isSecured
    }

    /// Gives a message: before the greeting, or whenever the session is `ready`.
    package mutating func begin(_ message: SMTPClientMessage) {
        precondition(waiting == nil && transaction == nil, "one message at a time")
        precondition(!message.recipients.isEmpty, "a message without recipients")
        waiting = message
    }

    /// Ends the session politely. Only without a message in hand.
    package mutating func quit() {
        guard phase != .closed, phase != .quitting else { return }
        precondition(waiting == nil && transaction == nil, "a message is in hand")
        phase = .quitting
        outbox.append(.send(Array("QUIT\r\n".utf8)))
    }

    /// The next thing to do; see `SMTPServerSession.next`.
    package mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> SMTPClientAction {
        while true {
            if !outbox.isEmpty { return outbox.removeFirst() }
            switch phase {
            case .closed:
                offset = bytes.count
                if let waiting {
                    // Begun after the session was lost: the caller could not know.
                    self.waiting = nil
                    let failure = AttemptFailure(.connectionLost, while: .idle, text: "The session had ended")
                    return .finished(waiting.recipients.map { _ in .deferred(failure) })
                }
                return .close
            case .upgrading:
                offset = bytes.count
                return .waits
            case .idle where waiting != nil && offset == bytes.count:
                beginEnvelope()
                continue
            case .idle where offset == bytes.count: return .ready
            case .content where offset == bytes.count: return .waits
            default: break
            }
            switch reader.next(in: bytes, from: &offset) {
            case .needsInput:
                return phase == .content ? .waits : phase == .idle && waiting == nil ? .ready : .needsInput
            case .malformed(let what):
                offset = bytes.count
                lose(.malformedReply, text: "The remote server does not speak SMTP: \(what)")
            case .reply(let reply):
                heard(reply)
                // P-07: whatever was sent behind the go-ahead for TLS came in clear and means nothing.
                if phase == .upgrading { offset = bytes.count }
            }
        }
    }

    /// The connection is secure now: everything that was announced in clear is forgotten (RFC 3207 §4.2).
    package mutating func tlsStarted() {
        precondition(phase == .upgrading, "nobody asked for TLS")
        isSecured = true
        reader = RemoteReplyReader()
        sayHello()
    }

    package mutating func tlsFailed(_ why: String) { lose(.tlsFailed, text: "TLS failed: \(why)") }

    /// The connection ended or broke.
    package mutating func connectionLost(_ why: String) {
        lose(.connectionLost, text: "The connection was lost: \(why)")
    }

    /// The remote was silent for too long.
    package mutating func timedOut() { lose(.timedOut, text: "The remote server did not answer in time") }

    /// The next piece of a chunk on its way to the wire; nil when it is used up, or when nobody wants it any more.
    package mutating func contentPiece(of chunk: borrowing Span<UInt8>, from offset: inout Int) -> ContentPiece? {
        guard phase == .content else { return nil }
        return stuffer.next(of: chunk, from: &offset)
    }

    /// All content has passed through `contentPiece`.
    package mutating func endContent() {
        guard phase == .content else { return }
        outbox.append(.send(stuffer.end()))
        phase = .endOfContent
    }

    /// How far it has come; the caller has a time-out for each (RFC 5321 §4.5.3.2).
    package var attemptPhase: AttemptPhase {
        switch phase {
        case .greeting: .greeting
        case .hello: .hello
        case .plainHello: .plainHello
        case .startTLS, .upgrading: .startTLS
        case .authenticating: .authenticating
        case .idle, .closed: .idle
        case .envelope: transaction?.attemptPhase ?? .sender
        case .content: .content
        case .endOfContent, .endOfNothing: .endOfContent
        case .quitting: .quit
        }
    }
}
