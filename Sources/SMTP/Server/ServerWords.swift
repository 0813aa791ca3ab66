// The answers to EHLO, LHLO and HELP: what a session of this port offers in each of its states. Rendered at start only.

struct ServerWords {
    let name: String
    let limits: SMTPLimits
    let dialect: SMTPDialect
    let extensions: SMTPExtensions
    let tls: TLSOffer
    let mechanisms: [String]
    let securedMechanisms: [String]
    let showsLegacyAuthentication: Bool

    // ehlo-ok-rsp = ( "250-" Domain [ SP ehlo-greet ] CRLF *( "250-" ehlo-line CRLF ) "250" SP ehlo-line CRLF )
    func extendedHello(isSecured: Bool, allowsXClient: Bool) -> [UInt8] {
        var lines = [name]
        if extensions.contains(.pipelining) { lines.append("PIPELINING") }
        if extensions.contains(.size) { lines.append("SIZE \(limits.messageSize)") }
        if tls != .none, !isSecured { lines.append("STARTTLS") }
        lines += authentication(isSecured)
        if extensions.contains(.eightBitMIME) { lines.append("8BITMIME") }
        if extensions.contains(.enhancedStatusCodes) { lines.append("ENHANCEDSTATUSCODES") }
        if extensions.contains(.chunking) { lines.append("CHUNKING") }
        if extensions.contains(.binaryMIME) { lines.append("BINARYMIME") }
        if extensions.contains(.internationalized) { lines.append("SMTPUTF8") }
        if extensions.contains(.deliveryStatus) { lines.append("DSN") }
        if extensions.contains(.limits) { lines.append(limitsLine) }
        if allowsXClient { lines.append("XCLIENT \(XClient.attributes)") }
        lines.append("HELP")
        return ReplyWriter.render(code: 250, lines: lines)
    }

    /// The commands that have a meaning here. Those that need a special peer are not named.
    func help(isSecured: Bool) -> [UInt8] {
        var commands = dialect == .lmtp ? ["LHLO"] : ["EHLO", "HELO"]
        commands += ["MAIL", "RCPT", "DATA"]
        if extensions.contains(.chunking) { commands.append("BDAT") }
        commands += ["RSET", "NOOP", "QUIT", "VRFY", "HELP"]
        if tls != .none, !isSecured { commands.append("STARTTLS") }
        if !offered(isSecured).isEmpty { commands.append("AUTH") }
        return ReplyWriter.render(code: 214, lines: ["2.0.0 Commands: " + commands.joined(separator: " ")])
    }

    // RFC 4954 §3: "AUTH" *(SP sasl-mech). Where TLS is required nobody may authenticate before it.
    private func authentication(_ isSecured: Bool) -> [String] {
        let list = offered(isSecured).joined(separator: " ")
        guard !list.isEmpty else { return [] }
        return showsLegacyAuthentication ? ["AUTH \(list)", "AUTH=\(list)"] : ["AUTH \(list)"]
    }

    private func offered(_ isSecured: Bool) -> [String] {
        if isSecured { return securedMechanisms }
        return tls == .required ? [] : mechanisms
    }

    // RFC 9422 §3: "LIMITS" 1*( SP limit-name "=" limit-value )
    private var limitsLine: String {
        let transactions = limits.transactions.map { " MAILMAX=\($0)" } ?? ""
        return "LIMITS RCPTMAX=\(limits.recipients)\(transactions)"
    }
}
