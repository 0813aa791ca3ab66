// Makes a message the body of a multi-line response (RFC 1939 §3) without copying it: ranges to send as they are,
// and the places between them where a dot is added. Nothing else of the message changes: a CR or LF that stands alone
// is sent as it is, and is no line end.

package struct DotStuffer: Equatable, Sendable {
    /// A part of the chunk to send as it is.
    package struct Piece: Equatable, Sendable {
        package var range: Range<Int>
        /// A dot is sent behind the range.
        package var addsDot: Bool
    }

    /// Where the next octet stands.
    private enum Place: Equatable {
        case lineStart, inLine, behindReturn
    }

    private var place = Place.lineStart

    package init() {}

    /// The next piece of the chunk from `offset` on; nil when the chunk is used up.
    package mutating func next(in chunk: borrowing Span<UInt8>, from offset: inout Int) -> Piece? {
        let start = offset
        guard start < chunk.count else { return nil }
        // The chunk before this one may have ended in CR or CRLF.
        if place == .lineStart, chunk[start] == 0x2E { return stop(before: start, start, &offset) }
        if place == .behindReturn, chunk[start] == 0x0A, start + 1 < chunk.count, chunk[start + 1] == 0x2E {
            return stop(before: start + 1, start, &offset)
        }
        var search = start
        while let feed = DotStuffer.feedBeforeDot(in: chunk, from: search) {
            if feed > start, chunk[feed - 1] == 0x0D { return stop(before: feed + 1, start, &offset) }
            search = feed + 1
        }
        place = placeBehind(chunk, from: start)
        offset = chunk.count
        return Piece(range: start..<chunk.count, addsDot: false)
    }

    /// What follows the message: a line end if it does not end in one, and the final dot.
    package var ending: StaticString { place == .lineStart ? ".\r\n" : "\r\n.\r\n" }

    private mutating func stop(before dot: Int, _ start: Int, _ offset: inout Int) -> Piece {
        // The message's own dot is the first octet of the next piece, and no longer at a line's start.
        place = .inLine
        offset = dot
        return Piece(range: start..<dot, addsDot: true)
    }

    private func placeBehind(_ chunk: borrowing Span<UInt8>, from start: Int) -> Place {
        let last = chunk.count - 1
        switch chunk[last] {
        case 0x0D: return .behindReturn
        case 0x0A: return (last > start ? chunk[last - 1] == 0x0D : place == .behindReturn) ? .lineStart : .inLine
        default: return .inLine
        }
    }

    /// The first LF that a dot follows. Looks at eight pairs at a time, since mail has few of them.
    private static func feedBeforeDot(in chunk: borrowing Span<UInt8>, from start: Int) -> Int? {
        chunk.withUnsafeBytes { bytes in
            var index = start
            while index + 9 <= bytes.count {
                let first = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let second = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 1, as: UInt64.self))
                // An octet of `pairs` is zero where `first` has LF and `second` a dot. The lowest mark is exact.
                let pairs = (first ^ 0x0A0A_0A0A_0A0A_0A0A) | (second ^ 0x2E2E_2E2E_2E2E_2E2E)
                let marks = (pairs &- 0x0101_0101_0101_0101) & ~pairs & 0x8080_8080_8080_8080
                if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
                index += 8
            }
            while index + 1 < bytes.count {
                if bytes[index] == 0x0A, bytes[index + 1] == 0x2E { return index }
                index += 1
            }
            return nil
        }
    }
}
