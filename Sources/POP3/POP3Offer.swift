// What one port of POP3 offers, and how CAPA shows it (RFC 2449). Both sessions are given the same: what is announced before
// the login is announced behind it too (RFC 2449 §6, RFC 5034 §3).

/// STLS on one port (RFC 2595 §4). A port whose TLS begins with the connection has `none` and secured sessions.
package enum POP3TLSOffer: Sendable {
    /// Not announced, and unknown as a command.
    case none
    case offered
    /// Until TLS stands nobody can log in, by whatever mechanism.
    case required
}

/// RFC 2449 §6.7: how long messages stay on the server.
package enum POP3Expiry: Equatable, Sendable {
    case never
    /// - `days`: the guaranteed minimum; 0: what was read does not stay. Before the login the smallest of all users.
    /// - `varies`: users have values of their own. Only said before the login.
    case days(Int, varies: Bool)
}

/// RFC 2449 §6.5: the seconds between two logins of a user. Who comes earlier is told `POP3LoginSession.Answer.tooSoon`.
package struct POP3LoginDelay: Equatable, Sendable {
    /// Before the login the largest of all users.
    package var seconds: Int
    /// Users have values of their own. Only said before the login.
    package var varies: Bool

    package init(seconds: Int, varies: Bool = false) {
        self.seconds = seconds
        self.varies = varies
    }

    /// For all users the same; nil: no time at all, which is not announced.
    package init?(_ seconds: Int) {
        guard seconds > 0 else { return nil }
        self.init(seconds: seconds)
    }
}

package struct POP3Offer: Equatable, Sendable {
    /// What follows the first +OK: printable ASCII, at most 200 octets.
    package var greeting = "Postern ready"
    package var tls = POP3TLSOffer.none
    /// SASL mechanisms offered in clear text, in upper case, best first. With both lists empty AUTH is no command.
    package var mechanisms: [String] = []
    /// Those offered once TLS stands.
    package var securedMechanisms: [String] = []
    /// nil: EXPIRE is not announced. Behind the login the user's own value.
    package var expiry: POP3Expiry? = .never
    /// nil: LOGIN-DELAY is not announced. Behind the login the user's own value.
    package var loginDelay: POP3LoginDelay?
    /// RFC 2449 §6.9: printable ASCII; nil: strangers need not know.
    package var implementation: String? = "Postern"

    package init() {}

    var offersAuthentication: Bool { !(mechanisms.isEmpty && securedMechanisms.isEmpty) }

    func mechanisms(isSecured: Bool) -> [String] {
        if isSecured { return securedMechanisms }
        return tls == .required ? [] : mechanisms
    }

    /// USER and PASS are taken.
    func takesPasswords(isSecured: Bool, _ limits: POP3Limits) -> Bool {
        isSecured || (limits.takesPasswords && tls != .required)
    }

    /// RFC 2449 §5: the whole answer to CAPA, with the final dot. What cannot be used now, for want of TLS or because
    /// TLS stands, is not shown; RFC 2595 §4 has the client ask again behind STLS.
    func capabilities(isSecured: Bool, isLoggedIn: Bool, _ limits: POP3Limits) -> [UInt8] {
        var lines = ["+OK Capabilities follow", "TOP", "UIDL"]
        if takesPasswords(isSecured: isSecured, limits) { lines.append("USER") }
        let mechanisms = mechanisms(isSecured: isSecured)
        if !mechanisms.isEmpty { lines.append("SASL " + mechanisms.joined(separator: " ")) }
        if tls != .none, !isSecured { lines.append("STLS") }
        // RFC 3206 §5: AUTH-RESP-CODE. RFC 6856 §2.2: names and passwords may be UTF-8.
        lines += ["PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8 USER", "LANG"]
        if let expiry { lines.append("EXPIRE " + words(expiry, isLoggedIn)) }
        if let loginDelay {
            lines.append("LOGIN-DELAY \(loginDelay.seconds)" + (loginDelay.varies && !isLoggedIn ? " USER" : ""))
        }
        if let implementation { lines.append("IMPLEMENTATION \(implementation)") }
        return POP3Reply.lines(lines + ["."])
    }

    private func words(_ expiry: POP3Expiry, _ isLoggedIn: Bool) -> String {
        switch expiry {
        case .never: "NEVER"
        case .days(let days, let varies): "\(days)" + (varies && !isLoggedIn ? " USER" : "")
        }
    }
}
