// Where messages begin and end, and what their bytes are: whole, octet by octet, and in small reads.

import Testing

@testable import Archive

@Suite struct MboxSplitterTests {
    static let sizes: [Int?] = [nil, 1, 2, 3, 7, 64]
    /// A From_ line, and another one.
    static let a = "From a@x Thu Nov 24 18:22:48 1986\n"
    static let b = "From b@y Fri Nov 25 18:22:48 1986\n"

    static let borders: [(file: String, messages: [String])] = [
        ("", []),
        ("\n\r\n\n", []),
        (a, [""]),
        ("From a@x Thu Nov 24 18:22:48 1986", [""]),
        (a + "\n", [""]),
        (a + "\n" + b, ["", ""]),
        (a + "\n\n" + b, ["\r\n", ""]),
        (a + "S: 1\n\nt\n", ["S: 1\r\n\r\nt\r\n"]),
        (a + "S: 1\n\nt\n\n", ["S: 1\r\n\r\nt\r\n"]),
        (a + "S: 1\n\nt\n\n\n", ["S: 1\r\n\r\nt\r\n\r\n"]),
        (a + "S: 1\n\nt", ["S: 1\r\n\r\nt"]),
        (a + "S: 1\n\nt\n\n" + b + "S: 2\n\nu\n\n", ["S: 1\r\n\r\nt\r\n", "S: 2\r\n\r\nu\r\n"]),
        (a + "S: 1\n\n" + b + "S: 2\n\n\n", ["S: 1\r\n", "S: 2\r\n\r\n"]),
        ("\n\n" + a + "S: 1\n", ["S: 1\r\n"]),
        // Not behind an empty line.
        (a + b + "\nt\n", [b.dropLast() + "\r\n\r\nt\r\n"]),
        (a + "S: 1\n\nt\n" + b, ["S: 1\r\n\r\nt\r\n" + b.dropLast() + "\r\n"]),
        (a + "S: 1\n\nt\n \n" + b, ["S: 1\r\n\r\nt\r\n \r\n" + b.dropLast() + "\r\n"]),
        (a + "S: 1\n\n\n\n" + b, ["S: 1\r\n\r\n\r\n", ""]),
        // Lines of text that only look like it.
        (a + "S: 1\n\nFrom here to there\n\nFrom Monday on\n", ["S: 1\r\n\r\nFrom here to there\r\n\r\nFrom Monday on\r\n"]),
        (a + "S: 1\n\nFrom\n\nFrom: x\n\nfrom a Thu\n\nFr", ["S: 1\r\n\r\nFrom\r\n\r\nFrom: x\r\n\r\nfrom a Thu\r\n\r\nFr"]),
        (a + "\n\n\nFrom x\n", ["\r\n\r\n\r\nFrom x\r\n"]),
        // Thunderbird's.
        ("From \nS: 1\n\nt\n\nFrom - \nS: 2\n", ["S: 1\r\n\r\nt\r\n", "S: 2\r\n"]),
        // The first line needs no date.
        ("From somebody\nS: 1\n", ["S: 1\r\n"]),
        // No mbox: one message.
        ("S: 1\n\nt\n\n", ["S: 1\r\n\r\nt\r\n"]),
        ("From: a\n\nt\n\n" + b + "S: 2\n", ["From: a\r\n\r\nt\r\n", "S: 2\r\n"]),
    ]

    @Test("U14: a message begins at the start or behind an empty line", arguments: borders)
    func bordersOf(row: (file: String, messages: [String])) {
        for size in Self.sizes {
            #expect(Splitting.of(row.file, reads: size).texts == row.messages, "reads of \(size ?? 0)")
            let returns = row.file.replacing("\n", with: "\r\n")
            #expect(Splitting.of(returns, reads: size).texts == row.messages, "CRLF, reads of \(size ?? 0)")
        }
    }

    static let lineEnds: [(file: String, message: String)] = [
        ("t\r\nu\nv\r\n", "t\r\nu\r\nv\r\n"),
        ("t\ru\n", "t\ru\r\n"),
        ("t\r\r\n", "t\r\r\n"),
        ("\r\n\rt\n", "\r\n\rt\r\n"),
        ("t\r", "t\r"),
        ("\r", "\r"),
        ("t\r\n\r", "t\r\n\r"),
        ("t\n\r\n\nu\n", "t\r\n\r\n\r\nu\r\n"),
        ("\0t\0\n\0", "\0t\0\r\n\0"),
        ("t\u{E9}\u{2028}\n", "t\u{E9}\u{2028}\r\n"),
        ("\u{1A}\u{C}\n.\n..\n", "\u{1A}\u{C}\r\n.\r\n..\r\n"),
    ]

