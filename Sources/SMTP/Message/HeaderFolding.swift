// Writes header fields that cannot be broken out of: no octet of a value reaches the wire unless it is printable.

enum HeaderFolding {
    /// RFC 5322 §2.1.1: lines should have at most 78 characters and must have at most 998.
    static let lineLimit = 78
    static let hardLimit = 998

    /// `name: words…`, folded between words (RFC 5322 §2.2.3), with its CRLF.
    static func field(_ name: String, _ words: [[UInt8]]) -> [UInt8] {
        var output = Array(name.utf8) + [UInt8(ascii: ":")]
        var column = output.count
        for word in words where !word.isEmpty {
            let word = word.count > hardLimit - 2 ? Array(word.prefix(hardLimit - 2)) : word
            if column + 1 + word.count > lineLimit, column > name.utf8.count + 1 {
                output += [13, 10, 9]
                column = 8
            } else {
                output.append(0x20)
                column += 1
            }
            output += word
            column += word.count
        }
        return output + [13, 10]
    }

    static func field(_ name: String, text: String) -> [UInt8] { field(name, words(text)) }

    /// The words of a text; everything but printable ASCII becomes `?`, so a line end becomes part of a word.
    static func words(_ text: String) -> [[UInt8]] {
        text.utf8.split(separator: 0x20).map { $0.map(printable) }
    }

    /// As one word in which nothing has a meaning to a reader of Received (RFC 5322 §3.2.3 specials that end a token).
    static func token(_ text: String) -> [UInt8] {
        text.utf8.prefix(255).map { octet in
            "()<>;\\\",".utf8.contains(octet) || octet == 0x20 ? UInt8(ascii: "?") : printable(octet)
        }
    }

    static func printable(_ octet: UInt8) -> UInt8 { (0x20...0x7E).contains(octet) ? octet : UInt8(ascii: "?") }
}
