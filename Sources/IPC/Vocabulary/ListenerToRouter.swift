// The words of the edge listener → router: may this stranger talk, send, log in?

import Mail

/// One conversation per SMTP transaction: `sender`, `recipient`…, content, `deliver`. `admit` and `authenticate` stand alone.
package enum ListenerToRouter: Edge {
    package static let asker = RoomName.listener
    package static let server = RoomName.router
    package static let name = "listener-router"

    package enum Question: Codable, Sendable {
        /// A stranger connected. Answered by `admission` before the banner is sent.
        case admit(SessionFacts)
        /// MAIL. The first word of a transaction's conversation. Answered by `verdict`.
        case sender(SessionFacts, EmailAddress?, SenderParameters)
        /// RCPT. Answered by `verdict`.
        case recipient(EmailAddress)
        /// The content, which came before this word on the same conversation, is complete. The last word of a
        /// transaction. Answered by `receipt`.
        case deliver
        /// A client of POP3 gave a name and a password. Answered by `login`.
        case authenticate(Login)
    }

    package enum Answer: Codable, Sendable {
        case admission(Admission)
        case verdict(Verdict)
        case receipt(Receipt)
        case login(LoginAnswer)
    }
}

/// Whether a connection may begin its session.
package enum Admission: Codable, Sendable {
    case accepted
    /// Say this reply, then close.
    case refused(Refusal)
    /// Close without a byte.
    case dropped(because: String)
}

/// What MAIL said beside the address.
package struct SenderParameters: Codable, Sendable, Hashable {
    /// RFC 1870: octets as declared by the client; nil when not declared.
    package var declaredSize: UInt64?
    /// RFC 6152: BODY=8BITMIME was said.
    package var isEightBit: Bool

    package init(declaredSize: UInt64? = nil, isEightBit: Bool = false) {
        self.declaredSize = declaredSize
        self.isEightBit = isEightBit
    }
}

/// The router's word about a sender or a recipient.
package enum Verdict: Codable, Sendable {
    case accepted
    case refused(Refusal)
}
