// RFC 1939 §3: stuffing, whole and in chunks of every size, against a second, slow formulation of the rule.

import Testing

@testable import POP3

@Suite struct DotStufferTests {
    static let table: [(message: String, wire: String)] = [
        ("", ".\r\n"),
        ("a", "a\r\n.\r\n"),
        ("a\r\n", "a\r\n.\r\n"),
        (".", "..\r\n.\r\n"),
        (".\r\n", "..\r\n.\r\n"),
        ("..\r\n", "...\r\n.\r\n"),
        ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
        ("\r\n", "\r\n.\r\n"),
        ("\r\n.", "\r\n..\r\n.\r\n"),
        (".\r\n.\r\n.", "..\r\n..\r\n..\r\n.\r\n"),
        ("a.b\r\nc.\r\n", "a.b\r\nc.\r\n.\r\n"),
        // A bare LF or CR is no line end: what follows it is not stuffed, and CRLF is added at the end.
        ("a\n.b\r\n", "a\n.b\r\n.\r\n"),
        ("a\r.b\r\n", "a\r.b\r\n.\r\n"),
        ("a\n", "a\n\r\n.\r\n"),
        ("a\r", "a\r\r\n.\r\n"),
        ("\n.\r\n.\n", "\n.\r\n..\n\r\n.\r\n"),
        ("\r\r\n.\r\n", "\r\r\n..\r\n.\r\n"),
        ("\0\r\n.\0", "\0\r\n..\0\r\n.\r\n"),
        ("01234567\r\n.1234567\r\n.", "01234567\r\n..1234567\r\n..\r\n.\r\n"),
    ]

    @Test(arguments: table)
    func stuffs(_ row: (message: String, wire: String)) {
        for size in 1...24 {
            #expect(String(decoding: stuffed(Array(row.message.utf8), chunk: size), as: UTF8.self) == row.wire)
        }
    }

    @Test func agreesWithTheSlowRuleOnEveryShortMessage() {
        let alphabet: [UInt8] = [0x0D, 0x0A, 0x2E, 0x61]
        for length in 0...7 {
            for number in 0..<(1 << (2 * length)) {
                let message = (0..<length).map { alphabet[(number >> (2 * $0)) & 3] }
                let expected = slowly(message)
                for size in [1, 2, 3, 100] where stuffed(message, chunk: size) != expected {
                    Issue.record("\(message) in chunks of \(size)")
                }
            }
        }
    }

    @Test func agreesWithTheSlowRuleOnLongOnes() {
        var random = SplitMix(state: 7)
        let alphabet: [UInt8] = Array("\r\n..abcdefghijk".utf8) + [0, 0xFF]
        for _ in 0..<2_000 {
            let message = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                alphabet.randomElement(using: &random)!
            }
            let size = Int.random(in: 1...80, using: &random)
            #expect(stuffed(message, chunk: size) == slowly(message))
        }
    }

    private func slowly(_ message: [UInt8]) -> [UInt8] {
        var wire: [UInt8] = []
        for index in message.indices {
            let isStart = index == 0 || index >= 2 && message[index - 2] == 13 && message[index - 1] == 10
            if isStart, message[index] == 0x2E { wire.append(0x2E) }
            wire.append(message[index])
        }
        let hasEnd = message.isEmpty || message.count >= 2 && message.suffix(2) == [13, 10]
        return wire + (hasEnd ? [] : [13, 10]) + [0x2E, 13, 10]
    }
}

/// A small generator, so that a failing run can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
