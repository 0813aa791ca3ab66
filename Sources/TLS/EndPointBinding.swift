// Ties a login to the certificate that the client was shown: tls-server-end-point, RFC 5929 §4.1.

import Crypto

enum EndPointBinding {
    /// The octets of the channel binding, or nothing where the RFC leaves them undefined: a signature without exactly
    /// one hash (Ed25519), or with one that nobody here can compute.
    /// - Parameter certificate: DER of the certificate that was sent, as it was sent.
    static func octets(of certificate: [UInt8]) -> [UInt8]? {
        switch CertificateAlgorithms(certificate).signatureHash {
        // RFC 5929 §4.1: SHA-256 stands in for the two that are broken.
        case .md5, .sha1, .sha256: Array(SHA256.hash(data: certificate))
        case .sha384: Array(SHA384.hash(data: certificate))
        case .sha512: Array(SHA512.hash(data: certificate))
        case nil: nil
        }
    }
}
