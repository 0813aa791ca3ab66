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
        if isLong, verb != .mail, verb != .rcpt { return fail(.lineTooLong) }
        if phase == .refused, verb != .quit { return fail(.sessionRefused) }
        switch verb {
        case .rcpt: return recipient(bytes, argument, end)
        case .mail: return mail(bytes, argument, end)
        case .data: return data(bytes, argument, end)
        case .quit: return quit(bytes, argument, end)
        default: return performWithoutMail(verb, bytes, argument, end)
        }
    }

    private mutating func performWithoutMail(
        _ verb: Verb, _ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int
    ) -> SMTPServerAction? {
        commandsWithoutMail += 1
        guard commandsWithoutMail <= configuration.limits.commandsWithoutMail else {
            self.end(saying: .standard(.tooManyCommands))
            return nil
        }
        switch verb {
        case .ehlo: return hello(bytes, argument, end, isExtended: true)
        case .helo: return hello(bytes, argument, end, isExtended: false)
        case .rset: return reset(bytes, argument, end)
        // RFC 5321 §4.1.1.9: the argument of NOOP is ignored.
        case .noop: pending.append(.reply(.standard(.ok)))
        case .help: pending.append(.reply(.standard(.help)))
        case .vrfy:
            guard argument < end else { return fail(.argumentsMissing) }
            pending.append(.reply(.standard(.cannotVerify)))
        case .expn, .notImplemented: return fail(.notImplemented)
        case .unknown: return fail(.unknownCommand)
        case .mail, .rcpt, .data, .quit: preconditionFailure("performed elsewhere")
        }
        return nil
    }
}
