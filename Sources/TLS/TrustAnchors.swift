// The certificates of authorities that are trusted: to verify servers that we call, and to judge our own chain.

import NIOSSL

/// Where the certificates of trusted authorities come from.
package enum TrustAnchors: Sendable {
    /// The system's, as OpenSSL would find them.
    case system
    /// A file of PEM certificates.
    case file(String)

    /// The files where distributions keep the bundle of trusted authorities.
    private static let bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

    /// Reads the disk.
    package func certificates() throws -> [NIOSSLCertificate] {
        switch self {
        case .file(let path): return try NIOSSLCertificate.fromPEMFile(path)
        case .system:
            var failure: (any Error)?
            for path in TrustAnchors.bundles {
                do { return try NIOSSLCertificate.fromPEMFile(path) } catch { failure = error }
            }
            throw NoTrustAnchors(because: failure.map { "\($0)" } ?? "no bundle")
        }
    }
}

/// No file with certificates of trusted authorities could be read.
package struct NoTrustAnchors: Error, CustomStringConvertible {
    let because: String

    package var description: String { "no trusted certificate authorities: \(because)" }
}
