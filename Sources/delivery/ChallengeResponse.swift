// The keyed hash of CRAM-MD5 (RFC 2195). MD5 is broken for signatures, not here; smart hosts still ask for it.

import Crypto

enum ChallengeResponse {
    /// RFC 2104 with MD5: 16 octets.
    static func hmacMD5(key: [UInt8], message: [UInt8]) -> [UInt8] {
        Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}
