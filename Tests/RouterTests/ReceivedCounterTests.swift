// Loops are seen in the header, however the content is cut (RFC 5321 §6.3).

import Testing

@testable import router

@Suite struct ReceivedCounterTests {
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
    ])
    func counts(text: String, expected: Int) {
        let octets = Array(text.utf8)
        for size in [1, 2, 3, 7, 4096] {
            var counter = ReceivedCounter()
            var start = 0
            while start < octets.count {
                let end = min(start + size, octets.count)
                octets[start..<end].withUnsafeBytes { counter.look(at: $0) }
                start = end
            }
            #expect(counter.count == expected, "in pieces of \(size)")
        }
    }
}
