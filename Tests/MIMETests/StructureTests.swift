// Multiparts (RFC 2046 §5.1): delimiters and what only looks like one, nesting, parts that nobody closes, evasions.

import Testing

@testable import MIME

@Suite struct StructureTests {
    private static let top = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    private static let leaf = "Content-Type: a/b\r\n\r\n"

    /// Lines behind the header of a multipart whose boundary is `b`, and the sizes of all attachments together.
    static let bodies: [(String, [Int])] = [
        // Without any delimiter it is no multipart but a leaf.
        ("", [0]),
        ("not a preamble\r\n", [16]),
        ("a preamble\r\n--b--", []),
        ("a preamble\r\n--b\r\n", []),
        ("--b\r\n" + leaf + "12345\r\n--b--\r\n", [5]),
        ("\r\n--b\r\n" + leaf + "12345\r\n--b--", [5]),
        ("--b\r\n" + leaf + "12345\r\n--b\r\n" + leaf + "123\r\n--b--\r\n", [5, 3]),
        ("--b\r\n" + leaf + "12345", [5]),
        ("--b\r\n" + leaf + "12345\r\n", [7]),
        ("--b\r\n" + leaf + "12345\r\n--", [9]),
        ("--b\r\n" + leaf + "12345\r\n--b", [5]),
        ("--b\r\n" + leaf + "12345\r\n--b-", [10 + 1]),
        ("--b\r\n" + leaf + "\r\n--b--", [0]),
        ("--b\r\n" + leaf + "--b--", [0]),
        ("--b\r\n" + leaf + "\r\n\r\n--b--", [2]),
        // A header that the delimiter ends.
        ("--b\r\nContent-Type: a/b\r\n--b--", [0]),
        ("--b\r\nContent-Type: a/b\r\n--b\r\n" + leaf + "1\r\n--b--", [0, 1]),
        ("--b\r\nContent-Type: a/b", [0]),
        ("--b\r\nContent-Type: a/b\r\n--c\r\n\r\n12\r\n--b--", [2]),
        ("--b\r\n--b\r\n--b--\r\n", []),
        // White space behind a delimiter, and other things there.
        ("--b \t\r\n" + leaf + "12\r\n--b-- \t\r\n", [2]),
        ("--b\r\n" + leaf + "12\r\n--b x\r\n--b--", [9]),
        ("--b\r\n" + leaf + "12\r\n--b--x\r\n--b--", [10]),
        ("--b\r\n" + leaf + "12\r\n--bb\r\n--b--", [8]),
        ("--b\r\n" + leaf + "12\r\n--B\r\n--b--", [7]),
        ("--b\r\n" + leaf + "12\r\n --b\r\n--b--", [8]),
        ("--b\r\n" + leaf + "12\r\n-b\r\n--b--", [6]),
        ("--b\r\n" + leaf + "12\r\n---b\r\n--b--", [8]),
        ("--b\r\n" + leaf + "12--b\r\n--b--", [5]),
        ("--b\r\n" + leaf + "12\r--b\r\n--b--", [6]),
        ("--b\r\n" + leaf + "\r\r\n--b--", [1]),
        ("--b\r\n" + leaf + "12\r\n--\r\n--b--", [6]),
        // LF alone ends lines too.
        ("--b\nContent-Type: a/b\n\n12\n--b--\n", [2]),
        ("--b\nContent-Type: a/b\n\n\n--b--\n", [0]),
        // Behind the end there is nothing more.
        ("--b--\r\n--b\r\n" + leaf + "12\r\n--b--", []),
        ("--b\r\n" + leaf + "12\r\n--b--\r\nepilogue\r\n--b\r\n" + leaf + "123", [2]),
    ]

    @Test(arguments: bodies)
    func delimiters(body: String, sizes: [Int]) {
        let facts = Inspection.of(Self.top + body).facts
        #expect(facts.attachments == sizes.count)
        #expect(facts.attachmentOctets == sizes.reduce(0, +))
    }

