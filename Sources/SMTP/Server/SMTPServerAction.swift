// What the server session wants done, and what it is told. Values only: a test compares them, a shell performs them.
import Mail

/// The next thing to do. The caller pulls again after each, except after the last three.
package enum SMTPServerAction: Equatable, Sendable {
    /// Write this. Replies come strictly in the order of the commands.
    case reply(SMTPReply)
    /// Ask the router. Exactly one `receive(_:)` answers each question, in the order of the questions; it may come
    /// before the next pull or much later. Commands that may be pipelined are read meanwhile.
    case ask(SMTPQuestion)
    /// Content follows: 354 has been said, or the first BDAT has come.
    case openContent
    /// These octets of the buffer that was passed are content, dots unstuffed. Take them before the next pull.
    case content(Range<Int>)
    /// The content is whole. One `receive(_:)` answers, with `.queued` or `.refused`.
    case endContent
    /// The transaction that `ask(.sender)` began is given up; what was sent of it is to be forgotten.
    case abortTransaction
    /// The exchange that `ask(.authentication)` began is over without success, by the client's will or fault. No
    /// question of it is open. Its state is to be forgotten.
    case cancelAuthentication
    /// 220 has been said to STARTTLS and nothing follows it: flush, shake hands, then call `secured()`. What has been
    /// received in clear and not used is never to be passed again. Close the connection when the handshake fails.
    case startTLS
    /// Everything passed is used, up to the offset: give more octets, with the unused ones in front.
    case needsInput
    /// Only `receive(_:)`, `greet(_:)` or `secured()` leads on. What has not been used must be passed again.
    case waits
    /// Flush and close. Nothing more will come.
    case close
}

package enum SMTPQuestion: Equatable, Sendable {
    case sender(SenderPath, MailParameters)
    case recipient(EmailAddress, RcptParameters)
    /// AUTH begins (RFC 4954). The mechanism is one of those offered, in upper case. `initial`: nil where the client
    /// sent none, empty where it sent "=". Answered by `.challenge`, `.authenticated` or `.replied`. Secret: not for logs.
    case authentication(mechanism: String, initial: [UInt8]?)
    /// The client's answer to a challenge, decoded. Secret: not for logs.
    case authenticationResponse([UInt8])
    /// XCLIENT. When accepted, the session starts over: admit the client again with these facts, then call `greet(_:)`.
    indirect case clientFacts(XClient)
}

package enum SMTPServerAnswer: Sendable {
    /// The sender, the recipient or the client is welcome; the usual reply is said.
    case accepted
    /// The message is durable.
    case queued(SpoolID)
    /// AUTH goes on: said as `334` with base64. Also where a mechanism has data for its success (RFC 4954 §4): the client
    /// answers it with an empty line.
    case challenge([UInt8])
    /// AUTH has succeeded; 235 2.7.0 is usual.
    case authenticated(Reply)
    /// Any reply below 400 accepts, any other refuses; 421 and 521 end the session.
    case replied(Reply)

    package static func refused(_ refusal: Refusal) -> SMTPServerAnswer { .replied(refusal.reply) }
}

/// What admission said before the banner.
package enum SMTPAdmission: Sendable {
    case welcome
    /// Told instead of the banner. 421 closes; after 554 only QUIT is possible (RFC 5321 §3.1).
    case refused(Reply)
    /// Close without a byte.
    case dropped
}

/// What the session waits for; the shell has a time-out for each (RFC 5321 §4.5.3.2.7).
package enum SMTPServerPhase: Equatable, Sendable { case command, content, answer, closed }

/// The name that the client gave itself.
package struct SMTPHello: Equatable, Sendable {
    /// As it was sent, printable ASCII, at most 255 octets.
    package var name: String
    /// EHLO or LHLO was said, not HELO.
    package var isExtended: Bool
}
