// The four values that SCRAM keeps of a password, and how they are made (RFC 5802 §3).

import Crypto
import Mail

/// The hash of a SCRAM mechanism.
package enum SCRAMHash: String, Codable, Sendable {
    case sha1 = "SHA-1"
    case sha256 = "SHA-256"

    /// Octets of a digest.
    var count: Int { self == .sha1 ? 20 : 32 }

    func digest(_ octets: [UInt8]) -> [UInt8] {
        switch self {
        case .sha1: Array(Insecure.SHA1.hash(data: octets))
        case .sha256: Array(SHA256.hash(data: octets))
        }
    }

    func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        switch self {
        case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: key)))
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
        }
    }

    // Hi(str, salt, i) := U1 XOR U2 XOR … Ui: PBKDF2 with one block.
    func stretch(_ password: Secret, salt: [UInt8], iterations: Int) -> [UInt8] {
        switch self {
        case .sha1: Self.stretch(HMAC<Insecure.SHA1>(key: SymmetricKey(data: password.bytes)), salt, iterations)
        case .sha256: Self.stretch(HMAC<SHA256>(key: SymmetricKey(data: password.bytes)), salt, iterations)
        }
    }

    /// `keyed` has taken the password in; every turn goes on from a copy of it.
    private static func stretch<Hash>(_ keyed: HMAC<Hash>, _ salt: [UInt8], _ iterations: Int) -> [UInt8] {
        var turn = keyed
        turn.update(data: salt + [0, 0, 0, 1])
        var code = Array(turn.finalize())
        var sum = code
        for _ in 1..<iterations {
            turn = keyed
            turn.update(data: code)
            code = Array(turn.finalize())
            for index in sum.indices { sum[index] ^= code[index] }
        }
        return sum
    }
}

/// StoredKey checks a client and cannot be used in its place; ServerKey lets somebody pretend to be us.
package struct SCRAMKeys: Codable, Sendable {
    /// RFC 7677 §4: at least 4096. The upper end keeps a telephone from working for minutes.
    package static let iterationCounts = 4_096...600_000
    package static let defaultIterations = 4_096
    /// Octets.
    package static let saltCounts = 8...64
    package static let usualSaltCount = 16

    package let hash: SCRAMHash
    package let salt: [UInt8]
    package let iterations: Int
    package let storedKey: Secret
    package let serverKey: Secret

    /// - Parameter password: prepared.
    init(_ hash: SCRAMHash, _ password: Secret, salt: [UInt8], iterations: Int) throws(Verifier.Unusable) {
        guard Self.saltCounts.contains(salt.count) else { throw .salt }
        guard Self.iterationCounts.contains(iterations) else { throw .iterations }
        let salted = hash.stretch(password, salt: salt, iterations: iterations)
        self.init(
            hash: hash, salt: salt, iterations: iterations,
            storedKey: Secret(hash.digest(hash.hmac(key: salted, Array("Client Key".utf8)))),
            serverKey: Secret(hash.hmac(key: salted, Array("Server Key".utf8))))
    }

    /// What an unknown user shows: the same at every try, and nobody's.
    init(decoyOf user: String, _ hash: SCRAMHash, key: Secret, iterations: Int) {
        let salt = HMACs.sha256(key: key.bytes, Array("\(hash.rawValue) salt \(user)".utf8))
        let stored = HMACs.sha256(key: key.bytes, Array("\(hash.rawValue) key \(user)".utf8))
        self.init(
            hash: hash, salt: Array(salt.prefix(Self.usualSaltCount)), iterations: iterations,
            storedKey: Secret(Array(stored.prefix(hash.count))), serverKey: Secret(Array(stored.prefix(hash.count))))
    }

    private init(hash: SCRAMHash, salt: [UInt8], iterations: Int, storedKey: Secret, serverKey: Secret) {
        self.hash = hash
        self.salt = salt
        self.iterations = iterations
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    // iterations "," salt "," StoredKey "," ServerKey, all but the first in base64.
    var text: String {
        "\(iterations)," + [salt, storedKey.bytes, serverKey.bytes].map(Self.base64).joined(separator: ",")
    }

    init?(_ hash: SCRAMHash, text: Substring) {
        let parts = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].allSatisfy({ 0x30...0x39 ~= $0 }), let iterations = Int(Substring(parts[0])),
            Self.iterationCounts.contains(iterations), let salt = Base64.decode(parts[1]),
            Self.saltCounts.contains(salt.count), let storedKey = Base64.decode(parts[2]),
            storedKey.count == hash.count, let serverKey = Base64.decode(parts[3]), serverKey.count == hash.count
        else { return nil }
        self.init(
            hash: hash, salt: salt, iterations: iterations, storedKey: Secret(storedKey), serverKey: Secret(serverKey))
    }

    private static func base64(_ octets: [UInt8]) -> String { String(decoding: Base64.encode(octets), as: UTF8.self) }
}
