// What one connection to a remote server is to do before mail may flow.
import Mail

package struct SMTPClientConfiguration: Sendable {
    package enum TLSPolicy: String, Sendable {
        case never
        /// P-17: used when offered; whether a failed handshake is followed by a connection in clear is the caller's.
        case wanted
        /// P-18: no word of mail without it.
        case required
    }

    /// T-18: our name in EHLO.
    package var helloName: String
    package var tls: TLSPolicy
    /// The connection was secured before the first byte (port 465).
    package var isSecured: Bool
    /// nil: no AUTH (P-04).
    package var credentials: SMTPClientCredentials?
    /// RFC 2104 with MD5, key first; CRAM-MD5 is left out without it.
    package var hmacMD5: (@Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8])?

    package init(
        helloName: String, tls: TLSPolicy = .wanted, isSecured: Bool = false,
        credentials: SMTPClientCredentials? = nil,
        hmacMD5: (@Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8])? = nil
    ) {
        self.helloName = helloName
        self.tls = tls
        self.isSecured = isSecured
        self.credentials = credentials
        self.hmacMD5 = hmacMD5
    }
}

package struct SMTPClientCredentials: Sendable {
    package enum Mechanism: String, Sendable, CaseIterable {
        case cramMD5 = "CRAM-MD5"
        case login = "LOGIN"
        case plain = "PLAIN"

        /// The password itself crosses the wire.
        var revealsPassword: Bool { self != .cramMD5 }
    }

    package var user: String
    /// May be empty (P-05).
    package var password: Secret
    /// In the order in which they are tried (P-10).
    package var mechanisms: [Mechanism]
    /// PLAIN and LOGIN also without TLS.
    package var allowsClearText: Bool

    package init(
        user: String, password: Secret, mechanisms: [Mechanism] = Mechanism.allCases, allowsClearText: Bool = false
    ) {
        self.user = user
        self.password = password
        self.mechanisms = mechanisms
        self.allowsClearText = allowsClearText
    }
}

/// The envelope of one message.
package struct SMTPClientMessage: Equatable, Sendable {
    package var sender: SenderPath
    /// At least one.
    package var recipients: [EmailAddress]
    /// Octets of the content.
    package var size: Int
    /// The content has octets above 127.
    package var isEightBit: Bool
    /// It may only go where SMTPUTF8 is offered (RFC 6531 §3.2).
    package var isInternational: Bool
    /// What the sender said about reports (RFC 3461): passed on where DSN is offered.
    package var envelopeID: String?
    package var returns: MailParameters.ReportReturn?
    /// By the recipients' order; may be shorter.
    package var wishes: [ReportWish] = []

    package init(
        sender: SenderPath, recipients: [EmailAddress], size: Int, isEightBit: Bool, isInternational: Bool = false
    ) {
        self.isInternational = isInternational
        self.sender = sender
        self.recipients = recipients
        self.size = size
        self.isEightBit = isEightBit
    }
}

/// NOTIFY and ORCPT of one recipient (RFC 3461 §4.1, §4.2).
package struct ReportWish: Equatable, Sendable {
    package var notify: RcptParameters.Notify?
    /// `addr-type;address`, decoded.
    package var original: String?

    package init(notify: RcptParameters.Notify?, original: String?) {
        self.notify = notify
        self.original = original
    }
}
