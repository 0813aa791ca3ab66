// Message octets through the two machines, in chunks of 64 KB.
import Mail
import SMTP

enum Content {
    private static func text(line: Int) -> [UInt8] {
        let one = Array(String(repeating: "x", count: line).utf8) + [13, 10]
        return Array((0..<(64 * 1024 / one.count)).map { _ in one }.joined())
    }

    /// Octets a nanosecond of CPU from DATA on.
    static func scan(line: Int) -> Double {
        var limits = SMTPLimits()
        limits.messageSize = Int.max / 4
        var session = SMTPServerSession(SMTPServerConfiguration(hostname: "h.example", limits: limits))
        session.greet()
        let chunk = text(line: line)
        var octets = 0
        feed(Array("HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n".utf8), &session, &octets)
        let start = ThreadClock.now()
        while ThreadClock.now() - start < 5e8 {
            for _ in 0..<64 { feed(chunk, &session, &octets) }
        }
        return Double(octets) / (ThreadClock.now() - start)
    }

    private static func feed(_ chunk: [UInt8], _ session: inout SMTPServerSession, _ octets: inout Int) {
        var offset = 0
        while true {
            switch session.next(in: chunk.span, from: &offset) {
            case .content(let range): octets += range.count
            case .ask: session.receive(.accepted)
            case .needsInput: return
            case .reply, .openContent: break
            case .endContent, .abortTransaction, .cancelAuthentication, .startTLS, .waits, .close:
                fatalError("the benchmark's session ended")
            }
        }
    }

    static func stuff(line: Int) -> Double {
        var session = SMTPClientSession(SMTPClientConfiguration(helloName: "c", tls: .never))
        session.begin(
            SMTPClientMessage(
                sender: .null, recipients: [EmailAddress(localPart: "a", domain: "b")], size: 1, isEightBit: false))
        for reply in ["220 a\r\n", "250 a\r\n", "250 a\r\n", "250 a\r\n", "354 a\r\n"] {
            hear(Array(reply.utf8), &session)
        }
        precondition(session.attemptPhase == .content, "the benchmark's session has no content")
        let chunk = text(line: line)
        var octets = 0
        let start = ThreadClock.now()
        while ThreadClock.now() - start < 5e8 {
            for _ in 0..<64 {
                var offset = 0
                while let piece = session.contentPiece(of: chunk.span, from: &offset) {
                    if case .octets(let range) = piece { octets += range.count }
                }
            }
        }
        return Double(octets) / (ThreadClock.now() - start)
    }

    private static func hear(_ reply: [UInt8], _ session: inout SMTPClientSession) {
        var offset = 0
        while true {
            switch session.next(in: reply.span, from: &offset) {
            case .needsInput, .waits, .ready, .close: return
            default: continue
            }
        }
    }
}
