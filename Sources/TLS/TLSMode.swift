// How a connection to another server is encrypted.

/// What the policy says about TLS towards one destination (features T-12, T-25, P-03, P-17, P-18).
package enum TLSMode: String, Sendable, Codable, CaseIterable {
    /// Never.
    case none
    /// STARTTLS when it is offered; clear text when it is not, or when it fails. The peer's certificate is not verified:
    /// against a reader on the line any TLS is better than none (RFC 7435).
    case wanted
    /// STARTTLS with a verified certificate, or no mail.
    case required
    /// TLS with a verified certificate from the first byte (RFC 8314), or no mail.
    case implicit

    package var isMandatory: Bool { self == .required || self == .implicit }
}
