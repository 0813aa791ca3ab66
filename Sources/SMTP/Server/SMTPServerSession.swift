// The server's side of one SMTP or LMTP session (RFC 5321, RFC 2033) as a pure machine: octets in, actions out, the caller pulls.
// Guarantees: replies in the order of the commands; `next` stops after finitely many pulls without new input; memory
// is bounded by `SMTPLimits`; nothing is accepted before the router has answered.
import Mail

package struct SMTPServerSession: ~Copyable {
    let configuration: SMTPServerConfiguration
    var phase = Phase.connected
    var pending = PendingReplies()
    /// From MAIL until RSET, EHLO, the receipt or a refusal of the sender.
    var transaction: Transaction?
    /// TLS stands. Not forgotten but with the connection.
    package internal(set) var isSecured: Bool
    /// AUTH has succeeded.
    package internal(set) var isAuthenticated = false
    /// This peer may speak for others.
    let allowsXClient: Bool
    /// What the client called itself in its last EHLO, HELO or LHLO.
    package internal(set) var hello: SMTPHello?
    /// The client spoke before the banner (RFC 5321 §3.1 forbids it): known here, judged by the router.
    package private(set) var talkedEarly = false
    var errors = 0
    var refusals = 0
    var commandsWithoutMail = 0
    var transactionsBegun = 0
    var authenticationFailures = 0
    /// `ask(.authentication)` was handed out and has not come to its end.
    var hasOpenExchange = false
    /// How often what ends the content is answered: in LMTP once for each accepted recipient (RFC 2033 §4.2).
    var finalReplies = 1
    /// The router was lost between two chunks; the next BDAT hears of it.
    var chunkRefusal: SMTPReply?
    var overlong = OverlongLine()

    enum Phase: Equatable {
        /// Nothing was said; `greet` leads out.
        case connected
        /// XCLIENT is asked, or accepted; then admission is asked anew, and `greet` leads out.
        case readmitting
        /// We said 554; only QUIT is obeyed.
        case refused
        /// Commands are read.
        case commands
        /// STARTTLS was accepted; only `secured()` leads out, and what comes in clear ends the session.
        case securing
        /// An exchange of AUTH is open: each line is the answer to a challenge.
        case authenticating
        /// So many octets of a chunk are still to come and to be handed out.
        case chunk(left: Int, isLast: Bool)
        /// The chunk is refused; so many octets of it are thrown away, then this is said.
        case swallowing(left: Int, SMTPReply)
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
        /// BODY=BINARYMIME.
        var isBinary = false
        /// SMTPUTF8.
        var isInternationalized = false
        /// The first BDAT has come.
        var isChunked = false
        /// Chunks of less than `SMTPLimits.smallChunk`.
        var smallChunks = 0
        /// Octets of all chunks so far, as announced.
        var octets = 0
        /// The last octet of the chunk before was a CR.
        var endsInCarriageReturn = false
    }

    /// - Parameters:
    ///   - isSecured: TLS began with the connection (implicit TLS).
    ///   - allowsXClient: This peer may speak for others: XCLIENT is announced and obeyed.
    package init(_ configuration: SMTPServerConfiguration, isSecured: Bool = false, allowsXClient: Bool = false) {
        self.configuration = configuration
        self.isSecured = isSecured
        self.allowsXClient = allowsXClient
    }

    /// Admission has been decided, at the beginning or after XCLIENT: the banner can be said.
    package mutating func greet(_ admission: SMTPAdmission = .welcome) {
        guard phase == .connected || phase == .readmitting && pending.questions == 0 else { return }
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
            case .readmitting, .receipt: return .waits
            case .securing: action = waitForHandshake(bytes, &offset)
            case .authenticating: action = readResponse(in: bytes, from: &offset)
            case .chunk(let left, let isLast): action = readChunk(left, isLast, in: bytes, from: &offset)
            case .swallowing(let left, let reply): action = swallowChunk(left, reply, in: bytes, from: &offset)
            case .commands, .refused: action = readCommand(in: bytes, from: &offset)
            case .content(let scanner, let octets):
                action = readContent(scanner, octets, in: bytes, from: &offset)
            case .discarding(let scanner, let reply, let octets):
                action = discard(scanner, reply, octets, in: bytes, from: &offset)
            case .discardingCarelessly(let scanner, let octets):
                action = discardCarelessly(scanner, octets, in: bytes, from: &offset)
            case .closing: return close(bytes, &offset)
            case .closed:
                offset = bytes.count
                return .close
            }
            if let action { return action }
        }
    }

    private mutating func close(_ bytes: borrowing Span<UInt8>, _ offset: inout Int) -> SMTPServerAction {
        offset = bytes.count
        if pending.questions > 0 { return .waits }
        if transaction != nil {
            transaction = nil
            return .abortTransaction
        }
        if hasOpenExchange {
            hasOpenExchange = false
            return .cancelAuthentication
        }
        phase = .closed
        return .close
    }

    private mutating func takeReady() -> SMTPServerAction? {
        while let slot = pending.takeReady() {
            switch slot {
            case .reply(let reply): return .reply(reply)
            case .openContent: return .openContent
            case .startTLS: return .startTLS
            case .cancelAuthentication:
                guard hasOpenExchange else { continue }
                hasOpenExchange = false
                return .cancelAuthentication
            case .abort:
                guard transaction != nil else { continue }
                transaction = nil
                return .abortTransaction
            case .sender, .recipient, .receipt, .authentication, .clientFacts:
                preconditionFailure("a question is never ready")
            }
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
