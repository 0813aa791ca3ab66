// The name in a refusal: RFC 2183, RFC 2231, RFC 2047, and what senders make of them. Always one line of printable ASCII.

import Testing

@testable import MIME

@Suite struct FileNameTests {
    private func name(_ header: String) -> String?? {
        let text = header + "Content-Transfer-Encoding: 7bit\r\n\r\nbody"
        let inspection = Inspection.of(text, InspectionLimits(attachment: 3))
        guard case .attachmentTooLarge(let name, 3) = inspection.fault else { return .none }
        return .some(name)
    }

    static let table: [(String, String?)] = [
        ("filename=x.pdf", "x.pdf"),
        ("FILENAME = \"x y.pdf\"", "x y.pdf"),
        ("filename=\"a\\\"b\\\\c.pdf\"", "a\"b\\c.pdf"),
        ("filename=\"folded\r\n name\"", "folded name"),
        ("filename=\"never closed; size=3", "never closed; size=3"),
        ("filename=\"ends in \\", "ends in"),
        ("filename=first; filename=second", "first"),
        ("size=3; filename=x", "x"),
        ("filename= (comment) x (comment)", "x"),
        ("filename=no quotes here", "no"),
        ("filename=\"  spaces  \"", "spaces"),
        ("filename=\"a\tb\u{7F}c\"", "a?b?c"),
        ("filename=\"Gr\u{FC}\u{DF}e \u{1F600}.pdf\"", "Gr??e ?.pdf"),
        ("filename=\"\"", nil),
        ("filename=\"   \"", nil),
        ("filename", nil),
        ("", nil),
        // RFC 2231 §3 and §4.
        ("filename*=utf-8'de'Gr%C3%BC%C3%9Fe%20an%20alle.pdf", "Gr??e an alle.pdf"),
        ("filename*=UTF-8''a%2Fb", "a/b"),
        ("filename*=us-ascii'en-us'This%20is%20fun", "This is fun"),
        ("filename*=''plain%20text", "plain text"),
        ("filename*=iso-8859-1''Gr%FC%DFe.pdf", "Gr%FC%DFe.pdf"),
        ("filename*=no%20quotes", "no quotes"),
        ("filename*=utf-8''100%25%zz%4", "100%%zz%4"),
        ("filename*0=\"one \"; filename*1=two", "one two"),
        ("filename*1=two; filename*0=\"one \"", "one two"),
        ("filename*0*=utf-8''one%20; filename*1=\"%20two\"; filename*2*=%20three", "one %20two three"),
        ("filename*0=a; filename*2=c", "a"),
        ("filename*1=b", nil),
        ("filename*0=a; filename*0=b", "a"),
        ("filename*1000=x", nil),
        ("filename*x=y", nil),
        ("filename=plain; filename*=utf-8''other", "plain"),
        ("filename*=utf-8''other; filename=plain", "plain"),
        // RFC 2047 §5 forbids it in parameters; it is seen every day.
        ("filename=\"=?utf-8?B?UmVjaG51bmcucGRm?=\"", "Rechnung.pdf"),
        ("filename=\"=?UTF-8?q?a_b=2Epdf?=\"", "a b.pdf"),
        ("filename==?utf-8?q?x?=", "x"),
        ("filename=\"=?utf-8?q?a?= =?utf-8*de?b?Yg?=.c =?utf-8?q?d?=\"", "ab.c d"),
        ("filename=\"=?iso-8859-1?q?Gr=FC=DFe?=\"", "=?iso-8859-1?q?Gr=FC=DFe?="),
        ("filename=\"=?utf-8?x?Yg?= =?utf-8?b?\"", "=?utf-8?x?Yg?= =?utf-8?b?"),
        ("filename=\"=?utf-8?q?=0D=0A250_Ok?=\"", "??250 Ok"),
    ]

    @Test(arguments: table)
    func ofTheDisposition(parameters: String, expected: String?) {
        #expect(name("Content-Disposition: attachment; \(parameters)\r\n") == .some(expected))
    }

    @Test(arguments: table)
    func ofTheType(parameters: String, expected: String?) {
        let parameters = parameters.replacing("FILENAME", with: "Name").replacing("filename", with: "name")
        #expect(name("Content-Type: application/x; \(parameters)\r\n") == .some(expected))
    }

    @Test func theDispositionsNameIsPreferred() {
        let type = "Content-Type: application/x; name=type\r\n"
        let disposition = "Content-Disposition: attachment; filename=disposition\r\n"
        #expect(name(type + disposition) == "disposition")
        #expect(name(disposition + type) == "disposition")
        #expect(name(type + "Content-Disposition: attachment\r\n") == "type")
    }

    @Test func itIsBounded() {
        let long = String(repeating: "n", count: 300)
        #expect(name("Content-Disposition: attachment; filename=\(long)\r\n") == .some(String(long.prefix(255))))
        let wide = String(repeating: "\u{1F600}", count: 300)
        let expected = String(repeating: "?", count: 255)
        #expect(name("Content-Disposition: attachment; filename=\"\(wide)\"\r\n") == .some(expected))
    }

    /// A header of nothing but pieces costs no more than any other.
    @Test func piecesWithoutEndAreBounded() {
        let pieces = (0..<300).map { "; filename*\($0)=x" }.joined()
        let expected = String(repeating: "x", count: 64)
        #expect(name("Content-Disposition: attachment\(pieces)\r\n") == .some(expected))
    }
}
