// The client's side of NTLMv2 ([MS-NLMP] §3.1.5), for tests and fuzzer. The NT hash comes from outside.

import Crypto

package struct NTLMClient {
    package var user: String
    package var domain: String
    package var ntHash: [UInt8]
    package var isUnicode = true
    /// How the user's name is hashed.
    package var capitals: (String) -> String = { $0.uppercased() }
    /// What goes into the response instead of the server's own list of names.
    package var names: [UInt8]?
    /// RespType and HiRespType.
    package var version: [UInt8] = [1, 1]
    package var timestamp = [UInt8](repeating: 7, count: 8)
    package var nonce = [UInt8](repeating: 0xAA, count: 8)

    package init(user: String, domain: String = "", ntHash: [UInt8]) {
        (self.user, self.domain, self.ntHash) = (user, domain, ntHash)
    }

    package static let signature = Array("NTLMSSP\0".utf8)

    package var negotiate: [UInt8] {
        Self.signature + Self.word(1) + Self.word(isUnicode ? 0x0008_8207 : 0x0008_8206)
            + [UInt8](repeating: 0, count: 16)
    }

    package func authenticate(answering challenge: [UInt8]) -> [UInt8] {
        let count = Int(challenge[40]) | Int(challenge[41]) << 8
        let offset = Int(challenge[44]) | Int(challenge[45]) << 8
        let names = names ?? Array(challenge[offset..<(offset + count)])
        // temp of [MS-NLMP] §3.3.2
        let temp = version + [0, 0, 0, 0, 0, 0] + timestamp + nonce + [0, 0, 0, 0] + names + [0, 0, 0, 0]
        let key = hmac(ntHash, Self.utf16(capitals(user) + domain))
        return message(response: hmac(key, Array(challenge[24..<32]) + temp) + temp)
    }

    /// With this NtChallengeResponse, whatever it is.
    /// - Parameter own: the client's challenge of version 1, and then its flag is set; none with an empty one.
    package func message(response: [UInt8], ownChallenge own: [UInt8] = []) -> [UInt8] {
        let names = [domain, user, "DESK"].map { isUnicode ? Self.utf16($0) : Array($0.utf8) }
        let parts = [own + [UInt8](repeating: 0, count: 24 - own.count), response] + names + [[]]
        var header = Self.signature + Self.word(3)
        var payload: [UInt8] = []
        for part in parts {
            header += Self.word(UInt32(part.count) | UInt32(part.count) << 16) + Self.word(UInt32(64 + payload.count))
            payload += part
        }
        return header + Self.word((isUnicode ? 0x8205 : 0x8206) | (own.isEmpty ? 0 : 0x0008_0000)) + payload
    }

    package static func utf16(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    }

    package static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}
