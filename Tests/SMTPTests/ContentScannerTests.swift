// The end of content, stuffed dots and lone line ends: whole, cut at every place, and against a slow, obvious reader.
import Testing

@testable import SMTP

struct ContentScannerTests {
    enum Result: Equatable {
        case ended(content: [UInt8], rest: [UInt8])
        case bare(content: [UInt8])
        case open(content: [UInt8])
    }

    /// RFC 5321 §4.5.2 as it reads, on the whole text.
    static func obvious(_ text: [UInt8]) -> Result {
        var content: [UInt8] = []
        var index = 0
        var atLineStart = true
        while index < text.count {
            if atLineStart, text[index] == UInt8(ascii: ".") {
                if index + 1 == text.count || index + 2 == text.count && text[index + 1] == 13 {
                    return .open(content: content)
                }
                if text[index + 1] == 13 {
                    return text[index + 2] == 10
                        ? .ended(content: content, rest: Array(text[(index + 3)...])) : .bare(content: content)
                }
                index += 1
                if text[index] == 10 { return .bare(content: content) }
            }
            atLineStart = false
            if text[index] == 10 { return .bare(content: content) }
            if text[index] == 13 {
                content.append(13)
                if index + 1 == text.count { return .open(content: content) }
                guard text[index + 1] == 10 else { return .bare(content: content) }
                content.append(10)
                atLineStart = true
                index += 2
                continue
            }
            content.append(text[index])
            index += 1
        }
        return .open(content: content)
    }

    static func scan(_ text: [UInt8], cutAt cuts: [Int]) -> Result {
        var scanner = ContentScanner()
        var content: [UInt8] = []
        var from = 0
        for cut in cuts + [text.count] {
            let chunk = Array(text[from..<cut])
            from = cut
            var offset = 0
            while true {
                switch scanner.next(in: chunk.span, from: &offset) {
                case .content(let range):
                    content += chunk[range]
                    continue
                case .ended: return .ended(content: content, rest: Array(chunk[offset...]) + text[cut...])
                case .bare: return .bare(content: content)
                case .exhausted: break
                }
                break
            }
        }
        return .open(content: content)
    }

    static let texts = [
        "", ".", ".\r", ".\r\n", "a\r\n.\r\nNOOP\r\n", "..\r\n.\r\n", "...\r\n", ".a\r\n.\r\n", "a", "a\r", "a\r\n",
        "a\n", "\n",
        "\r", "\ra", "\r\n\r\n.\r\n", ".\n", ".\r\r\n", "a\r\n.\n", "a\r\n.\rb", "a\r\r\n", "\0\r\n.\r\n",
        "a.\r\nb.\r\n.\r\n",
    ]

    @Test(arguments: texts)
    func wholeAndCutAnywhere(text: String) {
        let bytes = Array(text.utf8)
        let expected = Self.obvious(bytes)
        #expect(Self.scan(bytes, cutAt: []) == expected)
        for first in 0...bytes.count {
            for second in first...bytes.count { #expect(Self.scan(bytes, cutAt: [first, second]) == expected) }
        }
    }

    /// The block of 64 octets must see at each of its places what the single octet sees.
    @Test func everyPlaceInABlock() {
        for place in 0..<200 {
            for event in ["\n", "\rx", "\r\n.x", "\r\n.\r\n", "\r\n.\n", "\r\n", ".", "\r\n\n"] {
                let text = Array(
                    (String(repeating: "x", count: place) + event + String(repeating: "y", count: 150)).utf8)
                #expect(Self.scan(text, cutAt: []) == Self.obvious(text), "at \(place)")
            }
        }
    }

    @Test func chanceAgreesWithTheObviousReader() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                Int.random(in: 0..<8, using: &random) > 0 ? UInt8(ascii: "x") : [13, 10, 46, 13, 10].randomElement()!
            }
            let fixed = Self.withPairs(text)
            let cut = Int.random(in: 0...fixed.count, using: &random)
            #expect(Self.scan(fixed, cutAt: [cut]) == Self.obvious(fixed), "\(fixed) cut at \(cut)")
        }
    }

    /// Most CRs get their LF, so that texts go on for a while.
    private static func withPairs(_ text: [UInt8]) -> [UInt8] {
        text.enumerated().flatMap { index, octet -> [UInt8] in
            octet == 13 && index % 16 != 0 ? [13, 10] : octet == 10 && index % 16 != 0 ? [46] : [octet]
        }
    }

    @Test(arguments: ["a\n.\nQUIT", "\r.\r", ".\n", "x\r\n.\r\n", "\n.\r\n"])
    func carelessEndIsFound(text: String) {
        var scanner = CarelessEndScanner()
        let bytes = Array(text.utf8)
        var offset = 0
        #expect(scanner.findEnd(in: bytes.span, from: &offset))
    }

    @Test(arguments: ["", "a", "a\n..\n", "a\n.b\n", "a.\n"])
    func carelessEndIsNotInvented(text: String) {
        var scanner = CarelessEndScanner()
        let bytes = Array(("x" + text).utf8)
        var offset = 0
        #expect(!scanner.findEnd(in: bytes.span, from: &offset))
    }
}

struct ContentStufferTests {
    static func stuff(_ text: [UInt8], cutAt cut: Int) -> [UInt8] {
        var stuffer = ContentStuffer()
        var wire: [UInt8] = []
        for chunk in [Array(text[..<cut]), Array(text[cut...])] {
            var offset = 0
            while let piece = stuffer.next(of: chunk.span, from: &offset) {
                switch piece {
                case .octets(let range): wire += chunk[range]
                case .insertion(let octet): wire.append(octet)
                }
            }
        }
        return wire + stuffer.end()
    }

    /// RFC 5321 §4.5.2; and a CR or LF that stands alone gets its other half.
    @Test(arguments: [
        ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), (".", "..\r\n.\r\n"), (".\r\n", "..\r\n.\r\n"),
        ("..\r\n.x\r\n", "...\r\n..x\r\n.\r\n"), ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"), ("a\r.\r", "a\r\n..\r\n.\r\n"),
        ("a\r\rb", "a\r\n\r\nb\r\n.\r\n"), ("\n\n", "\r\n\r\n.\r\n"), ("a\r", "a\r\n.\r\n"),
        ("a.b\r\n", "a.b\r\n.\r\n"),
    ])
    func table(text: String, wire: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(String(decoding: Self.stuff(bytes, cutAt: cut), as: UTF8.self) == wire, "cut at \(cut)")
        }
    }

    /// What is stuffed is unstuffed to the same octets.
    @Test func roundTrip() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                text += [[46], [46, 46], [13, 10], Array(repeating: 120, count: 70)].randomElement()!
            }
            text += [13, 10]
            let wire = Self.stuff(text, cutAt: text.count / 2)
            #expect(ContentScannerTests.scan(wire, cutAt: []) == .ended(content: text, rest: []))
        }
    }
}
