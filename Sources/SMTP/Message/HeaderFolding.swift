// Writes header fields that cannot be broken out of: no octet of a value reaches the wire unless it is printable.

enum HeaderFolding {
    /// RFC 5322 §2.1.1: lines should have at most 78 characters and must have at most 998.
    static let lineLimit = 78
    static let hardLimit = 998

    /// `name: words…`, folded between words (RFC 5322 §2.2.3), with its CRLF.
    static func field(_ name: String, _ words: [[UInt8]]) -> [UInt8] {
        var field = FoldedField(name)
        for word in words { field.word { $0 += word } }
        return field.finished()
    }

    static func field(_ name: String, text: String) -> [UInt8] { field(name, words(text)) }

    /// The words of a text; everything but printable ASCII becomes `?`, so a line end becomes part of a word.
    static func words(_ text: String) -> [[UInt8]] {
        text.utf8.split(separator: 0x20).map { $0.map(printable) }
    }

    /// As one word in which nothing has a meaning to a reader of Received (RFC 5322 §3.2.3 specials that end a token).
    static func token(_ text: String) -> [UInt8] {
        var octets: [UInt8] = []
        append(token: text, to: &octets)
        return octets
    }

    static func append(token text: String, to octets: inout [UInt8]) {
        for octet in text.utf8.prefix(255) { octets.append(tokenOctet(octet)) }
    }

    private static func tokenOctet(_ octet: UInt8) -> UInt8 {
        switch octet {
        case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: ";"), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: ","):
            UInt8(ascii: "?")
        default: printable(octet)
        }
    }

    static func printable(_ octet: UInt8) -> UInt8 { (0x20...0x7E).contains(octet) ? octet : UInt8(ascii: "?") }
}

/// One header field in the making. Words are written where they will stand; one that does not fit begins a new line.
struct FoldedField {
    private var octets: [UInt8] = []
    /// The column behind the last word, and behind `name: `, where no line begins.
    private var column: Int
    private let first: Int

    init(_ name: String) {
        octets.reserveCapacity(256)
        octets += name.utf8
        octets.append(UInt8(ascii: ":"))
        column = octets.count
        first = octets.count
    }

    /// Nothing is written for an empty word; one above the hard limit is cut.
    mutating func word(_ write: (inout [UInt8]) -> Void) {
        let separator = octets.count
        octets.append(0x20)
        write(&octets)
        var length = octets.count - separator - 1
        guard length > 0 else {
            octets.removeLast()
            return
        }
        if length > HeaderFolding.hardLimit - 2 {
            octets.removeLast(length - (HeaderFolding.hardLimit - 2))
            length = HeaderFolding.hardLimit - 2
        }
        if column + 1 + length > HeaderFolding.lineLimit, column > first {
            octets.replaceSubrange(separator...separator, with: [13, 10, 9])
            column = 8 + length
        } else {
            column += 1 + length
        }
    }

    mutating func word(_ text: String) { word { $0 += text.utf8 } }

    mutating func token(_ text: String) { word { HeaderFolding.append(token: text, to: &$0) } }

    consuming func finished() -> [UInt8] {
        octets += [13, 10]
        return octets
    }
}
