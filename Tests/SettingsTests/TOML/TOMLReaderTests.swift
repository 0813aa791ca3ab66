// The reader against tables of its own and against another implementation of TOML 1.0.0 (TOMLKit, a wrapper of toml++).

import TOMLKit
import Testing

@testable import Settings

@Suite struct TOMLReaderTests {
    /// Texts with what they mean, in the notation of `Shown`.
    static let valid: [(text: String, shown: String)] = [
        ("", "{}"),
        ("# only a comment", "{}"),
        ("\n\n  \t\n", "{}"),
        ("a = 1", "{a:1}"),
        ("a=1\r\nb=2\r\n", "{a:1,b:2}"),
        ("\u{FEFF}a = 1", "{a:1}"),
        ("a-b_C9 = 1", "{a-b_C9:1}"),
        ("1 = 1", "{1:1}"),
        ("\"a b\" = 1", "{a b:1}"),
        ("\"\" = 1", "{:1}"),
        ("'a\"b' = 1", "{a\"b:1}"),
        ("a.b.c = 1\na.b.d = 2", "{a:{b:{c:1,d:2}}}"),
        ("a . \"b\" . c = 1", "{a:{b:{c:1}}}"),
        ("3.14 = 1", "{3:{14:1}}"),
        ("a = \"x\\t\\\"\\\\\\n\\u00E9\\U0001F600\" # end", "{a:'x\t\"\\\n\u{E9}\u{1F600}'}"),
        ("a = ''", "{a:''}"),
        ("a = 'C:\\new'", "{a:'C:\\new'}"),
        ("a = \"\"\"\none\n  two\"\"\"", "{a:'one\n  two'}"),
        ("a = \"\"\"one \\\n    two \\  \n\n three\"\"\"", "{a:'one two three'}"),
        ("a = \"\"\"x\"\"\"\"\"", "{a:'x\"\"'}"),
        ("a = \"\"\"\"x\"\"\"", "{a:'\"x'}"),
        ("a = '''\n'x''y\n'''", "{a:''x''y\n'}"),
        ("a = \"\"\"a\r\nb\"\"\"", "{a:'a\nb'}"),
        ("a = [1, 2, [3], 'x', {b = 1}]", "{a:[1,2,[3],'x',{b:1}]}"),
        ("a = [\n 1, # one\n\n 2,\n]", "{a:[1,2]}"),
        ("a = []", "{a:[]}"),
        ("a = {}", "{a:{}}"),
        ("a = { b = 1, c.d = 'x' }", "{a:{b:1,c:{d:'x'}}}"),
        ("[a]\nb = 1\n[a.c]\nd = 2\n[e.f]", "{a:{b:1,c:{d:2}},e:{f:{}}}"),
        ("[a.b]\nx = 1\n[a]\ny = 2", "{a:{b:{x:1},y:2}}"),
        ("[ a . 'b' ]\nx = 1", "{a:{b:{x:1}}}"),
        ("[[a]]\nb = 1\n[[a]]\nb = 2", "{a:[{b:1},{b:2}]}"),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2", "{a:[{b:{c:1}},{b:{c:2}}]}"),
        ("[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\nc = 2", "{a:[{b:[{c:1},{c:2}]}]}"),
        ("[a]\nb.c = 1\n[a.d]\ne = 1", "{a:{b:{c:1},d:{e:1}}}"),
        ("a = true\nb = false", "{a:true,b:false}"),
        ("a = +99\nb = -17\nc = 0\nd = -0\ne = 1_000", "{a:99,b:-17,c:0,d:0,e:1000}"),
        ("a = 0xDEAD_beef\nb = 0o755\nc = 0b1101", "{a:3735928559,b:493,c:13}"),
        ("a = 9223372036854775807\nb = -9223372036854775808", "{a:9223372036854775807,b:-9223372036854775808}"),
        (
            "a = 1.5\nb = -0.01\nc = 5e+22\nd = 1E06\ne = 6.6e-3\nf = 1_0.5_0",
            "{a:1.5,b:-0.01,c:5e+22,d:1000000.0,e:0.0066,f:10.5}"
        ),
        ("a = inf\nb = -inf\nc = +inf", "{a:inf,b:-inf,c:inf}"),
        ("a = 1979-05-27T07:32:00Z", "{a:moment}"),
        ("a = 1979-05-27 07:32:00.999-07:00", "{a:moment}"),
        ("a = 1979-05-27t00:32:00", "{a:moment}"),
        ("a = 1979-05-27", "{a:moment}"),
        ("a = 07:32:00", "{a:moment}"),
        ("a = 2024-02-29", "{a:moment}"),
        ("a = [1979-05-27, 07:32:00]", "{a:[moment,moment]}"),
    ]

