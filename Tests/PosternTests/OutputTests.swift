import Foundation
import Mail
import Testing

@testable import postern

@Suite struct OutputTests {
    @Test(arguments: [
        (UInt64(0), "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (12_345, "12.3 kB"), (5_000_000, "5.0 MB"),
        (3_200_000_000_000, "3.2 TB"),
    ])
    func sizes(count: UInt64, text: String) { #expect(octets(count) == text) }

    @Test func momentsAreUTC() {
        #expect(moment(0) == "1970-01-01 00:00:00")
        #expect(moment(1_763_712_844_007) == "2025-11-21 08:14:04")
    }

    /// What strangers sent must not steer the administrator's terminal.
    @Test(arguments: [("plain", "plain"), ("a\u{1B}[31mb", "a.[31mb"), ("two\r\nlines", "two..lines"), ("\u{7F}", ".")])
    func controlsAreShownAsDots(text: String, shown: String) { #expect(printable(text) == shown) }
}

@Suite struct PasswordTests {
    private func read(_ bytes: [UInt8]) throws -> [UInt8] {
        let path = NSTemporaryDirectory() + "postern-password-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try Password.read(path).bytes
    }

    @Test(arguments: [("secret\n", "secret"), ("secret", "secret"), ("a b \r\nsecond", "a b "), ("pässwörd\n", "pässwörd")])
    func theFirstLineIsThePassword(file: String, password: String) throws {
        #expect(try read(Array(file.utf8)) == Array(password.utf8))
    }

    @Test(arguments: ["", "\n", "\r\nsecond"])
    func anEmptyOneIsRefused(file: String) { #expect(throws: Failure.self) { try read(Array(file.utf8)) } }

    @Test func aLongOneIsRefused() {
        #expect(throws: Failure.self) { try read([UInt8](repeating: 65, count: 1_025)) }
        #expect(throws: Failure.self) { try Password.read("/nonexistent/password") }
    }
}
