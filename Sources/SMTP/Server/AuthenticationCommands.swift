// AUTH (RFC 4954): the frame of the exchange. The mechanisms run elsewhere; here are order, base64, limits and ends.
import Mail

extension SMTPServerSession {
    // auth-command = "AUTH" SP sasl-mech [ SP ( initial-response / "=" ) ] CRLF
    mutating func authenticate(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        guard configuration.offersAuthentication else { return fail(.notImplemented) }
        guard !isAuthenticated else { return fail(.alreadyAuthenticated) }
        guard hello != nil || configuration.limits.leniency.contains(.mailWithoutHello) else { return fail(.helloFirst) }
        guard transaction == nil else { return fail(.authenticationInTransaction) }
        let end = withoutTrailingSpace(bytes, argument, end)
        var nameEnd = argument
        while nameEnd < end, isMechanismText(bytes[nameEnd]) { nameEnd += 1 }
        guard (1...20).contains(nameEnd - argument), nameEnd == end || bytes[nameEnd] == 0x20 else {
            return fail(.authenticationSyntax)
        }
        let mechanism = uppercased(bytes, argument..<nameEnd)
        guard (isSecured ? configuration.securedMechanisms : configuration.mechanisms).contains(mechanism) else {
            let needsTLS = configuration.securedMechanisms.contains(mechanism) && !isSecured
            return fail(needsTLS ? .authenticationMechanismSecured : .authenticationMechanism)
        }
        var initial: [UInt8]?
        if nameEnd < end {
            guard let octets = initialResponse(bytes, nameEnd + 1..<end) else { return fail(.authenticationEncoding) }
            initial = octets
        }
        hasOpenExchange = true
        phase = .authenticating
        pending.append(.authentication)
        return .ask(.authentication(mechanism: mechanism, initial: initial))
    }

    /// One line of the exchange, without its CRLF.
    mutating func response(_ bytes: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> SMTPServerAction? {
        // cancel-response = "*"
        if end - start == 1, bytes[start] == UInt8(ascii: "*") {
            cancelExchange(saying: .authenticationCancelled)
            return nil
        }
        guard let octets = decoded(bytes, start..<end) else {
            cancelExchange(saying: .authenticationEncoding)
            return nil
        }
        pending.append(.authentication)
        return .ask(.authenticationResponse(octets))
    }

    mutating func receiveAuthentication(_ answer: SMTPServerAnswer) {
        switch answer {
        case .challenge(let octets):
            pending.answerOldest(with: .challenge(octets))
            return
        case .authenticated(let reply):
            succeed(reply.code == 235 ? .decided(reply) : .standard(.authenticated))
        case .accepted: succeed(.standard(.authenticated))
        case .replied(let reply) where (200..<300).contains(reply.code): succeed(.decided(reply))
        case .replied(let reply): failExchange(.decided(reply))
        // The shell's mistake: no message is open.
        case .queued: failExchange(.standard(.localTrouble))
        }
    }

    /// The client has ended the exchange, or broken it.
    mutating func cancelExchange(saying reply: StandardReply) {
        phase = .commands
        pending.append(.cancelAuthentication)
        pending.append(.reply(.standard(reply)))
        countFailure()
    }

    private mutating func succeed(_ reply: SMTPReply) {
        (hasOpenExchange, isAuthenticated, phase) = (false, true, .commands)
        pending.answerOldest(with: reply)
    }

    private mutating func failExchange(_ reply: SMTPReply) {
        (hasOpenExchange, phase) = (false, .commands)
        refuse(with: reply)
        countFailure()
    }

    private mutating func countFailure() {
        authenticationFailures += 1
        if authenticationFailures >= configuration.limits.authenticationFailures, phase != .closing {
            end(saying: .standard(.tooManyErrors))
        }
    }

    /// "=" stands for an initial response of no octets (RFC 4954 §4).
    private func initialResponse(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        if range.count == 1, bytes[range.lowerBound] == UInt8(ascii: "=") { return [] }
        return range.isEmpty ? nil : decoded(bytes, range)
    }

    private func decoded(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        bytes.withUnsafeBufferPointer { Base64.decode(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    // sasl-mech = 1*20( UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE ), RFC 4422 §3.1; lower case is tolerated.
    private func isMechanismText(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }

    private func uppercased(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String {
        var octets: [UInt8] = []
        for index in range { octets.append(Verb.upper(bytes[index])) }
        return String(decoding: octets, as: UTF8.self)
    }
}
