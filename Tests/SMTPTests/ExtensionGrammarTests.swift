// Tables for what the extensions bring: xtext, UTF-8, DSN's values, XCLIENT's attributes, and the words of each state.
import Mail
import Testing

@testable import SMTP

struct XTextTests {
    static func read(_ text: [UInt8], allowsUTF8: Bool = false) -> String? {
        let padded = Array("xx".utf8) + text + Array("+4".utf8)
        let value = XText.read(padded.span, 2..<2 + text.count, allowsUTF8: allowsUTF8)
        #expect(value == nil || Array(value!.original.utf8) == text)
        return value?.text
    }

    /// RFC 3461 §4.
    @Test(
        arguments: [
            ("", ""), ("abc", "abc"), ("a+2Bb", "a+b"), ("a+20b", "a b"), ("+3D+3D", "=="), ("<>@!~", "<>@!~"),
            ("a+2b", nil), ("a+", nil), ("a+2", nil), ("a+G0", nil), ("a=b", nil), ("a b", nil), ("+00", nil), ("+0A", nil),
            ("+7F", nil), ("+C3+BC", nil), ("\u{FC}", nil),
        ] as [(String, String?)])
    func table(text: String, expected: String?) { #expect(Self.read(Array(text.utf8)) == expected) }

    @Test(arguments: [("+C3+BC", "\u{FC}"), ("\u{FC}", "\u{FC}"), ("+C3", nil), ("+C0+AF", nil)] as [(String, String?)])
    func withUTF8(text: String, expected: String?) {
        #expect(Self.read(Array(text.utf8), allowsUTF8: true) == expected)
    }
}

struct UTF8TextTests {
    /// RFC 3629 §4 and the bounds of each of its rows.
    @Test(
        arguments: [
            ([], true), ([0x41, 0x7F], true), ([0xC2, 0x80], true), ([0xDF, 0xBF], true), ([0xE0, 0xA0, 0x80], true),
            ([0xED, 0x9F, 0xBF], true), ([0xEE, 0x80, 0x80], true), ([0xF0, 0x90, 0x80, 0x80], true),
            ([0xF4, 0x8F, 0xBF, 0xBF], true), ([0xEF, 0xBF, 0xBF, 0x41], true),
            ([0x80], false), ([0xC0, 0xAF], false), ([0xC1, 0xBF], false), ([0xC2], false), ([0xC2, 0x41], false),
            ([0xE0, 0x9F, 0xBF], false), ([0xED, 0xA0, 0x80], false), ([0xE1, 0x80], false), ([0xE1, 0x80, 0xC0], false),
            ([0xF0, 0x8F, 0xBF, 0xBF], false), ([0xF4, 0x90, 0x80, 0x80], false), ([0xF5, 0x80, 0x80, 0x80], false),
            ([0xF1, 0x80, 0x80], false), ([0xFF], false), ([0xC2, 0x80, 0x80], false),
        ] as [([UInt8], Bool)])
    func table(octets: [UInt8], isValid: Bool) {
        #expect(UTF8Text.isValid(octets.span, 0..<octets.count) == isValid)
        // As Swift's own reader has it.
        #expect((String(validating: octets, as: UTF8.self) != nil) == isValid)
    }
}

struct InternationalPathTests {
    static func read(_ text: [UInt8], allowsUTF8: Bool = true) -> String {
        var at = 0
        do throws(PathFault) {
            let path = try PathGrammar.reversePath(text.span, &at, text.count, .strict, allowsUTF8: allowsUTF8)
            return at == text.count ? path.description : "rest"
        } catch {
            return "\(error)"
        }
    }

    /// RFC 6531 §3.3.
    @Test(arguments: [
        ("<\u{FC}.\u{3B1}@b.example>", "\u{FC}.\u{3B1}@b.example"), ("<a@b\u{FC}cher.example>", "a@b\u{FC}cher.example"),
        ("<\"\u{FC} x\"@b>", "\"\u{FC} x\"@b"), ("<a@\u{FC}->", "syntax"), ("<a@-\u{FC}>", "syntax"),
        ("<\u{FC}..a@b>", "syntax"), ("<\"\\\u{FC}\"@b>", "notASCII"), ("<a@[\u{FC}]>", "syntax"),
        ("<@\u{FC}.example:a@b>", "a@b"), ("<\(String(repeating: "\u{FC}", count: 32))@b>", "ok"),
        ("<\(String(repeating: "\u{FC}", count: 33))@b>", "syntax"),
        ("<a@\(String(repeating: "\u{FC}", count: 63))>", "ok"), ("<a@\(String(repeating: "\u{FC}", count: 64))>", "syntax"),
    ])
    func table(text: String, expected: String) {
        let wanted = expected == "ok" ? String(text.dropFirst().dropLast()) : expected
        #expect(Self.read(Array(text.utf8)) == wanted)
        if expected != "syntax" { #expect(Self.read(Array(text.utf8), allowsUTF8: false) == "notASCII") }
    }

    @Test(arguments: [[0xFC], [0xC3], [0xED, 0xA0, 0x80], [0x80]] as [[UInt8]])
    func whatIsNoUTF8IsNoAddress(octets: [UInt8]) {
        let end = Array("@b>".utf8)
        #expect(Self.read([0x3C] + octets + end) == "syntax")
        #expect(Self.read(Array("<\"".utf8) + octets + Array("\"@b>".utf8)) == "syntax")
        #expect(Self.read(Array("<a@b".utf8) + octets + [0x3E]) == "syntax")
    }
}

struct ExtensionParameterTests {
    private static func mail(_ text: String, _ extensions: SMTPExtensions, submitter: Bool = false) -> MailParameters? {
        let bytes = Array(text.utf8)
        var at = 0
        return try? ParameterGrammar(extensions: extensions, allowsSubmitter: submitter).mail(bytes.span, &at, bytes.count)
    }

