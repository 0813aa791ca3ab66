// One server session against a client and a router that chance plays.
import FuzzRun
import Mail
import SMTP

enum ServerRun {
    /// - Returns: messages that came to their end.
    static func play(_ random: inout SplitMix) -> Int {
        var limits = SMTPLimits()
        limits.leniency = SMTPLimits.Leniency(rawValue: UInt8(random.below(16)))
        limits.messageSize = random.pick([20, 1000, 100_000])
        limits.recipients = random.pick([1, 3, 1000])
        limits.questionsInFlight = random.pick([1, 2, 100])
        limits.refusesNUL = random.chance(20)
        limits.swallowedLine = 5000
        limits.smallChunks = random.pick([2, 1000])
        limits.transactions = random.pick([nil, nil, 2])
        var shell = ServerShell(
            configuration(limits, &random), isSecured: random.chance(20), allowsXClient: random.chance(30))
        if random.chance(90) { shell.begin() }
        for _ in 0..<random.below(60) {
            shell.step(&random)
            if shell.isClosed { break }
        }
        shell.drain(&random)
        return shell.messages
    }
}

extension ServerRun {
    private static func configuration(_ limits: SMTPLimits, _ random: inout SplitMix) -> SMTPServerConfiguration {
        SMTPServerConfiguration(
            hostname: "h.example", limits: limits, dialect: random.chance(20) ? .lmtp : .smtp,
            extensions: random.chance(50) ? .all : SMTPExtensions(rawValue: UInt16(random.below(512))),
            tls: random.pick([.none, .offered, .offered, .required]),
            mechanisms: random.pick([[], ["PLAIN", "LOGIN", "X"]]), securedMechanisms: random.pick([[], ["PLAIN"]]),
            showsLegacyAuthentication: random.chance(10))
    }
}

private struct ServerShell: ~Copyable {
    var session: SMTPServerSession
    var inbox: [UInt8] = []
    var isClosed = false
    var messages = 0
    private let limits: SMTPLimits
    private var openQuestions = 0
    private var isContentOpen = false
    /// The last octet of the content; LF before the first.
    private var last: UInt8 = 10
    private var isTransactionOpen = false
    /// The open question is AUTH's, which no other question may be beside.
    private var isExchangeOpen = false
    private var isShaking = false
    private var isBinary = false
    private let hello: String

    init(_ configuration: SMTPServerConfiguration, isSecured: Bool, allowsXClient: Bool) {
        session = SMTPServerSession(configuration, isSecured: isSecured, allowsXClient: allowsXClient)
        limits = configuration.limits
        hello = configuration.dialect == .lmtp ? "LHLO" : "EHLO"
    }

    /// So that most runs get beyond the banner and into a transaction.
    mutating func begin() {
        session.greet()
        inbox = Array("\(hello) a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n".utf8)
    }

    mutating func step(_ random: inout SplitMix) {
        switch random.below(20) {
        case 0: session.greet(random.chance(90) ? .welcome : .refused(Reply(554, "5.7.1", "no")))
        case 1 where random.chance(5): session.timedOut()
        case 2 where random.chance(5): session.shutDown()
        case 3 where random.chance(30): session.refuseContent(Refusal(Reply(451, "4.3.0", "x\r\ny"), because: ""))
        case 4...9: answer(&random)
        case 10 where isShaking:
            (isShaking, inbox) = (false, [])
            session.secured()
            precondition(session.hello == nil && session.isSecured && !session.isAuthenticated, "something outlives TLS")
        default: feed(&random)
        }
        pull(&random)
    }

    /// Answers everything; then the session must have used all it can use.
    mutating func drain(_ random: inout SplitMix) {
        session.greet()
        for _ in 0..<300 {
            session.greet()
            pull(&random)
            guard openQuestions > 0, !isClosed else { break }
            answer(&random)
        }
        precondition(isClosed || openQuestions == 0, "questions are left")
    }

    private mutating func feed(_ random: inout SplitMix) {
        for _ in 0...random.below(6) { inbox += random.pick(Corpus.server).utf8 }
        if random.chance(20), !inbox.isEmpty {
            inbox[random.below(inbox.count)] = UInt8(truncatingIfNeeded: random.next())
        }
        if random.chance(20) { inbox.removeLast(random.below(inbox.count + 1)) }
    }

