// STLS (RFC 2595 §4). Guarantee: not one octet that came in clear behind STLS is ever read as a command. What lies behind it
// in the same packet is an attack (CVE-2011-0411 and its kin) or a client that has lost its way: it is refused with the
// command, and the connection ends. What comes later in clear ends the session without a word.

extension POP3LoginSession {
    /// TLS stands: nothing that the client has said before counts. Only after `startTLS`.
    package mutating func secured() {
        guard state == .securing else { return }
        isSecured = true
        state = .idle(user: nil)
    }

    // stls = "STLS"
    /// - Parameter isLast: nothing more has come yet.
    mutating func startTLS(_ argument: Range<Int>?, isLast: Bool) -> Action {
        guard !isSecured else { return fail(.alreadySecured) }
        guard offer.tls != .none else { return fail(.unknownCommand) }
        guard argument == nil else { return fail(.syntax) }
        guard !isUTF8 else { return fail(.tlsBeforeUTF8) }
        guard isLast else { return end(saying: .tlsPipelined) }
        state = .startingTLS
        return succeed(.reply(.beginTLS))
    }

    mutating func waitForHandshake(_ bytes: borrowing Span<UInt8>, _ offset: inout Int) -> Action {
        guard offset < bytes.count else { return .waits }
        offset = bytes.count
        state = .ended(handedOver: false)
        return .close
    }
}
