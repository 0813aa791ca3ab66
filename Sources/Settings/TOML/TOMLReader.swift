// Reads TOML 1.0.0 and keeps the line of every value. The house has its own reader because a finding must name the
// line, and because the settings are read by rooms that must not link Foundation. A pure function of the text.

package struct TOMLReader {
    /// Arrays and inline tables inside each other; deeper is refused.
    static let deepest = 32

    let octets: [UInt8]
    var position = 0
    var line = 1
    private var root = SettingsTable(.header, line: 1)
    /// The table that the last header named.
    private var current: SettingsTable

    private init(_ text: String) {
        octets = Array(text.utf8)
        current = root
    }

    package static func read(_ text: String) throws(TOMLSyntaxError) -> SettingsTable {
        var reader = TOMLReader(text)
        try reader.document()
        return reader.root
    }

    // toml = expression *( newline expression )
    private mutating func document() throws(TOMLSyntaxError) {
        if octets.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        while true {
            skipSpaces()
            switch peek {
            case nil: return
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): break
            case UInt8(ascii: "["): try header()
            default: try keyValue(into: current)
            }
            try endOfLine()
        }
    }

    // keyval = key ws "=" ws val
    mutating func keyValue(into table: SettingsTable, depth: Int = 0) throws(TOMLSyntaxError) {
        let start = line
        let path = try key()
        guard take("=") else { throw error("'=' is missing after the key \(path.joined(separator: "."))") }
        skipSpaces()
        let value = try value(depth: depth)
        var table = table
        for part in path.dropLast() { table = try dotted(part, in: table) }
        let last = path[path.count - 1]
        guard table[last] == nil else { throw error("\(last) is set twice", at: start) }
        table.set(last, TOMLNode(value: value, line: start))
    }

    /// The table that the beginning of a dotted key names.
    private func dotted(_ part: String, in table: SettingsTable) throws(TOMLSyntaxError) -> SettingsTable {
        guard let node = table[part] else {
            let new = SettingsTable(.dotted, line: line)
            table.set(part, TOMLNode(value: .table(new), line: line))
            return new
        }
        guard let inner = node.table, inner.origin == .dotted else {
            throw error("\(part) is already there and cannot be added to by a dotted key")
        }
        return inner
    }

    // table = std-table / array-table
    private mutating func header() throws(TOMLSyntaxError) {
        let start = line
        _ = take("[")
        let isElement = take("[")
        skipSpaces()
        let path = try key()
        guard take("]"), !isElement || take("]") else {
            throw error("the header is not closed by \(isElement ? "]]" : "]")")
        }
        var table = root
        for part in path.dropLast() { table = try implied(part, in: table, start) }
        current =
            try isElement
            ? element(path[path.count - 1], of: table, start) : own(path[path.count - 1], in: table, start)
    }

    /// The table on the way to the one that a header names; for an array of tables its last element.
    private func implied(_ part: String, in table: SettingsTable, _ line: Int) throws(TOMLSyntaxError) -> SettingsTable {
        if let last = table.lastElement(of: part) { return last }
        guard let node = table[part] else {
            let new = SettingsTable(.implied, line: line)
            table.set(part, TOMLNode(value: .table(new), line: line))
            return new
        }
        guard let inner = node.table, inner.origin != .inline else {
            throw error("\(part) is already there and is not a table that can be added to", at: line)
        }
        return inner
    }

    private func own(_ part: String, in table: SettingsTable, _ line: Int) throws(TOMLSyntaxError) -> SettingsTable {
        guard let node = table[part] else {
            let new = SettingsTable(.header, line: line)
            table.set(part, TOMLNode(value: .table(new), line: line))
            return new
        }
        guard let inner = node.table, inner.origin == .implied else {
            throw error("[\(part)] is already there, since line \(node.line)", at: line)
        }
        inner.origin = .header
        return inner
    }

    private func element(_ part: String, of table: SettingsTable, _ line: Int) throws(TOMLSyntaxError) -> SettingsTable {
        let new = SettingsTable(.element, line: line)
        if let present = table.append(new, to: part) {
            throw error("\(part) is already there, since line \(present), and is not an array of tables", at: line)
        }
        return new
    }

    // key = simple-key / dotted-key, and the spaces behind it
    private mutating func key() throws(TOMLSyntaxError) -> [String] {
        var path: [String] = []
        repeat {
            skipSpaces()
            path.append(try simpleKey())
            skipSpaces()
        } while take(".")
        return path
    }

    // simple-key = quoted-key / unquoted-key
    private mutating func simpleKey() throws(TOMLSyntaxError) -> String {
        if take("\"") { return try basicString() }
        if take("'") { return try literalString() }
        let start = position
        while let octet = peek, TOMLReader.isBare(octet) { position += 1 }
        guard position > start else { throw error("a key is expected\(found)") }
        return String(decoding: octets[start..<position], as: UTF8.self)
    }

    private static func isBare(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // [ comment ] newline
    private mutating func endOfLine() throws(TOMLSyntaxError) {
        skipSpaces()
        try comment()
        guard peek == nil || newline() else { throw error("the line should end here\(found)") }
    }

    /// White space, comments and line ends between the parts of an array.
    mutating func skipBlank() throws(TOMLSyntaxError) {
        while true {
            skipSpaces()
            try comment()
            guard newline() else { return }
        }
    }

    private mutating func comment() throws(TOMLSyntaxError) {
        guard take("#") else { return }
        while let octet = peek, octet != UInt8(ascii: "\n") {
            if octet == UInt8(ascii: "\r"), next == UInt8(ascii: "\n") { return }
            guard !TOMLReader.isControl(octet) else { throw error("a control character in a comment") }
            position += 1
        }
    }

    static func isControl(_ octet: UInt8) -> Bool { (octet < 0x20 && octet != UInt8(ascii: "\t")) || octet == 0x7F }

    var peek: UInt8? { position < octets.count ? octets[position] : nil }
    var next: UInt8? { position + 1 < octets.count ? octets[position + 1] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func skipSpaces() {
        while peek == UInt8(ascii: " ") || peek == UInt8(ascii: "\t") { position += 1 }
    }

    /// Takes LF or CRLF.
    mutating func newline() -> Bool {
        if peek == UInt8(ascii: "\r"), next == UInt8(ascii: "\n") { position += 1 }
        guard take("\n") else { return false }
        line += 1
        return true
    }

    /// ", found …" for a message.
    var found: String {
        guard let octet = peek else { return ", but the text ends" }
        if octet == UInt8(ascii: "\n") || octet == UInt8(ascii: "\r") { return ", but the line ends" }
        let rest = octets[position...].prefix(24).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return ", not '\(Finding.printable(String(decoding: rest, as: UTF8.self)))'"
    }

    func error(_ message: String, at line: Int? = nil) -> TOMLSyntaxError {
        TOMLSyntaxError(line: line ?? self.line, message: Finding.printable(message))
    }
}
