// Base64 without Foundation, bit by bit: slow, and nothing like the library's.

package enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    package static func of(_ octets: [UInt8]) -> String {
        var bits = octets.flatMap { octet in (0..<8).reversed().map { octet >> UInt8($0) & 1 } }
        while bits.count % 6 != 0 { bits.append(0) }
        var text = ""
        for start in stride(from: 0, to: bits.count, by: 6) {
            text.append(alphabet[Int(bits[start..<(start + 6)].reduce(0) { $0 << 1 | $1 })])
        }
        while text.count % 4 != 0 { text.append("=") }
        return text
    }

    /// Takes only what is right: a mistake in a test is a trap.
    package static func octets(_ text: some StringProtocol) -> [UInt8] {
        var bits: [UInt8] = []
        for character in text where character != "=" {
            guard let value = alphabet.firstIndex(of: character) else { preconditionFailure("\(character) in base64") }
            bits += (0..<6).reversed().map { UInt8(value >> $0 & 1) }
        }
        return stride(from: 0, to: bits.count - bits.count % 8, by: 8).map { start in
            bits[start..<(start + 8)].reduce(0) { $0 << 1 | $1 }
        }
    }
}
