// The inner loop of content: looks at 64 octets at a time and stops only where something is to be decided.

enum LineScan {
    /// The first index from `start` on whose octet, together with the one before it, is an LF without CR, something
    /// other than LF behind CR, or a dot behind LF. `bytes.count` if there is none.
    /// - Precondition: `start` > 0; the octet before `start` belongs to the same text.
    static func firstEvent(in bytes: borrowing Span<UInt8>, from start: Int) -> Int {
        precondition(start > 0 && start <= bytes.count)
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return firstEvent(base, from: start, to: buffer.count)
        }
    }

    /// Within `base ..< base + count`; `precondition` above keeps the octet before in bounds.
    private static func firstEvent(_ base: UnsafePointer<UInt8>, from start: Int, to count: Int) -> Int {
        var index = start
        while index &+ 64 <= count {
            if hasEvent(base + index) { break }
            index &+= 64
        }
        while index < count {
            if isEvent(base[index &- 1], base[index]) != 0 { return index }
            index &+= 1
        }
        return count
    }

    /// Without a branch inside, so that the compiler makes vector code of it.
    @inline(__always)
    private static func hasEvent(_ block: UnsafePointer<UInt8>) -> Bool {
        var events: UInt8 = 0
        for offset in 0..<64 { events |= isEvent(block[offset &- 1], block[offset]) }
        return events != 0
    }

    @inline(__always)
    private static func isEvent(_ before: UInt8, _ here: UInt8) -> UInt8 {
        let lineFeed: UInt8 = here == 10 ? 1 : 0
        let behindCarriageReturn: UInt8 = before == 13 ? 1 : 0
        let dot: UInt8 = here == UInt8(ascii: ".") ? 1 : 0
        let behindLineFeed: UInt8 = before == 10 ? 1 : 0
        return (lineFeed ^ behindCarriageReturn) | (dot & behindLineFeed)
    }
}
