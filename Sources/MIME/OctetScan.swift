// The inner loops of inspection. Each looks at many octets at a time without a branch inside, so that the compiler makes
// vector code of it, and none keeps an octet.

enum OctetScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The index of the first LF, or `end`. Octets passed on the way are gathered in `seen`, whose highest bits tell
    /// whether one was above 127.
    static func lineFeed(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int, seen: inout UInt64) -> Int {
        let raw = UnsafeRawPointer(base)
        var index = start
        while index &+ 8 <= end {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let differs = word ^ (ones &* 10)
            // The lowest bit set here marks the first octet of `differs` that is zero; higher ones may lie.
            let zeros = (differs &- ones) & ~differs & (ones &* 0x80)
            if zeros != 0 {
                let bits = zeros.trailingZeroBitCount & ~7
                seen |= word & ((1 << UInt64(truncatingIfNeeded: bits)) &- 1)
                return index &+ bits >> 3
            }
            seen |= word
            index &+= 8
        }
        while index < end, base[index] != 10 {
            seen |= UInt64(base[index])
            index &+= 1
        }
        return index
    }

    static func hasHighBit(_ seen: UInt64) -> Bool { seen & (ones &* 0x80) != 0 }

    /// The index of the first hyphen that is the third octet of LF `--`, or `end`.
    /// - Precondition: the two octets before `start` can be read.
    static func dashes(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index &+ 64 <= end {
            var found: UInt8 = 0
            for offset in index..<index &+ 64 { found |= endsDashes(base + offset) }
            if found != 0 { break }
            index &+= 64
        }
        while index < end, endsDashes(base + index) == 0 { index &+= 1 }
        return index
    }

    @inline(__always)
    private static func endsDashes(_ octet: UnsafePointer<UInt8>) -> UInt8 {
        let second: UInt8 = octet[0] == 0x2D ? 1 : 0
        let first: UInt8 = octet[-1] == 0x2D ? 1 : 0
        let lineFeed: UInt8 = octet[-2] == 10 ? 1 : 0
        return first & second & lineFeed
    }

    /// How many octets are of the base64 alphabet (RFC 2045 §6.8), which has no padding in it.
    static func base64Octets(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var total = 0
        var index = start
        while index &+ 192 <= end {
            // At most 192, which an octet holds: sums of octets are the cheapest there are.
            var count: UInt8 = 0
            for offset in index..<index &+ 192 { count &+= isBase64(base[offset]) }
            total &+= Int(count)
            index &+= 192
        }
        while index < end {
            total &+= Int(isBase64(base[index]))
            index &+= 1
        }
        return total
    }

    /// 1 for a letter, a digit, `+` or `/`; the slash stands right before the digits.
    @inline(__always)
    static func isBase64(_ octet: UInt8) -> UInt8 {
        let letter: UInt8 = (octet | 0x20) &- 0x61 < 26 ? 1 : 0
        let digit: UInt8 = octet &- 0x2F < 11 ? 1 : 0
        let plus: UInt8 = octet == 0x2B ? 1 : 0
        return letter | digit | plus
    }

    /// By how many octets quoted-printable text (RFC 2045 §6.7) shrinks at what ends in this range.
    /// - Precondition: the two octets before `start` can be read.
    static func quotedPrintableLoss(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var total = 0
        var index = start
        while index &+ 64 <= end {
            // Text never shrinks by more than it has: 64 octets lose 66 at most, with what began before them.
            var loss: UInt8 = 0
            for offset in index..<index &+ 64 { loss &+= Self.loss(base[offset &- 2], base[offset &- 1], base[offset]) }
            total &+= Int(loss)
            index &+= 64
        }
        while index < end {
            total &+= Int(loss(base[index &- 2], base[index &- 1], base[index]))
            index &+= 1
        }
        return total
    }

    /// 2 where `=XX` ends, since it stands for one octet; 3 and 2 where the soft line breaks `=` CR LF and `=` LF end.
    @inline(__always)
    static func loss(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> UInt8 {
        let escape: UInt8 = first == 0x3D ? isHex(second) & isHex(third) : 0
        let soft: UInt8 = first == 0x3D && second == 13 && third == 10 ? 3 : 0
        let bare: UInt8 = second == 0x3D && third == 10 ? 2 : 0
        return escape &* 2 | soft | bare
    }

    @inline(__always)
    private static func isHex(_ octet: UInt8) -> UInt8 {
        let digit: UInt8 = octet &- 0x30 < 10 ? 1 : 0
        let letter: UInt8 = (octet | 0x20) &- 0x61 < 6 ? 1 : 0
        return digit | letter
    }

    /// Whether the range has octets above 127, and NULs.
    static func survey(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> (eightBit: Bool, hasNUL: Bool) {
        var high: UInt8 = 0
        var least: UInt8 = 255
        for index in start..<end {
            high |= base[index]
            least = min(least, base[index])
        }
        return (high & 0x80 != 0, start < end && least == 0)
    }
}
