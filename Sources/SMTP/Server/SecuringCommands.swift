// STARTTLS (RFC 3207). Guarantee: not one octet that came in clear behind STARTTLS is ever read as a command. What lies
// behind it in the same packet is an attack (CVE-2011-0411 and its kin) or a client that has lost its way: it gets 554
// and the connection ends, as Postfix does with unauthorised pipelining; throwing it away silently, as others do, would
// leave client and server at odds over what has been said. What comes later in clear ends the session without a word.

extension SMTPServerSession {
    /// TLS stands: nothing that the client has said before counts (RFC 3207 §4.2), AUTH neither. Only after `startTLS`.
    package mutating func secured() {
        guard phase == .securing else { return }
        isSecured = true
        isAuthenticated = false
        hello = nil
        phase = .commands
    }

    // starttls = "STARTTLS" CRLF
    mutating func startTLS(
        _ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int, _ offset: Int
    ) -> SMTPServerAction? {
        guard configuration.tls != .none || isSecured else { return fail(.notImplemented) }
        guard !isSecured else { return fail(.alreadySecured) }
        guard hasNoArgument(bytes, argument, end) else { return fail(.argumentsNotAllowed) }
        guard offset == bytes.count else {
            self.end(saying: .standard(.startTLSPipelined))
            return nil
        }
        pending.append(.abort)
        pending.append(.reply(.standard(.startTLS)))
        pending.append(.startTLS)
        phase = .securing
        return nil
    }

    mutating func waitForHandshake(_ bytes: borrowing Span<UInt8>, _ offset: inout Int) -> SMTPServerAction? {
        guard offset < bytes.count else { return .waits }
        offset = bytes.count
        phase = .closing
        return nil
    }
}
