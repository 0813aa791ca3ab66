// Tables for paths, parameters, verbs and line ends: valid and invalid alike.
import Mail
import Testing

@testable import SMTP

struct PathGrammarTests {
    static func forward(_ text: String, _ leniency: SMTPLimits.Leniency = .strict) -> String {
        let bytes = Array(text.utf8)
        var at = 0
        do throws(PathFault) {
            let address = try PathGrammar.forwardPath(
                bytes.span, &at, bytes.count, leniency, postmasterDomain: "h.example")
            return at == bytes.count
                ? address.description : "\(address)|\(String(decoding: bytes[at...], as: UTF8.self))"
        } catch {
            return error == .notASCII ? "notASCII" : "syntax"
        }
    }

    static let label63 = String(repeating: "l", count: 63)
    static let local64 = String(repeating: "u", count: 64)

    /// RFC 5321 §4.1.2, §4.1.3.
    @Test(arguments: [
        ("<a@b>", "a@b"), ("<a@B.EXAMPLE>", "a@b.example"), ("<A.b+c@d.e> SIZE=1", "A.b+c@d.e| SIZE=1"),
        ("<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b"), ("<\"\"@b>", "syntax"), ("<\" \"@b>", "\" \"@b"),
        ("<\"a\\\"b\"@c>", "\"a\\\"b\"@c"), ("<\"a.b\"@c>", "a.b@c"), ("<\"a@b>", "syntax"), ("<\"a\"b@c>", "syntax"),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"), ("<a@[IPv6:2001:DB8::1]>", "a@[ipv6:2001:db8::1]"),
        ("<a@[2001:db8::1]>", "syntax"), ("<a@[256.0.0.1]>", "syntax"), ("<a@[x:y]>", "syntax"), ("<a@[]>", "syntax"),
        ("<a@[IPv6:1.2.3.4]>", "syntax"), ("<a@[1.2.3.4>", "syntax"),
        ("<postmaster>", "postmaster@h.example"), ("<PostMaster>", "postmaster@h.example"), ("<user>", "syntax"),
        ("<@x:a@b>", "a@b"), ("<@x,@y.z:a@b>", "a@b"), ("<@x>", "syntax"), ("<@x,a@b>", "syntax"),
        ("<@:a@b>", "syntax"),
        ("<>", "syntax"), ("", "syntax"), ("<", "syntax"), ("<a", "syntax"), ("<a@", "syntax"), ("<a@b", "syntax"),
        ("a@b", "syntax"), ("<@b>", "syntax"), ("<.a@b>", "syntax"), ("<a.@b>", "syntax"), ("<a..b@c>", "syntax"),
        ("<a@.b>", "syntax"), ("<a@b.>", "syntax"), ("<a@b..c>", "syntax"), ("<a@-b>", "syntax"), ("<a@b->", "syntax"),
        ("<a@b_c>", "a@b_c"), ("<a b@c>", "syntax"), ("<a@b c>", "syntax"), ("<a@b@c>", "syntax"),
        ("<a,b@c>", "syntax"),
        ("<\u{FC}@b>", "notASCII"), ("<a@\u{FC}>", "notASCII"), ("<\"\u{FC}\"@b>", "notASCII"), ("<a\0@b>", "syntax"),
        ("<\(local64)@b>", "\(local64)@b"), ("<\(local64)u@b>", "syntax"),
        ("<a@\(label63).b>", "a@\(label63).b"), ("<a@\(label63)l.b>", "syntax"),
        ("<a@\(label63).\(label63).\(label63).\(label63)>", "syntax"),
    ])
    func table(text: String, expected: String) { #expect(Self.forward(text) == expected) }

    @Test func bracketsMayBeMissingOnlyByLeniency() {
        #expect(Self.forward("a@b", .addressWithoutBrackets) == "a@b")
        #expect(Self.forward("a@b SIZE=1", .addressWithoutBrackets) == "a@b| SIZE=1")
        #expect(Self.forward("a@b>", .addressWithoutBrackets) == "a@b|>")
    }

    /// RFC 5322 §3.2.3 and RFC 5321 §4.1.2, octet by octet.
    @Test func everyOctetAlone() {
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        for octet in UInt8(0)...127 {
            let isAtom = letters.contains(octet) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet)
            #expect(PathGrammar.isAtomText(octet) == isAtom)
            let character = String(UnicodeScalar(octet))
            let isLabel = letters.contains(octet) || octet == UInt8(ascii: "-") || octet == UInt8(ascii: "_")
            #expect((Self.forward("<a@x\(character)x>") == "a@x\(character.lowercased())x") == (isLabel || octet == 0x2E))
        }
        for octet in UInt8(128)...255 { #expect(!PathGrammar.isAtomText(octet)) }
    }

    /// Nothing may be read behind the end of the line, wherever it is cut.
    @Test(arguments: ["<@x,@y:\"q\\\" q\"@[IPv6:2001:db8::1]>", "<a.b@c.example>", "<postmaster>"])
    func everyPrefixIsRefused(text: String) {
        for length in 0..<text.utf8.count { #expect(Self.forward(String(text.prefix(length))) == "syntax") }
    }
}

struct ParameterGrammarTests {
    static func mail(_ text: String, _ leniency: SMTPLimits.Leniency = .strict) -> String {
        let bytes = Array(text.utf8)
        var at = 0
        do throws(ParameterFault) {
            let value = try ParameterGrammar(leniency: leniency).mail(bytes.span, &at, bytes.count)
            return "\(value.size.map(String.init) ?? "-") \(value.body?.rawValue ?? "-")"
        } catch {
            return "\(error)"
        }
    }

    /// RFC 1870 §6.1, RFC 6152 §3.
    @Test(arguments: [
        ("", "- -"), (" SIZE=0", "0 -"), (" size=12 body=7bit", "12 7BIT"), (" BODY=8BITMIME SIZE=1", "1 8BITMIME"),
        (" SIZE=99999999999999999999", "\(Int.max) -"), (" SIZE=999999999999999999999", "syntax"),
        (" SIZE=-1", "syntax"),
        (" SIZE", "syntax"), (" SIZE=", "syntax"), (" SIZE=1 SIZE=2", "twice"), (" BODY=x", "syntax"),
        (" FOO", "unknown"),
        (" FOO=bar", "unknown"), ("x", "syntax"), (" ", "syntax"), ("  SIZE=1", "syntax"), (" =1", "syntax"),
        (" -A=1", "syntax"),
        (" SIZE=1=2", "syntax"), (" SIZ=1", "unknown"), (" SIZES=1", "unknown"), (" SIZE=1 ", "syntax"),
    ])
    func table(text: String, expected: String) { #expect(Self.mail(text) == expected) }

    @Test func spacesMayTrailOnlyByLeniency() { #expect(Self.mail(" SIZE=1  ", .trailingSpace) == "1 -") }
}

struct LineEndTests {
    @Test(arguments: [
        ("", LineEnd.missing), ("NOOP", .missing), ("NOOP\r", .missing), ("NOOP\r\n", .found(at: 4, isClean: true)),
        ("NOOP\n", .bareLineFeed), ("NO\rOP\r\n", .found(at: 5, isClean: false)),
        ("\r\n", .found(at: 0, isClean: true)),
        ("\r\r\n", .found(at: 1, isClean: false)), ("NO\0OP\r\n", .found(at: 5, isClean: false)),
        ("a\rb\n", .bareLineFeed),
        ("0123456789abc\r\n", .found(at: 13, isClean: true)), ("0123456789abcde\r\n", .tooLong),
        ("0123456789abcd\r\n", .found(at: 14, isClean: true)), ("0123456789abcdef", .tooLong),
        ("0123456789abcde", .missing),
        ("\u{FC}\u{FC}\u{FC}\u{FC}\u{FC}\r\n", .found(at: 10, isClean: true)),
        ("\u{1F}\u{FF}\r\n", .found(at: 3, isClean: false)),
    ])
    func table(text: String, expected: LineEnd) {
        let bytes = Array(text.utf8)
        #expect(LineEnd.find(in: bytes.span, from: 0, limit: 16) == expected)
        let shifted = Array("xxx".utf8) + bytes
        if case .found(let at, let isClean) = expected {
            #expect(LineEnd.find(in: shifted.span, from: 3, limit: 16) == .found(at: at + 3, isClean: isClean))
        } else {
            #expect(LineEnd.find(in: shifted.span, from: 3, limit: 16) == expected)
        }
    }
}

struct VerbTests {
    @Test(arguments: [
        ("EHLO x", Verb.ehlo, 5), ("ehlo", .ehlo, 4), ("MaIl FROM:<>", .mail, 5), ("STARTTLS", .starttls, 8),
        ("turn", .notImplemented, 4),
        ("MAILX", .unknown, 5), ("MAI", .unknown, 3), ("", .unknown, 0), (" MAIL", .unknown, 1),
        ("ABCDEFGHI", .unknown, 9),
        ("RCPT  TO:", .rcpt, 5), ("0EHLO", .unknown, 5), ("quit ", .quit, 5),
    ])
    func table(text: String, verb: Verb, argument: Int) {
        let bytes = Array(text.utf8)
        let read = Verb.read(bytes.span, from: 0, to: bytes.count)
        #expect(read.verb == verb && read.argument == argument)
    }
}

struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectors(plain: String, coded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(coded.utf8))
        #expect(Base64.decode(Array(coded.utf8)) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Zm 9", "====", "Zg==Zg==", "=Zg="])
    func refused(coded: String) { #expect(Base64.decode(Array(coded.utf8)) == nil) }
}
