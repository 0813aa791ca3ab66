// What is stored: made, written, read, imported, hidden.

import Foundation
import Mail
import SASLClients
import Testing

@testable import SASL

@Suite struct VerifierTests {
    static let salt = Array<UInt8>(0..<16)

    /// Dovecot 2.3.19 `doveadm pw -s … -p pencil`; gsasl 2.2.0 `--mkpasswd`; the NT hash from impacket 0.13.1.
    static let imported: [(kind: VerifierKind, text: String)] = [
        (
            .scramSHA256,
            "{SCRAM-SHA-256}4096,ERebFlcvFRQgH+kJo1uzhw==,UTe0+YdQJ8sHpqcx3ADlaAyXpb7JCsL4tg4XvM5CB0w=,"
                + "9jQCdRKdXr2KRCw6nhxheYPb5t//JefCGQJZGqJIZVs="
        ),
        (
            .scramSHA1,
            "{SCRAM-SHA-1}4096,DW6qgPo5o9tTXOjoDYo4SA==,Hx43su+E/ewwLWSbLc6H8M0i4b0=,HRZ94NCutzNofRd/LLUUvme/6z8="
        ),
        (
            .scramSHA1,
            "{SCRAM-SHA-1}8192,AAECAwQFBgcICQoLDA0ODw==,luGOB0oH0PQE3+5tVRjBEEFAQKo=,bKcs02DsOEDsmcAry6oQXHpqeH0="
        ),
        (.cramMD5, "{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87834e19104164d6a42de72d243adb4080"),
        (.ntHash, "{NTLM}0f0800266a19a0ddc7ff30bba6c76e9b"),
    ]

    @Test("other programs' verifiers are read, and ours of the same password are the same", arguments: imported)
    func imports(row: (kind: VerifierKind, text: String)) throws {
        let verifier = try #require(Verifier(text: row.text))
        #expect(verifier.kind == row.kind)
        #expect(verifier.text == row.text)
        var (salt, iterations) = ([UInt8](), 0)
        if case .scram(let keys) = verifier { (salt, iterations) = (keys.salt, keys.iterations) }
        let own = try Verifier.make(row.kind, password: Secret("pencil"), salt: salt, iterations: iterations)
        #expect(own.text == row.text)
        let other = try Verifier.make(row.kind, password: Secret("pencil2"), salt: salt, iterations: iterations)
        #expect(other.text != row.text)
    }

    @Test("every kind survives its text and its coding", arguments: VerifierKind.allCases)
    func roundTrip(kind: VerifierKind) throws {
        let verifier = try Verifier.make(kind, password: Secret("grün"), salt: Self.salt)
        #expect(Verifier(text: verifier.text)?.text == verifier.text)
        let coded = try JSONEncoder().encode(verifier)
        #expect(try JSONDecoder().decode(Verifier.self, from: coded).text == verifier.text)
    }

    static let unreadable = [
        "", "{", "}", "{}", "SCRAM-SHA-256", "{SCRAM-SHA-256}", "{scram-sha-256}4096,AAAAAAAAAAA=,,", "{PLAIN}x",
        "{SCRAM-SHA-512}4096,a,b,c", " {CRAM-MD5}" + String(repeating: "0", count: 64),
        "{CRAM-MD5}", "{CRAM-MD5}" + String(repeating: "0", count: 63), "{CRAM-MD5}" + String(repeating: "0", count: 66),
        "{CRAM-MD5}" + String(repeating: "g", count: 64), "{NTLM}" + String(repeating: "0", count: 30),
        "{NTLM}" + String(repeating: "0", count: 34), "{NTLM}" + String(repeating: " 0", count: 16),
        "{NTLM}" + String(repeating: "0", count: 600),
    ]

    @Test("text that is no verifier", arguments: unreadable)
    func refusedText(text: String) { #expect(Verifier(text: text) == nil) }

    /// In place of a part of a right SCRAM verifier.
    static let wrongParts: [(part: Int, value: String)] = [
        (0, ""), (0, "4095"), (0, "600001"), (0, "-4096"), (0, "+4096"), (0, "4096 "), (0, "99999999999999999999"),
        (1, ""), (1, "AAAA"), (1, "AAAAAAAAAAA"), (1, "AAAAAAAAAAB="), (1, "AAAA!AAAAAA="),
        (1, String(repeating: "AAAA", count: 22)),
        (2, ""), (2, "AAAA"), (2, "Hx43su+E/ewwLWSbLc6H8M0i4b0"), (3, ""), (3, "HRZ94NCutzNofRd/LLUUvme/6z8=,"),
        (3, "UTe0+YdQJ8sHpqcx3ADlaAyXpb7JCsL4tg4XvM5CB0w="),
    ]

    @Test("a SCRAM verifier with a wrong part", arguments: wrongParts)
    func refusedPart(row: (part: Int, value: String)) {
        var parts = Self.imported[1].text.dropFirst("{SCRAM-SHA-1}".count).split(separator: ",").map(String.init)
        #expect(Verifier(text: "{SCRAM-SHA-1}" + parts.joined(separator: ",")) != nil)
        parts[row.part] = row.value
        #expect(Verifier(text: "{SCRAM-SHA-1}" + parts.joined(separator: ",")) == nil)
    }

    @Test(
        "what no verifier can be made of",
        arguments: [
            ("", 16, 4_096, Verifier.Unusable.password), ("\u{7}", 16, 4_096, .password), ("\u{AD}", 16, 4_096, .password),
            (String(repeating: "a", count: 512), 16, 4_096, .password), ("x", 7, 4_096, .salt), ("x", 65, 4_096, .salt),
            ("x", 16, 4_095, .iterations), ("x", 16, 600_001, .iterations), ("x", 16, 0, .iterations),
        ])
    func unusable(password: String, salt: Int, iterations: Int, expected: Verifier.Unusable) {
        for kind in [VerifierKind.scramSHA1, .scramSHA256] {
            #expect(throws: expected) {
                try Verifier.make(
                    kind, password: Secret(password), salt: [UInt8](repeating: 1, count: salt), iterations: iterations)
            }
        }
    }

    @Test("the limits themselves are allowed") func limits() throws {
        for (salt, count) in [(8, 511), (64, 1)] {
            let password = Secret(String(repeating: "a", count: count))
            let verifier = try Verifier.make(.scramSHA1, password: password, salt: [UInt8](repeating: 1, count: salt))
            #expect(Verifier(text: verifier.text) != nil)
        }
    }

    @Test("two ways to type a password make one verifier, except for Windows") func preparation() throws {
        for kind in VerifierKind.allCases {
            let one = try Verifier.make(kind, password: Secret("gru\u{308}n"), salt: Self.salt)
            let other = try Verifier.make(kind, password: Secret("grün"), salt: Self.salt)
            #expect((one.text == other.text) == (kind != .ntHash))
        }
    }

    @Test("printing shows nothing", arguments: VerifierKind.allCases)
    func hidden(kind: VerifierKind) throws {
        let verifier = try Verifier.make(kind, password: Secret("x"), salt: Self.salt)
        var dumped = ""
        dump(verifier, to: &dumped)
        for text in ["\(verifier)", String(reflecting: verifier), dumped, "\([verifier])"] {
            #expect(text.contains("***"))
            #expect(text.count < 16)
        }
    }
}
