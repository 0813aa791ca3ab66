// Content-Length is trusted only when a From_ line or the end stands where it says.

import Testing

@testable import Archive

@Suite struct MboxLengthTests {
    static let a = MboxSplitterTests.a
    static let b = MboxSplitterTests.b

    /// The header's Content-Length is put in; the body as it stands in the file, what follows, and the body that comes
    /// out. `#` stands for a From_ line.
    static let bodies: [(name: String, length: Int, rest: String, bodies: [String])] = [
        ("as usual", 2, "t\n\n#", ["t\r\n", ""]),
        ("no empty line between", 2, "t\n#", ["t\r\n", ""]),
        ("the end", 2, "t\n", ["t\r\n"]),
        ("the end behind an empty line", 2, "t\n\n", ["t\r\n"]),
        ("no line end", 1, "t", ["t"]),
        ("no line end, which was added", 1, "t\n", ["t"]),
        ("no line end, and a separator", 1, "t\n#", ["t", ""]),
        ("no line end, an empty line and a separator", 1, "t\n\n#", ["t", ""]),
        ("nothing", 0, "", [""]),
        ("nothing and a separator", 0, "#", ["", ""]),
        ("nothing, an empty line and a separator", 0, "\n#", ["", ""]),
        ("empty lines", 3, "\n\n\n#", ["\r\n\r\n\r\n", ""]),
        ("From_ lines in it", 41, "t\n\n#\nu\n\n\n#", ["t\r\n\r\n#\r\n\r\nu\r\n\r\n", ""]),
        ("quoted lines in it", 10, ">From a\nt\n\n#", [">From a\r\nt\r\n", ""]),
        ("CRLF", 3, "t\r\n\r\n#", ["t\r\n", ""]),
        // It does not hold: the other rules count.
        ("between CR and LF", 2, "t\r\n#", ["t\r\n#\r\n"]),
        ("too short", 1, "tuv\n\n#", ["tuv\r\n", ""]),
        ("one empty line too few", 2, "t\n\n\n#", ["t\r\n\r\n", ""]),
        ("too long", 3, "t\n\nFrom x\n\n#", ["t\r\n\r\nFrom x\r\n", ""]),
        ("behind the end", 100, "t\n\n#", ["t\r\n", ""]),
        ("far behind the end", .max, "t\n\n#", ["t\r\n", ""]),
        ("broken From_ line", 2, "t\n\nFrom x\n", ["t\r\n\r\nFrom x\r\n"]),
        ("in the middle of a line", 1, "tFrom - \n\n#", ["tFrom - \r\n", ""]),
        ("into the From_ line", 5, "t\n\n#u\n", ["t\r\n", "u\r\n"]),
    ]

    @Test("U14: the length counts where it holds", arguments: bodies)
    func length(row: (name: String, length: Int, rest: String, bodies: [String])) {
        let file = Self.a + "Content-Length: \(row.length)\n\n" + row.rest.replacing("#", with: Self.b)
        var expected = row.bodies.map { $0.replacing("#\r\n", with: Self.b.dropLast() + "\r\n") }
        expected[0] = "Content-Length: \(row.length)\r\n\r\n" + expected[0]
        for dialect in [MboxDialect.mboxcl2, .detected] {
            for size in MboxSplitterTests.sizes {
                let split = Splitting.of(file, reads: size, dialect: dialect)
                #expect(split.texts == expected, "reads of \(size ?? 0), \(dialect)")
            }
        }
    }

    @Test func itIsNothingToTheOtherDialectsNorWithoutAWayToLookAhead() {
        let file = Array((Self.a + "Content-Length: 42\n\nt\n\n\(Self.b)\nu\n\n\n").utf8)
        let header = "Content-Length: 42\r\n\r\n"
        for dialect in MboxDialect.allCases {
            let trusts = dialect == .mboxcl2 || dialect == .detected
            let split = Splitting.of(file, reads: 5, dialect: dialect)
            #expect(split.messages.count == (trusts ? 1 : 2), "\(dialect)")
            let blind = Splitting.of(file, reads: 5, dialect: dialect, canLookAhead: false)
            #expect(blind.texts == [header + "t\r\n", "\r\nu\r\n\r\n"] && blind.questions.isEmpty, "\(dialect)")
        }
    }

    @Test(arguments: ["", "x", "-1", "2 2", "99999999999999999999", "2x", "18446744073709551615"])
    func aBrokenNumberIsNone(number: String) {
        let file = Self.a + "Content-Length: \(number)\n\n\n\n" + Self.b
        for size in MboxSplitterTests.sizes {
            #expect(Splitting.of(file, reads: size, dialect: .mboxcl2).texts == ["Content-Length: \(number)\r\n\r\n\r\n", ""])
        }
    }

    @Test func itAsksOncePerMessageAndOnlyForWhatItDoesNotHave() {
        let body = String(repeating: "0123456\n", count: 1_000)
        let file = Array((Self.a + "Content-Length: 8000\n\n" + body + "\n" + Self.b).utf8)
        #expect(Splitting.of(file, reads: nil, dialect: .mboxcl2).questions.isEmpty)
        let split = Splitting.of(file, reads: 512, dialect: .mboxcl2)
        #expect(split.questions == [UInt64(Self.a.utf8.count + 22 + 8_000 - 1)])
        #expect(split.messages.count == 2)
    }

    @Test func aFileThatChangesUnderneathLosesNothing() {
        let body = "0123456\n0123456\n\nt\n"
        let file = Array((Self.a + "Content-Length: 8\n\n" + body).utf8)
        let split = Splitting.of(file, reads: 1, dialect: .mboxcl2) { _ in Array(("\n" + Self.b).utf8) }
        #expect(split.texts == ["Content-Length: 8\r\n\r\n" + body.replacing("\n", with: "\r\n")])
    }

    @Test func theFieldIsTakenOutWhenThatIsAskedFor() {
        let file = Array((Self.a + "content-length: 2\nS: 1\n\nt\n\n" + Self.b + "Content-Length:\n 0\n\n").utf8)
        for size in MboxSplitterTests.sizes {
            let split = Splitting.of(file, reads: size, dialect: .detected, removes: .contentLength)
            #expect(split.texts == ["S: 1\r\n\r\nt\r\n", "\r\n"])
        }
    }
}
