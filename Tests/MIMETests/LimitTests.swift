// Every limit: exactly it passes, one more does not. The first fault stays, whatever comes behind.

import Testing

@testable import MIME

@Suite struct LimitTests {
    private func limits(_ change: (inout InspectionLimits) -> Void) -> InspectionLimits {
        var limits = InspectionLimits()
        change(&limits)
        return limits
    }

    @Test(arguments: [(13, nil), (12, InspectionFault.headerTooLarge(limit: 12)), (6, .headerTooLarge(limit: 6))])
    func theHeader(limit: Int, fault: InspectionFault?) {
        // 6 and 7 octets; the empty line is not counted.
        #expect(Inspection.of("A: b\r\nB: cd\r\n\r\nbody of some length", limits { $0.header = limit }).fault == fault)
    }

    @Test(arguments: [(3, nil), (2, InspectionFault.tooManyFields(limit: 2)), (0, .tooManyFields(limit: 0))])
    func theFields(limit: Int, fault: InspectionFault?) {
        let text = "A: b\r\nB: c\r\n folded\r\nno colon counts as well\r\n\r\nX: y\r\n"
        #expect(Inspection.of(text, limits { $0.fields = limit }).fault == fault)
    }

    @Test(arguments: [(19, nil), (18, InspectionFault.fieldTooLong(limit: 18))])
    func oneField(limit: Int, fault: InspectionFault?) {
        let text = "A: b\r\nName: value\r\n foo\r\nB: c\r\n\r\n"
        #expect(Inspection.of(text, limits { $0.field = limit }).fault == fault)
    }

    @Test func whatIsCrossedFirstIsSaid() {
        let text = "A: 0123456789\r\n\r\n"
        let fieldFirst = limits { ($0.header, $0.field) = (9, 8) }
        #expect(Inspection.of(text, fieldFirst).fault == .fieldTooLong(limit: 8))
        let headerFirst = limits { ($0.header, $0.field) = (8, 9) }
        #expect(Inspection.of(text, headerFirst).fault == .headerTooLarge(limit: 8))
    }

    @Test func everyPartHasItsOwnHeader() {
        let part = "--b\r\nA: 1\r\nB: 2\r\n\r\nx\r\n"
        let text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + String(repeating: part, count: 20) + "--b--\r\n"
        #expect(Inspection.of(text, limits { ($0.header, $0.fields) = (43, 2) }).fault == nil)
        #expect(Inspection.of(text, limits { ($0.header, $0.fields) = (43, 1) }).fault == .tooManyFields(limit: 1))
        let long = text.replacing("B: 2", with: "B: " + String(repeating: "2", count: 99))
        #expect(Inspection.of(long, limits { $0.header = 43 }).fault == .headerTooLarge(limit: 43))
    }

    @Test func theDefaultsAreAsDocumented() {
        let defaults = InspectionLimits()
        #expect(defaults.attachment == nil && defaults.line == nil)
        #expect(defaults.header == 1_048_576 && defaults.fields == 1_000 && defaults.field == 262_144)
        #expect(defaults.depth == 100 && defaults.parts == 10_000)
    }

    /// RFC 5321 §4.5.3.1.6. The text, and the longest line in it.
    @Test(arguments: [
        ("A: b\r\n\r\n0123456789\r\nx\r\n", 10),
        ("A: 0123456789\r\n\r\nbody\r\n", 13),
        ("A: b\r\n\r\n0123456789", 10),
        ("A: b\r\n\r\n0123\r56789\r\n", 10),
        ("A: b\r\n\r\n012345678\r\r\n", 10),
        ("A: b\r\n\r\n0123456789\n", 10),
        ("\r\n\r\n\r\n", 0),
    ])
    func lineLength(text: String, longest: Int) {
        #expect(Inspection.of(text, limits { $0.line = longest }).fault == nil)
        guard longest > 0 else { return }
        #expect(Inspection.of(text, limits { $0.line = longest - 1 }).fault == .lineTooLong(limit: longest - 1))
    }

    @Test func whatStandsBeforeALongLineIsStillSeen() {
        let text = lines("A: b", "", "0123456789", "0123456789012345")
        #expect(Inspection.of(text, limits { ($0.line, $0.fields) = (12, 0) }).fault == .tooManyFields(limit: 0))
        #expect(Inspection.of(text, limits { $0.line = 12 }).fault == .lineTooLong(limit: 12))
    }

    private func multipart(parts: Int) -> String {
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + String(repeating: "--b\r\n\r\nx\r\n", count: parts) + "--b--\r\n"
    }

    @Test func parts() {
        #expect(Inspection.of(multipart(parts: 9), limits { $0.parts = 10 }).fault == nil)
        #expect(Inspection.of(multipart(parts: 9), limits { $0.parts = 10 }).facts.parts == 10)
        #expect(Inspection.of(multipart(parts: 10), limits { $0.parts = 10 }).fault == .tooManyParts(limit: 10))
    }

    /// What lies too deep is one attachment with all that is in it.
    @Test func depth() {
        let inner = lines(
            "--b", "Content-Type: application/octet-stream", "", "12345",
            "--b", "", "a body to be read, not counted", "--b--")
        let outer = lines("--a", "Content-Type: multipart/mixed; boundary=b", "") + inner + lines("--a--")
        let text = lines("Content-Type: multipart/mixed; boundary=a", "") + outer
        #expect(Inspection.of(text, limits { $0.depth = 2 }).octets == 5)
        #expect(Inspection.of(text, limits { $0.depth = 1 }).octets == inner.utf8.count - 2)
        #expect(Inspection.of(text, limits { $0.depth = 0 }).octets == outer.utf8.count)
    }

    @Test func messagesInMessagesAreDeepToo() {
        let text = String(repeating: "Content-Type: message/rfc822\r\n\r\n", count: 8) + "\r\nx"
        #expect(Inspection.of(text, limits { $0.depth = 8 }).octets == nil)
        #expect(Inspection.of(text, limits { $0.depth = 8 }).facts.parts == 9)
        #expect(Inspection.of(text, limits { $0.depth = 7 }).octets == 3)
    }

    @Test func theFirstFaultStays() {
        var inspector = ContentInspector(limits: limits { $0.fields = 1 })
        let message = Array("A: b\r\nB: c\r\n".utf8)
        #expect(inspector.inspect(message.span) == .tooManyFields(limit: 1))
        #expect(inspector.inspect(Array(repeating: 0xFF, count: 100_000).span) == .tooManyFields(limit: 1))
        #expect(inspector.fault == .tooManyFields(limit: 1))
        #expect(!inspector.facts.bodyHasEightBit)
        #expect(inspector.finish() == .tooManyFields(limit: 1))
    }

    @Test func nothingIsNoFault() {
        var inspector = ContentInspector()
        #expect(inspector.inspect([UInt8]().span) == nil)
        #expect(inspector.inspect(UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
        #expect(inspector.finish() == nil)
    }
}
