// The inner loops against slow ones, at every place of a word.

import Testing

@testable import Archive

@Suite struct OctetSearchTests {
    @Test func theFirstLineFeedIsFound() {
        // 0x0B and 0x8A differ from LF in one bit; a borrow from a neighbour must not find them.
        let alphabet: [UInt8] = [0x0A, 0x0B, 0x8A, 0x00, 0xFF, 0x09, 0x61]
        var random = SplitMix(state: 2)
        for _ in 0..<5_000 {
            let octets = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                Int.random(in: 0...3, using: &random) == 0 ? alphabet.randomElement(using: &random)! : 0x0B
            }
            let start = Int.random(in: 0...octets.count, using: &random)
            let end = Int.random(in: start...octets.count, using: &random)
            let expected = octets[start..<end].firstIndex(of: 0x0A) ?? end
            let found = octets.withUnsafeBufferPointer { OctetSearch.lineFeed($0.baseAddress!, from: start, to: end) }
            #expect(found == expected, "\(octets) from \(start) to \(end)")
        }
    }

    @Test(arguments: [
        ("", 0), ("F", 1), ("From", 4), ("From x", 5), ("Frim ", 2),
        ("xFrom", 0),
    ])
    func commonBeginning(text: String, count: Int) {
        let octets = Array(text.utf8) + [0x46]
        let found = octets.withUnsafeBufferPointer {
            OctetSearch.common($0.baseAddress!, from: 0, to: octets.count - 1, with: "From ")
        }
        #expect(found == count)
    }

    static let numbers: [(text: String, value: UInt8?)] = [
        ("0", 0), ("7", 7), ("255", 255), ("256", nil), ("007", 7), ("00000000000000000255", 255), ("000000000000000000255", nil),
        ("", nil), ("-1", nil), ("+1", nil), ("1 ", nil), (" 1", nil), ("1a", nil), ("999", nil), ("\u{661}", nil),
    ]

    @Test(arguments: numbers)
    func number(row: (text: String, value: UInt8?)) {
        let value: UInt8? = OctetSearch.number(row.text.utf8)
        #expect(value == row.value)
    }
}
