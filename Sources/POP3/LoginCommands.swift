// The commands before the login (RFC 1939 §4 and §7): which is which, USER, PASS and APOP.

import Mail

extension POP3LoginSession {
    mutating func readCommand(_ bytes: borrowing Span<UInt8>, _ offset: inout Int, _ user: String?) -> Action {
        let limit = isLongAuthentication(bytes, offset) ? limits.authenticationLine : limits.commandLine
        switch lines.next(in: bytes, from: &offset, limits, limit: limit) {
        case .needsInput: return .needsInput
        case .tooLong: return fail(.lineTooLong)
        case .endless: return end(saying: .lineTooLong)
        case .line(let line):
            guard countCommand() else { return end(saying: .tooManyCommands) }
            let command = POP3Command.read(bytes, line, limits.leniency)
            // Only here is it known whether something has come behind the line.
            if command.keyword == .stls { return startTLS(command.argument, isLast: offset == bytes.count) }
            return perform(bytes, command, user)
        }
    }

    private mutating func perform(
        _ bytes: borrowing Span<UInt8>, _ command: POP3Command, _ user: String?
    ) -> Action {
        switch command.keyword {
        case .user, .pass:
            guard offer.takesPasswords(isSecured: isSecured, limits) else { return fail(needsTLS) }
            if command.keyword == .user { return name(bytes, command.argument) }
            return password(bytes, command.argument, user)
        case .apop: return digest(bytes, command.argument)
        case .auth: return authenticate(bytes, command.argument)
        case .lang: return language(bytes, command.argument)
        case .capa, .utf8, .quit:
            guard command.argument == nil else { return fail(.syntax) }
            return performAlone(command.keyword)
        case .noop, .stat, .list, .uidl, .retr, .top, .dele, .rset: return fail(.loginFirst)
        case .stls, nil: return fail(.unknownCommand)
        }
    }

    private mutating func performAlone(_ keyword: POP3Keyword?) -> Action {
        switch keyword {
        case .capa:
            return succeed(.write(offer.capabilities(isSecured: isSecured, isLoggedIn: false, limits)))
        case .utf8:
            isUTF8 = true
            return succeed(.reply(.utf8))
        default: return end(saying: .goodbye)
        }
    }

    /// What is said to who wants to log in too early.
    var needsTLS: POP3Reply { offer.tls == .none ? .encryptFirst : .secureFirst }

    private mutating func language(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        switch POP3Language.answer(bytes, argument) {
        case .listing(let lines): return succeed(.write(lines))
        case .chosen(let reply): return succeed(.reply(reply))
        case .refused(let reply): return fail(reply)
        }
    }

    // user = "USER" SP name
    // RFC 1939 §7: +OK may be said for a name that does not exist, so it is said always.
    private mutating func name(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard let argument, let name = text(bytes, argument) else { return fail(.syntax) }
        state = .idle(user: name)
        return succeed(.reply(.passwordNext))
    }

    // pass = "PASS" SP string
    private mutating func password(
        _ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?, _ user: String?
    ) -> Action {
        guard let user else { return fail(.nameFirst) }
        guard let argument, !argument.isEmpty, !holdsNUL(bytes, argument) else {
            state = .idle(user: nil)
            return fail(.syntax)
        }
        state = .asking(isExchange: false)
        let password = bytes.withUnsafeBufferPointer { Array($0[argument]) }
        return succeed(.authenticate(POP3Credentials(user: user, password: Secret(password))))
    }

    // apop = "APOP" SP name SP digest
    private mutating func digest(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard let timestamp else { return fail(.unknownCommand) }
        guard isSecured || offer.tls != .required else { return fail(needsTLS) }
        // 32 digits and the space before them; the name may have spaces of its own.
        guard let argument, argument.count > 33 else { return fail(.syntax) }
        let space = argument.upperBound - 33
        guard bytes[space] == 0x20, let user = text(bytes, argument.lowerBound..<space),
            let digest = hexadecimal(bytes, space + 1..<argument.upperBound)
        else { return fail(.syntax) }
        state = .asking(isExchange: false)
        return succeed(.verifyDigest(POP3DigestLogin(user: user, timestamp: timestamp, digest: Secret(digest))))
    }

    /// nil: empty, not UTF-8, or with control octets that no name has.
    private func text(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String? {
        bytes.withUnsafeBufferPointer { all in
            let octets = all[range]
            guard !octets.isEmpty, octets.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
            return String(validating: octets, as: UTF8.self)
        }
    }

    private func holdsNUL(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] == 0 { return true }
        return false
    }

    /// RFC 1939 §7: in lower case.
    private func hexadecimal(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        var digits: [UInt8] = []
        for index in range {
            switch bytes[index] {
            case 0x30...0x39: digits.append(bytes[index] - 0x30)
            case 0x61...0x66: digits.append(bytes[index] - 0x61 + 10)
            default: return nil
            }
        }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
