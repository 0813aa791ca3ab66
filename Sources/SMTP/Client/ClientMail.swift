// From MAIL to the receipt, and how a message ends when the session does.

extension SMTPClientSession {
    mutating func beginEnvelope() {
        guard let message = waiting else { return }
        waiting = nil
        stuffer = ContentStuffer()
        transaction = ClientTransaction(message, capabilities, afterReset: needsReset)
        // RFC 1870 §5: a message beyond the announced limit need not be tried.
        if let limit = capabilities.size, limit > 0, message.size > limit {
            let text = "The message has \(message.size) octets, the remote server takes \(limit)"
            transaction?.settleRest(.failed(AttemptFailure(.messageTooLarge, while: .sender, text: text)))
            return finish()
        }
        if transaction?.isHopeless == true { return finish() }
        needsReset = false
        phase = .envelope
        sendLines()
    }

    private mutating func sendLines() {
        guard let lines = transaction?.lines(capabilities), !lines.isEmpty else { return }
        outbox.append(.send(lines))
    }

    mutating func heardEnvelope(_ reply: RemoteReply) {
        guard let step = transaction?.current else { return }
        transaction?.answeredCurrent()
        switch step {
        case .reset: break
        case .sender: heardSender(reply)
        case .recipient(let index): heardRecipient(reply, index)
        case .data: return heardData(reply)
        }
        guard let transaction, !transaction.hasUnanswered else { return }
        // Without pipelining the envelope ends as soon as it is hopeless.
        if transaction.isSenderRefused || transaction.current == .data && transaction.accepted == 0 {
            needsReset = !transaction.isSenderRefused
            finish()
        } else {
            sendLines()
        }
    }

    private mutating func heardSender(_ reply: RemoteReply) {
        guard !(200..<300).contains(reply.code) else { return }
        transaction?.isSenderRefused = true
        transaction?.settleRest(Self.judged(reply, .senderRejected, .sender))
    }

    private mutating func heardRecipient(_ reply: RemoteReply, _ index: Int) {
        guard transaction?.isSenderRefused == false else { return }
        if (200..<300).contains(reply.code) {
            transaction?.accepted += 1
        } else {
            var outcome = Self.judged(reply, .recipientRejected, .recipient)
            // RFC 5321 §4.5.3.1.10: 552 to RCPT is an old way to say 452, too many recipients.
            if reply.code == 552, case .failed(let failure) = outcome { outcome = .deferred(failure) }
            transaction?.settle(index, outcome)
        }
    }

    private mutating func heardData(_ reply: RemoteReply) {
        guard let transaction else { return }
        if reply.code == 354, transaction.accepted > 0 {
            phase = .content
            outbox.append(.openContent)
        } else if reply.code == 354 {
            phase = .endOfNothing
            say(".\r\n")
        } else if (200..<400).contains(reply.code) {
            lose(.malformedReply, reply: reply, text: "The remote server answered DATA with \(reply.code)")
        } else {
            self.transaction?.settleRest(Self.judged(reply, .dataRejected, .data))
            needsReset = !transaction.isSenderRefused
            finish()
        }
    }

    /// A reply before the final dot can only be a refusal; the remote will read no further command.
    mutating func heardEarly(_ reply: RemoteReply) {
        outbox.append(.abandonContent)
        if reply.code >= 500 {
            transaction?.settleRest(Self.judged(reply, .contentRejected, .content))
        }
        lose(.contentRejected, reply: reply)
    }

    mutating func heardReceipt(_ reply: RemoteReply) {
        if (200..<300).contains(reply.code) {
            transaction?.settleRest(.delivered(reply))
        } else {
            transaction?.settleRest(Self.judged(reply, .contentRejected, .endOfContent))
        }
        finish()
    }

    /// The message is done, the session goes on.
    mutating func finish() {
        guard let transaction else { return }
        self.transaction = nil
        phase = .idle
        let lost = AttemptFailure(.localTrouble, while: .idle, text: "No outcome was reached")
        outbox.append(.finished(transaction.outcomes.map { $0 ?? .deferred(lost) }))
    }

    /// The session is over, and with it the message in hand: whoever has no outcome yet is tried again later, unless
    /// `isPermanent`.
    mutating func lose(
        _ reason: AttemptClass, reply: RemoteReply? = nil, text: String? = nil, isPermanent: Bool = false
    ) {
        guard phase != .closed else { return }
        let words = text ?? reply.map { "The remote server said: \($0.line)" } ?? "The session was lost"
        let failure = AttemptFailure(reason, while: attemptPhase, reply: reply, text: words)
        let outcome: SMTPClientOutcome = isPermanent ? .failed(failure) : .deferred(failure)
        let isPolite = reply?.code != 421 && reason != .connectionLost && reason != .timedOut && reason != .tlsFailed
        let wasQuitting = phase == .quitting
        if phase == .content, outbox.last != .abandonContent { outbox.append(.abandonContent) }
        let wasContent = phase == .content
        if transaction != nil {
            transaction?.settleRest(outcome)
            finish()
        } else if let message = waiting {
            waiting = nil
            outbox.append(.finished(message.recipients.map { _ in outcome }))
        } else if !wasQuitting {
            outbox.append(.failed(failure))
        }
        // In the middle of content QUIT would be content.
        if isPolite, !wasQuitting, !wasContent { outbox.append(.send(Array("QUIT\r\n".utf8))) }
        close()
    }

    mutating func close() { phase = .closed }

    private static func judged(_ reply: RemoteReply, _ reason: AttemptClass, _ phase: AttemptPhase) -> SMTPClientOutcome {
        let text = "The remote server said: \(reply.line)"
        let failure = AttemptFailure(reason, while: phase, reply: reply, text: text)
        return reply.code >= 500 ? .failed(failure) : .deferred(failure)
    }
}
