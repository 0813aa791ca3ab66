// What all sessions of one port share. The long replies are rendered here, once.

package struct SMTPServerConfiguration: Sendable {
    package let limits: SMTPLimits
    /// The domain that `RCPT TO:<postmaster>` stands for (RFC 5321 §4.5.1).
    let postmasterDomain: String
    let banner: [UInt8]
    let extendedHello: [UInt8]
    let plainHello: [UInt8]

    /// - Parameters:
    ///   - hostname: Named in the banner (T-18).
    ///   - helloName: Named in the answer to EHLO and HELO where it differs (E-14).
    ///   - bannerText: What follows the name in the banner.
    ///   - postmasterDomain: nil takes the host name.
    package init(
        hostname: String, helloName: String? = nil, bannerText: String = "ESMTP Postern",
        postmasterDomain: String? = nil, limits: SMTPLimits = SMTPLimits()
    ) {
        self.limits = limits
        self.postmasterDomain = postmasterDomain ?? hostname
        let name = helloName ?? hostname
        banner = ReplyWriter.render(code: 220, lines: ["\(hostname) \(bannerText)"])
        plainHello = ReplyWriter.render(code: 250, lines: [name])
        extendedHello = ReplyWriter.render(
            code: 250,
            lines: [name, "PIPELINING", "SIZE \(limits.messageSize)", "8BITMIME", "ENHANCEDSTATUSCODES", "HELP"])
    }
}
