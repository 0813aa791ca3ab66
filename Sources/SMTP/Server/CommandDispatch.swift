// From a line to its command, and which commands may be read while answers are outstanding.

extension SMTPServerSession {
    /// Performs the line `start ..< end`. RFC 2920 §3.1: RCPT (and NOOP here) may be read while answers are
    /// outstanding; any other command waits, because what it means depends on them. nil: see `pending` and `phase`.
    mutating func perform(
        _ bytes: borrowing Span<UInt8>, from start: Int, to end: Int, moving offset: inout Int
    ) -> SMTPServerAction? {
        let (verb, argument) = Verb.read(bytes, from: start, to: end)
        if pending.questions > 0, verb != .rcpt, verb != .noop { return .waits }
        offset = end + 2
        let isLong = end + 2 - start > configuration.limits.commandLine
        if isLong, !verb.hasParameters { return fail(.lineTooLong) }
        if phase == .refused, verb != .quit { return fail(.sessionRefused) }
        if configuration.tls == .required, !isSecured, !verb.isAllowedInClear { return fail(.startTLSFirst) }
        switch verb {
        case .rcpt: return recipient(bytes, argument, end)
        case .mail: return mail(bytes, argument, end)
        case .data: return data(bytes, argument, end)
        case .bdat where configuration.extensions.contains(.chunking): return chunk(bytes, argument, end)
        case .quit: return quit(bytes, argument, end)
        default: return performWithoutMail(verb, bytes, argument, end, offset)
        }
    }

    private mutating func performWithoutMail(
        _ verb: Verb, _ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int, _ offset: Int
    ) -> SMTPServerAction? {
        commandsWithoutMail += 1
        guard commandsWithoutMail <= configuration.limits.commandsWithoutMail else {
            self.end(saying: .standard(.tooManyCommands))
            return nil
        }
        switch verb {
        case .ehlo, .helo, .lhlo: return hello(verb, bytes, argument, end)
        case .rset: return reset(bytes, argument, end)
        // RFC 5321 §4.1.1.9: the argument of NOOP is ignored.
        case .noop: pending.append(.reply(.standard(.ok)))
        case .help: pending.append(.reply(.prepared(configuration.help(isSecured: isSecured))))
        case .starttls: return startTLS(bytes, argument, end, offset)
        case .auth: return authenticate(bytes, argument, end)
        case .xclient: return clientFacts(bytes, argument, end)
        case .vrfy:
            guard argument < end else { return fail(.argumentsMissing) }
            pending.append(.reply(.standard(.cannotVerify)))
        case .bdat, .expn, .notImplemented: return fail(.notImplemented)
        case .unknown: return fail(.unknownCommand)
        case .mail, .rcpt, .data, .quit: preconditionFailure("performed elsewhere")
        }
        return nil
    }
}

extension Verb {
    /// Lines of these may be longer than RFC 5321 §4.5.3.1.4 has it.
    fileprivate var hasParameters: Bool {
        switch self {
        case .mail, .rcpt, .auth, .xclient: true
        default: false
        }
    }

    /// RFC 3207 §4: what is answered as ever where TLS is required and does not stand.
    fileprivate var isAllowedInClear: Bool {
        switch self {
        case .ehlo, .helo, .lhlo, .noop, .rset, .starttls, .quit: true
        default: false
        }
    }
}