    @Test func everythingAtOnce() throws {
        let value = try #require(
            Self.mail(" SIZE=5 BODY=BINARYMIME SMTPUTF8 RET=FULL ENVID=a+2B AUTH=b+2Bc@d", .all, submitter: true))
        #expect(value.size == 5 && value.body == .binaryMIME && value.isInternationalized && value.reportReturns == .full)
        #expect(value.envelopeID == XText(original: "a+2B", text: "a+"))
        #expect(value.submitter == .mailbox(EmailAddress(localPart: "b+c", domain: "d")))
    }

    /// A parameter belongs to its extension.
    @Test(arguments: [
        (" SIZE=1", SMTPExtensions.size), (" BODY=8BITMIME", .eightBitMIME), (" SMTPUTF8", .internationalized),
        (" RET=HDRS", .deliveryStatus), (" ENVID=x", .deliveryStatus),
    ])
    func offMeansUnknown(text: String, needed: SMTPExtensions) {
        #expect(Self.mail(text, needed) != nil)
        #expect(Self.mail(text, .all.subtracting(needed)) == nil)
    }

    @Test func theListsOfOneOrNoneAreValues() {
        var left = MailParameters(submitter: .null, envelopeID: XText(original: "a", text: "a"))
        #expect(left == MailParameters(submitter: .null, envelopeID: XText(original: "a", text: "a")))
        (left.submitter, left.envelopeID) = (nil, nil)
        #expect(left == MailParameters())
        var right = RcptParameters(originalRecipient: .init(type: "rfc822", address: XText(original: "b", text: "b")))
        right.originalRecipient = nil
        #expect(right == RcptParameters())
    }
}

struct ServerWordsTests {
    private static func lines(_ configuration: SMTPServerConfiguration, isSecured: Bool, _ allowsXClient: Bool = false)
        -> [String]
    {
        String(decoding: configuration.extendedHello(isSecured: isSecured, allowsXClient: allowsXClient), as: UTF8.self)
            .split(whereSeparator: \.isNewline).map { String($0.dropFirst(4)) }
    }

    @Test func eachStateHasItsOwnAnswer() {
        let configuration = SMTPServerConfiguration(
            hostname: "h", extensions: .limits, tls: .offered, mechanisms: ["cram-md5"], securedMechanisms: ["PLAIN"],
            showsLegacyAuthentication: true)
        #expect(
            Self.lines(configuration, isSecured: false)
                == ["h", "STARTTLS", "AUTH CRAM-MD5", "AUTH=CRAM-MD5", "LIMITS RCPTMAX=1000", "HELP"])
        #expect(
            Self.lines(configuration, isSecured: true, true)
                == ["h", "AUTH PLAIN", "AUTH=PLAIN", "LIMITS RCPTMAX=1000", "XCLIENT \(XClient.attributes)", "HELP"])
    }
}

struct TransmissionTests {
    /// RFC 3848, RFC 6531 §4.3: S for TLS comes before A for AUTH, the kind before both.
    @Test func everyWordIsMadeOfItsParts() {
        for dialect in [SMTPDialect.smtp, .lmtp] {
            for bits in 0..<8 {
                let (isSecured, isAuthenticated, isUTF8) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)
                let kind = dialect == .lmtp ? (isUTF8 ? "UTF8LMTP" : "LMTP") : (isUTF8 ? "UTF8SMTP" : "ESMTP")
                let value = TraceHeader.Transmission(
                    isExtended: true, isSecured: isSecured, isAuthenticated: isAuthenticated, isInternationalized: isUTF8,
                    dialect: dialect)
                #expect(value.rawValue == kind + (isSecured ? "S" : "") + (isAuthenticated ? "A" : ""))
            }
        }
    }

    @Test func theClientMayBeHidden() {
        let field = TraceHeader.received(
            from: "laptop.home.example", client: InternetAddress(v4: 0xC000_0201), clientName: "dsl-7.example", by: "h.example",
            with: .esmtpsa, id: "4f2", unixSeconds: 0, hidesClient: true)
        let text = String(decoding: field, as: UTF8.self)
        #expect(text == "Received: by h.example with ESMTPSA id 4f2; Thu, 1 Jan 1970 00:00:00 +0000\r\n")
    }
}
