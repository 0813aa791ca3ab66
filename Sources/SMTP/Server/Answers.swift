// What comes from the other rooms: answers to questions, and the news that time is up or the house closes.
import Mail

extension SMTPServerSession {
    /// The answer to the oldest open question. Late answers of a session that has ended are ignored.
    package mutating func receive(_ answer: SMTPServerAnswer) {
        guard let question = pending.oldestQuestion else {
            precondition(phase == .closing || phase == .closed, "an answer without a question")
            return
        }
        switch question {
        case .sender: receiveSender(answer)
        case .recipient: receiveRecipient(answer)
        case .receipt: receiveReceipt(answer)
        case .authentication: receiveAuthentication(answer)
        case .clientFacts: receiveClientFacts(answer)
        case .reply, .openContent, .startTLS, .abort, .cancelAuthentication: preconditionFailure("not a question")
        }
    }

    /// The router or the store behind it is lost while content is streaming, or between two chunks of it: the rest is
    /// read and thrown away, then the client gets this reply. Nothing more of this transaction is handed out.
    package mutating func refuseContent(_ refusal: Refusal) {
        let reply = SMTPReply.decided(refusal.reply)
        switch phase {
        case .content(let scanner, let octets): phase = .discarding(scanner, reply, octets: octets)
        case .chunk(let left, _): phase = .swallowing(left: left, reply)
        case .commands where transaction?.isChunked == true: chunkRefusal = reply
        default: return
        }
        transaction = nil
    }

    /// RFC 5321 §4.5.3.2.7: the client was silent for too long.
    package mutating func timedOut() { interrupt(saying: .standard(.timedOut)) }

    /// The house closes. A message whose receipt is outstanding is still answered first.
    package mutating func shutDown() {
        if case .receipt = phase {
            phase = .receipt(thenShutDown: true)
        } else {
            interrupt(saying: .standard(.shuttingDown))
        }
    }

    /// What the session waits for; a time-out belongs to it.
    package var waitsFor: SMTPServerPhase {
        if pending.questions > 0 { return .answer }
        switch phase {
        case .connected, .readmitting: return .answer
        case .closing, .closed: return .closed
        case .content, .chunk, .swallowing, .discarding, .discardingCarelessly: return .content
        case .refused, .commands, .securing, .authenticating, .receipt: return .command
        }
    }

    /// A transaction that the router knows of is neither finished nor given up. Its `abortTransaction` never comes when
    /// the connection just breaks.
    package var hasOpenTransaction: Bool { transaction != nil }

    private mutating func receiveSender(_ answer: SMTPServerAnswer) {
        switch positive(answer, usual: .senderOk) {
        case .accepted(let reply): pending.answerOldest(with: reply)
        case .refused(let reply):
            transaction = nil
            refuse(with: reply)
            countRefusal()
        }
    }

    private mutating func receiveRecipient(_ answer: SMTPServerAnswer) {
        // RFC 2920 §3.1: RCPT was read before the answer to MAIL came, and MAIL was refused.
        guard transaction != nil else {
            pending.answerOldest(with: .standard(.mailFirst))
            return
        }
        switch positive(answer, usual: .recipientOk) {
        case .accepted(let reply):
            transaction!.accepted += 1
            pending.answerOldest(with: reply)
        case .refused(let reply):
            refuse(with: reply)
            countRefusal()
        }
    }

    private mutating func receiveReceipt(_ answer: SMTPServerAnswer) {
        guard case .receipt(let thenShutDown) = phase else { return }
        transaction = nil
        phase = .commands
        switch positive(answer, usual: .ok) {
        case .accepted(let reply):
            (errors, refusals, commandsWithoutMail) = (0, 0, 0)
            pending.answerOldest(with: reply)
            repeatFinal(reply)
        case .refused(let reply):
            refuse(with: reply)
            repeatFinal(reply)
            countRefusal()
        }
        if thenShutDown, phase == .commands { end(saying: .standard(.shuttingDown)) }
    }

    /// RFC 2033 §4.2: in LMTP each accepted recipient has its reply. The first has been said.
    mutating func repeatFinal(_ reply: SMTPReply) {
        guard finalReplies > 1, phase != .closing else { return }
        for _ in 1..<finalReplies { pending.append(.reply(reply)) }
    }

    mutating func refuse(with reply: SMTPReply) {
        pending.answerOldest(with: reply)
        if reply.closesSession {
            pending.dropFromOldestQuestion()
            phase = .closing
        }
    }

    enum Judged { case accepted(SMTPReply), refused(SMTPReply) }

    func positive(_ answer: SMTPServerAnswer, usual: StandardReply) -> Judged {
        switch answer {
        case .accepted: .accepted(.standard(usual))
        case .queued(let id): .accepted(.queued(id))
        case .replied(let reply) where (200..<300).contains(reply.code): .accepted(.decided(reply))
        case .replied(let reply): .refused(.decided(reply))
        // The shell's mistake, and no answer to this question.
        case .challenge, .authenticated: .refused(.standard(.localTrouble))
        }
    }

    private mutating func interrupt(saying reply: SMTPReply) {
        switch phase {
        case .closing, .closed, .receipt: return
        case .securing:
            // Nothing can be said into the midst of a handshake.
            pending.dropAll()
            phase = .closing
        case .connected, .readmitting, .refused, .commands, .authenticating, .content, .chunk, .swallowing,
            .discarding, .discardingCarelessly:
            pending.dropFromOldestQuestion()
            end(saying: reply)
        }
    }
}
