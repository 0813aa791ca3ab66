// Which parts the limit is held to, and how large they are once decoded (R-05, D7).

import Testing

@testable import MIME

@Suite struct AttachmentRuleTests {
    /// The header of a part whose body is seven octets, and whether the limit is held to it.
    static let rule: [(String, Bool)] = [
        ("", false),
        ("Content-Type: text/plain\r\n", false),
        ("Content-Type: text/html; charset=utf-8\r\n", false),
        ("Content-Type: TEXT / Plain (a comment)\r\n", false),
        ("Content-Type: (a (nested\\)) comment) text/(another)html\r\n", false),
        ("Content-Type:\r\n text/plain;\r\n charset=utf-8\r\n", false),
        ("Content-Type: text/plain\r\nContent-Disposition: inline\r\n", false),
        ("Content-Type: text/plain\r\nContent-Disposition: INLINE (really)\r\n", false),
        ("Content-Type: text/plain; x=\"; name=y\"\r\n", false),
        ("Content-Type: text/plain (; name=y)\r\n", false),
        ("X: y\r\n Content-Disposition: attachment\r\n", false),
        ("Content-Type: text/plain\r\nContent-Disposition: attachment\r\n", true),
        ("content-disposition:Attachment\r\n", true),
        ("Content-Disposition: of-its-own\r\n", true),
        ("Content-Disposition: inline; filename=x\r\n", true),
        ("Content-Disposition: inline; filename=\"\"\r\n", true),
        ("Content-Disposition: inline; filename*=utf-8''x\r\n", true),
        ("Content-Disposition: inline; filename*0=x\r\n", true),
        ("Content-Disposition: inline;\r\n\tFileName = \"x\"\r\n", true),
        ("Content-Type: text/plain; name=x\r\n", true),
        ("Content-Type: text/plain;;; ; charset=x;name=x\r\n", true),
        ("Content-Type: text/plain; charset=(comment)x; name=x\r\n", true),
        ("Content-Type: text/plain (\"; x=\"y); name=x\r\n", true),
        ("Content-Type: text/calendar\r\n", true),
        ("Content-Type: text/plainer\r\n", true),
        ("Content-Type: text\r\n", true),
        ("Content-Type:\r\n", true),
        ("Content-Type: application/pdf\r\n", true),
        ("Content-Type: image/png\r\nContent-Disposition: inline\r\n", true),
        ("Content-Type: message/delivery-status\r\n", true),
        ("Content-Type: message/partial; id=x\r\n", true),
        ("Content-Type: multipart/mixed\r\n", true),
        ("Content-Type: multipart/mixed; boundary=\"\"\r\n", true),
        ("Content-Type: multipart/mixed; boundary=\"  \"\r\n", true),
        ("no colon\r\nContent-Type: image/png\r\n", true),
        // The first of two says what the structure is; but only if both are bodies to be read is it none of ours.
        ("Content-Type: text/plain\r\nContent-Type: text/html\r\n", false),
        ("Content-Type: text/plain\r\nContent-Type: image/png\r\n", true),
        ("Content-Type: image/png\r\nContent-Type: text/plain\r\n", true),
        ("Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=c\r\n", true),
        ("Content-Disposition: inline\r\nContent-Disposition: attachment\r\n", true),
    ]

    @Test(arguments: rule)
    func aPart(header: String, isAttachment: Bool) {
        let text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\(header)\r\nsome te\r\n--b--\r\n"
        #expect(Inspection.of(text).octets == (isAttachment ? 7 : nil))
    }

    @Test(arguments: rule)
    func aWholeMessage(header: String, isAttachment: Bool) {
        #expect(Inspection.of("Subject: x\r\n\(header)\r\nsome te").octets == (isAttachment ? 7 : nil))
    }

    /// RFC 2045 §6: encoding as declared, body, decoded octets.
    static let bodies: [(String, String, Int)] = [
        ("base64", "", 0),
        ("base64", "QQ==", 1),
        ("base64", "QUI=", 2),
        ("base64", "QUJD", 3),
        ("base64", "QUJDRA==", 4),
        ("base64", "QUJD\r\nRA==\r\n", 4),
        ("base64", "Q U\tJ\r\nD", 3),
        ("base64", "Q", 0),
        ("base64", "QUJDR", 3),
        ("base64", "QUJDREU", 5),
        ("base64", "*Q!U-J_D.", 3),
        ("base64", "++//", 3),
        ("base64", "==QUJD==", 3),
        ("base64", "@[`{,:", 0),
        ("BASE64 ", "QUJD", 3),
        ("(a comment)Base64(another)", "QUJD", 3),
        ("base64; parameter", "QUJD", 3),
        ("\r\n base64", "QUJD", 3),
        ("base 64", "QUJD", 4),
        ("\"base64\"", "QUJD", 4),
        ("base-64", "QUJD", 4),
        ("x-uuencode", "begin 644 x\r\n", 13),
        ("7bit", "=41=41", 6),
        ("8bit", "1234567", 7),
        ("binary", "\n\n", 2),
        ("quoted-printable", "", 0),
        ("quoted-printable", "abc", 3),
        ("Quoted-Printable (yes)", "=41=42", 2),
        ("quoted-printable", "a=\r\nb", 2),
        ("quoted-printable", "a=\nb", 2),
        ("quoted-printable", "a=3D=\r\n=3d", 3),
        ("quoted-printable", "a\r\nb", 4),
        ("quoted-printable", "a=zz=4", 6),
        ("quoted-printable", "==41", 2),
    ]