    /// How senders write the boundary, and what the delimiter lines then are.
    @Test(arguments: [
        ("boundary=b", "b"), ("boundary=\"b\"", "b"), ("Boundary = b", "b"), ("BOUNDARY=\"b \"", "b"),
        ("charset=x; boundary=\"a b\"", "a b"), ("boundary=\"a\\\"b\"", "a\"b"), ("boundary=\"=_x;y\"", "=_x;y"),
        ("\r\n\tboundary=\"----=_Part\"", "----=_Part"), ("boundary=----=_Part_1.2/3", "----=_Part_1.2/3"),
        ("boundary=b (a comment)", "b"), ("boundary=(a comment)b", "b"), ("boundary=b; boundary=c", "b"),
        ("boundary*0=on; boundary*1=e", "one"), ("boundary*=us-ascii''o%6Ee", "one"), ("boundary=\"b", "b"),
        ("x=\"; boundary=c\"; boundary=b", "b"), ("(; boundary=c) ; boundary=b", "b"), ("boundary=b--", "b--"),
        ("boundary=\"fol\r\n ded\"", "fol ded"), ("boundary='b'", "'b'"), ("boundary", ""), ("boundary=", ""),
    ])
    func boundaries(parameter: String, boundary: String) {
        let facts = Inspection.of(
            "Content-Type: multipart/mixed; \(parameter)\r\n\r\n--\(boundary)\r\n\(Self.leaf)1234\r\n--\(boundary)--\r\n"
        ).facts
        #expect(facts.parts == (boundary.isEmpty ? 1 : 2))
        if !boundary.isEmpty { #expect((facts.attachments, facts.attachmentOctets) == (1, 4)) }
    }

    /// RFC 2046 §5.1.1: 70 octets at most; 200 are understood, more are none.
    @Test(arguments: [(1, true), (70, true), (200, true), (201, false)])
    func longBoundaries(length: Int, isKnown: Bool) {
        let boundary = String(repeating: "x", count: length)
        let spaces = String(repeating: " ", count: 500)
        let text = "Content-Type: multipart/x; boundary=\(boundary)\r\n\r\n--\(boundary)\(spaces)\r\n"
        let facts = Inspection.of(text + "\(Self.leaf)12\r\n--\(boundary)--\(spaces)\r\n").facts
        #expect(facts.parts == (isKnown ? 2 : 1))
        #expect(!isKnown || facts.attachmentOctets == 2)
    }

    @Test(arguments: ["x", "", "y\u{E9}"], [198, 199, 200, 201, 202, 203, 204, 205, 300])
    func longLinesThatAreNoDelimiters(end: String, length: Int) {
        let text = "--" + String(repeating: "x", count: length) + "   " + end
        let facts = Inspection.of(Self.top + "--b\r\n" + Self.leaf + text + "\r\n--b--\r\n").facts
        #expect(facts.attachmentOctets == text.utf8.count)
        let inHeader = Inspection.of(Self.top + "--b\r\n" + text + "\r\n" + Self.leaf + "12\r\n--b--\r\n").facts
        #expect(inHeader.attachmentOctets == 2 && inHeader.hasMalformedHeaderLine)
    }

    // MARK: Nesting

    private static func multipart(_ boundary: String, _ parts: String...) -> String {
        "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\r\n\r\n"
            + parts.map { "--\(boundary)\r\n\($0)\r\n" }.joined() + "--\(boundary)--\r\n"
    }

    @Test func multipartsInMultiparts() {
        let text = Self.multipart(
            "a", Self.leaf + "1", Self.multipart("b", Self.leaf + "22", Self.multipart("c", Self.leaf + "333")),
            Self.leaf + "4444")
        let facts = Inspection.of(text).facts
        #expect((facts.attachments, facts.attachmentOctets, facts.parts) == (4, 10, 7))
    }

    /// One boundary begins with the other, either way round.
    @Test(arguments: [("a", "ab"), ("ab", "a"), ("a", "a--"), ("a--", "a"), ("a", "a a"), ("x", "x"), ("--", "----")])
    func boundariesThatAreAlike(outer: String, inner: String) {
        let text = Self.multipart(
            outer, Self.leaf + "1", Self.multipart(inner, Self.leaf + "22", Self.leaf + "333"), Self.leaf + "4444")
        let facts = Inspection.of(text).facts
        #expect(facts.largestAttachment == 4)
        #expect((facts.attachments, facts.attachmentOctets) == (4, 10))
    }

    /// RFC 2046 §5.1.2: the outer delimiter ends whatever was not closed.
    @Test func theOuterBoundaryEndsTheInnerPart() {
        let inner = "Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n" + Self.leaf + "12345"
        let text = Self.multipart("outer", inner, Self.leaf + "123", "Content-Type: multipart/x; boundary=empty\r\n\r\n")
        let facts = Inspection.of(text).facts
        #expect((facts.attachments, facts.attachmentOctets) == (3, 8), "the last one is an empty leaf")
        // The inner boundary means nothing any more.
        let after = Self.multipart("outer", inner, Self.leaf + "123\r\n--inner\r\n" + Self.leaf + "4")
        #expect(Inspection.of(after).facts.attachments == 2)
    }

    @Test func messagesAreDescendedInto() {
        let inside = "From: a@b\r\nReceived: x\r\n" + Self.multipart("in", Self.leaf + "12345", "\r\ntext")
        for type in ["message/rfc822", "Message/Global; x=y"] {
            let forwarded = "Content-Type: \(type)\r\nContent-Disposition: attachment; filename=x.eml\r\n\r\n" + inside
            let facts = Inspection.of("From: c@d\r\n" + Self.multipart("out", "\r\nhello", forwarded, Self.leaf + "1")).facts
            #expect((facts.attachments, facts.attachmentOctets, facts.parts) == (2, 6, 7))
            #expect(facts.fields[.from] == 1 && facts.fields[.received] == 0 && facts.firstFrom == "c@d")
        }
    }

    @Test func anEncodedMessageIsALeaf() {
        let text = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n"
        #expect(Inspection.of(text).octets == 3)
        #expect(Inspection.of(Self.multipart("b", text)).octets == 3)
    }

    /// RFC 2046 §5.1.5.
    @Test func partsOfADigestAreMessages() {
        let part = "\r\n" + Self.leaf + "12345"
        let digest = Self.multipart("b", part, part, "Content-Type: a/b\r\n\r\n1").replacing("mixed", with: "digest")
        let facts = Inspection.of(digest).facts
        #expect((facts.attachments, facts.attachmentOctets) == (3, 11))
        let encoded = "Content-Transfer-Encoding: base64\r\n\r\nQUJD"
        #expect(Inspection.of(Self.multipart("b", encoded).replacing("mixed", with: "digest")).octets == 3)
    }

    // MARK: Evasions

    /// RFC 2045 §6.4 forbids it; mail programs read the parts all the same.
    @Test func anEncodedMultipartIsDescendedInto() {
        let text = "Content-Transfer-Encoding: base64\r\n" + Self.multipart("b", Self.leaf + "12345")
        #expect(Inspection.of(text).octets == 5)
    }

    @Test(arguments: [
        // The first Content-Type says what the structure is.
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: multipart/mixed; boundary=c\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain\r\n",
        "Content-Type: multipart/mixed;\r\n\tboundary=b\r\n",
        "Content-Type:multipart/mixed;\r\n \r\n boundary=b\r\n",
        "cOnTeNt-TyPe\t :multipart/mixed; boundary=b\r\n",
        "Content-Type: multipart/mixed; boundary=b;\r\nX: y\r\n z\r\n",
        "no colon\r\nContent-Type: multipart/mixed; boundary=b\r\nno colon\r\n",
        "Content-Type: multipart/unheard-of; boundary=b\r\n",
        "Content-Type: multipart; boundary=b\r\n",
        " folded before any field\r\nContent-Type: multipart/mixed; boundary=b\r\n",
    ])
    func theStructureIsStillSeen(header: String) {
        let body = "\r\n--c\r\nx\r\n--b\r\n" + Self.leaf + "12345\r\n--b--\r\n"
        #expect(Inspection.of(header + body).octets == 5)
    }

    /// Some mail programs see the body begin at the delimiter; so the part is no preamble.
    @Test(arguments: ["", "X: y\r\n", "no colon\r\n"])
    func theEmptyLineIsMissing(field: String) {
        let text = "Content-Type: multipart/mixed; boundary=b\r\n\(field)--b\r\n\(Self.leaf)12345\r\n--b--\r\n"
        let facts = Inspection.of(text).facts
        #expect((facts.attachments, facts.attachmentOctets) == (1, 5))
        #expect(facts.hasMalformedHeaderLine && !facts.headerHasEnded)
        #expect(Inspection.of(Self.multipart("a", text, Self.leaf + "1")).octets == 6)
        #expect(Inspection.of("Content-Type: multipart/mixed; boundary=b\r\n--b--\r\n").octets == nil)
        #expect(Inspection.of(text.replacing("345", with: "3\u{E9}")).facts.bodyHasEightBit)
    }

    /// A leaf whose octets stand where its header should end runs into the limits of headers.
    @Test func aBodyInAHeaderIsHeldToTheHeadersLimits() {
        let body = String(repeating: String(repeating: "QUJD", count: 19) + "\r\n", count: 1_000)
        let fault = Inspection.inPieces(Array(("Content-Type: a/b\r\n" + body).utf8), InspectionLimits(), of: 700).fault
        #expect(fault == .tooManyFields(limit: 1_000))
    }

    /// 64 KB pass where even less is allowed: the preamble is a sentence for old programs, and no attachment.
    @Test func aPreambleIsHeldToTheLimit() {
        func fault(_ count: Int, _ limit: Int) -> InspectionFault? {
            let text = Self.top + String(repeating: "x", count: count) + "\r\n--b\r\n\r\nbody\r\n--b--\r\n"
            return Inspection.inPieces(Array(text.utf8), InspectionLimits(attachment: limit), of: 7_000).fault
        }
        #expect(fault(65_536, 1) == nil && fault(70_000, 70_000) == nil)
        #expect(fault(65_600, 1) == .attachmentTooLarge(name: nil, limit: 1))
        #expect(fault(70_100, 70_000) == .attachmentTooLarge(name: nil, limit: 70_000))
        // Without a delimiter it is a leaf, and the limit exact.
        #expect(Inspection.of(Self.top + "12", InspectionLimits(attachment: 1)).fault == .attachmentTooLarge(name: nil, limit: 1))
    }

    /// What hides the structure makes one attachment of all of it, which the limit is held to.
    @Test(arguments: [
        "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: multipart/mixed\r\n boundary=b\r\n",
        "Content-Type: multipart/mixed (never closed; boundary=b\r\n",
        "Content-Type: multipart/mixed; (\(String(repeating: "x", count: 4_096))) boundary=b\r\n",
    ])
    func whatHidesTheStructureHelpsNobody(header: String) {
        let body = "--b\r\n" + Self.leaf + "12345\r\n--b--\r\n"
        #expect(Inspection.of(header + "\r\n" + body).octets == body.utf8.count)
    }
}
