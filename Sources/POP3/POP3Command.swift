// From bytes to a command: one line at a time, never more of it kept than the limit.

/// RFC 1939 §3: keywords have three or four characters.
package enum POP3Keyword: String, CaseIterable, Sendable {
    case user, pass, quit, capa, noop, stat, list, uidl, retr, top, dele, rset
    /// Real commands of POP3 that this server does not offer.
    case apop, auth, stls

    private static let codes: [UInt32: POP3Keyword] = Dictionary(
        uniqueKeysWithValues: allCases.map { (code(of: Array($0.rawValue.utf8).span, 0..<$0.rawValue.utf8.count), $0) })

    static func read(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> POP3Keyword? {
        guard (3...4).contains(range.count) else { return nil }
        return codes[code(of: bytes, range)]
    }

    /// Without case. Setting bit 5 folds only letters onto letters here: no code of ours has another octet.
    private static func code(of bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        var code: UInt32 = 0
        for index in range {
            let octet = bytes[index]
            guard (0x41...0x5A).contains(octet & 0xDF) else { return 0 }
            code = code << 8 | UInt32(octet | 0x20)
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

    mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int, _ limits: POP3Limits) -> Event {
        let start = offset
        var index = start
        while index < bytes.count {
            if bytes[index] == 0x0A {
                let hasReturn = index > start && bytes[index - 1] == 0x0D
                if hasReturn || limits.leniency.contains(.bareLineFeed) {
                    offset = index + 1
                    return ended(start..<(hasReturn ? index - 1 : index), with: offset - start, limits)
                }
            }
            index += 1
            if !isSwallowing, index - start > limits.commandLine { isSwallowing = true }
        }
        guard isSwallowing else { return .needsInput }
        // A CR at the end of the bytes may be the first half of a line end: it stays.
        let end = bytes.count > start && bytes[bytes.count - 1] == 0x0D ? bytes.count - 1 : bytes.count
        swallowed += end - start
        offset = end
        return swallowed > limits.swallowedLine ? .endless : .needsInput
    }

    private mutating func ended(_ line: Range<Int>, with octets: Int, _ limits: POP3Limits) -> Event {
        defer { (swallowed, isSwallowing) = (0, false) }
        return isSwallowing || octets > limits.commandLine ? .tooLong : .line(line)
    }
}
