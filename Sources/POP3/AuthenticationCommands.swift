// AUTH (RFC 5034): the frame of the exchange. The mechanisms run elsewhere; here are order, base64, limits and ends.

import Mail

extension POP3LoginSession {
    // auth-command = "AUTH" SP sasl-mech [SP initial-response]
    mutating func authenticate(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard offer.offersAuthentication else { return fail(.unknownCommand) }
        let mechanisms = offer.mechanisms(isSecured: isSecured)
        guard !mechanisms.isEmpty else { return fail(isSecured ? .unknownMechanism : needsTLS) }
        // No RFC has it, but Thunderbird and Outlook Express ask so, and Dovecot answers.
        guard let argument else { return succeed(.write(POP3Reply.lines(["+OK Mechanisms follow"] + mechanisms + ["."]))) }
        var end = argument.lowerBound
        while end < argument.upperBound, bytes[end] != 0x20 { end += 1 }
        guard let mechanism = mechanismName(bytes, argument.lowerBound..<end) else { return fail(.syntax) }
        guard mechanisms.contains(mechanism) else {
            return fail(!isSecured && offer.securedMechanisms.contains(mechanism) ? needsTLS : .unknownMechanism)
        }
        var initial: Secret?
        if end < argument.upperBound {
            guard let octets = initialResponse(bytes, end + 1..<argument.upperBound) else { return fail(.notBase64) }
            initial = Secret(octets)
        }
        state = .asking(isExchange: true)
        return succeed(.exchange(.begin(mechanism: mechanism, initial: initial)))
    }

    /// One line of the exchange.
    mutating func readResponse(_ bytes: borrowing Span<UInt8>, _ offset: inout Int) -> Action {
        switch lines.next(in: bytes, from: &offset, limits, limit: limits.authenticationLine) {
        case .needsInput: return .needsInput
        case .tooLong: return breakOff(saying: .lineTooLong)
        case .endless: return breakOff(endingWith: .lineTooLong)
        case .line(let line):
            guard countCommand() else { return breakOff(endingWith: .tooManyCommands) }
            // cancel-response = "*"
            if line.count == 1, bytes[line.lowerBound] == UInt8(ascii: "*") { return breakOff(saying: .cancelled) }
            guard let octets = decoded(bytes, line) else { return breakOff(saying: .notBase64) }
            state = .asking(isExchange: true)
            return .exchange(.response(Secret(octets)))
        }
    }

    /// AUTH may be longer than other commands. Five octets decide it, so that it does not depend on how they come.
    func isLongAuthentication(_ bytes: borrowing Span<UInt8>, _ start: Int) -> Bool {
        guard limits.leniency.contains(.longInitialResponse), offer.offersAuthentication, start + 5 <= bytes.count else {
            return false
        }
        return bytes[start + 4] == 0x20 && POP3Keyword.read(bytes, start..<start + 4) == .auth
    }

    /// The client has ended the exchange, or broken it: a login in vain. The reply follows.
    private mutating func breakOff(saying reply: POP3Reply) -> Action {
        refuse(saying: reply)
        return .cancelExchange
    }

    private mutating func breakOff(endingWith reply: POP3Reply) -> Action {
        state = .ending(reply)
        return .cancelExchange
    }

    // sasl-mech = 1*20( UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE ), RFC 4422 §3.1; RFC 5034 §5 ignores case.
    private func mechanismName(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String? {
        guard (1...20).contains(range.count) else { return nil }
        var octets: [UInt8] = []
        for index in range {
            switch bytes[index] {
            case 0x61...0x7A: octets.append(bytes[index] & 0xDF)
            case 0x30...0x39, 0x41...0x5A, 0x2D, 0x5F: octets.append(bytes[index])
            default: return nil
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    // initial-response = base64 / "="
    private func initialResponse(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        if range.count == 1, bytes[range.lowerBound] == UInt8(ascii: "=") { return [] }
        return range.isEmpty ? nil : decoded(bytes, range)
    }

    private func decoded(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        bytes.withUnsafeBufferPointer { Base64.decode(UnsafeBufferPointer(rebasing: $0[range])) }
    }
}
