// What became of one recipient in one attempt, with the remote's own words and the truth about how far we came.

package enum SMTPClientOutcome: Equatable, Sendable {
    /// The remote has taken responsibility.
    case delivered(RemoteReply)
    /// Try again.
    case deferred(AttemptFailure)
    /// Trying again is useless: a bounce is due.
    case failed(AttemptFailure)
}

/// A remote's reply.
package struct RemoteReply: Equatable, Sendable {
    /// 200…599.
    package var code: UInt16
    /// RFC 3463, where the text begins with one of the code's class (RFC 2034).
    package var status: String?
    /// Its lines without codes, joined by "\n", at most 4 KiB; control octets are replaced by `?`.
    package var text: String

    package init(code: UInt16, status: String?, text: String) {
        self.code = code
        self.status = status
        self.text = text
    }

    package var isPositive: Bool { code < 400 }
    package var isTransient: Bool { (400..<500).contains(code) }

    /// On one line, as it goes into a delivery report: `550 5.1.1 No such user`.
    package var line: String { "\(code) " + text.split(separator: "\n").joined(separator: " ") }
}

package struct AttemptFailure: Error, Equatable, Sendable {
    package var reason: AttemptClass
    package var phase: AttemptPhase
    /// nil when the remote said nothing.
    package var reply: RemoteReply?
    /// A sentence for the administrator and the bounce.
    package var text: String

    package init(_ reason: AttemptClass, while phase: AttemptPhase, reply: RemoteReply? = nil, text: String) {
        self.reason = reason
        self.phase = phase
        self.reply = reply
        self.text = text
    }

    /// The enhanced status code for a report: the remote's where it gave one, else by class (RFC 3463).
    package func status(isPermanent: Bool) -> String {
        if let status = reply?.status, status.first == (isPermanent ? "5" : "4") { return status }
        return (isPermanent ? "5." : "4.") + reason.detail
    }
}

/// Why an attempt did not deliver. The raw values are shown to administrators and may be filtered on.
package enum AttemptClass: String, Sendable, CaseIterable {
    case hostNotFound = "host-not-found"
    case nameServerTrouble = "name-server-trouble"
    case nullMX = "null-mx"
    case connectFailed = "connect-failed"
    case connectionLost = "connection-lost"
    case timedOut = "timed-out"
    case remoteRefusedGreeting = "remote-refused-greeting"
    case remoteRejectedHelo = "remote-rejected-helo"
    case noEHLO = "no-ehlo"
    case tlsRequired = "tls-required"
    case tlsFailed = "tls-failed"
    case authUnavailable = "auth-unavailable"
    case authRejected = "auth-rejected"
    case senderRejected = "sender-rejected"
    case recipientRejected = "recipient-rejected"
    case dataRejected = "data-rejected"
    case contentRejected = "content-rejected"
    case messageTooLarge = "message-too-large"
    case remoteClosing = "remote-closing"
    case malformedReply = "malformed-reply"
    case localTrouble = "local-trouble"

    /// The digits behind the class digit of RFC 3463.
    var detail: String {
        switch self {
        case .hostNotFound: "1.2"
        case .nullMX: "1.10"
        case .nameServerTrouble: "4.3"
        case .connectFailed: "4.1"
        case .connectionLost, .timedOut, .remoteClosing: "4.2"
        case .remoteRefusedGreeting: "3.2"
        case .remoteRejectedHelo, .noEHLO, .malformedReply, .dataRejected: "5.0"
        case .tlsRequired, .authUnavailable: "7.0"
        case .tlsFailed: "7.5"
        case .authRejected: "7.8"
        case .senderRejected: "1.8"
        case .recipientRejected: "1.1"
        case .contentRejected: "6.0"
        case .messageTooLarge: "3.4"
        case .localTrouble: "3.0"
        }
    }
}

/// How far the attempt had come. The phrase completes "… while".
package enum AttemptPhase: String, Sendable, CaseIterable {
    case resolving = "looking up the destination"
    case connecting = "connecting"
    case greeting = "receiving the initial server greeting"
    case hello = "performing the EHLO handshake"
    case plainHello = "performing the HELO handshake"
    case startTLS = "performing the TLS handshake"
    case authenticating = "authenticating"
    case idle = "waiting for the next message"
    case sender = "sending MAIL FROM"
    case recipient = "sending RCPT TO"
    case data = "sending DATA command"
    case content = "sending message body"
    /// The remote may have taken the message although we do not know it.
    case endOfContent = "sending end of data -- message may be sent more than once"
    case quit = "sending QUIT"
}
