// The mechanisms that we speak as a server, the strongest first.

/// The raw value is the name in the IANA registry of SASL mechanisms, as capability lists show it.
package enum SASLMechanism: String, CaseIterable, Codable, Sendable {
    /// RFC 7677 with RFC 5929 §4 (tls-server-end-point).
    case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
    /// RFC 7677.
    case scramSHA256 = "SCRAM-SHA-256"
    /// RFC 5802.
    case scramSHA1 = "SCRAM-SHA-1"
    /// [MS-NLMP], NTLMv2 only.
    case ntlm = "NTLM"
    /// RFC 2195.
    case cramMD5 = "CRAM-MD5"
    /// RFC 1939 §7: no mechanism of SASL, and never in a list of them. POP3 has a command of its own for it; behind that
    /// it goes the road of the others.
    case apop = "APOP"
    /// RFC 4616.
    case plain = "PLAIN"
    /// draft-murchison-sasl-login: older than SASL's rules, and still what some printers speak.
    case login = "LOGIN"

    /// The password crosses the connection: only inside TLS, unless the administrator says otherwise.
    package var revealsPassword: Bool { verifierKind == nil }

    /// What must be stored for a user of this mechanism. nil: a password hash, which the store checks by itself.
    package var verifierKind: VerifierKind? {
        switch self {
        case .scramSHA256Plus, .scramSHA256: .scramSHA256
        case .scramSHA1: .scramSHA1
        case .ntlm: .ntHash
        case .cramMD5: .cramMD5
        case .apop: .apop
        case .plain, .login: nil
        }
    }

    /// Whether the client may speak in the command that names the mechanism (RFC 4422 §3.3). LOGIN's clients do,
    /// though the server speaks first there.
    package var takesInitialResponse: Bool { self != .cramMD5 }

    /// The higher, the harder for somebody who listens or pretends to be us.
    package var strength: Int {
        switch self {
        case .scramSHA256Plus: 6
        case .scramSHA256: 5
        case .scramSHA1: 4
        case .ntlm: 3
        case .cramMD5: 2
        case .apop, .plain, .login: 1
        }
    }
}