    /// Texts that are no TOML, with the line where that is seen.
    static let invalid: [(text: String, line: Int)] = [
        ("a", 1), ("a =", 1), ("= 1", 1), ("a = 1 b = 2", 1), ("a = 1\n\nb", 3), ("a b = 1", 1), ("a. = 1", 1),
        (".a = 1", 1),
        ("a = 1\na = 2", 2), ("a = 1\n[a]", 2), ("[a]\n[b]\n[a]", 3), ("[a]\n\n[[a]]", 3), ("[[a]]\n[a]", 2),
        ("a = []\n[[a]]", 2),
        ("a = {}\n[a.b]", 2), ("a = {}\na.b = 1", 2), ("a.b = 1\n[a]", 2), ("[a.b]\n[a]\nb.c = 1", 3),
        ("a.b = 1\na = 1", 2),
        ("a = 1\na.b = 2", 2), ("a = { b = 1, b = 2 }", 1), ("a = { b = 1, }", 1), ("a = { b = 1\n}", 1),
        ("a = { , }", 1),
        ("[a", 1), ("[a]]", 1), ("[[a]", 1), ("[]", 1), ("[a]x", 1), ("[a.]", 1), ("[ [a]]", 1),
        ("a = \"x", 1), ("a = \"x\ny\"", 1), ("a = 'x", 1), ("a = \"\"\"x\n\n", 1), ("\na = '''x\n", 2),
        ("a = \"\\q\"", 1),
        ("a = \"\\u12\"", 1), ("a = \"\\uD800\"", 1), ("a = \"\\U00110000\"", 1), ("a = \"\\", 1), ("a = \"\u{1}\"", 1),
        ("a = '\u{7F}'", 1), ("# \u{1}", 1), ("a = \"\"\"\u{0}\"\"\"", 1), ("a = \"\"\"x\"\"\"\"\"\"", 1),
        ("a = [1 2]", 1), ("a = [1,,2]", 1), ("a = [,]", 1), ("a = [1,\n2", 2), ("a = [\n1\n2\n]", 3),
        ("a = 01", 1), ("a = 1__0", 1), ("a = _1", 1), ("a = 1_", 1), ("a = +0x1", 1), ("a = 0x", 1), ("a = 0b2", 1),
        ("a = 9223372036854775808", 1), ("a = 1.", 1), ("a = .5", 1), ("a = 1.e5", 1), ("a = 1e", 1), ("a = 01.5", 1),
        ("a = 1.5_", 1), ("a = True", 1), ("a = yes", 1), ("a = nope", 1), ("a = --1", 1), ("a = Inf", 1),
        ("a = 0X1", 1),
        ("a = 2023-02-29", 1), ("a = 1979-13-01", 1), ("a = 1979-05-27T25:00:00Z", 1), ("a = 07:61:00", 1),
        ("a = 1979-05-27T", 1), ("a = 1979-05-27T07:32:00+25:00", 1), ("a = 07:32:00Z", 1), ("a = 1979-5-27", 1),
        ("a = 1\rb = 2", 1), ("a\n= 1", 1), ("a =\n1", 1), ("a = \u{E9}", 1), ("\u{E9} = 1", 1),
        ("a = " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40), 1),
    ]

    static func missesPart(_ text: String) -> Bool {
        do {
            _ = try TOMLReader.read(text)
            return false
        } catch {
            return ["a key is expected", "a value is expected", "is not a value"].contains {
                error.message.contains($0)
            }
        }
    }

    @Test(arguments: valid)
    func validTextsMeanThis(text: String, shown: String) throws {
        #expect(Shown.tree(try TOMLReader.read(text)) == shown)
    }

    @Test(arguments: invalid)
    func invalidTextsNameTheLine(text: String, line: Int) {
        let error = #expect(throws: TOMLSyntaxError.self) { try TOMLReader.read(text) }
        #expect(error?.line == line, "\(error?.message ?? "")")
        #expect(error?.message.isEmpty == false)
    }

    @Test(arguments: valid.map { $0.text })
    func anotherImplementationReadsTheSame(text: String) throws {
        #expect(Shown.tree(try TOMLReader.read(text)) == Shown.tree(try TOMLTable(string: text)))
    }

    /// toml++ takes arrays inside each other that we refuse, and an assertion of it ends the process at some keys and values
    /// that are none; on everything else both say no.
    @Test(arguments: invalid.map { $0.text }.filter { !$0.hasPrefix("a = [[[[") && !missesPart($0) })
    func anotherImplementationRefusesTheSame(text: String) {
        #expect(throws: TOMLParseError.self) { try TOMLTable(string: text) }
    }

    /// Every beginning of a valid text ends in a value or in an error with a line inside the text, never elsewhere.
    @Test(arguments: valid.map { $0.text })
    func everyBeginningComesToAnEnd(text: String) {
        let octets = Array(text.utf8)
        for count in 0..<octets.count {
            let part = String(decoding: octets[..<count], as: UTF8.self)
            do {
                _ = try TOMLReader.read(part)
            } catch {
                let lines = part.utf8.count { $0 == UInt8(ascii: "\n") } + 1
                #expect((1...lines).contains(error.line), "\(part)")
            }
        }
    }

    /// Single octets put, replaced and taken away in a real file: both implementations agree whether it is TOML.
    @Test func anotherImplementationAgreesOnDamagedTexts() {
        let text = """
            # top
            [server]
            hostname = "mail.example.org" # name
            [[listen]]
            port = 25
            names = ["a", 'b', 1_0, 0x1F, -1.5e3, true]
            [delivery]
            smarthost = { host = "x:1", tls.mode = 'none' }
            text = \"\"\"
            one \\
              two\"\"\"
            when = 1979-05-27T07:32:00Z
            """
        let octets = Array(text.utf8)
        let insertions = Array("\n\"'[]{}=.,#\\ 0a_-+\u{1}".utf8)
        var disagreements: [String] = []
        var compared = 0
        func compare(_ changed: [UInt8]) {
            guard let damaged = String(validating: changed, as: UTF8.self) else { return }
            guard !Self.missesPart(damaged) else { return }
            compared += 1
            let ours = (try? TOMLReader.read(damaged)).map { Shown.tree($0) }
            let theirs = (try? TOMLTable(string: damaged)).map { Shown.tree($0) }
            if ours != theirs {
                disagreements.append("ours: \(ours ?? "no"), theirs: \(theirs ?? "no") for:\n\(damaged)")
            }
        }
        for index in octets.indices {
            compare(Array(octets[..<index] + octets[(index + 1)...]))
            for octet in insertions {
                compare(Array(octets[..<index] + [octet] + octets[index...]))
                compare(Array(octets[..<index] + [octet] + octets[(index + 1)...]))
            }
        }
        #expect(compared > 5_000)
        #expect(disagreements.isEmpty, "\(disagreements.count), such as \(disagreements.first ?? "")")
    }

    /// Lines of keys, headers, elements of arrays and values that span lines.
    @Test func everyValueKnowsItsLine() throws {
        let text = """
            first = 1

            [table]
            a = [
              "one",
              "two", "three",
            ]
            b = { c = 1 }
            long = \"\"\"
            x
            y\"\"\"
            after.dot = 1

            [[list]]
            x = 1
            [[list]]
            x = 2
            """
        let root = try TOMLReader.read(text)
        #expect(root["first"]?.line == 1)
        let table = try #require(root["table"]?.table)
        #expect(root["table"]?.line == 3)
        guard case .list(let elements)? = table["a"]?.value else { return #expect(Bool(false), "a is no list") }
        #expect(table["a"]?.line == 4)
        #expect(elements.map { $0.line } == [5, 6, 6])
        #expect(table["b"]?.line == 8 && table["b"]?.table?["c"]?.line == 8)
        #expect(table["long"]?.line == 9)
        #expect(table["after"]?.table?["dot"]?.line == 12)
        guard case .list(let tables)? = root["list"]?.value else { return #expect(Bool(false), "list is no list") }
        #expect(tables.map { $0.line } == [14, 16])
        #expect(tables.map { $0.table?["x"]?.line } == [15, 17])
    }
}

/// Both trees in one notation: keys sorted, texts in single quotes.
enum Shown {
    static func tree(_ table: SettingsTable) -> String {
        "{" + table.keys.sorted().map { "\($0):\(table[$0].map(node) ?? "")" }.joined(separator: ",") + "}"
    }

    private static func node(_ node: TOMLNode) -> String {
        switch node.value {
        case .text(let text): "'\(text)'"
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .truth(let truth): "\(truth)"
        case .moment: "moment"
        case .list(let list): "[" + list.map { self.node($0) }.joined(separator: ",") + "]"
        case .table(let table): tree(table)
        }
    }

    static func tree(_ table: TOMLTable) -> String {
        "{" + table.keys.sorted().map { "\($0):\(table[$0].map { value($0.tomlValue) } ?? "")" }.joined(separator: ",")
            + "}"
    }

    private static func value(_ value: TOMLValue) -> String {
        switch value.type {
        case .string: "'\(value.string ?? "")'"
        case .int: "\(value.int ?? 0)"
        case .double: "\(value.double ?? 0)"
        case .bool: "\(value.bool ?? false)"
        case .date, .time, .dateTime: "moment"
        case .array: "[" + (value.array?.map { self.value($0.tomlValue) }.joined(separator: ",") ?? "") + "]"
        case .table: value.table.map { tree($0) } ?? ""
        }
    }
}