    private mutating func answer(_ random: inout SplitMix) {
        guard openQuestions > 0 else { return }
        openQuestions -= 1
        switch random.below(14) {
        case 12: session.receive(.challenge(Array(repeating: 65, count: random.below(2000))))
        case 13: session.receive(.authenticated(Reply(UInt16(random.below(1000)), nil, "in")))
        case 0...6: session.receive(.accepted)
        case 7: session.receive(.queued(SpoolID(rawValue: random.next())))
        case 8: session.receive(.replied(Reply(421, "4.3.2", "bye")))
        case 9: session.receive(.replied(Reply(UInt16(random.below(1000)), nil, "odd\ntext")))
        default: session.receive(.replied(Reply(550, "5.1.1", "no")))
        }
    }

    private mutating func pull(_ random: inout SplitMix) {
        // Each pull uses an octet or says what an octet caused: more pulls than this is a loop.
        var left = 10 * inbox.count + 3 * limits.questionsInFlight + 100
        while true {
            left -= 1
            precondition(left > 0, "the session does not stop")
            var offset = 0
            let bytes = inbox
            let action = session.next(in: bytes.span, from: &offset)
            precondition((0...bytes.count).contains(offset), "an offset outside of the octets")
            if case .content(let range) = action {
                precondition(isContentOpen && !range.isEmpty && range.upperBound <= offset, "not content")
                for octet in bytes[range] where !isBinary {
                    precondition((last == 13) == (octet == 10), "a CR or LF stands alone in content")
                    last = octet
                }
            }
            inbox.removeFirst(offset)
            if perform(action, &random) { return }
        }
    }

    /// - Returns: whether to stop pulling.
    private mutating func perform(_ action: SMTPServerAction, _ random: inout SplitMix) -> Bool {
        switch action {
        case .reply(let reply): check(reply)
        case .ask(let question):
            openQuestions += 1
            check(question)
            precondition(openQuestions <= limits.questionsInFlight, "too many questions")
            if random.chance(40), openQuestions == 1 { answer(&random) }
        case .openContent: (isContentOpen, last) = (true, 10)
        case .content: break
        case .endContent:
            precondition(isContentOpen && (isBinary || last != 13), "an end without a beginning, or in a line")
            (isContentOpen, isTransactionOpen) = (false, false)
            openQuestions += 1
            messages += 1
        case .abortTransaction: isContentOpen = false
        case .cancelAuthentication:
            precondition(isExchangeOpen, "nothing is cancelled")
            isExchangeOpen = false
        case .startTLS:
            precondition(inbox.isEmpty && !session.isSecured, "octets in clear behind STARTTLS")
            isShaking = true
        case .needsInput:
            precondition(inbox.count < limits.authenticationLine + 2, "more is kept than a line")
            return true
        case .waits: return true
        case .close:
            isClosed = true
            openQuestions = 0
            precondition(inbox.isEmpty, "octets behind the end")
            return true
        }
        return false
    }

    private mutating func check(_ question: SMTPQuestion) {
        switch question {
        case .sender(_, let parameters):
            isTransactionOpen = true
            isBinary = parameters.body == .binaryMIME
        case .recipient: precondition(isTransactionOpen, "a recipient without a sender")
        case .authentication: isExchangeOpen = true
        case .authenticationResponse: precondition(isExchangeOpen, "an answer to no challenge")
        case .clientFacts: break
        }
    }

    private func check(_ reply: SMTPReply) {
        var bytes: [UInt8] = []
        reply.append(to: &bytes)
        if case .challenge = reply {
            precondition(bytes.starts(with: "334 ".utf8) && bytes.firstIndex(of: 10) == bytes.count - 1, "no challenge")
            return
        }
        precondition((200...599).contains(reply.code) && bytes.suffix(2) == [13, 10], "not a reply")
        precondition(bytes.split(separator: 10).allSatisfy { $0.count < 512 && $0.last == 13 }, "not reply lines")
    }
}
