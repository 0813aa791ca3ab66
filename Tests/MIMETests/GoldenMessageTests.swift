// A whole message as an office sends it: everything that is known of it, in every cut.

import Testing

@testable import MIME

@Suite struct GoldenMessageTests {
    private static let message = lines(
        "Received: from client.example.org ([192.0.2.7])", "\tby mail.example.test; Sat, 21 Nov 2026 12:00:00 +0000",
        "From: \"Sender, A.\" <sender@example.org>", "To: recipient@example.test", "Cc: other@example.test",
        "Subject: The scanned document", "Date: Sat, 21 Nov 2026 12:00:00 +0000", "Message-ID: <1@client.example.org>",
        "MIME-Version: 1.0", "Content-Type: multipart/mixed;", " boundary=\"----=_NextPart_000\"", "",
        "This is a multi-part message in MIME format.", "------=_NextPart_000",
        "Content-Type: multipart/alternative; boundary=\"----=_NextPart_001\"", "", "------=_NextPart_001",
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", "Gr\u{FC}\u{DF}e", "--", "A. Sender",
        "------=_NextPart_001", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "",
        "<p>Gr=C3=BC=C3=9Fe</p>", "------=_NextPart_001--", "", "------=_NextPart_000",
        "Content-Type: application/pdf; name=\"scan.pdf\"", "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=\"scan 1.pdf\"", "", "JVBERi0xLjQK", "JSVFT0Y=", "",
        "------=_NextPart_000--")

    @Test func everythingIsKnown() {
        let inspection = Inspection.of(Self.message, InspectionLimits(attachment: 14))
        #expect(inspection.fault == nil)
        let facts = inspection.facts
        let once: [FieldName] = [.received, .from, .to, .cc, .subject, .date, .messageID, .mimeVersion, .contentType]
        for name in FieldName.allCases { #expect(facts.fields[name] == (once.contains(name) ? 1 : 0)) }
        #expect(facts.headerHasEnded && !facts.hasMalformedHeaderLine && facts.repeatedFields.isEmpty)
        #expect(facts.messageID == "<1@client.example.org>" && facts.firstFrom == "sender@example.org")
        #expect(facts.bodyHasEightBit && !facts.bodyHasNUL && !facts.headerHasNonASCII && !facts.partHeaderHasNonASCII)
        #expect((facts.parts, facts.attachments, facts.attachmentOctets, facts.largestAttachment) == (5, 1, 14, 14))
    }

    @Test func oneOctetLessIsRefusedByName() {
        let fault = Inspection.of(Self.message, InspectionLimits(attachment: 13)).fault
        #expect(fault == .attachmentTooLarge(name: "scan 1.pdf", limit: 13))
    }
}
