// Passwords that the store makes: 120 bits of the system's randomness. Nobody can try all of them, so one fast hash keeps
// them as safe as a slow one keeps what people think up, and a wrong password costs next to nothing however many there are.

import Crypto
import Mail

enum MadePassword {
    /// Small letters and digits without those that look alike: 32, so 5 bits each.
    private static let letters = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
    private static let groups = 6
    private static let groupLength = 4
    private static let scheme = "{SHA-256}"
    /// Octets.
    private static let saltCount = 16

    /// Six groups of four with hyphens between them, which belong to it.
    static func make() -> Secret {
        var randomness = SystemRandomNumberGenerator()
        let parts = (0..<groups).map { _ in
            (0..<groupLength).map { _ in letters[Int(randomness.next() as UInt8) % letters.count] }
        }
        return Secret(Array(parts.joined(separator: [0x2D])))
    }

    /// Only for what `make` has given.
    static func hash(_ password: Secret) -> String {
        let salt = (0..<saltCount).map { _ in UInt8.random(in: 0...255) }
        return scheme + String(decoding: Base64.encode(salt + digest(password, salt)), as: UTF8.self)
    }

    static func isHash(_ hash: String) -> Bool { hash.hasPrefix(scheme) }

    static func isRight(_ password: Secret, _ hash: String) -> Bool {
        guard isHash(hash), let octets = Base64.decode(hash.utf8.dropFirst(scheme.utf8.count)),
            octets.count == saltCount + SHA256.byteCount
        else { return false }
        let right = digest(password, Array(octets.prefix(saltCount)))
        return zip(right, octets.dropFirst(saltCount)).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func digest(_ password: Secret, _ salt: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: salt + password.bytes))
    }
}
