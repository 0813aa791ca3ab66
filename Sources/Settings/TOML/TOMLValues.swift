// The values of TOML 1.0.0: strings, numbers, dates, arrays, inline tables. One function per rule of its grammar.

extension TOMLReader {
    // val = string / boolean / array / inline-table / date-time / float / integer
    mutating func value(depth: Int) throws(TOMLSyntaxError) -> TOMLNode.Value {
        guard depth < TOMLReader.deepest else { throw error("too many values inside each other") }
        switch peek {
        case UInt8(ascii: "\""): return .text(try opensLong("\"") ? longBasicString() : basicString())
        case UInt8(ascii: "'"): return .text(try opensLong("'") ? longLiteralString() : literalString())
        case UInt8(ascii: "["): return .list(try array(depth: depth))
        case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth))
        default: return try plain()
        }
    }

    /// Takes the opening mark of a string; true when it was three marks.
    private mutating func opensLong(_ mark: Unicode.Scalar) -> Bool {
        position += 1
        guard peek == UInt8(ascii: mark), next == UInt8(ascii: mark) else { return false }
        position += 2
        return true
    }

    // array = %x5B [ array-values ] ws-comment-newline %x5D
    private mutating func array(depth: Int) throws(TOMLSyntaxError) -> [TOMLNode] {
        let start = line
        _ = take("[")
        var list: [TOMLNode] = []
        while true {
            try skipBlank()
            if take("]") { return list }
            guard peek != nil else { throw error("the list is not closed by ]", at: start) }
            let line = line
            list.append(TOMLNode(value: try value(depth: depth + 1), line: line))
            try skipBlank()
            if take("]") { return list }
            guard take(",") else { throw error("',' or ']' is expected in the list\(found)") }
        }
    }

    // inline-table = %x7B [ inline-table-keyvals ] %x7D
    private mutating func inlineTable(depth: Int) throws(TOMLSyntaxError) -> SettingsTable {
        _ = take("{")
        let table = SettingsTable(.inline, line: line)
        skipSpaces()
        if take("}") { return table }
        while true {
            try keyValue(into: table, depth: depth + 1)
            skipSpaces()
            if take("}") { return table }
            guard take(",") else { throw error("',' or '}' is expected in the inline table\(found)") }
            skipSpaces()
        }
    }

    // boolean, date-time, float, integer: everything that ends at white space, a comma or a bracket
    private mutating func plain() throws(TOMLSyntaxError) -> TOMLNode.Value {
        let start = position
        while let octet = peek, !" \t\r\n,]}#".utf8.contains(octet) { position += 1 }
        // "1979-05-27 07:32:00": a date may be parted from its time by one space.
        if position - start == 10, peek == UInt8(ascii: " "), let octet = next, TOMLReader.isDigit(octet),
            octets[start + 4] == UInt8(ascii: "-")
        {
            position += 1
            while let octet = peek, !" \t\r\n,]}#".utf8.contains(octet) { position += 1 }
        }
        let text = String(decoding: octets[start..<position], as: UTF8.self)
        if text.isEmpty { throw error("a value is expected\(found)") }
        if let truth = Bool(text) { return .truth(truth) }
        if TOMLNumber.isMoment(text) { return .moment(text) }
        if let integer = TOMLNumber.integer(text) { return .integer(integer) }
        if let float = TOMLNumber.float(text) { return .float(float) }
        throw error("'\(text)' is not a value; text stands in quotation marks")
    }

    static func isDigit(_ octet: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) }

    // basic-string, behind its opening mark
    mutating func basicString() throws(TOMLSyntaxError) -> String {
        var text: [UInt8] = []
        while let octet = peek, octet != UInt8(ascii: "\n"), octet != UInt8(ascii: "\r") {
            position += 1
            if octet == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            guard !TOMLReader.isControl(octet) else { throw error("a control character in a string") }
            if octet == UInt8(ascii: "\\") { try escape(into: &text) } else { text.append(octet) }
        }
        throw error("the string is not closed by \"")
    }

    // literal-string, behind its opening mark
    mutating func literalString() throws(TOMLSyntaxError) -> String {
        let start = position
        while let octet = peek, octet != UInt8(ascii: "\n"), octet != UInt8(ascii: "\r") {
            position += 1
            if octet == UInt8(ascii: "'") { return String(decoding: octets[start..<(position - 1)], as: UTF8.self) }
            guard !TOMLReader.isControl(octet) else { throw error("a control character in a string") }
        }
        throw error("the string is not closed by '")
    }

    // ml-basic-string, behind its opening marks
    mutating func longBasicString() throws(TOMLSyntaxError) -> String {
        let start = line
        var text: [UInt8] = []
        _ = newline()
        while let octet = peek {
            if closesLong(UInt8(ascii: "\""), &text) { return String(decoding: text, as: UTF8.self) }
            if newline() {
                text.append(UInt8(ascii: "\n"))
                continue
            }
            position += 1
            guard !TOMLReader.isControl(octet) else { throw error("a control character in a string") }
            if octet != UInt8(ascii: "\\") {
                text.append(octet)
            } else if !skipFold() {
                try escape(into: &text)
            }
        }
        throw error("the string is not closed by \"\"\"", at: start)
    }

    // ml-literal-string, behind its opening marks
    mutating func longLiteralString() throws(TOMLSyntaxError) -> String {
        let start = line
        var text: [UInt8] = []
        _ = newline()
        while let octet = peek {
            if closesLong(UInt8(ascii: "'"), &text) { return String(decoding: text, as: UTF8.self) }
            if newline() {
                text.append(UInt8(ascii: "\n"))
                continue
            }
            position += 1
            guard !TOMLReader.isControl(octet) else { throw error("a control character in a string") }
            text.append(octet)
        }
        throw error("the string is not closed by '''", at: start)
    }

    /// Takes three closing marks; one or two more before them belong to the text.
    private mutating func closesLong(_ mark: UInt8, _ text: inout [UInt8]) -> Bool {
        let count = octets[position...].prefix(5).prefix { $0 == mark }.count
        guard count >= 3 else { return false }
        text.append(contentsOf: repeatElement(mark, count: count - 3))
        position += count
        return true
    }

    // mlb-escaped-nl, behind its backslash
    private mutating func skipFold() -> Bool {
        let start = position
        skipSpaces()
        guard newline() else {
            position = start
            return false
        }
        repeat { skipSpaces() } while newline()
        return true
    }

    // escaped, behind its backslash
    private mutating func escape(into text: inout [UInt8]) throws(TOMLSyntaxError) {
        guard let octet = peek else { throw error("the text ends after a backslash") }
        position += 1
        switch octet {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(octet)
        case UInt8(ascii: "u"): try unicode(4, into: &text)
        case UInt8(ascii: "U"): try unicode(8, into: &text)
        default: throw error("\\\(String(UnicodeScalar(octet))) is no escape; a backslash itself is written \\\\")
        }
    }

    private mutating func unicode(_ count: Int, into text: inout [UInt8]) throws(TOMLSyntaxError) {
        let digits = octets[position...].prefix(count)
        guard digits.count == count, digits.allSatisfy(TOMLNumber.isHexadecimal),
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(number)
        else { throw error("the escape does not name a character") }
        position += count
        text.append(contentsOf: String(scalar).utf8)
    }
}