    @Test("U14: LF and CRLF end lines, a lone CR does not", arguments: lineEnds)
    func lineEndsOf(row: (file: String, message: String)) {
        for size in Self.sizes {
            #expect(Splitting.of(Self.a + row.file, reads: size).texts == [row.message], "reads of \(size ?? 0)")
            #expect(Splitting.of(Self.a + "\n" + row.file, reads: size).texts == ["\r\n" + row.message])
        }
    }

    static let quotes: [(file: String, mboxrd: String, mboxo: String)] = [
        (">From a\n", "From a\r\n", "From a\r\n"),
        (">>From a\n", ">From a\r\n", ">>From a\r\n"),
        (">>>>From a\n", ">>>From a\r\n", ">>>>From a\r\n"),
        (">From\n>From", ">From\r\n>From", ">From\r\n>From"),
        (">From ", "From ", "From "),
        ("> From a\n", "> From a\r\n", "> From a\r\n"),
        (" >From a\n", " >From a\r\n", " >From a\r\n"),
        (">from a\n>FROM a\n", ">from a\r\n>FROM a\r\n", ">from a\r\n>FROM a\r\n"),
        ("t>From a\n", "t>From a\r\n", "t>From a\r\n"),
        (">\n>>\n>From a\n", ">\r\n>>\r\nFrom a\r\n", ">\r\n>>\r\nFrom a\r\n"),
        (">>", ">>", ">>"),
        (">\r\n\r>From a\n", ">\r\n\r>From a\r\n", ">\r\n\r>From a\r\n"),
        ("\n>From a\n", "\r\nFrom a\r\n", "\r\nFrom a\r\n"),
    ]

    @Test("U14: quoted From_ lines are unquoted by the dialect", arguments: quotes)
    func quotesOf(row: (file: String, mboxrd: String, mboxo: String)) {
        for size in Self.sizes {
            for head in ["", "S: 1\n", "S: 1\n\n", "S: 1\n\nt\n"] {
                let file = Self.a + head + row.file
                let start = head.replacing("\n", with: "\r\n")
                #expect(Splitting.of(file, reads: size, dialect: .mboxrd).texts == [start + row.mboxrd])
                #expect(Splitting.of(file, reads: size, dialect: .detected).texts == [start + row.mboxrd])
                #expect(Splitting.of(file, reads: size, dialect: .mboxo).texts == [start + row.mboxo])
                let untouched = String(file.dropFirst(Self.a.count)).replacing("\r\n", with: "\n").replacing("\n", with: "\r\n")
                #expect(Splitting.of(file, reads: size, dialect: .mboxcl2).texts == [untouched])
            }
        }
    }

    @Test func openingsTellWhereTheyStandAndReadingCanBeginThere() throws {
        let file = "\n" + Self.a + "S: 1\n\nt\n\n" + Self.b + "S: 2\n\nu\n"
        let whole = Splitting.of(file)
        #expect(whole.messages.map(\.opening.offset) == [1, 44])
        #expect(whole.messages.map(\.sender) == ["a@x", "b@y"])
        #expect(whole.messages.map(\.facts.internalDate) == [533_240_568, 533_326_968])
        for size in Self.sizes {
            let rest = Splitting.of(Array(file.utf8), reads: size, start: 44)
            #expect(rest.messages == [whole.messages[1]])
        }
    }

    @Test func aDateWithoutAZoneIsOfTheZoneThatWasGiven() {
        let file = Array((Self.a + "\n" + "From b Thu Nov 24 18:22:48 1986 +0000\n").utf8)
        let split = Splitting.of(file, reads: nil, zone: 3600)
        #expect(split.messages.map(\.facts.internalDate) == [533_240_568 - 3600, 533_240_568])
    }

    @Test func aFileWithoutASeparatorSaysSo() {
        #expect(Splitting.of("S: 1\n\nt\n").messages.map(\.opening) == [MboxOpening(offset: 0, separator: nil)])
    }

