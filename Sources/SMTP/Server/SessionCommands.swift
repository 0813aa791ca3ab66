// EHLO, HELO, LHLO, RSET, QUIT: the commands that begin and end things.

extension SMTPServerSession {
    // ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
    // helo = "HELO" SP Domain CRLF
    // lhlo = "LHLO" SP Domain CRLF
    // RFC 5321 §4.1.4: a name that proves wrong is no reason to refuse, so any printable word is taken; what it is
    // worth is the router's to say. Each of the three ends a transaction as RSET does.
    mutating func hello(
        _ verb: Verb, _ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int
    ) -> SMTPServerAction? {
        // RFC 2033 §4.1: LHLO in LMTP and nowhere else, the others not there.
        if configuration.dialect == .lmtp, verb != .lhlo { return fail(.useLHLO) }
        if configuration.dialect == .smtp, verb == .lhlo { return fail(.unknownCommand) }
        let end = withoutTrailingSpace(bytes, argument, end)
        guard (1...255).contains(end - argument) else { return fail(.helloSyntax) }
        for index in argument..<end where !(0x21...0x7E).contains(bytes[index]) { return fail(.helloSyntax) }
        let name = bytes.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[argument..<end]), as: UTF8.self)
        }
        hello = SMTPHello(name: name, isExtended: verb != .helo)
        let extended = configuration.extendedHello(isSecured: isSecured, allowsXClient: allowsXClient)
        chunkRefusal = nil
        pending.append(.abort)
        pending.append(.reply(.prepared(verb == .helo ? configuration.plainHello : extended)))
        return nil
    }

    // rset = "RSET" CRLF
    mutating func reset(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        guard hasNoArgument(bytes, argument, end) else { return fail(.argumentsNotAllowed) }
        chunkRefusal = nil
        pending.append(.abort)
        pending.append(.reply(.standard(.ok)))
        return nil
    }

    // quit = "QUIT" CRLF
    mutating func quit(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        guard hasNoArgument(bytes, argument, end) else { return fail(.argumentsNotAllowed) }
        self.end(saying: .standard(.goodbye))
        return nil
    }

    func hasNoArgument(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> Bool {
        guard configuration.limits.leniency.contains(.trailingSpace) else {
            return bytes[end - 1] != 0x20 && argument == end
        }
        return withoutTrailingSpace(bytes, argument, end) == argument
    }

    /// `Leniency.trailingSpace`.
    func withoutTrailingSpace(_ bytes: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        guard configuration.limits.leniency.contains(.trailingSpace) else { return end }
        var end = end
        while end > start, bytes[end - 1] == 0x20 { end -= 1 }
        return end
    }
}
