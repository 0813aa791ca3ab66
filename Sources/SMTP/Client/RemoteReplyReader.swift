// Reads a remote's replies. RFC 5321 §4.2: Reply-line = *( Reply-code "-" [ textstring ] CRLF )
// Reply-code [ SP textstring ] CRLF. An LF alone ends a line here too: there is nothing to smuggle in a reply.

struct RemoteReplyReader {
    enum Event: Equatable {
        case reply(RemoteReply)
        case needsInput
        /// What is wrong with it.
        case malformed(String)
    }

    /// A line beyond this is no reply (RFC 5321 §4.5.3.1.5 asks for 512).
    static let lineLimit = 2048
    static let lineCount = 256
    /// Of the text, this much is kept.
    static let textLimit = 4096

    private var code: UInt16 = 0
    private var lines = 0
    private var text: [UInt8] = []

    /// Uses whole lines only.
    mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Event {
        while true {
            var end = offset
            while end < bytes.count, bytes[end] != 10 {
                end += 1
                if end - offset > RemoteReplyReader.lineLimit { return .malformed("a line of the reply is too long") }
            }
            guard end < bytes.count else { return .needsInput }
            let start = offset
            offset = end + 1
            let stop = end > start && bytes[end - 1] == 13 ? end - 1 : end
            guard let isLast = take(bytes, start, stop) else { return .malformed("the reply has no code") }
            lines += 1
            if isLast { return .reply(finish()) }
            if lines >= RemoteReplyReader.lineCount { return .malformed("the reply has too many lines") }
        }
    }

    /// - Returns: whether it was the last line; nil when it is none of a reply.
    private mutating func take(_ bytes: borrowing Span<UInt8>, _ start: Int, _ stop: Int) -> Bool? {
        guard stop - start >= 3 else { return nil }
        var value: UInt16 = 0
        for index in start..<start + 3 {
            guard (48...57).contains(bytes[index]) else { return nil }
            value = value * 10 + UInt16(bytes[index] - 48)
        }
        guard (200...599).contains(value), lines == 0 || value == code else { return nil }
        code = value
        let separator = stop > start + 3 ? bytes[start + 3] : 0x20
        guard separator == 0x20 || separator == 0x2D else { return nil }
        if lines > 0, text.count < RemoteReplyReader.textLimit { text.append(10) }
        var index = min(start + 4, stop)
        while index < stop, text.count < RemoteReplyReader.textLimit {
            let octet = bytes[index]
            text.append(octet < 0x20 || octet == 0x7F ? UInt8(ascii: "?") : octet)
            index += 1
        }
        return separator == 0x20
    }

    private mutating func finish() -> RemoteReply {
        let words = String(decoding: text, as: UTF8.self)
        let reply = RemoteReply(code: code, status: RemoteReplyReader.status(in: words, of: code), text: words)
        (code, lines) = (0, 0)
        text.removeAll(keepingCapacity: true)
        return reply
    }

    /// RFC 2034 §4, RFC 3463 §2: class "." subject "." detail, the class being the code's first digit.
    static func status(in text: String, of code: UInt16) -> String? {
        guard let word = text.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\n" }).first else { return nil }
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "\(code / 100)" else { return nil }
        guard parts.allSatisfy({ (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        return String(word)
    }
}
