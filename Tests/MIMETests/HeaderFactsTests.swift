// What the header has (RFC 5322 §3.6): counts, the end, the Message-ID and the first address, in every cut.

import Testing

@testable import MIME

@Suite struct HeaderFactsTests {
    /// RFC 5321 §6.3: hops are counted, however the content is cut.
    @Test(arguments: [
        ("", 0),
        ("Received: from a\r\n\r\n", 1),
        ("received:x\r\nRECEIVED:y\r\nReCeIvEd :z\r\nReceived\t:w\r\n\r\n", 4),
        ("Received: a\r\n\tby b\r\nReceived: c\r\n\r\nReceived: in the body\r\n", 2),
        ("X-Received: a\r\nReceivedX: b\r\nReceive: c\r\nReceived b: d\r\n Received: folded\r\n\r\n", 0),
        ("\r\nReceived: behind the empty line\r\n", 0),
        ("Received", 0),
        ("Received:", 1),
        ("Subject: x\r\nReceived: a", 1),
        ("Received: Received: Received: \r\n\r\n", 1),
        ("Received: a\nReceived: b\n\nReceived: LF alone ends lines here too\n", 2),
        ("Content-Type: message/rfc822\r\n\r\nReceived: of the message inside\r\n\r\n", 0),
    ])
    func countsReceivedFields(text: String, expected: Int) {
        #expect(Inspection.of(text).facts.fields[.received] == expected)
    }

    static let names: [(String, FieldName)] = [
        ("Date", .date), ("FROM", .from), ("sender", .sender), ("Reply-To", .replyTo), ("tO", .to), ("Cc", .cc),
        ("BCC", .bcc), ("Message-Id", .messageID), ("In-Reply-To", .inReplyTo), ("References", .references),
        ("Subject", .subject), ("Received", .received), ("Return-Path", .returnPath), ("Resent-Message-ID", .resent),
        ("Resent-To", .resent), ("resent-x", .resent), ("MIME-Version", .mimeVersion), ("Content-type", .contentType),
        ("Content-Transfer-Encoding", .contentTransferEncoding), ("Content-Disposition", .contentDisposition),
    ]

