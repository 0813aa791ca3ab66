// The keyed hashes of all mechanisms, over arrays.

import COpenSSL
import Crypto

enum HMACs {
    /// RFC 2104 with MD5: 16 octets.
    static func md5(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    /// RFC 2104 with SHA-256: 32 octets.
    static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    /// Takes the same time wherever they differ; lengths are no secret.
    static func same(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

/// RFC 1320. libcrypto has it without a provider: see COpenSSL.
enum MD4 {
    /// 16 octets.
    static func digest(_ octets: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 16)
        precondition(copenssl_md4(octets, octets.count, &digest) == 1, "libcrypto has no MD4")
        return digest
    }
}

/// What NTLM makes of a challenge before version 2 ([MS-NLMP] §6, DESL).
enum DESL {
    /// - Parameters:
    ///   - key: 16 octets.
    ///   - challenge: 8 octets.
    /// - Returns: 24 octets.
    static func response(key: [UInt8], to challenge: [UInt8]) -> [UInt8] {
        let padded = key + [UInt8](repeating: 0, count: 5)
        return [0, 7, 14].flatMap { start in
            var block = [UInt8](repeating: 0, count: 8)
            copenssl_des_block(Array(padded[start..<(start + 7)]), challenge, &block)
            return block
        }
    }
}

/// HMAC-MD5 whose key is gone: only what the two key blocks leave behind is kept (RFC 2195 §3).
enum KeptHMACMD5 {
    /// Two states of 16 octets, the outer first, which is Dovecot's order.
    static func contexts(key: [UInt8]) -> [UInt8] {
        let short = key.count > 64 ? Array(Insecure.MD5.hash(data: key)) : key
        let block = short + [UInt8](repeating: 0, count: 64 - short.count)
        return state(block.map { $0 ^ 0x5C }) + state(block.map { $0 ^ 0x36 })
    }

    /// - Parameter contexts: 32 octets.
    static func code(_ contexts: [UInt8], _ message: [UInt8]) -> [UInt8] {
        resume(Array(contexts[..<16]), resume(Array(contexts[16...]), message))
    }

    private static func state(_ block: [UInt8]) -> [UInt8] {
        var state = [UInt8](repeating: 0, count: 16)
        precondition(copenssl_md5_after_block(block, &state) == 1, "libcrypto has no MD5")
        return state
    }

    private static func resume(_ state: [UInt8], _ octets: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 16)
        precondition(copenssl_md5_resume(state, octets, octets.count, &digest) == 1, "libcrypto has no MD5")
        return digest
    }
}
