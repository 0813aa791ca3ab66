// Lines: a command, or the answer to a challenge of AUTH. Each has its limit; what is longer is swallowed, not kept.

extension SMTPServerSession {
    /// Reads one command. nil: something was put into `pending` or the phase has changed.
    mutating func readCommand(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> SMTPServerAction? {
        guard pending.count < configuration.limits.questionsInFlight else { return .waits }
        if overlong.isOpen { return swallow(in: bytes, from: &offset) }
        guard offset < bytes.count else { return .needsInput }
        let start = offset
        var line = LineEnd.find(in: bytes, from: start, limit: configuration.limits.parameterLine)
        var tooLong = StandardReply.lineTooLong
        // RFC 4954 §4: an initial response may be longer than any other command.
        if line == .tooLong, isAuthentication(bytes, start) {
            line = LineEnd.find(in: bytes, from: start, limit: configuration.limits.authenticationLine)
            tooLong = .authenticationLineTooLong
        }
        switch line {
        case .missing: return .needsInput
        case .tooLong:
            overlong.open(saying: tooLong)
            return swallow(in: bytes, from: &offset)
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

    /// Reads one answer to a challenge, when there is one to be answered.
    mutating func readResponse(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> SMTPServerAction? {
        guard pending.questions == 0 else { return .waits }
        if overlong.isOpen { return swallowResponse(in: bytes, from: &offset) }
        guard offset < bytes.count else { return .needsInput }
        switch LineEnd.find(in: bytes, from: offset, limit: configuration.limits.authenticationLine) {
        case .missing: return .needsInput
        case .tooLong:
            overlong.open(saying: .authenticationLineTooLong)
            return swallowResponse(in: bytes, from: &offset)
        case .bareLineFeed:
            offset = bytes.count
            end(saying: .standard(.bareLineFeed))
            return nil
        // A control octet is no base64 either.
        case .found(let lineEnd, _):
            let start = offset
            offset = lineEnd + 2
            return response(bytes, start, lineEnd)
        }
    }

    /// RFC 5321 §4.5.3.1.9: 500 once for the whole line, of which nothing is kept.
    private mutating func swallow(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> SMTPServerAction? {
        guard let hasEnded = swallowed(bytes, &offset) else { return nil }
        return hasEnded ? fail(overlong.reply) : .needsInput
    }

    /// RFC 4954 §4: 500 5.5.6, and the exchange is over.
    private mutating func swallowResponse(
        in bytes: borrowing Span<UInt8>, from offset: inout Int
    ) -> SMTPServerAction? {
        guard let hasEnded = swallowed(bytes, &offset) else { return nil }
        guard hasEnded else { return .needsInput }
        cancelExchange(saying: overlong.reply)
        return nil
    }

    /// nil: the session ends. Otherwise whether the line has ended.
    private mutating func swallowed(_ bytes: borrowing Span<UInt8>, _ offset: inout Int) -> Bool? {
        switch overlong.swallow(bytes, from: &offset, limit: configuration.limits.swallowedLine) {
        case .open: return false
        case .ended: return true
        case .bareLineFeed:
            offset = bytes.count
            end(saying: .standard(.bareLineFeed))
        case .endless: end(saying: .standard(.tooManyErrors))
        }
        return nil
    }

    private func isAuthentication(_ bytes: borrowing Span<UInt8>, _ start: Int) -> Bool {
        guard configuration.offersAuthentication, start + 5 <= bytes.count else { return false }
        return Verb.read(bytes, from: start, to: start + 5) == (.auth, start + 5)
    }
}