    @Test(arguments: names)
    func everyNameIsKnown(text: String, name: FieldName) {
        let facts = Inspection.of("\(text): x\r\n\r\nbody").facts
        for other in FieldName.allCases { #expect(facts.fields[other] == (other == name ? 1 : 0)) }
        #expect(!facts.hasMalformedHeaderLine)
    }

    @Test(arguments: [
        "Dat", "Datee", "X-From", "T", "Message_ID", "Message-I\u{7}", "Resent", "Content-Types", "Ccc", "Received\r",
    ])
    func otherNamesAreNot(text: String) {
        let facts = Inspection.of("\(text): x\r\n\r\n").facts
        for name in FieldName.allCases { #expect(facts.fields[name] == 0) }
    }

    @Test func aHyphenIsNoCarriageReturn() {
        #expect(Inspection.of("Reply\rTo: x\r\n\r\n").facts.fields[.replyTo] == 0)
    }

    @Test func repeatedFieldsAreNamed() {
        let text = lines("From: a@b", "From: c@d", "Received: x", "Received: y", "Date: x", "Subject: 1", "subject: 2", "", "")
        let facts = Inspection.of(text).facts
        #expect(facts.repeatedFields == [.from, .subject])
        #expect(facts.firstFrom == "a@b")
    }

    /// The text, whether the header ended, whether a line in it is no field.
    @Test(arguments: [
        ("A: b\r\n\r\n", true, false),
        ("A: b\r\n", false, false),
        ("A: b", false, false),
        ("", false, false),
        ("\r\n", true, false),
        ("\r", false, true),
        ("A: b\r\nno colon\r\nC: d\r\n\r\n", true, true),
        ("no colon", false, true),
        (" folded before any field\r\n\r\n", true, true),
        (": no name\r\n\r\n", true, true),
        ("a b: a space in the name\r\n\r\n", true, true),
        ("From someone Sat Nov 21 12:00:00 2026\r\nFrom: a@b\r\n\r\n", true, true),
        ("A: b\r\n \r\n\r\n", true, false),
        ("--: two hyphens are no name\r\n\r\n", true, true),
        ("-: one is\r\n\r\n", true, false),
        ("A: b\n\nbody", true, false),
        ("\rA: b\r\n\r\n", true, true),
    ])
    func theEndOfTheHeader(text: String, hasEnded: Bool, isMalformed: Bool) {
        let facts = Inspection.of(text).facts
        #expect(facts.headerHasEnded == hasEnded)
        #expect(facts.hasMalformedHeaderLine == isMalformed)
    }

    @Test func aNameOfAnyLengthIsBounded() {
        let facts = Inspection.of(String(repeating: "n", count: 127) + ": x\r\nDate: y\r\n\r\n").facts
        #expect(!facts.hasMalformedHeaderLine && facts.fields[.date] == 1)
        let longer = Inspection.of(String(repeating: "n", count: 128) + ": x\r\nDate: y\r\n\r\n").facts
        #expect(longer.hasMalformedHeaderLine && longer.fields[.date] == 1)
    }

    @Test(arguments: [
        ("<a@b>", "<a@b>"),
        ("  <a@b>\t", "<a@b>"),
        ("\r\n <a@b>", "<a@b>"),
        ("<a\r\n @b>", "<a @b>"),
        ("no brackets", "no brackets"),
        ("", nil),
        (" \r\n  ", nil),
    ])
    func theMessageID(value: String, expected: String?) {
        let facts = Inspection.of("Message-ID:\(value)\r\nMessage-ID: <second>\r\n\r\n").facts
        #expect(facts.messageID == expected)
        #expect(facts.fields[.messageID] == 2)
    }

    @Test(arguments: [(998, true), (999, false), (5_000, false)])
    func theMessageIDIsBounded(length: Int, isKept: Bool) {
        let name = String(repeating: "m", count: length)
        #expect(Inspection.of("Message-ID: \(name)\r\n\r\n").facts.messageID == (isKept ? name : nil))
    }

    @Test(arguments: [
        ("a@b.example", "a@b.example"),
        ("A Name <a@b>", "a@b"),
        ("\"Name, with <x@y>\" <a@b>", "a@b"),
        ("\"quote \\\" in it <x@y>\" <a@b>", "a@b"),
        ("(x@y) a@b (comment)", "a@b"),
        ("(one (in) \\) another x@y) a @ b", "a@b"),
        ("\"quoted part\"@b", "\"quoted part\"@b"),
        ("a@b, c@d", "a@b"),
        (", , a@b", "a@b"),
        ("Group: a@b, c@d;", "a@b"),
        ("Empty:; , a@b", "a@b"),
        ("<@relay,@other:a@b>", "a@b"),
        ("Name\r\n <a@b>", "a@b"),
        ("nobody", nil),
        ("", nil),
        ("\"a@b", "\"a@b"),
        ("jos\u{E9}@b.example", "jos\u{E9}@b.example"),
        ("\"\\", nil),
    ])
    func theFirstAddress(value: String, expected: String?) {
        #expect(Inspection.of("From: \(value)\r\n\r\n").facts.firstFrom == expected)
    }

    @Test func anEndlessAddressIsNotKept() {
        let long = String(repeating: "a", count: 319) + "@"
        #expect(Inspection.of("From: \(long)\r\n\r\n").facts.firstFrom == long)
        #expect(Inspection.of("From: \(long)b\r\n\r\n").facts.firstFrom == nil)
    }

    /// RFC 6531, RFC 6152: what the next server must offer. Header, part's header, 8 bits in the body, NUL in the body.
    @Test(arguments: [
        ("A: b\r\n\r\nbody", false, false, false, false),
        ("A: \u{E9}\r\n\r\nbody", true, false, false, false),
        ("\u{E9}: b\r\n\r\nbody", true, false, false, false),
        ("\u{E9}", true, false, false, false),
        ("A: b\r\n\r\nb\u{E9}dy", false, false, true, false),
        ("A: b\r\n\r\nbo\0dy", false, false, false, true),
        ("A: \0\r\n\r\nbody", false, false, false, false),
        ("A: b\r\n c\u{E9}", true, false, false, false),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: \u{E9}\r\n\r\n--b--\r\n", false, true, true, false),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\u{E9}\r\n--b--\r\n", false, false, true, false),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--\u{E9}\r\n\r\n--b--\r\n", false, true, true, false),
    ])
    func octetsThatNeedExtensions(text: String, header: Bool, part: Bool, eightBit: Bool, hasNUL: Bool) {
        let facts = Inspection.of(text).facts
        #expect(facts.headerHasNonASCII == header)
        #expect(facts.partHeaderHasNonASCII == part)
        #expect(facts.bodyHasEightBit == eightBit)
        #expect(facts.bodyHasNUL == hasNUL)
    }

    /// Vector code reads blocks: one octet at every place of long text.
    @Test func oneOctetIsSeenWhereverItStands() {
        let plain = Array("A: b\r\n\r\n".utf8) + [UInt8](repeating: 0x78, count: 300)
        for place in 8..<plain.count {
            for octet: UInt8 in [0, 0x80, 0xFF] {
                var message = plain
                message[place] = octet
                let facts = Inspection.inPieces(message, InspectionLimits(), of: 1_000).facts
                #expect(facts.bodyHasNUL == (octet == 0) && facts.bodyHasEightBit == (octet != 0), "octet \(octet) at \(place)")
            }
        }
    }
}
