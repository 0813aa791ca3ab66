// From bytes to a command: one line at a time, never more of it kept than the limit.

/// RFC 1939 §3: keywords have three or four characters.
package enum POP3Keyword: String, CaseIterable, Sendable {
    case user, pass, apop, auth, stls, quit, capa, utf8, lang, noop, stat, list, uidl, retr, top, dele, rset

    private static let codes: [UInt32: POP3Keyword] = Dictionary(
        uniqueKeysWithValues: allCases.map { (code(of: Array($0.rawValue.utf8).span, 0..<$0.rawValue.utf8.count), $0) })

    static func read(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> POP3Keyword? {
        guard (3...4).contains(range.count) else { return nil }
        return codes[code(of: bytes, range)]
    }

    /// Without case; 0 for what has other octets than letters and digits.
    private static func code(of bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        var code: UInt32 = 0
        for index in range {
            switch bytes[index] {
            case 0x41...0x5A, 0x61...0x7A: code = code << 8 | UInt32(bytes[index] | 0x20)
            case 0x30...0x39: code = code << 8 | UInt32(bytes[index])
            default: return 0
            }
        }
        return code
    }
}

/// A line taken apart: where its keyword's argument lies in the bytes it was read from.
struct POP3Command: Equatable {
    /// nil: not a word of POP3.
    var keyword: POP3Keyword?
    /// Behind the one space that follows the keyword; nil when nothing follows it.
    var argument: Range<Int>?

    // command = keyword *(SP argument)
    static func read(_ bytes: borrowing Span<UInt8>, _ line: Range<Int>, _ leniency: POP3Limits.Leniency) -> POP3Command {
        var space = line.lowerBound
        while space < line.upperBound, bytes[space] != 0x20 { space += 1 }
        let keyword = POP3Keyword.read(bytes, line.lowerBound..<space)
        guard space < line.upperBound else { return POP3Command(keyword: keyword, argument: nil) }
        var end = line.upperBound
        // RFC 1939 §7: spaces may be part of a password.
        if keyword != .pass, leniency.contains(.trailingSpace) {
            while end > space + 1, bytes[end - 1] == 0x20 { end -= 1 }
            if end == space + 1 { return POP3Command(keyword: keyword, argument: nil) }
        }
        return POP3Command(keyword: keyword, argument: space + 1..<end)
    }
}

/// Ends lines. One function does it for both sessions.
struct POP3LineReader: Equatable {
    /// How many octets from the offset on have been searched in vain: each is looked at once, however small the pieces.
    private var searched = 0
    private var swallowed = 0
    private var isSwallowing = false

    enum Event: Equatable {
        case needsInput
        /// Without its line end.
        case line(Range<Int>)
        /// The line has ended; it was longer than allowed.
        case tooLong
        /// Still no line end where even swallowing ends.
        case endless
    }

    /// - Parameter limit: octets of a line with its end; nil: that of a command.
    mutating func next(
        in bytes: borrowing Span<UInt8>, from offset: inout Int, _ limits: POP3Limits, limit: Int? = nil
    ) -> Event {
        let limit = limit ?? limits.commandLine
        let start = offset
        var index = start + searched
        while index < bytes.count {
            if bytes[index] == 0x0A {
                let hasReturn = index > start && bytes[index - 1] == 0x0D
                if hasReturn || limits.leniency.contains(.bareLineFeed) {
                    offset = index + 1
                    return ended(start..<(hasReturn ? index - 1 : index), with: offset - start, limit)
                }
            }
            index += 1
            if !isSwallowing, index - start > limit { isSwallowing = true }
        }
        guard isSwallowing else {
            searched = bytes.count - start
            return .needsInput
        }
        // A CR at the end of the bytes may be the first half of a line end: it stays.
        let end = bytes.count > start && bytes[bytes.count - 1] == 0x0D ? bytes.count - 1 : bytes.count
        swallowed += end - start
        searched = 0
        offset = end
        return swallowed > limits.swallowedLine ? .endless : .needsInput
    }

    private mutating func ended(_ line: Range<Int>, with octets: Int, _ limit: Int) -> Event {
        defer { self = POP3LineReader() }
        return isSwallowing || octets > limit ? .tooLong : .line(line)
    }
}
