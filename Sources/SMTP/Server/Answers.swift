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
        case .reply, .openContent, .abort: preconditionFailure("not a question")
        }
    }

    /// The router or the store behind it is lost while content is streaming: the rest is read and thrown away, then
    /// the client gets this reply. Nothing more of this transaction is handed out.
    package mutating func refuseContent(_ refusal: Refusal) {
        guard case .content(let scanner, let octets) = phase else { return }
        transaction = nil
        phase = .discarding(scanner, .decided(refusal.reply), octets: octets)
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
        if phase == .connected || pending.questions > 0 { return .answer }
        if phase == .closing || phase == .closed { return .closed }
        switch phase {
        case .content, .discarding, .discardingCarelessly: return .content
        default: return .command
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
        case .refused(let reply):
            refuse(with: reply)
            countRefusal()
        }
        if thenShutDown, phase == .commands { end(saying: .standard(.shuttingDown)) }
    }

    private mutating func refuse(with reply: SMTPReply) {
        pending.answerOldest(with: reply)
        if reply.closesSession {
            pending.dropFromOldestQuestion()
            phase = .closing
        }
    }

    private enum Judged { case accepted(SMTPReply), refused(SMTPReply) }

    private func positive(_ answer: SMTPServerAnswer, usual: StandardReply) -> Judged {
        switch answer {
        case .accepted: .accepted(.standard(usual))
        case .queued(let id): .accepted(.queued(id))
        case .replied(let reply) where (200..<300).contains(reply.code): .accepted(.decided(reply))
        case .replied(let reply): .refused(.decided(reply))
        }
    }

    private mutating func interrupt(saying reply: SMTPReply) {
        switch phase {
        case .closing, .closed, .receipt: return
        case .connected, .refused, .commands, .content, .discarding, .discardingCarelessly:
            pending.dropFromOldestQuestion()
            end(saying: reply)
        }
    }
}
