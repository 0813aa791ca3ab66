// One message of words that matter, in pieces, against the same message whole.
import FuzzRun
import MIME

struct InspectionRun {
    private var random: SplitMix

    init(_ random: SplitMix) { self.random = random }

    private static let words = [
        "Content-Type:", "content-type: multipart/mixed; boundary=", "Content-Type: multipart/digest; boundary=\"",
        "Content-Type: message/rfc822\r\n\r\n", "Content-Type: text/plain", "Content-Type: a/b\r\n\r\n",
        "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Disposition: attachment;", "Content-Disposition: inline; filename*0*=utf-8''%C3", "filename=", "name=\"",
        "boundary*0=", "boundary*1*=", "=?utf-8?q?", "=?utf-8?b?QUI?=", "?=", "Message-ID: <", "From: ", "Received:",
        "Resent-To: x",
        "--", "--a", "--a--", "--ab", "--ab--", "--\"", "a", "b", "ab", "a\r\n", "ab\r\n", "=", "=3D", "=\r\n", "QUJD", "==",
        "\r\n", "\r\n", "\r\n", "\r\n\r\n", "\r\n--", "\r\n--a\r\n", "\r\n--a--\r\n", "\n", "\r", " ", "\t", "\r\n ", ";", ":",
        "(", ")",
        "\"", "\\", "<", ">", "@", ",", "*", "'", "%41", "\0", "\u{E9}", "                                        ",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ].map { Array($0.utf8) }

    /// - Returns: the octets that were looked at once.
    mutating func play() -> Int {
        let limits = limits()
        let message = message()
        let whole = inspect(message, limits, longest: Int.max)
        let pieces = inspect(message, limits, longest: random.pick([1, 2, 3, 5, 90, 300]))
        precondition(whole.fault == pieces.fault, "another fault in other pieces")
        precondition(whole.fault != nil || whole.facts == pieces.facts, "other facts in other pieces")
        check(whole.facts, limits, whole.fault, message.count)
        return message.count
    }

    private mutating func limits() -> InspectionLimits {
        var limits = InspectionLimits()
        if random.below(2) == 0 { limits.attachment = random.below(300) }
        if random.below(4) == 0 { limits.header = random.below(400) }
        if random.below(4) == 0 { limits.field = random.below(200) }
        if random.below(4) == 0 { limits.fields = random.below(6) }
        if random.below(4) == 0 { limits.line = random.below(100) }
        if random.below(4) == 0 { limits.depth = random.below(4) }
        if random.below(4) == 0 { limits.parts = 1 + random.below(6) }
        return limits
    }

    private mutating func message() -> [UInt8] {
        var message: [UInt8] = []
        // A beginning that leads somewhere, every second time.
        if random.below(2) == 0 { message += Array("Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\n".utf8) }
        for _ in 0..<random.below(120) {
            if random.below(40) == 0 { message.append(UInt8(truncatingIfNeeded: random.next())) }
            message += random.pick(Self.words)
        }
        return message
    }

    private mutating func inspect(
        _ message: [UInt8], _ limits: InspectionLimits, longest: Int
    ) -> (facts: ContentFacts, fault: InspectionFault?) {
        var inspector = ContentInspector(limits: limits)
        var start = 0
        while start < message.count {
            let end = longest == Int.max ? message.count : min(message.count, start + 1 + random.below(longest))
            // A copy of its own, so that reading outside of it is seen by a sanitizer.
            let piece = Array(message[start..<end])
            let fault = inspector.inspect(piece.span)
            precondition(fault == inspector.fault, "the fault is kept")
            start = end
        }
        let fault = inspector.finish()
        precondition(inspector.finish() == fault, "the end is the end")
        return (inspector.facts, fault)
    }

    private func check(_ facts: ContentFacts, _ limits: InspectionLimits, _ fault: InspectionFault?, _ count: Int) {
        precondition(facts.largestAttachment <= facts.attachmentOctets && facts.attachmentOctets <= count, "more than was sent")
        precondition(facts.attachments <= facts.parts, "more attachments than parts")
        precondition((facts.messageID?.utf8.count ?? 0) <= 3 * 998 && (facts.firstFrom?.utf8.count ?? 0) <= 3 * 320, "unbounded")
        guard let fault else {
            precondition(facts.largestAttachment <= limits.attachment ?? Int.max && facts.parts <= limits.parts, "beyond a limit")
            return
        }
        guard case .attachmentTooLarge(let name?, _) = fault else { return }
        precondition((1...255).contains(name.utf8.count), "a name of \(name.utf8.count) octets")
        precondition(name.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a name that breaks the reply")
    }
}
