// Which versions and cipher suites a port offers.

import NIOSSL

/// What a service asks of its clients. Among what both know, the client's order decides (phones without AES in hardware
/// prefer ChaCha20), so that a list is what is allowed, not a ranking. TLS 1.3 brings its own three suites, all good.
/// Finite-field DHE does not exist here at all.
package struct TLSProfile: Sendable, Hashable {
    package let minimum: Version
    /// For TLS 1.2 and below. Never empty.
    package let cipherSuites: [CipherSuite]

    /// - Parameter cipherSuites: for TLS 1.2 and below; none means those of `modern`.
    package init(minimum: Version, cipherSuites: [CipherSuite] = []) {
        self.minimum = minimum
        self.cipherSuites = cipherSuites.isEmpty ? CipherSuite.allCases.filter(\.isModern) : cipherSuites
    }

    /// TLS 1.2 and 1.3 with ephemeral keys and authenticated encryption only: RFC 9325 §4.2.
    package static let modern = TLSProfile(minimum: .tls12)

    /// For printers, scanners and programs from before 2013: everything from TLS 1.0 on, with CBC and without forward
    /// secrecy where the client knows nothing better. Only where such clients must be served.
    package static let oldClients = TLSProfile(minimum: .tls10, cipherSuites: CipherSuite.allCases)

    /// The lowest version that a service accepts, in the words of the settings.
    package enum Version: String, Sendable, Hashable, CaseIterable {
        case tls10 = "tlsv1"
        case tls11 = "tlsv1.1"
        case tls12 = "tlsv1.2"
        case tls13 = "tlsv1.3"

        var version: TLSVersion {
            switch self {
            case .tls10: .tlsv1
            case .tls11: .tlsv11
            case .tls12: .tlsv12
            case .tls13: .tlsv13
            }
        }
    }

    /// By the names of OpenSSL. Nothing else is let through: an unknown word in NIOSSL's list ends the process.
    package enum CipherSuite: String, Sendable, Hashable, CaseIterable {
        case ecdheECDSAWithAES128GCM = "ECDHE-ECDSA-AES128-GCM-SHA256"
        case ecdheRSAWithAES128GCM = "ECDHE-RSA-AES128-GCM-SHA256"
        case ecdheECDSAWithAES256GCM = "ECDHE-ECDSA-AES256-GCM-SHA384"
        case ecdheRSAWithAES256GCM = "ECDHE-RSA-AES256-GCM-SHA384"
        case ecdheECDSAWithChaCha20 = "ECDHE-ECDSA-CHACHA20-POLY1305"
        case ecdheRSAWithChaCha20 = "ECDHE-RSA-CHACHA20-POLY1305"
        case ecdheECDSAWithAES128CBC = "ECDHE-ECDSA-AES128-SHA"
        case ecdheRSAWithAES128CBC = "ECDHE-RSA-AES128-SHA"
        case ecdheECDSAWithAES256CBC = "ECDHE-ECDSA-AES256-SHA"
        case ecdheRSAWithAES256CBC = "ECDHE-RSA-AES256-SHA"
        case rsaWithAES128GCM = "AES128-GCM-SHA256"
        case rsaWithAES256GCM = "AES256-GCM-SHA384"
        case rsaWithAES128CBC = "AES128-SHA"
        case rsaWithAES256CBC = "AES256-SHA"

        /// Ephemeral key exchange and authenticated encryption.
        package var isModern: Bool { rawValue.hasPrefix("ECDHE-") && !rawValue.hasSuffix("-SHA") }
    }

    func configuration(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = minimum.version
        configuration.cipherSuites = cipherSuites.map(\.rawValue).joined(separator: ":")
        // A client that does not answer close_notify holds its memory no longer than this.
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }
}
