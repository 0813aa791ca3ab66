// XCLIENT: a proxy that we trust tells whom it speaks for. Only where the shell has said that this peer may.

extension SMTPServerSession {
    mutating func clientFacts(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        guard allowsXClient else { return fail(.clientFactsForbidden) }
        guard transaction == nil else { return fail(.inTransaction) }
        let end = withoutTrailingSpace(bytes, argument, end)
        guard let facts = XClient.read(bytes, from: argument, to: end) else { return fail(.clientFactsSyntax) }
        pending.append(.clientFacts)
        phase = .readmitting
        return .ask(.clientFacts(facts))
    }

    mutating func receiveClientFacts(_ answer: SMTPServerAnswer) {
        switch positive(answer, usual: .ok) {
        case .accepted:
            // The 220 that `greet` says answers XCLIENT; the client begins with EHLO again.
            pending.dropFromOldestQuestion()
            hello = nil
            isAuthenticated = false
        case .refused(let reply):
            phase = .commands
            refuse(with: reply)
            countRefusal()
        }
    }
}
