// The words of the edge listener → router: may this stranger talk, send, log in?

import Mail

/// One conversation per SMTP transaction: `sender`, `recipient`…, content, `deliver`; one per exchange of SASL: `sasl`,
/// `saslResponse`…; the other words stand alone.
package enum ListenerToRouter: Edge {
    package static let asker = RoomName.listener
    package static let server = RoomName.router
    package static let name = "listener-router"

    package enum Question: Word {
        /// A stranger connected. Answered by `admission` before the banner is sent.
        case admit(SessionFacts)
        /// MAIL. The first word of a transaction's conversation. Answered by `verdict`.
        case sender(SessionFacts, EmailAddress?, SenderParameters)
        /// RCPT. Answered by `verdict`.
        case recipient(EmailAddress, RecipientParameters)
        /// The content, which came before this word on the same conversation, is complete. The last word of a
        /// transaction. Answered by `receipt`.
        case deliver
        /// A client of POP3 gave a name and a password. Answered by `login`.
        case authenticate(Login)
        /// A client begins to log in. Answered by `challenge` or `login`.
        case sasl(SASLOpening)
        /// The answer to a challenge, decoded. Answered by `challenge` or `login`.
        case saslResponse(Secret)
        /// What can be offered to clients. Answered late: by `mechanisms` as soon as it differs from this version,
        /// or after 5 minutes; at once for version 0.
        case mechanisms(since: UInt64)
        /// A client has misbehaved. Answered by `noted`.
        case offence(SessionFacts, Offence)
    }

    package enum Answer: Word {
        case admission(Admission)
        case verdict(Verdict)
        case receipt(Receipt)
        case login(LoginAnswer)
        case challenge([UInt8])
        /// Names of mechanisms that at least one account can use (D8).
        case mechanisms([String], version: UInt64)
        case noted
    }
}

/// What a stranger did that no honest client does.
package enum Offence: String, Codable, Sendable { case talkedEarly, tooManyErrors }

/// Whether a connection may begin its session.
package enum Admission: Codable, Sendable {
    case accepted(Terms)
    /// Say this reply, then close.
    case refused(Refusal)
    /// Close without a byte.
    case dropped(because: String)
}

/// What holds for a session that was let in.
package struct Terms: Codable, Sendable, Hashable {
    /// Milliseconds until the banner. Who speaks before it talks early.
    package var delay: UInt32
    /// Talking early ends the session.
    package var refusesEarlyTalk: Bool

    package init(delay: UInt32 = 0, refusesEarlyTalk: Bool = false) {
        self.delay = delay
        self.refusesEarlyTalk = refusesEarlyTalk
    }
}

/// What MAIL said beside the address.
package struct SenderParameters: Codable, Sendable, Hashable {
    /// RFC 1870: octets as declared by the client; nil when not declared.
    package var declaredSize: UInt64?
    package var body: ContentForm
    /// RFC 6531: SMTPUTF8 was said.
    package var isInternational: Bool
    /// RFC 3461 §4.4: as it was given, decoded; at most 100 octets.
    package var envelopeID: String?
    /// RFC 3461 §4.3; nil when not said.
    package var returns: ReturnedPart?

    package init(
        declaredSize: UInt64? = nil, body: ContentForm = .sevenBit, isInternational: Bool = false,
        envelopeID: String? = nil, returns: ReturnedPart? = nil
    ) {
        self.declaredSize = declaredSize
        self.body = body
        self.isInternational = isInternational
        self.envelopeID = envelopeID
        self.returns = returns
    }
}

/// BODY of MAIL (RFC 6152, RFC 3030).
package enum ContentForm: String, Codable, Sendable { case sevenBit, eightBit, binary }

/// RET of MAIL (RFC 3461 §4.3).
package enum ReturnedPart: String, Codable, Sendable { case full, header }

/// What RCPT said beside the address (RFC 3461 §4.1, §4.2).
package struct RecipientParameters: Codable, Sendable, Hashable {
    /// nil when not said: failures, and delays if we like.
    package var notify: NotifyWishes?
    /// `addr-type;address`, decoded; at most 500 octets.
    package var original: String?

    package init(notify: NotifyWishes? = nil, original: String? = nil) {
        self.notify = notify
        self.original = original
    }
}

/// NOTIFY of RCPT (RFC 3461 §4.1). Empty: NEVER.
package struct NotifyWishes: OptionSet, Codable, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let success = NotifyWishes(rawValue: 1)
    package static let failure = NotifyWishes(rawValue: 2)
    package static let delay = NotifyWishes(rawValue: 4)
}

/// The router's word about a sender or a recipient.
package enum Verdict: Codable, Sendable {
    case accepted
    case refused(Refusal)
}
