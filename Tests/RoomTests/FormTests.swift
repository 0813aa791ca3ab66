// Limits of form that a reader relies on: sizes, words that must not stay, folders that mirror each other.

import Foundation
import Testing

@Suite struct FormTests {
    static let sources = SourceTree.files(below: "Sources", endings: [".swift"])

    @Test func filesStayBelowSixHundredLines() {
        for file in Self.sources + SourceTree.files(below: "Tests", endings: [".swift"]) {
            #expect(file.lines.count <= 600, "\(file.path) has \(file.lines.count) lines (wall: 600)")
        }
    }

    @Test func functionsStayBelowSeventyLines() {
        for file in Self.sources {
            for (start, length) in Self.functions(of: file) where length > 70 {
                Issue.record("\(file.path):\(start): a function of \(length) lines (wall: 70)")
            }
        }
    }

    @Test(arguments: ["TODO", "FIXME", "XXX", "try!", "fatalError(\"not implemented"])
    func noUnfinishedWords(word: String) {
        for file in Self.sources {
            for (number, line) in file.lines.enumerated() {
                #expect(!line.contains(word), "\(file.path):\(number + 1): \(word)")
            }
        }
    }

    @Test func onlyTheCommandPrints() {
        for file in Self.sources where file.target != "postern" {
            for (number, line) in file.lines.enumerated() where !ImportTests.isComment(line) {
                #expect(
                    line.range(of: #"(^|[^A-Za-z_.])print\("#, options: .regularExpression) == nil,
                    "\(file.path):\(number + 1)")
            }
        }
    }

    @Test func everyFileSaysWhatItIs() {
        for file in Self.sources {
            #expect(file.lines.first?.hasPrefix("//") == true, "\(file.path) does not begin with what it is")
        }
    }

    @Test func everyTargetHasItsTests() throws {
        let tests = Set(try SourceTree.folders(below: "Tests"))
        for file in Self.sources {
            let name = file.target.prefix(1).uppercased() + file.target.dropFirst() + "Tests"
            #expect(tests.contains(name), "no Tests/\(name) for Sources/\(file.target)")
        }
    }

    @Test func everyCitedRFCIsInTheIndex() throws {
        let index = try SourceTree.text("docs/rfc/INDEX.tsv")
        let known = Set(index.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) })
        for file in Self.sources {
            for (number, line) in file.lines.enumerated() {
                for match in String(line).matches(of: /RFC (\d{3,5})/) {
                    #expect(
                        known.contains(String(match.1)),
                        "\(file.path):\(number + 1): RFC \(match.1) is not in docs/rfc/INDEX.tsv")
                }
            }
        }
    }

    /// First line and length of every function that opens its body on its own line.
    static func functions(of file: SourceTree.File) -> [(start: Int, length: Int)] {
        var found: [(Int, Int)] = []
        var start = 0
        var depth = 0
        for (index, line) in file.lines.enumerated() {
            let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
            if start == 0, code.range(of: #"\b(func |init[?]?\()"#, options: .regularExpression) != nil,
                code.reversed().first(where: { $0 != " " }) == "{"
            {
                (start, depth) = (index + 1, 0)
            }
            guard start > 0 else { continue }
            depth += code.count(where: { $0 == "{" }) - code.count(where: { $0 == "}" })
            if depth <= 0 {
                found.append((start, index + 2 - start))
                start = 0
            }
        }
        return found
    }
}
