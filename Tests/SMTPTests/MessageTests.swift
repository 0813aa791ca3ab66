// Dates, trace fields and delivery reports: exact where a reader depends on it, safe whatever the values hold.
import Mail
import Testing

@testable import SMTP

struct MailDateTests {
    /// RFC 5322 §3.3.
    @Test(arguments: [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (1_795_247_644, "Sat, 21 Nov 2026 07:54:04 +0000"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 +0000"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (951_868_800, "Wed, 1 Mar 2000 00:00:00 +0000"), (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 +0000"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000"),
        (-5, "Thu, 1 Jan 1970 00:00:00 +0000"), (Int64.max, "Fri, 31 Dec 9999 23:59:59 +0000"),
    ])
    func table(seconds: Int64, text: String) { #expect(MailDate.format(unixSeconds: seconds) == text) }
}

struct TraceHeaderTests {
    static func received(_ hello: String?, _ client: String, name: String? = nil, for recipient: EmailAddress? = nil)
        -> String
    {
        String(
            decoding: TraceHeader.received(
                from: hello, client: InternetAddress(client)!, clientName: name, by: "mail.example.org", with: .esmtps,
                id: "4f2", for: recipient, unixSeconds: 1_795_247_644), as: UTF8.self)
    }

    /// RFC 5321 §4.4.
    @Test func received() {
        #expect(
            Self.received("client.example", "192.0.2.1", for: EmailAddress(localPart: "bob", domain: "example.org"))
                == "Received: from client.example ([192.0.2.1]) by mail.example.org with ESMTPS\r\n"
                + "\tid 4f2 for <bob@example.org>; Sat, 21 Nov 2026 07:54:04 +0000\r\n")
        #expect(
            Self.received("x", "2001:db8::1", name: "h.example").contains("from x (h.example [IPv6:2001:db8::1]) by"))
        #expect(Self.received(nil, "192.0.2.1").hasPrefix("Received: from unknown ([192.0.2.1])"))
    }

    @Test(arguments: [
        "a\r\nBcc: x", "x; Sat", "a(b)c", "a\0b", "ü", "<>", "a b", "\"", String(repeating: "h", count: 5000),
    ])
    func nothingBreaksOut(hello: String) {
        let field = Self.received(hello, "192.0.2.1", name: hello)
        #expect(field.hasPrefix("Received: from") && field.hasSuffix("\r\n") && field.utf8.allSatisfy { $0 < 127 })
        #expect(!field.contains("\0") && field.utf8.filter { $0 == UInt8(ascii: ";") }.count == 1)
        for line in field.replacing("\r\n", with: "\n").split(separator: "\n").dropFirst() {
            #expect(line.hasPrefix("\t"))
        }
        #expect(field.utf8.filter { $0 == 40 }.count == 1)
        #expect(field.replacing("\r\n", with: "\n").split(separator: "\n").allSatisfy { $0.utf8.count <= 998 })
    }

    @Test(arguments: [
        (true, false, false, "ESMTP"), (false, false, false, "SMTP"), (true, true, false, "ESMTPS"),
        (true, false, true, "ESMTPA"), (true, true, true, "ESMTPSA"),
    ])
    func transmission(isExtended: Bool, isSecured: Bool, isAuthenticated: Bool, word: String) {
        let value = TraceHeader.Transmission(
            isExtended: isExtended, isSecured: isSecured, isAuthenticated: isAuthenticated)
        #expect(value.rawValue == word)
    }

    @Test func returnPath() {
        #expect(TraceHeader.returnPath(.null) == Array("Return-Path: <>\r\n".utf8))
        let address = EmailAddress(localPart: "a\r\nb", domain: "c")
        #expect(TraceHeader.returnPath(.mailbox(address)) == Array("Return-Path: <\"a??b\"@c>\r\n".utf8))
    }
}

struct BounceMessageTests {
    static func bounce(_ original: [UInt8], explanation: String = "No such user", count: Int = 1) -> BounceMessage {
        let recipients = (1...count).map {
            BounceMessage.Recipient(
                address: EmailAddress(localPart: "r\($0)", domain: "to.example"), status: "5.1.1",
                remote: "mx.to.example",
                diagnostic: "550 5.1.1 " + explanation, explanation: explanation)
        }
        return BounceMessage(
            reportingHost: "mail.example.org", to: EmailAddress(localPart: "alice", domain: "example.org"),
            action: .failed,
            recipients: recipients, date: 1_795_247_644, arrival: 1_795_247_000, token: "4f2-1", original: original)
    }

