// The AUTHORIZATION state of RFC 1939 §4 as the listener speaks it: bytes in, actions out. It ends by handing the
// connection over to the store's session, whose first line is the reply to PASS, APOP or AUTH: the client sees exactly one.

import Mail

package struct POP3LoginSession: Sendable {
    package enum Action: Equatable, Sendable {
        /// The bytes hold no complete line.
        case needsInput
        /// `receive` or `secured` leads on. No more bytes are read until then.
        case waits
        case reply(POP3Reply)
        /// Complete lines.
        case write([UInt8])
        /// USER and PASS; answered by `receive`.
        case authenticate(POP3Credentials)
        /// APOP; answered by `receive`.
        case verifyDigest(POP3DigestLogin)
        /// AUTH begins or goes on; answered by `receive`, also with a challenge.
        case exchange(POP3Exchange)
        /// The exchange is over without success, by the client's will or fault. No question of it is open; its state is
        /// to be forgotten.
        case cancelExchange
        /// STLS has been answered and nothing follows it: flush, shake hands, then call `secured()`. What has been
        /// received in clear and not used is never to be passed again. Close the connection when the handshake fails.
        case startTLS
        /// The bytes from `offset` on, and all that follow, belong to the store's session, which must be told `isUTF8`
        /// and `isSecured`. The last action.
        case handOver
        /// The last action.
        case close
    }

    package enum Answer: Equatable, Sendable {
        case granted
        /// RFC 3206 §4. Which of name and password is wrong is not said.
        case refused
        /// The password is right, the mailbox of somebody else is not open to it.
        case forbidden
        case unavailable
        /// RFC 2449 §8.1.1: right, but before the login delay is over; or nobody has looked.
        case tooSoon
        /// An exchange goes on: said as `+` with base64. Also where a mechanism has something to say with its success,
        /// which the client then answers with an empty line (RFC 5034 §4).
        case challenge([UInt8])
    }

    enum State: Equatable {
        /// The greeting has not been sent.
        case connected
        /// We wait for commands; the name is what the last USER said.
        case idle(user: String?)
        /// STLS has its reply; the shell is asked for TLS next.
        case startingTLS
        /// The shell shakes hands; only `secured` leads on, and what still comes in clear ends the session.
        case securing
        /// We have asked whether the client is who it says; only `receive` leads out.
        case asking(isExchange: Bool)
        /// The exchange goes on with this.
        case challenging([UInt8])
        /// We wait for the answer to a challenge.
        case responding
        /// The login is right; the connection goes to the store.
        case granted
        /// The reply says why; then idle again.
        case replying(POP3Reply)
        /// The reply is the last word.
        case ending(POP3Reply)
        case ended(handedOver: Bool)
    }

    let limits: POP3Limits
    let offer: POP3Offer
    /// nil: no APOP.
    let timestamp: String?
    /// TLS stands.
    package internal(set) var isSecured: Bool
    /// The client has said UTF8 (RFC 6856 §2).
    package internal(set) var isUTF8 = false
    /// As CAPA shows them now.
    package var mechanismsOffered: [String] { offer.mechanisms(isSecured: isSecured) }
    package var offersTLS: Bool { offer.tls != .none && !isSecured }
    var lines = POP3LineReader()
    var state = State.connected
    private var errors = 0
    private var refusedLogins = 0
    private var commands = 0

    /// - Parameters:
    ///   - isSecured: TLS has begun with the connection.
    ///   - timestamp: Offers APOP (RFC 1939 §7). A message id such as `<1896.697170952@mail.example.org>`, unlike that of
    ///     every other connection; at most 200 printable octets without spaces.
    package init(
        limits: POP3Limits = POP3Limits(), offer: POP3Offer = POP3Offer(), isSecured: Bool = false, timestamp: String? = nil
    ) {
        precondition(offer.greeting.utf8.count <= 200, "a greeting line has 512 octets at most (RFC 2449 §4)")
        precondition(timestamp.map(Self.isTimestamp) ?? true, "a timestamp of APOP is a message id")
        self.limits = limits
        self.offer = offer
        self.isSecured = isSecured
        self.timestamp = timestamp
    }

    /// One step. Reads from `offset` on and moves it behind what it has used.
    package mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Action {
        switch state {
        case .connected:
            state = .idle(user: nil)
            return .reply(.ok(timestamp.map { "\(offer.greeting) \($0)" } ?? offer.greeting))
        case .idle(let user): return readCommand(bytes, &offset, user)
        case .startingTLS:
            state = .securing
            return .startTLS
        case .securing: return waitForHandshake(bytes, &offset)
        case .asking: return .waits
        case .challenging(let octets):
            state = .responding
            return .write(Array("+ ".utf8) + Base64.encode(octets) + [0x0D, 0x0A])
        case .responding: return readResponse(bytes, &offset)
        case .replying(let reply):
            state = .idle(user: nil)
            return .reply(reply)
        case .granted:
            state = .ended(handedOver: true)
            return .handOver
        case .ending(let reply):
            state = .ended(handedOver: false)
            return .reply(reply)
        case .ended(let handedOver):
            if handedOver { return .handOver }
            offset = bytes.count
            return .close
        }
    }

    /// The answer to `authenticate`, `verifyDigest` or `exchange`.
    package mutating func receive(_ answer: Answer) {
        guard case .asking(let isExchange) = state else { preconditionFailure("an answer without a question") }
        switch answer {
        case .granted: state = .granted
        case .unavailable: state = .replying(.unavailable)
        case .tooSoon: state = .replying(.tooSoon)
        case .refused: refuse(saying: .refused)
        case .forbidden: refuse(saying: .forbidden)
        case .challenge(let octets):
            precondition(isExchange, "a challenge without an exchange")
            state = .challenging(octets)
        }
    }

    // msg-id = "<" id-left "@" id-right ">"
    private static func isTimestamp(_ text: String) -> Bool {
        let octets = Array(text.utf8)
        guard (5...200).contains(octets.count), octets.first == 0x3C, octets.last == 0x3E else { return false }
        let inside = octets.dropFirst().dropLast()
        return inside.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3C && $0 != 0x3E } && inside.contains(0x40)
    }
}

// Counting.
extension POP3LoginSession {
    /// False: it was one too many.
    mutating func countCommand() -> Bool {
        commands += 1
        return commands <= limits.commands
    }

    mutating func succeed(_ action: Action) -> Action {
        errors = 0
        return action
    }

    mutating func fail(_ reply: POP3Reply) -> Action {
        errors += 1
        if errors >= limits.errors { return end(saying: .tooManyErrors) }
        return .reply(reply)
    }

    /// A login has failed; the reply follows.
    mutating func refuse(saying reply: POP3Reply) {
        refusedLogins += 1
        state = refusedLogins < limits.refusedLogins ? .replying(reply) : .ending(.tooManyLogins)
    }

    mutating func end(saying reply: POP3Reply) -> Action {
        state = .ended(handedOver: false)
        return .reply(reply)
    }
}
