// The client's side of PLAIN and CRAM-MD5, for tests and fuzzer; written from the RFCs, with nothing of the library's.

import Crypto

package enum SASLClients {
    // RFC 4616 §2
    package static func plain(user: String, password: String, authorization: String = "") -> [UInt8] {
        Array(authorization.utf8) + [0] + Array(user.utf8) + [0] + Array(password.utf8)
    }

    // RFC 2195 §2
    package static func cram(user: String, password: String, challenge: [UInt8]) -> [UInt8] {
        let code = HMAC<Insecure.MD5>.authenticationCode(for: challenge, using: SymmetricKey(data: Array(password.utf8)))
        return Array("\(user) \(hexadecimal(Array(code)))".utf8)
    }

    // RFC 1939 §7, with the timestamp in front, as the listener passes it on.
    package static func apop(user: String, password: String, timestamp: String) -> [UInt8] {
        let digest = Insecure.MD5.hash(data: Array((timestamp + password).utf8))
        return Array("\(timestamp) \(hexadecimal(Array(digest))) \(user)".utf8)
    }

    package static func hexadecimal(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Takes only what is right: a mistake in a test is a trap.
    package static func octets(hexadecimal text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        precondition(digits.count % 2 == 0, "half an octet")
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
