// RFC 5321 §4.5.2: doubles each dot at the start of a line; and completes a CR or LF that stands alone, so that what
// we send has one reading only.

struct ContentStuffer: Equatable {
    private enum State {
        case lineStart
        /// At a line's start; its dot has been doubled.
        case doubled
        case text
        case carriageReturn
    }

    private var state = State.lineStart

    /// The next piece; nil when the chunk is used up.
    mutating func next(of bytes: borrowing Span<UInt8>, from offset: inout Int) -> ContentPiece? {
        guard offset < bytes.count else { return nil }
        let octet = bytes[offset]
        switch state {
        case .carriageReturn where octet != 10:
            state = .lineStart
            return .insertion(10)
        case .lineStart where octet == UInt8(ascii: "."):
            state = .doubled
            return .insertion(octet)
        case .lineStart where octet == 10, .text where octet == 10:
            state = .carriageReturn
            return .insertion(13)
        case .lineStart, .doubled, .text, .carriageReturn:
            let start = offset
            offset = LineScan.firstEvent(in: bytes, from: start + 1)
            let last = bytes[offset - 1]
            state = last == 13 ? .carriageReturn : last == 10 ? .lineStart : .text
            return .octets(start..<offset)
        }
    }

    /// The final dot, behind the line end that is missing.
    func end() -> [UInt8] {
        switch state {
        case .lineStart: Array(".\r\n".utf8)
        case .carriageReturn: Array("\n.\r\n".utf8)
        case .text, .doubled: Array("\r\n.\r\n".utf8)
        }
    }
}
