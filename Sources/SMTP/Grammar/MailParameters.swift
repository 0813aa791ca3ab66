// The parameters of MAIL and RCPT. RFC 5321 §4.1.2: esmtp-param = esmtp-keyword ["=" esmtp-value].
import Mail

/// RFC 5321 §4.1.2 Reverse-path: a mailbox, or the empty path that bounces come from.
package enum SenderPath: Hashable, Sendable, Codable, CustomStringConvertible {
    case null
    case mailbox(EmailAddress)

    package var description: String {
        switch self {
        case .null: ""
        case .mailbox(let address): address.description
        }
    }
}

package struct MailParameters: Hashable, Sendable, Codable {
    /// RFC 1870 §6.1: what the client says the message will have, in octets.
    package var size: Int?
    /// RFC 6152 §3.
    package var body: Body?

    package init(size: Int? = nil, body: Body? = nil) {
        self.size = size
        self.body = body
    }

    package enum Body: String, Hashable, Sendable, Codable { case sevenBit = "7BIT", eightBitMIME = "8BITMIME" }
}

/// None is announced yet; DSN's will be here.
package struct RcptParameters: Hashable, Sendable, Codable {
    package init() {}
}
