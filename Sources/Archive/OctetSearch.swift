// The inner loop that both directions of mbox share, and small questions about octets.

/// A part of the caller's input, for as long as the call lasts.
typealias Octets = Slice<UnsafeBufferPointer<UInt8>>

enum OctetSearch {
    /// The index of the first LF, or `end`. Looks at eight octets at a time.
    @inline(__always)
    static func lineFeed(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        let raw = UnsafeRawPointer(base)
        var index = start
        while index &+ 8 <= end {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let differs = word ^ 0x0A0A_0A0A_0A0A_0A0A
            // The lowest bit set here marks the first octet of `differs` that is zero; higher ones may lie.
            let zeros = (differs &- 0x0101_0101_0101_0101) & ~differs & 0x8080_8080_8080_8080
            if zeros != 0 { return index &+ zeros.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < end, base[index] != 0x0A { index &+= 1 }
        return index
    }

    /// How many octets of `word` stand at `start`, as far as the input goes.
    static func common(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int, with word: StaticString) -> Int {
        var count = 0
        while count < word.utf8CodeUnitCount, start + count < end, base[start + count] == word.utf8Start[count] { count += 1 }
        return count
    }

    static func isDigit(_ octet: UInt8) -> Bool { octet &- 0x30 < 10 }
    static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }
    static func lowercased(_ octet: UInt8) -> UInt8 { octet &- 0x41 < 26 ? octet | 0x20 : octet }

    /// A decimal number of one to twenty digits and nothing else.
    static func number<Number: FixedWidthInteger>(_ digits: some Collection<UInt8>) -> Number? {
        guard (1...20).contains(digits.count) else { return nil }
        var value: Number = 0
        for digit in digits {
            guard isDigit(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Number(digit &- 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}
