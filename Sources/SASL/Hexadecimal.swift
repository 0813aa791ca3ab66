// RFC 4648 §8, with the small letters that CRAM-MD5 wants.

enum Hexadecimal {
    static func encode(_ octets: [UInt8]) -> [UInt8] {
        octets.flatMap { [$0 >> 4, $0 & 15].map { $0 < 10 ? 48 + $0 : 87 + $0 } }
    }

    /// Both cases: verifiers are imported from others.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var octets: [UInt8] = []
        var high: UInt8?
        for character in text {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 48
            case 0x41...0x46: digit = character - 55
            case 0x61...0x66: digit = character - 87
            default: return nil
            }
            if let first = high {
                octets.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return octets
    }
}
