// The Date field takes the place of a date that the From_ line does not have.

import Testing

@testable import Archive

@Suite struct HeaderDateTests {
    @Test(
        "U14: the date of a message whose From_ line has none",
        arguments: [
            ("Thu, 20 Nov 2025 10:00:00 +0100", 1_763_629_200), ("20 Nov 2025 10:00 GMT", 1_763_632_800),
            ("Thu, 20 Nov 2025 10:00:00 -0500 (EST)", 1_763_650_800), ("Thu,\r\n 20 Nov 2025\r\n 10:00:00 EST", 1_763_650_800),
            ("20 Nov 25 10:00:00", 1_763_632_800), ("1 Jan 99 00:00:00 +0000", 915_148_800),
            ("1 Jan 101 00:00:00 Z", 978_307_200),
            ("29 Feb 2025 10:00:00 +0000", nil), ("Thu 20 Nov 2025 10:00:00 +0000", nil), ("20 Nov 1969 10:00:00 +0000", nil),
            ("20 Nov 2025 25:00:00 +0000", nil), ("20 Nov 2025 10:00:00 +2500", nil), ("20 November 2025 10:00", nil),
            ("20 Nov 12025 10:00:00", nil), ("20 Nov", nil), ("", nil), ("yesterday", nil),
        ] as [(String, Int64?)])
    func field(value: String, seconds: Int64?) {
        let file = Array("From - \r\nSubject: x\r\nDate: \(value)\r\nX: y\r\n\r\nx\r\n".utf8)
        for size in [1, 7, 4_096] {
            let found = Splitting.of(file, reads: size)
            #expect(found.messages.map(\.facts.internalDate) == [seconds], "\(size)")
            #expect(found.texts == ["Subject: x\r\nDate: \(value)\r\nX: y\r\n\r\nx\r\n"])
        }
    }

    /// When it arrived is more than when it was written; and it is the first Date that counts.
    @Test func theFromLineComesFirst() {
        let file =
            "From a@a.org Thu Nov 20 10:00:00 2025\nDate: 1 Jan 2020 00:00:00 +0000\n\n\nFrom -\nDate: 2 Jan 2020 00:00:00 +0000\n"
            + "Date: 3 Jan 2020 00:00:00 +0000\n\n"
        let dates = Splitting.of(Array(file.utf8), reads: nil).messages.map(\.facts.internalDate)
        #expect(dates == [1_763_632_800, 1_577_923_200])
    }
}
