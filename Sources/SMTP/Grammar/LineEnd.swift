// The one place that ends command lines. RFC 5321 §2.3.8: a line ends with CR LF, and nothing else is a line end.

/// What lies at the front of the unused octets.
enum LineEnd: Equatable {
    /// No CRLF within what there is and what a line may have.
    case missing
    /// No CRLF although the limit is reached.
    case tooLong
    /// LF without CR before it: the sender and we disagree on what a line is.
    case bareLineFeed
    /// The line without its CRLF ends here. Not clean: it holds a control octet, such as NUL or a bare CR.
    case found(at: Int, isClean: Bool)

    /// Looks for the end of the line that begins at `start`. A CR at the very end of the octets is not decided yet.
    static func find(in bytes: borrowing Span<UInt8>, from start: Int, limit: Int) -> LineEnd {
        let stop = min(bytes.count, start + limit)
        var isClean = true
        var index = start
        while true {
            index = firstControl(in: bytes, from: index, to: stop)
            guard index < stop else { break }
            let octet = bytes[index]
            if octet == 10 { return .bareLineFeed }
            if octet == 13 {
                guard index + 1 < bytes.count else { break }
                if bytes[index + 1] == 10, index + 1 < stop { return .found(at: index, isClean: isClean) }
            }
            isClean = false
            index += 1
        }
        return bytes.count - start >= limit ? .tooLong : .missing
    }

    /// The first octet below 0x20, eight at a time.
    @inline(__always)
    private static func firstControl(in bytes: borrowing Span<UInt8>, from start: Int, to stop: Int) -> Int {
        var index = start
        let raw = bytes.bytes
        while index + 8 <= stop {
            let word = raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            // Exact for the lowest flagged octet: a borrow only travels upwards.
            let below = (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
            if below != 0 { return index + UInt64(littleEndian: below).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < stop, bytes[index] >= 0x20 { index += 1 }
        return index
    }
}
