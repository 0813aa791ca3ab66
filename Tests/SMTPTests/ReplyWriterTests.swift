// Replies as bytes: well-formed whatever the text is.
import Mail
import Testing

@testable import SMTP

struct ReplyWriterTests {
    /// RFC 5321 §4.2.1, RFC 2034 §4.
    @Test(arguments: [
        (Reply(250, "2.1.5", "Ok"), "250 2.1.5 Ok\r\n"),
        (Reply(220, nil, "mail.example.org ESMTP"), "220 mail.example.org ESMTP\r\n"),
        (Reply(550, "5.7.1", "No\nrelay"), "550-5.7.1 No\r\n550 5.7.1 relay\r\n"),
        (Reply(550, "5.7.1", "a\r\n250 ok\0\u{7F}é"), "550-5.7.1 a?\r\n550 5.7.1 250 ok??" + "??\r\n"),
        (Reply(99, nil, "never"), "451 4.3.0 Local trouble, try again later\r\n"),
        (Reply(250, nil, ""), "250 \r\n"),
    ])
    func renders(reply: Reply, wire: String) {
        #expect(String(decoding: ReplyWriter.render(reply), as: UTF8.self) == wire)
    }

    @Test func noLineIsLongerThanTheRFCAllows() {
        let bytes = ReplyWriter.render(Reply(550, "5.7.1", String(repeating: "x", count: 100_000)))
        let lines = bytes.split(separator: 10)
        #expect(lines.count == ReplyWriter.lineCount)
        #expect(lines.allSatisfy { $0.count < 512 && $0.last == 13 && $0.starts(with: "550".utf8) })
        #expect(lines.last?[lines.last!.startIndex + 3] == UInt8(ascii: " "))
    }

    @Test func queuedNamesTheNumber() {
        var bytes: [UInt8] = []
        SMTPReply.queued(SpoolID(rawValue: 0x4F2)).append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "250 2.0.0 Queued as \(SpoolID(rawValue: 0x4F2))\r\n")
    }

    /// The table holds what a `Reply` could say: one line, CRLF, a code, and a status code of the same class.
    @Test(arguments: StandardReply.allCases)
    func tableIsWellFormed(reply: StandardReply) {
        let text = "\(reply.wire)"
        #expect(text.hasSuffix("\r\n") && text.utf8.count <= 512)
        let words = text.split(separator: " ")
        #expect(UInt16(words[0]) == reply.code)
        if reply != .startContent {
            #expect(words[1].first == words[0].first && words[1].split(separator: ".").count == 3)
        }
    }
}
