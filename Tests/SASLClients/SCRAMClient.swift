// The client's side of SCRAM (RFC 5802 §3), for tests and fuzzer.

import Crypto

package struct SCRAMClient {
    package enum Digest { case sha1, sha256 }

    package var digest: Digest
    package var user: String
    package var password: String
    package var nonce = "fyko+d2lbbFgONRv9qkxdawL"
    package var header = "n,,"
    /// What follows the header in `c=`.
    package var bound: [UInt8] = []
    /// What becomes of the nonce in the last message; the proof is of the changed one.
    package var changesNonce: (String) -> String = { $0 }
    /// Told by the server's first message.
    package private(set) var expectedFinal = ""
    /// Stretching is what costs; it is done once per salt.
    private var salted: (salt: [UInt8], password: String, key: [UInt8])?

    package init(_ digest: Digest, user: String, password: String) {
        (self.digest, self.user, self.password) = (digest, user, password)
    }

    private var bare: String {
        let escaped = user.map { $0 == "=" ? "=3D" : $0 == "," ? "=2C" : String($0) }.joined()
        return "n=\(escaped),r=\(nonce)"
    }

    package var first: [UInt8] { Array((header + bare).utf8) }

    package mutating func final(answering server: [UInt8]) -> [UInt8] {
        let message = String(decoding: server, as: UTF8.self)
        let parts = message.split(separator: ",")
        guard parts.count == 3, let iterations = Int(parts[2].dropFirst(2)) else {
            preconditionFailure("no server-first-message: \(message)")
        }
        let salt = Base64Text.octets(parts[1].dropFirst(2))
        let key = stretched(salt, iterations)
        let clientKey = hmac(key, "Client Key")
        let withoutProof = "c=\(Base64Text.of(Array(header.utf8) + bound)),r=\(changesNonce(String(parts[0].dropFirst(2))))"
        let authMessage = "\(bare),\(message),\(withoutProof)"
        let signature = hmac(hash(clientKey), authMessage)
        expectedFinal = "v=" + Base64Text.of(hmac(hmac(key, "Server Key"), authMessage))
        return Array("\(withoutProof),p=\(Base64Text.of(zip(clientKey, signature).map { $0 ^ $1 }))".utf8)
    }

    private mutating func stretched(_ salt: [UInt8], _ iterations: Int) -> [UInt8] {
        if let salted, salted.salt == salt, salted.password == password { return salted.key }
        var turn = hmac(Array(password.utf8), salt + [0, 0, 0, 1])
        var key = turn
        for _ in 1..<iterations {
            turn = hmac(Array(password.utf8), turn)
            for index in key.indices { key[index] ^= turn[index] }
        }
        salted = (salt, password, key)
        return key
    }

    private func hmac(_ key: [UInt8], _ text: String) -> [UInt8] { hmac(key, Array(text.utf8)) }

    private func hmac(_ key: [UInt8], _ octets: [UInt8]) -> [UInt8] {
        let key = SymmetricKey(data: key)
        return switch digest {
        case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: octets, using: key))
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: octets, using: key))
        }
    }

    private func hash(_ octets: [UInt8]) -> [UInt8] {
        switch digest {
        case .sha1: Array(Insecure.SHA1.hash(data: octets))
        case .sha256: Array(SHA256.hash(data: octets))
        }
    }
}
