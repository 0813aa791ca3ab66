// What all sessions of one port share. The long replies are rendered here, once for each state that a session may have.

package struct SMTPServerConfiguration: Sendable {
    package let limits: SMTPLimits
    package let dialect: SMTPDialect
    /// Those in effect: none that leans on one that is off.
    package let extensions: SMTPExtensions
    package let tls: TLSOffer
    /// SASL mechanisms offered in clear text, in upper case, best first.
    package let mechanisms: [String]
    /// Those offered once TLS stands.
    package let securedMechanisms: [String]
    /// The domain that `RCPT TO:<postmaster>` stands for (RFC 5321 §4.5.1).
    let postmasterDomain: String
    let banner: [UInt8]
    let plainHello: [UInt8]
    private let extendedHellos: [[UInt8]]
    private let helps: [[UInt8]]

    /// - Parameters:
    ///   - hostname: Named in the banner (T-18).
    ///   - helloName: Named in the answer to EHLO, HELO and LHLO where it differs (E-14).
    ///   - bannerText: What follows the name in the banner.
    ///   - postmasterDomain: nil takes the host name.
    ///   - mechanisms: SASL mechanisms offered without TLS; empty with `securedMechanisms` empty too: AUTH is 502.
    ///   - securedMechanisms: Those offered once TLS stands.
    ///   - showsLegacyAuthentication: Adds the line `AUTH=…`, which Outlook Express and Outlook before 2003 look for.
    package init(
        hostname: String, helloName: String? = nil, bannerText: String = "ESMTP Postern",
        postmasterDomain: String? = nil, limits: SMTPLimits = SMTPLimits(), dialect: SMTPDialect = .smtp,
        extensions: SMTPExtensions = .usual, tls: TLSOffer = .none, mechanisms: [String] = [],
        securedMechanisms: [String] = [], showsLegacyAuthentication: Bool = false
    ) {
        self.limits = limits
        self.dialect = dialect
        self.extensions = extensions.consistent
        self.tls = tls
        self.mechanisms = mechanisms.map { $0.uppercased() }
        self.securedMechanisms = securedMechanisms.map { $0.uppercased() }
        self.postmasterDomain = postmasterDomain ?? hostname
        let name = helloName ?? hostname
        banner = ReplyWriter.render(code: 220, lines: ["\(hostname) \(bannerText)"])
        plainHello = ReplyWriter.render(code: 250, lines: [name])
        let words = ServerWords(
            name: name, limits: limits, dialect: dialect, extensions: self.extensions, tls: tls,
            mechanisms: self.mechanisms, securedMechanisms: self.securedMechanisms,
            showsLegacyAuthentication: showsLegacyAuthentication)
        extendedHellos = (0..<4).map { words.extendedHello(isSecured: $0 & 1 != 0, allowsXClient: $0 & 2 != 0) }
        helps = [words.help(isSecured: false), words.help(isSecured: true)]
    }

    /// AUTH exists on this port, if only behind TLS.
    var offersAuthentication: Bool { !(mechanisms.isEmpty && securedMechanisms.isEmpty) }

    func extendedHello(isSecured: Bool, allowsXClient: Bool) -> [UInt8] {
        extendedHellos[(isSecured ? 1 : 0) | (allowsXClient ? 2 : 0)]
    }

    func help(isSecured: Bool) -> [UInt8] { helps[isSecured ? 1 : 0] }
}