    @Test func aSeparatorThatIsTooLongIsText() {
        var limits = MboxLimits()
        limits.separator = 40
        for (pad, count) in [(0, 2), (6, 2), (7, 1), (8, 1), (100, 1)] {
            let line = "From b@y\(String(repeating: " ", count: pad)) Fri Nov 25 18:22:48 1986\n"
            for size in Self.sizes {
                for tail in ["", "S: 1\n"] {
                    let file = Array((Self.a + "\n" + line + tail).utf8)
                    let split = Splitting.of(file, reads: size, limits: limits)
                    #expect(split.messages.count == count, "\(pad) more, reads of \(size ?? 0)")
                }
            }
        }
    }

    @Test func littleIsKeptWhileMoreIsAskedFor() {
        var limits = MboxLimits()
        (limits.field, limits.separator) = (100, 60)
        let long = String(repeating: "x", count: 5_000)
        let file =
            Self.a
            + "Status: \(long)\n\(long)\nX-Keywords:\n \(long)\n\n\nFrom \(long)\n\n\(String(repeating: ">", count: 5_000))\n"
        let split = Splitting.of(Array(file.utf8), reads: 1, limits: limits)
        #expect(split.kept <= limits.input)
        #expect(split.texts == [String(file.dropFirst(Self.a.count)).replacing("\n", with: "\r\n")])
    }

    /// The rules again, line by line, over files of words that matter.
    @Test func agreesWithTheSlowRuleOnRandomFiles() {
        var random = SplitMix(state: 11)
        let words = [
            Self.a, Self.b, "From ", "From - \n", "From x\n", "F", "Fr", ">", ">>", ">From ", "\n", "\n", "\n\n", "\r\n", "\r",
            "t",
            "S: 1\n", "\0", "Thu Nov 24 18:22:48 1986",
        ]
        for _ in 0..<4_000 {
            let text = (0..<Int.random(in: 0...25, using: &random)).map { _ in words.randomElement(using: &random)! }.joined()
            let file = Array(text.utf8)
            let size = Int.random(in: 1...30, using: &random)
            let dialect: MboxDialect = Bool.random(using: &random) ? .mboxrd : .mboxo
            let expected = SlowMbox.split(file, dialect)
            #expect(
                Splitting.of(file, reads: nil, dialect: dialect).messages.map(\.octets) == expected, "\(text.debugDescription)")
            #expect(
                Splitting.of(file, reads: size, dialect: dialect).messages.map(\.octets) == expected, "\(text.debugDescription)")
        }
    }
}

/// Another formulation of the rules: all lines at once.
enum SlowMbox {
    static func split(_ file: [UInt8], _ dialect: MboxDialect) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var held = false
        var lines = lines(of: file)[...]
        while lines.first?.text.isEmpty == true, lines.first?.hasEnd == true { lines.removeFirst() }
        guard !lines.isEmpty else { return [] }
        for (number, line) in zip(0..., lines) {
            let separator = MboxSeparator.read(line.text, first: number == 0)
            if number == 0 { messages.append([]) }
            if separator != nil, number == 0 || held {
                if number > 0 { messages.append([]) }
                held = false
                continue
            }
            if held { messages[messages.count - 1] += [13, 10] }
            held = line.text.isEmpty && line.hasEnd
            if held { continue }
            messages[messages.count - 1] += unquoted(line.text, dialect) + (line.hasEnd ? [13, 10] : [])
        }
        return messages
    }

    private static func unquoted(_ line: [UInt8], _ dialect: MboxDialect) -> [UInt8] {
        let marks = line.prefix { $0 == 0x3E }.count
        guard marks > 0, line[marks...].starts(with: "From ".utf8), dialect != .mboxo || marks == 1 else { return line }
        return Array(line.dropFirst())
    }

    private static func lines(of file: [UInt8]) -> [(text: [UInt8], hasEnd: Bool)] {
        var lines = file.split(separator: 10, omittingEmptySubsequences: false).map { (text: Array($0), hasEnd: true) }
        lines[lines.count - 1].hasEnd = false
        if lines[lines.count - 1].text.isEmpty { lines.removeLast() }
        for index in lines.indices where lines[index].hasEnd && lines[index].text.last == 13 { lines[index].text.removeLast() }
        return lines
    }
}
