// The hashes below the mechanisms, against the vectors of their RFCs and against each other.
import Mail
import SASLClients
import Testing

@testable import SASL

@Suite struct HashTests {
    @Test(
        "RFC 1320 §A.5",
        arguments: [
            ("", "31d6cfe0d16ae931b73c59d7e0c089c0"), ("a", "bde52cb31de33e46245e05fbdbd6fb24"),
            ("abc", "a448017aaf21d8525fc10ae87aa6729d"), ("message digest", "d9130a8164549fe818874806e1c7014b"),
            ("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
            (String(repeating: "1234567890", count: 8), "e33b4ddc9c38f2199c3e7b164fcc0536"),
        ])
    func md4(text: String, digest: String) {
        #expect(SASLClients.hexadecimal(MD4.digest(Array(text.utf8))) == digest)
    }

    @Test("HMAC-MD5 from kept states is HMAC-MD5", arguments: [0, 1, 16, 63, 64, 65, 200])
    func keptStates(count: Int) {
        let key = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let contexts = KeptHMACMD5.contexts(key: key)
        #expect(contexts.count == 32)
        for length in [0, 1, 55, 56, 64, 119, 1_000] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 17) }
            #expect(KeptHMACMD5.code(contexts, message) == HMACs.md5(key: key, message))
        }
    }

    @Test("RFC 2202 §2: HMAC-MD5") func hmac() {
        #expect(
            SASLClients.hexadecimal(HMACs.md5(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
                == "750c783e6ab0b503eaa86e310a5db738")
    }

    @Test(
        "comparing",
        arguments: [
            ([], [], true), ([1], [1], true), ([1], [2], false), ([1], [1, 2], false), ([1, 2], [1], false),
            ([0, 0, 0x80], [0, 0, 0], false), ([0x80, 0, 0], [0, 0, 0], false),
        ])
    func same(left: [UInt8], right: [UInt8], isSame: Bool) { #expect(HMACs.same(left, right) == isSame) }

    @Test("the two base64s agree", arguments: 0..<40)
    func base64(count: Int) {
        let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 73 + 250) }
        #expect(String(decoding: Base64.encode(octets), as: UTF8.self) == Base64Text.of(octets))
        #expect(Base64.decode(Array(Base64Text.of(octets).utf8)) == octets)
    }

    @Test(
        "base64 in another than its one form",
        arguments: ["A", "AA", "AAA", "A===", "====", "AB==", "AAB=", "AA=A", "AA==AAAA", "AA-_", "AA A", "AAAA=", "AAAA\n"])
    func otherBase64(text: String) { #expect(Base64.decode(Array(text.utf8)) == nil) }

    @Test("hexadecimal digits") func hexadecimal() {
        #expect(Hexadecimal.encode([0, 0x0F, 0xF0, 0xAB]) == Array("000ff0ab".utf8))
        #expect(Hexadecimal.decode("000fF0aB".utf8) == [0, 0x0F, 0xF0, 0xAB])
        #expect(Hexadecimal.decode("".utf8) == [])
        for text in ["0", "0g", "0x00", "/0", ":0", "@0", "G0", "`0", "é"] { #expect(Hexadecimal.decode(text.utf8) == nil) }
    }

    @Test("UTF-16, there and back", arguments: ["", "alice", "jürgen", "\u{1F511}", "\u{0}", "\u{FFFF}"])
    func utf16(text: String) {
        #expect(UTF16Text.encode(text) == NTLMClient.utf16(text))
        #expect(UTF16Text.decode(UTF16Text.encode(text)) == text)
    }

    @Test(
        "what is no UTF-16", arguments: [[0x61], [0, 0xD8], [0, 0xDC], [0, 0xD8, 0x61, 0], [0, 0xDC, 0, 0xD8], [0x61, 0, 0]])
    func brokenUTF16(octets: [UInt8]) { #expect(UTF16Text.decode(octets) == nil) }

    @Test(
        "capital letters, one for one",
        arguments: [
            ("alice", "ALICE", "ALICE"), ("jürgen", "JÜRGEN", "JüRGEN"), ("straße", "STRAßE", "STRAßE"), ("ΐ", "ΐ", "ΐ"),
            ("\u{10428}", "\u{10428}", "\u{10428}"), ("ß1z", "ß1Z", "ß1Z"), ("ÿ", "Ÿ", "ÿ"), ("", "", ""),
        ])
    func capitals(text: String, all: String, ascii: String) {
        #expect(UTF16Text.capitals(text) == all)
        #expect(UTF16Text.asciiCapitals(text) == ascii)
    }

    @Test(
        "our names for Windows",
        arguments: [
            ("mail.example.org", "MAIL", "example.org"), ("mail", "MAIL", "mail"), ("", "MAIL", ""),
            ("averyveryverylongname.example", "AVERYVERYVERYLO", "example"), ("[192.0.2.1]", "[192", "0.2.1]"),
            ("m\u{FC}ll.example", "MLL", "example"), (".example", "EXAMPLE", ".example"),
        ])
    func names(server: String, machine: String, domain: String) {
        let names = NTLMNames(serverName: server)
        #expect(names.machine == machine)
        #expect(names.domain == domain)
        #expect(names.isOurs(machine) && names.isOurs(names.host) && !names.isOurs("other.example.net"))
    }

    @Test("100 ns since 1601") func fileTime() {
        let pairs = NTLMNames(serverName: "m").pairs(unixTime: 0)
        let epoch: [UInt8] = [7, 0, 8, 0, 0x00, 0x80, 0x3E, 0xD5, 0xDE, 0xB1, 0x9D, 0x01]
        #expect(pairs.indices.contains { pairs[$0...].starts(with: epoch) })
        #expect(!NTLMNames(serverName: "m").pairs(unixTime: .max).isEmpty)
        #expect(!NTLMNames(serverName: "m").pairs(unixTime: .min).isEmpty)
    }
}
