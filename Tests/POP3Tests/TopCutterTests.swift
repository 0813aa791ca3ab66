// RFC 1939 §7, TOP: header, empty line, n lines.

import Testing

@testable import POP3

@Suite struct TopCutterTests {
    static let table: [(message: String, lines: UInt32, kept: String)] = [
        ("a: b\r\n\r\n1\r\n2\r\n3\r\n", 0, "a: b\r\n\r\n"),
        ("a: b\r\n\r\n1\r\n2\r\n3\r\n", 1, "a: b\r\n\r\n1\r\n"),
        ("a: b\r\n\r\n1\r\n2\r\n3\r\n", 3, "a: b\r\n\r\n1\r\n2\r\n3\r\n"),
        // RFC 1939 §7: more lines than there are: the whole message.
        ("a: b\r\n\r\n1\r\n2\r\n3", 9, "a: b\r\n\r\n1\r\n2\r\n3"),
        ("a: b\r\n\r\n1\r\n2\r\n3", .max, "a: b\r\n\r\n1\r\n2\r\n3"),
        ("a: b\r\n", 1, "a: b\r\n"),
        ("", 1, ""),
        ("\r\nbody\r\nmore\r\n", 1, "\r\nbody\r\n"),
        ("a: b\n\n1\n2\n", 1, "a: b\n\n1\n"),
        ("a: b\r\n \r\n\r\n.\r\n..\r\n", 1, "a: b\r\n \r\n\r\n.\r\n"),
    ]

    @Test(arguments: table)
    func cuts(_ row: (message: String, lines: UInt32, kept: String)) {
        let message = Array(row.message.utf8)
        for size in 1...20 {
            var cutter = TopCutter(bodyLines: row.lines)
            var kept: [UInt8] = []
            for start in stride(from: 0, to: message.count, by: size) {
                let chunk = Array(message[start..<min(start + size, message.count)])
                kept += chunk[..<cutter.keep(of: chunk.span)]
            }
            #expect(String(decoding: kept, as: UTF8.self) == row.kept)
            #expect(cutter.isComplete == (row.kept.count < row.message.count) || !cutter.isComplete || kept == message)
        }
    }
}
