// Turns a `Reply` into wire bytes. Whatever the text holds, the result is a well-formed reply and nothing else.
import Mail

package enum ReplyWriter {
    /// RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets with its code and CRLF.
    static let lineLimit = 512
    /// More lines than this are cut: a reply has an end.
    static let lineCount = 32

    static func isCode(_ code: UInt16) -> Bool { (200...599).contains(code) }

    static func code(of bytes: [UInt8]) -> UInt16 {
        guard bytes.count >= 3, bytes[0..<3].allSatisfy({ (48...57).contains($0) }) else { return 0 }
        return bytes[0..<3].reduce(0) { $0 * 10 + UInt16($1 - 48) }
    }

    /// RFC 5321 §4.2.1: each line but the last has a hyphen behind the code; RFC 2034 §4: the status code is on every
    /// line. Line ends in the text separate lines; any other control octet and any non-ASCII octet becomes `?`.
    /// A code that is none is our own mistake and becomes 451, so that no stranger pays for it with lost mail.
    package static func render(_ reply: Reply) -> [UInt8] {
        guard isCode(reply.code) else { return render(Reply(451, "4.3.0", "Local trouble, try again later")) }
        var head = digits(reply.code)
        head.append(UInt8(ascii: " "))
        if let status = reply.status {
            head += status.utf8.prefix(16).map(printable)
            head.append(UInt8(ascii: " "))
        }
        let lines = split(reply.text, room: lineLimit - 2 - head.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + head.count + 2 })
        for (index, line) in lines.enumerated() {
            let start = bytes.count
            bytes += head
            if index < lines.count - 1 { bytes[start + 3] = UInt8(ascii: "-") }
            bytes += line.map(printable)
            bytes += [13, 10]
        }
        return bytes
    }

    /// Several lines under one code without status code, as EHLO answers (RFC 5321 §4.1.1.1).
    static func render(code: UInt16, lines: [String]) -> [UInt8] {
        render(Reply(code, nil, lines.joined(separator: "\n")))
    }

    /// `250 2.0.0 Queued as 00000000000004f2`, on the stack.
    static func withQueued<Result>(
        _ id: SpoolID, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        let head: StaticString = "250 2.0.0 Queued as "
        let count = head.utf8CodeUnitCount + 18
        return try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer in
            buffer.baseAddress!.copyMemory(from: head.utf8Start, byteCount: head.utf8CodeUnitCount)
            for digit in 0..<16 {
                let value = UInt8(truncatingIfNeeded: id.rawValue >> UInt64(60 - digit * 4)) & 15
                buffer[head.utf8CodeUnitCount + digit] = value < 10 ? 48 + value : 87 + value
            }
            buffer[count - 2] = 13
            buffer[count - 1] = 10
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }

    private static func digits(_ code: UInt16) -> [UInt8] {
        [48 + UInt8(code / 100), 48 + UInt8(code / 10 % 10), 48 + UInt8(code % 10)]
    }

    /// Lines of at most `room` octets; an empty text is one empty line.
    private static func split(_ text: String, room: Int) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        for var line in Array(text.utf8.prefix(lineLimit * lineCount)).split(
            separator: 10, omittingEmptySubsequences: false)
        {
            while line.count > room {
                lines.append(line.prefix(room))
                line = line.dropFirst(room)
            }
            lines.append(line)
        }
        return Array(lines.prefix(lineCount))
    }

    private static func printable(_ octet: UInt8) -> UInt8 { (0x20...0x7E).contains(octet) ? octet : UInt8(ascii: "?") }
}
