// How much one SMTP session may cost, and which departures from the grammar are forgiven.

/// Each limit with the RFC's minimum where it states one. Octets unless said otherwise.
package struct SMTPLimits: Equatable, Sendable {
    /// A command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for at least 512.
    package var commandLine = 512
    /// A MAIL or RCPT line with its CRLF, which parameters may make longer (RFC 5321 §4.5.3.1.4; RFC 1870 §3 and the
    /// other extensions each allow some more).
    package var parameterLine = 2048
    /// An over-long line is swallowed up to here; then the session ends.
    package var swallowedLine = 65_536
    /// A message as it is counted on the wire after dot-unstuffing. RFC 5321 §4.5.3.1.7 asks for at least 64K.
    package var messageSize = 52_428_800
    /// RFC 5321 §4.5.3.1.8 asks for at least 100.
    package var recipients = 1000
    /// Questions and replies that may be open at once; beyond, the session reads nothing until an answer comes.
    package var questionsInFlight = 100
    /// Syntax and sequence errors since the last accepted message; then 421.
    package var errors = 20
    /// RCPT lines beyond `recipients` that are answered with 452 before the session ends.
    package var surplusRecipients = 20_000
    /// Senders, recipients and messages refused since the last accepted message; then 421 (somebody guesses addresses).
    package var refusals = 200
    /// Commands other than MAIL, RCPT, DATA and QUIT since the last accepted message; then 421.
    package var commandsWithoutMail = 100
    /// A line of an AUTH exchange, and the AUTH line itself, with its CRLF. RFC 4954 §4 names 12288 octets.
    package var authenticationLine = 12_288
    /// Failed or cancelled AUTH exchanges of one session; then 421.
    package var authenticationFailures = 10
    /// Chunks of less than `smallChunk` octets in one message (RFC 3030 sets no minimum); then 421. Chunks that are
    /// worth their command are bounded by `messageSize`.
    package var smallChunks = 1000
    /// Transactions that one session may begin, whatever becomes of them (RFC 9422 MAILMAX); then 421. nil: no limit.
    package var transactions: Int?
    /// Refuse a message with a NUL octet. RFC 5321 §2.3.1 lets content hold it only in theory; we keep it by default.
    package var refusesNUL = false
    package var leniency = Leniency.usual

    static let smallChunk = 1024

    package init() {}

    /// Departures from the grammar that are accepted, each by its name. Each has a transcript.
    package struct Leniency: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `MAIL FROM: <a@b>`: Outlook and many printers and scanners send the space (RFC 5321 §3.3 forbids it).
        package static let spaceAfterColon = Leniency(rawValue: 1)
        /// Spaces before the CRLF (RFC 5321 §4.1.1: servers should tolerate them).
        package static let trailingSpace = Leniency(rawValue: 2)
        /// `RCPT TO:a@b` without angle brackets, from home-made senders.
        package static let addressWithoutBrackets = Leniency(rawValue: 4)
        /// MAIL without EHLO or HELO before it (RFC 5321 §4.1.4 demands one).
        package static let mailWithoutHello = Leniency(rawValue: 8)

        package static let strict: Leniency = []
        /// What Postfix accepts as it ships and costs no safety.
        package static let usual: Leniency = [.spaceAfterColon, .trailingSpace]
    }
}
