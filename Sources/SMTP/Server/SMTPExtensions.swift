// What a port may offer beyond RFC 5321, each by its own switch. What is off is not announced, and its commands and
// parameters are answered as unknown.

/// The extensions of one port. STARTTLS and AUTH have switches of their own (`TLSOffer`, the lists of mechanisms).
package struct SMTPExtensions: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// RFC 2920. Off: not announced; what comes in one packet all the same is read in order.
    package static let pipelining = SMTPExtensions(rawValue: 1)
    /// RFC 1870. Off: SIZE= is 555; the limit holds all the same.
    package static let size = SMTPExtensions(rawValue: 2)
    /// RFC 6152. Off: BODY=7BIT and BODY=8BITMIME are 555, and SMTPUTF8 is off with it (RFC 6531 §3.1).
    package static let eightBitMIME = SMTPExtensions(rawValue: 4)
    /// RFC 2034. Off: not announced; the codes stay in the texts, where they are only words.
    package static let enhancedStatusCodes = SMTPExtensions(rawValue: 8)
    /// RFC 3030 §2: BDAT. Off: 502, and BINARYMIME is off with it.
    package static let chunking = SMTPExtensions(rawValue: 16)
    /// RFC 3030 §3: BODY=BINARYMIME.
    package static let binaryMIME = SMTPExtensions(rawValue: 32)
    /// RFC 6531. Off: addresses are ASCII, and the parameter is 555.
    package static let internationalized = SMTPExtensions(rawValue: 64)
    /// RFC 3461: RET, ENVID, NOTIFY, ORCPT. Off: 555.
    package static let deliveryStatus = SMTPExtensions(rawValue: 128)
    /// RFC 9422: the limits are told. Off: they hold all the same.
    package static let limits = SMTPExtensions(rawValue: 256)

    /// What needs nothing of the rooms behind.
    package static let usual: SMTPExtensions = [.pipelining, .size, .eightBitMIME, .enhancedStatusCodes]
    package static let all: SMTPExtensions = [
        .usual, .chunking, .binaryMIME, .internationalized, .deliveryStatus, .limits,
    ]

    /// Without those that lean on one that is off.
    var consistent: SMTPExtensions {
        var result = self
        if !contains(.chunking) { result.remove(.binaryMIME) }
        if !contains(.eightBitMIME) { result.remove(.internationalized) }
        return result
    }
}

/// STARTTLS on one port (RFC 3207, D3). A port whose TLS begins with the connection has `none` and secured sessions.
package enum TLSOffer: Sendable {
    /// Not announced; STARTTLS is 502.
    case none
    case offered
    /// Until TLS stands, 530 to all but EHLO, HELO, LHLO, NOOP, RSET, STARTTLS and QUIT (RFC 3207 §4).
    case required
}

/// Who speaks: other mail servers and clients, or one that hands mail over to this house for good.
package enum SMTPDialect: Sendable {
    case smtp
    /// RFC 2033: LHLO alone says hello, and the content is answered once for each accepted recipient. Not on port 25 (§5).
    case lmtp
}
