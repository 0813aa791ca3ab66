// Numbers in commands (RFC 1939 §3: decimal, leading zeros allowed).

enum POP3Number {
    /// msg = 1*DIGIT
    /// nil: empty, not a number, or more than 32 bits hold.
    static func read(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        guard !range.isEmpty else { return nil }
        var value: UInt32 = 0
        for index in range {
            let octet = bytes[index]
            guard (0x30...0x39).contains(octet) else { return nil }
            let (tenfold, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, carries) = tenfold.addingReportingOverflow(UInt32(octet - 0x30))
            guard !overflows, !carries else { return nil }
            value = sum
        }
        return value
    }

    /// msg SP n
    static func readPair(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> (UInt32, UInt32)? {
        var space = range.lowerBound
        while space < range.upperBound, bytes[space] != 0x20 { space += 1 }
        guard space < range.upperBound, let first = read(bytes, range.lowerBound..<space),
            let second = read(bytes, space + 1..<range.upperBound)
        else { return nil }
        return (first, second)
    }
}