    static func text(_ bounce: BounceMessage) -> String {
        String(decoding: bounce.render(), as: UTF8.self).replacing("\r\n", with: "\n")
    }

    /// RFC 3464 §2, RFC 6522 §3, RFC 3834 §5.
    @Test func report() {
        let text = Self.text(Self.bounce(Array("Subject: hello\r\nTo: r1@to.example\r\n\r\nbody\r\n".utf8)))
        for field in [
            "From: Mail Delivery System <MAILER-DAEMON@mail.example.org>\n", "To: <alice@example.org>\n",
            "Auto-Submitted: auto-replied\n", "Message-ID: <4f2-1@mail.example.org>\n",
            "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"report-4f2-1\"\n",
            "Reporting-MTA: dns; mail.example.org\nArrival-Date: Sat, 21 Nov 2026 07:43:20 +0000\n\nFinal-Recipient",
            "Final-Recipient: rfc822; r1@to.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.to.example\n",
            "Diagnostic-Code: smtp; 550 5.1.1 No such user\n",
            "Content-Type: text/rfc822-headers\n", "\nSubject: hello\nTo: r1@to.example\n\n--report-4f2-1--\n",
        ] { #expect(text.contains(field), "\(field)") }
        #expect(!text.contains("body\n"))
        #expect(text.split(separator: "\n").filter { $0 == "--report-4f2-1" }.count == 3)
    }

    /// RFC 3464 §2.2.1, §2.3.1 and §2.3.3: good news, with what the sender had given to know it by.
    @Test(arguments: [BounceMessage.Action.delivered, .relayed])
    func goodNews(action: BounceMessage.Action) {
        var bounce = Self.bounce([])
        bounce.action = action
        bounce.envelopeID = "QQ 314159"
        bounce.recipients[0].original = "rfc822;old@to.example"
        let text = Self.text(bounce)
        #expect(text.contains("Subject: Mail \(action == .delivered ? "delivered" : "passed on")\n"))
        #expect(text.contains("Original-Envelope-Id: QQ 314159\nReporting-MTA: dns; mail.example.org\n"))
        #expect(
            text.contains(
                "\n\nOriginal-Recipient: rfc822;old@to.example\nFinal-Recipient: rfc822; r1@to.example\n"
                    + "Action: \(action.rawValue)\n"))
        #expect(!text.contains("text/rfc822-headers"), "nothing to show, no part")
        #expect(text.hasSuffix("\n--report-4f2-1--\n"))
    }

    /// Whatever the remote said and the original held: lines end with CRLF, none is too long, no part ends early.
    @Test(arguments: [
        "", "a\r\n--report-4f2-1--\r\nb", "\r\r\r\n\n", "X: \u{FC}\0\r\n", String(repeating: "x", count: 5000),
        "A: b\nC: d\rE: f\n\nbody",
        String(repeating: "H: v\r\n", count: 100_000),
    ])
    func hostileValues(text: String) {
        let bytes = Self.bounce(Array(text.utf8), explanation: text).render()
        var previous: UInt8 = 0
        for octet in bytes {
            #expect((previous == 13) == (octet == 10), "a line end stands alone")
            if (previous == 13) != (octet == 10) { break }
            previous = octet
        }
        #expect(bytes.count < 100_000 && !bytes.contains(0))
        let lines = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 998 })
        #expect(lines.filter { $0.hasPrefix("--report-4f2-1") }.count == 4)
    }

    @Test func eightBitIsDeclared() {
        let text = Self.text(Self.bounce(Array("Subject: \u{FC}\r\n\r\n".utf8)))
        #expect(text.contains("MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n") && text.contains("Subject: ü\n"))
        #expect(!Self.text(Self.bounce(Array("Subject: u\r\n".utf8))).contains("8bit"))
    }

    @Test func manyRecipientsAreCounted() {
        let text = Self.text(Self.bounce([], count: 1500))
        #expect(
            text.contains("and 500 more.") && text.contains("r1000@to.example") && !text.contains("r1001@to.example"))
    }
}
