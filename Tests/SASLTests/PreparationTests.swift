// SASLprep: the examples of RFC 4013 §3, and what must not pass.

import Mail
import SASL
import Testing

@Suite struct PreparationTests {
    @Test(
        "RFC 4013 §3, and more that passes",
        arguments: [
            ("I\u{AD}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{AA}", "a"), ("\u{2168}", "IX"), ("", ""),
            (" ~", " ~"), ("a\u{A0}b", "a b"), ("a\u{3000}b", "a b"), ("u\u{308}", "ü"), ("\u{1F511}", "\u{1F511}"),
            ("\u{5D0}\u{5D1}", "\u{5D0}\u{5D1}"), ("\u{627}1\u{628}", "\u{627}1\u{628}"), ("straße", "straße"),
        ])
    func passes(input: String, output: String) {
        #expect(Preparation.string(input.utf8, limit: 100) == output)
    }

    @Test(
        "what RFC 4013 forbids",
        arguments: [
            "\u{7}", "a\u{0}b", "a\u{7F}", "a\n", "é\u{0}", "\u{627}\u{31}", "a\u{5D0}", "\u{80}", "\u{6DD}", "\u{200E}",
            "\u{E000}", "\u{FFFD}", "\u{FFFE}", "\u{2FF0}", "\u{E0001}", "\u{1D173}", "é\n",
        ])
    func forbidden(input: String) { #expect(Preparation.string(input.utf8, limit: 100) == nil) }

    @Test(
        "what is no UTF-8",
        arguments: [
            [0xFF], [0x61, 0x80], [0xC3], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC3, 0x28],
        ])
    func broken(octets: [UInt8]) { #expect(Preparation.string(octets, limit: 100) == nil) }

    @Test("limits hold before and after") func limits() {
        #expect(Preparation.string(String(repeating: "a", count: 100).utf8, limit: 100) != nil)
        #expect(Preparation.string(String(repeating: "a", count: 101).utf8, limit: 100) == nil)
        // Three octets that become thirty-three.
        #expect(Preparation.string("\u{FDFA}".utf8, limit: 33) != nil)
        #expect(Preparation.string("\u{FDFA}".utf8, limit: 32) == nil)
    }

    @Test("names and passwords are not empty") func notEmpty() {
        #expect(Preparation.user("".utf8) == nil)
        #expect(Preparation.user("\u{AD}".utf8) == nil)
        #expect(Preparation.user(String(repeating: "a", count: 320).utf8)?.count == 320)
        #expect(Preparation.user(String(repeating: "a", count: 321).utf8) == nil)
        #expect(Preparation.password("".utf8) == nil)
        #expect(Preparation.password("\u{2060}\u{FEFF}".utf8) == nil)
        #expect(Preparation.password("gru\u{308}n".utf8)?.bytes == Array("grün".utf8))
        #expect(Preparation.password(String(repeating: "a", count: 511).utf8)?.bytes.count == 511)
        #expect(Preparation.password(String(repeating: "a", count: 512).utf8) == nil)
    }
}
