// The server's side of one SMTP session (RFC 5321) as a pure machine: octets in, actions out, the caller pulls.
// Guarantees: replies in the order of the commands; `next` stops after finitely many pulls without new input; memory
// is bounded by `SMTPLimits`; nothing is accepted before the router has answered.
import Mail

package struct SMTPServerSession: ~Copyable {
    let configuration: SMTPServerConfiguration
    var phase = Phase.connected
    var pending = PendingReplies()
    /// From MAIL until RSET, EHLO, the receipt or a refusal of the sender.
    var transaction: Transaction?
    /// What the client called itself in its last EHLO or HELO.
    package internal(set) var hello: SMTPHello?
    /// The client spoke before the banner (RFC 5321 §3.1 forbids it): known here, judged by the router.
    package private(set) var talkedEarly = false
    var errors = 0
    var refusals = 0
    var commandsWithoutMail = 0
    private var overlong = OverlongLine()

    enum Phase: Equatable {
        /// Nothing was said; `greet` leads out.
        case connected
        /// We said 554; only QUIT is obeyed.
        case refused
        /// Commands are read.
        case commands
        /// 354 was said; content is handed out.
        case content(ContentScanner, octets: Int)
        /// The message is refused; it is read to its true end, then this is said.
        case discarding(ContentScanner, SMTPReply, octets: Int)
        /// The message has a bare CR or LF; it is read to any end, then the session ends.
        case discardingCarelessly(CarelessEndScanner, octets: Int)
        /// The content is whole; only the receipt leads out.
        case receipt(thenShutDown: Bool)
        /// The last reply is on its way.
        case closing
        case closed
    }

    struct Transaction: Equatable {
        var accepted = 0
        /// RCPT lines that asked the router, whatever it answered.
        var asked = 0
        /// RCPT lines beyond the limit.
        var surplus = 0
    }

    package init(_ configuration: SMTPServerConfiguration) { self.configuration = configuration }

    /// Admission has been decided: the banner can be said.
    package mutating func greet(_ admission: SMTPAdmission = .welcome) {
        guard phase == .connected else { return }
        switch admission {
        case .welcome:
            pending.append(.reply(.prepared(configuration.banner)))
            phase = .commands
        case .refused(let reply):
            let refusal = SMTPReply.decided(reply)
            pending.append(.reply(refusal))
            phase = refusal.closesSession ? .closing : .refused
        case .dropped:
            phase = .closing
        }
    }

    /// The next thing to do.
    /// - Parameters:
    ///   - bytes: What came from the client. What was not used stays with the caller and is passed again.
    ///   - offset: Where the unused octets begin; moved over what is used.
    package mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> SMTPServerAction {
        while true {
            if let action = takeReady() { return action }
            let action: SMTPServerAction?
            // Before the switch, which copies what the other phases hold: this is the hot one.
            if case .commands = phase {
                if let action = readCommand(in: bytes, from: &offset) { return action }
                continue
            }
            switch phase {
            case .connected:
                talkedEarly = talkedEarly || offset < bytes.count
                return .waits
            case .commands, .refused: action = readCommand(in: bytes, from: &offset)
            case .content(let scanner, let octets):
                action = readContent(scanner, octets, in: bytes, from: &offset)
            case .discarding(let scanner, let reply, let octets):
                action = discard(scanner, reply, octets, in: bytes, from: &offset)
            case .discardingCarelessly(let scanner, let octets):
                action = discardCarelessly(scanner, octets, in: bytes, from: &offset)
            case .receipt: return .waits
            case .closing:
                offset = bytes.count
                if pending.questions > 0 { return .waits }
                if transaction != nil {
                    transaction = nil
                    return .abortTransaction
                }
                phase = .closed
                return .close
            case .closed:
                offset = bytes.count
                return .close
            }
            if let action { return action }
        }
    }

    private mutating func takeReady() -> SMTPServerAction? {
        while let slot = pending.takeReady() {
            switch slot {
            case .reply(let reply): return .reply(reply)
            case .openContent: return .openContent
            case .abort:
                guard transaction != nil else { continue }
                transaction = nil
                return .abortTransaction
            case .sender, .recipient, .receipt: preconditionFailure("a question is never ready")
            }
        }
        return nil
    }

    /// Reads one line. nil: something was put into `pending` or the phase has changed.
    private mutating func readCommand(
        in bytes: borrowing Span<UInt8>, from offset: inout Int
    ) -> SMTPServerAction? {
        guard pending.count < configuration.limits.questionsInFlight else { return .waits }
        if overlong.isOpen { return swallow(in: bytes, from: &offset) }
        guard offset < bytes.count else { return .needsInput }
        let start = offset
        switch LineEnd.find(in: bytes, from: start, limit: configuration.limits.parameterLine) {
        case .missing:
            return .needsInput
        case .tooLong:
            overlong.open()
            return nil
        case .bareLineFeed:
            offset = bytes.count
            end(saying: .standard(.bareLineFeed))
            return nil
        case .found(let lineEnd, let isClean):
            guard isClean else {
                offset = lineEnd + 2
                return fail(.controlCharacter)
            }
            return perform(bytes, from: start, to: lineEnd, moving: &offset)
        }
    }

    /// RFC 5321 §4.5.3.1.9: 500 once for the whole line, of which nothing is kept.
    private mutating func swallow(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> SMTPServerAction? {
        switch overlong.swallow(bytes, from: &offset, limit: configuration.limits.swallowedLine) {
        case .open: return .needsInput
        case .ended: return fail(.lineTooLong)
        case .bareLineFeed:
            offset = bytes.count
            end(saying: .standard(.bareLineFeed))
        case .endless: end(saying: .standard(.tooManyErrors))
        }
        return nil
    }

    /// The client's mistake: told, counted, and the end of the session when there are too many.
    mutating func fail(_ reply: StandardReply) -> SMTPServerAction? {
        errors += 1
        if errors >= configuration.limits.errors {
            end(saying: .standard(.tooManyErrors))
        } else {
            pending.append(.reply(.standard(reply)))
        }
        return nil
    }

    /// No mistake of the client's, but nobody may go on for ever in this way.
    mutating func countRefusal() {
        refusals += 1
        if refusals >= configuration.limits.refusals, phase != .closing { end(saying: .standard(.tooManyErrors)) }
    }

    /// The last word. An open transaction is given up first.
    mutating func end(saying reply: SMTPReply) {
        pending.append(.abort)
        pending.append(.reply(reply))
        phase = .closing
    }
}
