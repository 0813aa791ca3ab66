// Walks through the value of a MIME header field: tokens, comments, quoted strings and folds (RFC 2045 §5.1, RFC 5322
// §3.2.2). Lenient, since what it refuses to understand a mail program may show.

struct ValueReader {
    private let octets: [UInt8]
    private var index = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    private var current: UInt8? { index < octets.count ? octets[index] : nil }

    /// White space and comments, which may lie in one another. One without an end goes to the end of the value.
    mutating func skipSpace() {
        var depth = 0
        while let octet = current, depth > 0 || octet.isSpace || octet == UInt8(ascii: "(") {
            switch octet {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\\"): index += 1
            default: break
            }
            index += 1
        }
    }

    mutating func skip(_ octet: UInt8) -> Bool {
        guard current == octet else { return false }
        index += 1
        return true
    }

    /// Octets up to white space, a comment or one of the stops; in small letters.
    mutating func word(until stops: StaticString) -> [UInt8] {
        var word: [UInt8] = []
        while let octet = current, !octet.isSpace, octet != UInt8(ascii: "("), !ValueReader.contains(stops, octet) {
            word.append(octet.lowercased)
            index += 1
        }
        return word
    }

    /// `";" attribute "=" value`: the next one that has a value, or nil at the end.
    mutating func parameter() -> (attribute: [UInt8], value: [UInt8])? {
        while index < octets.count {
            while let octet = current, octet != UInt8(ascii: ";") {
                // What stands before the semicolon is nothing that we know; a quoted string may hide one.
                if octet == UInt8(ascii: "\"") { _ = quotedString() } else { index += 1 }
            }
            index += 1
            skipSpace()
            let attribute = word(until: ";=\"")
            skipSpace()
            guard skip(UInt8(ascii: "=")) else { continue }
            skipSpace()
            return (attribute, current == UInt8(ascii: "\"") ? quotedString() : plainValue())
        }
        return nil
    }

    /// Without its quotes and backslashes. Line ends in it are folds (RFC 5322 §2.2.3).
    private mutating func quotedString() -> [UInt8] {
        var text: [UInt8] = []
        index += 1
        while let octet = current, octet != UInt8(ascii: "\"") {
            if octet == UInt8(ascii: "\\"), index + 1 < octets.count { index += 1 }
            if octets[index] != 13, octets[index] != 10 { text.append(octets[index]) }
            index += 1
        }
        index += 1
        return text
    }

    /// A token, or what careless senders leave without quotes.
    private mutating func plainValue() -> [UInt8] {
        let start = index
        while let octet = current, !octet.isSpace, octet != UInt8(ascii: ";"), octet != UInt8(ascii: "(") { index += 1 }
        return Array(octets[start..<min(index, octets.count)])
    }

    private static func contains(_ stops: StaticString, _ octet: UInt8) -> Bool {
        for index in 0..<stops.utf8CodeUnitCount where stops.utf8Start[index] == octet { return true }
        return false
    }
}
