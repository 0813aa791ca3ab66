// The fields that a server puts in front of a message (RFC 5321 §4.4). Safe against whatever a client called itself.
import Mail

package enum TraceHeader {
    /// RFC 3848, RFC 6531 §4.3 and RFC 5321 §4.4: how the message came.
    package enum Transmission: String, CaseIterable, Sendable {
        case smtp = "SMTP"
        case esmtp = "ESMTP"
        case esmtps = "ESMTPS"
        case esmtpa = "ESMTPA"
        case esmtpsa = "ESMTPSA"
        case utf8smtp = "UTF8SMTP"
        case utf8smtps = "UTF8SMTPS"
        case utf8smtpa = "UTF8SMTPA"
        case utf8smtpsa = "UTF8SMTPSA"
        case lmtp = "LMTP"
        case lmtps = "LMTPS"
        case lmtpa = "LMTPA"
        case lmtpsa = "LMTPSA"
        case utf8lmtp = "UTF8LMTP"
        case utf8lmtps = "UTF8LMTPS"
        case utf8lmtpa = "UTF8LMTPA"
        case utf8lmtpsa = "UTF8LMTPSA"

        /// TLS, AUTH and SMTPUTF8 exist only behind EHLO or LHLO.
        /// - Parameter isInternationalized: MAIL had the parameter SMTPUTF8.
        package init(
            isExtended: Bool, isSecured: Bool, isAuthenticated: Bool, isInternationalized: Bool = false,
            dialect: SMTPDialect = .smtp
        ) {
            let row: [Transmission] =
                switch (dialect, isInternationalized) {
                case (.smtp, false): [isExtended ? .esmtp : .smtp, .esmtps, .esmtpa, .esmtpsa]
                case (.smtp, true): [.utf8smtp, .utf8smtps, .utf8smtpa, .utf8smtpsa]
                case (.lmtp, false): [.lmtp, .lmtps, .lmtpa, .lmtpsa]
                case (.lmtp, true): [.utf8lmtp, .utf8lmtps, .utf8lmtpa, .utf8lmtpsa]
                }
            self = row[(isSecured ? 1 : 0) + (isAuthenticated ? 2 : 0)]
        }
    }

    /// Time-stamp-line = "Received:" FWS Stamp, folded at 78.
    /// - Parameters:
    ///   - hello: What the client called itself; nil when it said nothing.
    ///   - clientName: The verified name behind the address, if it is known.
    ///   - recipient: Only when there is exactly one, or others would learn of each other.
    ///   - hidesClient: Leaves out the from clause, name and address alike: where people submit mail, it tells the
    ///     whole world where they live. RFC 5322 §3.6.7 lets it be missing.
    package static func received(
        from hello: String?, client: InternetAddress, clientName: String? = nil, by hostname: String,
        with transmission: Transmission, id: String, for recipient: EmailAddress? = nil, unixSeconds: Int64,
        hidesClient: Bool = false
    ) -> [UInt8] {
        var words = hidesClient ? [] : from(hello, client, clientName)
        words += [Array("by".utf8), HeaderFolding.token(hostname), Array("with \(transmission.rawValue)".utf8)]
        words.append(Array("id ".utf8) + HeaderFolding.token(id))
        if let recipient {
            words.append(Array("for <".utf8) + recipient.description.utf8.map(HeaderFolding.printable) + [0x3E])
        }
        words[words.count - 1].append(UInt8(ascii: ";"))
        words.append(Array(MailDate.format(unixSeconds: unixSeconds).utf8))
        return HeaderFolding.field("Received", words)
    }

    private static func from(_ hello: String?, _ client: InternetAddress, _ name: String?) -> [[UInt8]] {
        let literal = client.isV4 ? "[\(client)]" : "[IPv6:\(client)]"
        let name = name.map { HeaderFolding.token($0) + [0x20] } ?? []
        return [Array("from".utf8), HeaderFolding.token(hello ?? "unknown"), Array("(".utf8) + name + Array("\(literal))".utf8)]
    }

    /// Return-path-line = "Return-Path:" FWS Reverse-path, put in front at final delivery (RFC 5321 §4.4).
    package static func returnPath(_ sender: SenderPath) -> [UInt8] {
        let address = sender.description.utf8.map(HeaderFolding.printable)
        return HeaderFolding.field("Return-Path", [[0x3C] + address + [0x3E]])
    }
}
