// RFC 3629 §4: what is UTF-8 and what only looks like it. Swift's own decoder repairs; an address must not be repaired.

enum UTF8Text {
    /// Whether the octets are well-formed UTF-8: no over-long form, no surrogate, nothing beyond U+10FFFF.
    static func isValid(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            let lead = bytes[index]
            index += 1
            guard lead >= 0x80 else { continue }
            guard let (tails, second) = form(lead), index + tails <= range.upperBound else { return false }
            guard second.contains(bytes[index]) else { return false }
            for tail in 1..<max(1, tails) where !(0x80...0xBF).contains(bytes[index + tail]) { return false }
            index += tails
        }
        return true
    }

    /// How many octets follow the first, and what the second may be.
    private static func form(_ lead: UInt8) -> (tails: Int, second: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (1, 0x80...0xBF)
        case 0xE0: (2, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE, 0xEF: (2, 0x80...0xBF)
        case 0xED: (2, 0x80...0x9F)
        case 0xF0: (3, 0x90...0xBF)
        case 0xF1...0xF3: (3, 0x80...0xBF)
        case 0xF4: (3, 0x80...0x8F)
        default: nil
        }
    }
}
