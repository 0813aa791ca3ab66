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
        var field = FoldedField("Received")
        if !hidesClient { from(hello, client, clientName, in: &field) }
        field.word("by")
        field.token(hostname)
        field.word("with \(transmission.rawValue)")
        field.word { octets in
            octets += "id ".utf8
            HeaderFolding.append(token: id, to: &octets)
            if recipient == nil { octets.append(UInt8(ascii: ";")) }
        }
        if let recipient {
            field.word { octets in
                octets += "for <".utf8
                for octet in recipient.description.utf8 { octets.append(HeaderFolding.printable(octet)) }
                octets += ">;".utf8
            }
        }
        field.word(MailDate.format(unixSeconds: unixSeconds))
        return field.finished()
    }

    private static func from(
        _ hello: String?, _ client: InternetAddress, _ name: String?, in field: inout FoldedField
    ) {
        field.word("from")
        field.token(hello ?? "unknown")
        field.word { octets in
            octets.append(UInt8(ascii: "("))
            if let name { octets += HeaderFolding.token(name) + [0x20] }
            octets += (client.isV4 ? "[" : "[IPv6:").utf8
            octets += client.description.utf8
            octets += "])".utf8
        }
    }

    /// Return-path-line = "Return-Path:" FWS Reverse-path, put in front at final delivery (RFC 5321 §4.4).
    package static func returnPath(_ sender: SenderPath) -> [UInt8] {
        let address = sender.description.utf8.map(HeaderFolding.printable)
        return HeaderFolding.field("Return-Path", [[0x3C] + address + [0x3E]])
    }
}
