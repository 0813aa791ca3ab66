// Walks through the value of a MIME header field: tokens, comments, quoted strings and folds (RFC 2045 §5.1, RFC 5322
// §3.2.2). Lenient, since what it refuses to understand a mail program may show.

struct ValueReader {
    private let octets: [UInt8]
    private var index = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    private var current: UInt8? { index < octets.count ? octets[index] : nil }

    /// Never beyond the end, however often.
    private mutating func advance() { index = min(index + 1, octets.count) }

    /// White space and comments, which may lie in one another. One without an end goes to the end of the value.
    mutating func skipSpace() {
        var depth = 0
        while let octet = current, depth > 0 || octet.isSpace || octet == UInt8(ascii: "(") {
            switch octet {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\\"): advance()
            default: break
            }
            advance()
        }
    }

    mutating func skip(_ octet: UInt8) -> Bool {
        guard current == octet else { return false }
        advance()
        return true
    }

    /// Octets up to white space, a comment, a semicolon or the stop.
    mutating func word(until stop: UInt8) -> ArraySlice<UInt8> {
        let end = octets[index...].firstIndex { octet in
            octet == stop || octet == UInt8(ascii: ";") || octet == UInt8(ascii: "(") || octet.isSpace
        }
        let word = octets[index..<(end ?? octets.count)]
        index = word.endIndex
        return word
    }

    /// `";" attribute "=" value`: the next one that has a value, or nil at the end.
    mutating func parameter() -> (attribute: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        while index < octets.count {
            while let octet = current, octet != UInt8(ascii: ";") {
                // What stands before the semicolon is nothing that we know; a quoted string or comment may hide one.
                switch octet {
                case UInt8(ascii: "\""): _ = quotedString()
                case UInt8(ascii: "("): skipSpace()
                default: advance()
                }
            }
            advance()
            skipSpace()
            let attribute = word(until: UInt8(ascii: "="))
            skipSpace()
            guard skip(UInt8(ascii: "=")) else { continue }
            skipSpace()
            // Careless senders leave the quotes out, whatever is in the value.
            return (attribute, current == UInt8(ascii: "\"") ? quotedString() : word(until: UInt8(ascii: ";")))
        }
        return nil
    }

    /// Without its quotes and backslashes. Line ends in it are folds (RFC 5322 §2.2.3).
    private mutating func quotedString() -> ArraySlice<UInt8> {
        advance()
        let start = index
        while let octet = current, octet != UInt8(ascii: "\""), octet != UInt8(ascii: "\\"), !octet.isFold { advance() }
        var text = octets[start..<index]
        while let octet = current, octet != UInt8(ascii: "\"") {
            if octet == UInt8(ascii: "\\") { advance() }
            if let octet = current, !octet.isFold { text.append(octet) }
            advance()
        }
        advance()
        return text
    }

}

extension Sequence<UInt8> {
    /// - Parameter text: in small letters; capitals of the sequence are equal to them.
    func equals(_ text: StaticString) -> Bool {
        var index = 0
        for octet in self {
            guard index < text.utf8CodeUnitCount, octet.lowercased == text.utf8Start[index] else { return false }
            index += 1
        }
        return index == text.utf8CodeUnitCount
    }
}
