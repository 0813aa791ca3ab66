// How much one POP3 session may cost, and which departures from the grammar are forgiven.

package struct POP3Limits: Equatable, Sendable {
    /// A command line with its line end. RFC 2449 §4: 255 octets.
    package var commandLine = 255
    /// A line of an exchange of SASL with its line end, and AUTH itself with `Leniency.longInitialResponse`. RFC 5034 §4
    /// asks for what the mechanisms need; the number is that of SMTP (RFC 4954 §4).
    package var authenticationLine = 12_288
    /// An over-long line is swallowed up to here; then the session ends.
    package var swallowedLine = 65_536
    /// Mistakes one behind the other; a command that succeeds forgives them.
    package var errors = 20
    /// Logins that one connection may try in vain; an exchange of SASL that is cancelled or broken off is one.
    package var refusedLogins = 5
    /// Commands before the login, and answers to challenges with them. An honest client needs ten.
    package var commands = 100_000
    /// Octets of one `write` action of a listing.
    package var listingPiece = 32_768
    package var leniency = Leniency.usual
    /// USER and PASS are taken also while no TLS stands, if the settings or the client's place allow it (D8).
    package var takesPasswords = true

    package init() {}

    /// Departures from the grammar that are accepted, each by its name. Each has a transcript.
    package struct Leniency: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A line that ends in LF alone (RFC 1939 §3 asks for CRLF): scripts and old readers. Harmless here, because
        /// no command of POP3 carries a stranger's bytes.
        package static let bareLineFeed = Leniency(rawValue: 1)
        /// Spaces behind a keyword or a number.
        package static let trailingSpace = Leniency(rawValue: 2)

        /// AUTH with an initial response that makes it longer than a command may be. RFC 5034 §4 has the client wait
        /// for an empty challenge then; who has long tokens to send often does not.
        package static let longInitialResponse = Leniency(rawValue: 4)

        package static let strict: Leniency = []
        /// What Dovecot accepts.
        package static let usual: Leniency = [.bareLineFeed, .trailingSpace, .longInitialResponse]
    }
}