    @Test(arguments: bodies)
    func decodedOctets(encoding: String, body: String, size: Int) {
        let header = "Content-Type: a/b\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n"
        #expect(Inspection.of(header + body).octets == size, "as the whole message")
        let text = "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n" + header + body
        #expect(Inspection.of(text + "\r\n--b\r\n\r\ntext\r\n--b--\r\n").octets == size, "before a delimiter")
        #expect(Inspection.of(text + "\n--b--").octets == size, "before LF and the last delimiter")
        #expect(Inspection.of(text).octets == size, "not closed")
    }

    /// A soft break right before the delimiter: its line end is the delimiter's.
    @Test(arguments: ["\r\n", "\n"])
    func aSoftBreakBeforeADelimiter(end: String) {
        let header = "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        let text = "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n" + header + "abc="
        #expect(Inspection.of(text + end + "--b--\r\n").octets == 3)
        #expect(Inspection.of(text + end + end + "--b--\r\n").octets == 3)
        #expect(Inspection.of(text).octets == 4, "nothing says that it is a break")
    }

    /// Who reads another one of two encodings gets no more than we counted.
    @Test(arguments: [
        ("base64", "base64", 3), ("base64", "7bit", 4), ("7bit", "base64", 4), ("7bit", "8bit", 4),
        ("base64", "quoted-printable", 4),
    ])
    func contradictingEncodings(first: String, second: String, size: Int) {
        let text = lines(
            "Content-Type: a/b", "Content-Transfer-Encoding: \(first)", "Content-Transfer-Encoding: \(second)", "")
        #expect(Inspection.of(text + "QUJD").octets == size)
    }

    /// What a value holds beyond 4 KB is not kept, so nothing is taken for granted.
    @Test func aBodyWithAnEndlessTypeIsHeldToTheLimit() {
        let comment = String(repeating: "x", count: 4_100)
        #expect(Inspection.of("Content-Type: text/plain; a=\(comment)\r\n\r\nbody").octets == 4)
        #expect(Inspection.of("Content-Type: text/plain; a=\(comment.dropLast(200))\r\n\r\nbody").octets == nil)
    }

    // MARK: The limit

    private static func message(_ sizes: [Int], encoding: String = "base64") -> [UInt8] {
        var text = Array("Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n".utf8)
        for (number, size) in sizes.enumerated() {
            let header = "Content-Type: application/pdf; name=\"n\(number).pdf\"\r\nContent-Transfer-Encoding: \(encoding)\r\n"
            text += Array("--=_b\r\n\(header)\r\n".utf8)
            text += encoding == "base64" ? Encode.base64(size) : [UInt8](repeating: 0x2D, count: size)
            text += Array("\r\n".utf8)
        }
        return text + Array("--=_b--\r\n".utf8)
    }

    @Test(arguments: ["base64", "7bit"], [0, 1, 2, 3, 4, 56, 57, 58, 500])
    func exactlyTheLimitPasses(encoding: String, size: Int) {
        let message = Self.message([size, 0, size], encoding: encoding)
        #expect(Inspection.of(message, InspectionLimits(attachment: size)).fault == nil)
        guard size > 0 else { return }
        let fault = Inspection.of(message, InspectionLimits(attachment: size - 1)).fault
        #expect(fault == .attachmentTooLarge(name: "n0.pdf", limit: size - 1))
    }

    @Test func theOneThatIsTooLargeIsNamed() {
        let message = Self.message([10, 20, 30])
        #expect(Inspection.of(message, InspectionLimits(attachment: 19)).fault == .attachmentTooLarge(name: "n1.pdf", limit: 19))
        #expect(Inspection.of(message, InspectionLimits(attachment: 29)).fault == .attachmentTooLarge(name: "n2.pdf", limit: 29))
        let facts = Inspection.of(message).facts
        #expect((facts.attachments, facts.attachmentOctets, facts.largestAttachment) == (3, 60, 30))
    }

    /// the limit is for each, not for all: 15 and 15 pass with 20. In units of 64 KB, since a build without
    /// optimisation would take half a minute for megabytes.
    @Test func twoAttachmentsTogetherMayBeLargerThanTheLimit() {
        let unit = 65_536
        let limits = InspectionLimits(attachment: 20 * unit)
        #expect(Inspection.inPieces(Self.message([15 * unit, 15 * unit]), limits, of: 65_536).fault == nil)
        #expect(Inspection.inPieces(Self.message([20 * unit]), limits, of: 65_536).fault == nil)
        let fault = Inspection.inPieces(Self.message([1, 20 * unit + 1]), limits, of: 65_536).fault
        #expect(fault == .attachmentTooLarge(name: "n1.pdf", limit: 20 * unit))
    }

    @Test func itIsRefusedWhileItStreams() {
        var inspector = ContentInspector(limits: InspectionLimits(attachment: 1_000))
        #expect(inspector.inspect(Array("Content-Type: a/b\r\n\r\n".utf8).span) == nil)
        #expect(inspector.inspect([UInt8](repeating: 0x78, count: 1_000).span) == nil)
        #expect(inspector.inspect([UInt8](repeating: 0x78, count: 5).span) == .attachmentTooLarge(name: nil, limit: 1_000))
    }
}

enum Encode {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Base64 of so many octets, in lines of 76, without a line end at the end.
    static func base64(_ octets: Int) -> [UInt8] {
        let line = (0..<76).map { alphabet[($0 &* 7) & 63] }
        let full = max(0, octets - 1) / 57
        var text = Array([[UInt8]](repeating: line + [13, 10], count: full).joined())
        let rest = octets - full * 57
        let digits = (rest * 8 + 5) / 6
        text += line.prefix(digits)
        return text + [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits % 4) % 4)
    }
}
