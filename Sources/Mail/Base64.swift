// RFC 4648 §4: strict, as SASL has it on SMTP lines (RFC 4954 §4), in SCRAM's messages and in kept verifiers.

package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var word: UInt32 = 0
        var count = 0
        for octet in bytes {
            word = word << 8 | UInt32(octet)
            count += 1
            if count == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] { output.append(alphabet[Int(word >> shift & 63)]) }
                (word, count) = (0, 0)
            }
        }
        if count == 1 {
            output += [alphabet[Int(word >> 2)], alphabet[Int(word << 4 & 63)], 61, 61]
        } else if count == 2 {
            output += [alphabet[Int(word >> 10)], alphabet[Int(word >> 4 & 63)], alphabet[Int(word << 2 & 63)], 61]
        }
        return output
    }

    /// - Returns: nil for anything but the canonical form.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).count { $0 == 61 }
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 4 * 3)
        var word: UInt32 = 0
        var bits: UInt32 = 0
        for octet in text.dropLast(padding) {
            guard let value = value(octet) else { return nil }
            word = (word << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        guard word & ((1 << bits) - 1) == 0, bits < 6 else { return nil }
        return output
    }

    /// The six bits that a character stands for; nil for any other, `=` among them.
    package static func value(_ octet: UInt8) -> UInt32? {
        switch octet {
        case 0x41...0x5A: UInt32(octet) - 0x41
        case 0x61...0x7A: UInt32(octet) - 0x61 + 26
        case 0x30...0x39: UInt32(octet) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
