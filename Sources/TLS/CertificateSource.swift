// Where a certificate and its key come from, in the settings' words.

import Mail

/// The certificate for one or several names. Features.
package enum CertificateSource: Sendable {
    /// The server's own certificate followed by those between it and its authority, and its private key without
    /// pass phrase. Both may be in one file.
    case pem(chain: String, key: String)
    /// PKCS#12, also with the RC2 and 3DES of old exports. No password and the empty one are the same.
    case pfx(file: String, password: Secret?)

    /// The file that is named when something about the certificate is said.
    package var file: String {
        switch self {
        case .pem(let chain, _): chain
        case .pfx(let file, _): file
        }
    }

    /// The file that nobody else should be able to read.
    package var keyFile: String {
        switch self {
        case .pem(_, let key): key
        case .pfx(let file, _): file
        }
    }

    /// In the order of reading: the key after the chain, so that a renewal under way shows as a key that does not fit.
    var files: [String] { file == keyFile ? [file] : [file, keyFile] }
}
