// Finds the end of a message and its stuffed dots (RFC 5321 §4.5.2) without copying an octet, and notices at once
// any CR or LF that stands alone: those are never line ends, and a message that has one is refused (smuggling).

/// Where the reader stands between two calls.
struct ContentScanner: Equatable {
    private enum State: Equatable {
        /// Behind a CRLF, or at the very beginning.
        case lineStart
        /// In a line; the octet before is no CR.
        case text
        /// Behind a CR.
        case carriageReturn
        /// A dot at the start of a line was taken out.
        case dot
        /// That dot and a CR were taken out; an LF ends the message.
        case dotCarriageReturn
    }

    enum Event: Equatable {
        /// These octets belong to the message.
        case content(Range<Int>)
        /// CR LF "." CR LF has been read.
        case ended
        /// A CR or LF that stands alone. `endsLeniently`: a careless server would see the end of the message here.
        case bare(endsLeniently: Bool)
        /// All octets are used.
        case exhausted
    }

    private var state = State.lineStart

    /// Moves `offset` to the next event. Every octet is looked at once.
    mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Event {
        while offset < bytes.count {
            let octet = bytes[offset]
            switch state {
            case .dot:
                if octet == 13 {
                    state = .dotCarriageReturn
                    offset += 1
                } else if octet == 10 {
                    offset += 1
                    return .bare(endsLeniently: true)
                } else {
                    state = .text
                    return contentRun(in: bytes, from: &offset)
                }
            case .dotCarriageReturn:
                guard octet == 10 else { return .bare(endsLeniently: true) }
                offset += 1
                return .ended
            case .lineStart where octet == UInt8(ascii: "."):
                state = .dot
                offset += 1
            case .carriageReturn where octet != 10:
                return .bare(endsLeniently: false)
            case .lineStart where octet == 10, .text where octet == 10:
                offset += 1
                return .bare(endsLeniently: false)
            case .lineStart, .carriageReturn, .text:
                return contentRun(in: bytes, from: &offset)
            }
        }
        return .exhausted
    }

    /// The octet at `offset` is content: takes it and all up to the next event or the end of the octets.
    private mutating func contentRun(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Event {
        let start = offset
        let stop = LineScan.firstEvent(in: bytes, from: start + 1)
        offset = stop
        let last = bytes[stop - 1]
        if last == 13 {
            state = .carriageReturn
        } else if last == 10 {
            state = .lineStart
        } else {
            state = .text
        }
        return .content(start..<stop)
    }
}

/// Reads on in a message that is already refused for a bare CR or LF, only to find where its sender believes that it
/// ends. Any careless end counts, because the session is closed there and nothing behind it is read as commands.
struct CarelessEndScanner: Equatable {
    private enum State { case text, lineEnd, dot }
    private var state = State.lineEnd

    /// - Returns: whether the end has been found; `offset` is behind it.
    mutating func findEnd(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Bool {
        while offset < bytes.count {
            let octet = bytes[offset]
            offset += 1
            let isLineEnd = octet == 10 || octet == 13
            if state == .dot, isLineEnd { return true }
            state = isLineEnd ? .lineEnd : state == .lineEnd && octet == UInt8(ascii: ".") ? .dot : .text
        }
        return false
    }
}
