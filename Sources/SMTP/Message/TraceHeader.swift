// The fields that a server puts in front of a message (RFC 5321 §4.4). Safe against whatever a client called itself.
import Mail

package enum TraceHeader {
    /// RFC 3848 and RFC 5321 §4.4: how the message came.
    package enum Transmission: String, Sendable {
        case smtp = "SMTP"
        case esmtp = "ESMTP"
        case esmtps = "ESMTPS"
        case esmtpa = "ESMTPA"
        case esmtpsa = "ESMTPSA"

        /// TLS and AUTH exist only behind EHLO.
        package init(isExtended: Bool, isSecured: Bool, isAuthenticated: Bool) {
            switch (isSecured, isAuthenticated) {
            case (true, true): self = .esmtpsa
            case (true, false): self = .esmtps
            case (false, true): self = .esmtpa
            case (false, false): self = isExtended ? .esmtp : .smtp
            }
        }
    }

    /// Time-stamp-line = "Received:" FWS Stamp, folded at 78.
    /// - Parameters:
    ///   - hello: What the client called itself; nil when it said nothing.
    ///   - clientName: The verified name behind the address, if it is known.
    ///   - recipient: Only when there is exactly one, or others would learn of each other.
    package static func received(
        from hello: String?, client: InternetAddress, clientName: String? = nil, by hostname: String,
        with transmission: Transmission, id: String, for recipient: EmailAddress? = nil, unixSeconds: Int64
    ) -> [UInt8] {
        let literal = client.isV4 ? "[\(client)]" : "[IPv6:\(client)]"
        var words = [Array("from".utf8), HeaderFolding.token(hello ?? "unknown")]
        words.append(
            Array("(".utf8) + (clientName.map { HeaderFolding.token($0) + [0x20] } ?? []) + Array("\(literal))".utf8))
        words += [Array("by".utf8), HeaderFolding.token(hostname), Array("with \(transmission.rawValue)".utf8)]
        words.append(Array("id ".utf8) + HeaderFolding.token(id))
        if let recipient {
            words.append(Array("for <".utf8) + recipient.description.utf8.map(HeaderFolding.printable) + [0x3E])
        }
        words[words.count - 1].append(UInt8(ascii: ";"))
        words.append(Array(MailDate.format(unixSeconds: unixSeconds).utf8))
        return HeaderFolding.field("Received", words)
    }

    /// Return-path-line = "Return-Path:" FWS Reverse-path, put in front at final delivery (RFC 5321 §4.4).
    package static func returnPath(_ sender: SenderPath) -> [UInt8] {
        let address = sender.description.utf8.map(HeaderFolding.printable)
        return HeaderFolding.field("Return-Path", [[0x3C] + address + [0x3E]])
    }
}
