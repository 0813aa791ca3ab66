// From_ lines as programs write them, and lines of text that are none.

import Testing

@testable import Archive

@Suite struct MboxSeparatorTests {
    /// 1986-11-24 18:22:48 UTC.
    static let moment: Int64 = 533_240_568

    static let good: [(line: String, sender: String, date: Int64?)] = [
        ("From a@x Mon Nov 24 18:22:48 1986", "a@x", moment),
        ("From a@x  Mon Nov 24 18:22:48 1986 ", "a@x", moment),
        ("From a@x Mon Nov 24 18:22 1986", "a@x", moment - 48),
        ("From MAILER-DAEMON Thu Jan  1 00:00:00 1970", "MAILER-DAEMON", 0),
        ("From - Mon Nov 24 18:22:48 1986", "-", moment),
        ("From  Mon Nov 24 18:22:48 1986", "", moment),
        ("From Mon Mon Nov 24 18:22:48 1986", "Mon", moment),
        ("From \"a b\"@x Mon Nov 24 18:22:48 1986", "\"a b\"@x", moment),
        ("From a@x\tMon\tNov 24 18:22:48 1986", "a@x", moment),
        ("From a@x Mon Nov 24 18:22:48 1986 +0000", "a@x", moment),
        ("From a@x Mon Nov 24 18:22:48 1986 -0530", "a@x", moment + 19_800),
        ("From a@x Mon Nov 24 18:22:48 +0100 1986", "a@x", moment - 3600),
        ("From a@x Mon Nov 24 18:22:48 EST 1986", "a@x", moment + 18_000),
        ("From a@x Mon Nov 24 18:22:48 1986 CEST", "a@x", moment - 7200),
        ("From a@x Mon Nov 24 18:22:48 MET DST 1986", "a@x", moment - 7200),
        ("From a@x Mon Nov 24 18:22 GMT 1986", "a@x", moment - 48),
        ("From a@x Mon Nov 24 18:22:48 XYZ 1986", "a@x", moment),
        ("From a Mon Nov 24 18:22:48 1986 remote from y", "a", moment),
        ("From a Mon Nov 24 18:22:48 1986 PST remote from y", "a", moment + 28_800),
        ("From a@x Thu Feb 29 23:59:60 2024", "a@x", 1_709_251_200),
        ("From a@x Fri Dec 31 23:59:59 9999", "a@x", 253_402_300_799),
        ("From a@x Wed Feb 29 1:02:03 2400", "a@x", 13_574_566_923),
        // Nobody looks at the day of the week.
        ("From a@x Sun Nov 24 18:22:48 1986", "a@x", moment),
        ("From ", "", nil),
        ("From -", "-", nil),
        ("From -  ", "-", nil),
    ]

    @Test(arguments: good)
    func senderAndDate(row: (line: String, sender: String, date: Int64?)) throws {
        for first in [true, false] {
            let line = Array(row.line.utf8)
            let separator = try #require(MboxSeparator.read(line, first: first), "\(row.line)")
            #expect(String(decoding: separator.sender, as: UTF8.self) == row.sender)
            #expect(separator.date == row.date)
        }
    }

    static let text: [String] = [
        "From a", "From a@x", "From - -", "From a@x Nov 24 18:22:48 1986", "From a@x Mon Nov 24 1986",
        "From a@x Mon Nov 24 18:22:48",
        "From a@x Mon Nov 24 18:22:48 86", "From a@x Mon Nov 24 18:22:48 19861", "From a@x Mon Nov 31 18:22:48 1986",
        "From a@x Mon Nov 0 18:22:48 1986", "From a@x Mon Feb 29 18:22:48 1986", "From a@x Mon Nov 24 24:00:00 1986",
        "From a@x Mon Nov 24 18:60:48 1986", "From a@x Mon Nov 24 18:22:61 1986", "From a@x Mon Nov 24 18 1986",
        "From a@x Mon Nov 24 18:22:48:00 1986", "From a@x Mon Nov 24 18::48 1986", "From a@x mon nov 24 18:22:48 1986",
        "From a@x Monday Nov 24 18:22:48 1986", "From a@x Mon November 24 18:22:48 1986", "From a@x Mon 24 Nov 18:22:48 1986",
        "From a@x Mon Nov 24 18:22:48 1986 and more", "From a@x Mon Nov 24 18:22:48 1986 +010",
        "From a@x Mon Nov 24 18:22:48 +9900 1986",
        "From a@x Mon Nov 24 18:22:48 1986 +0060", "From a@x Mon Nov 24 18:22:48 1986 +01x0",
        "From a@x Mon Nov 24 18:22:48 PST 1986 PST",
        "From a@x Mon Nov 24 18:22:48 1986 ABCDEF", "From a@x Mon Nov 24 18:22:48 1969", "From a@x Mon Nov 024 18:22:48 1986",
        "From a@x Mon Nov 24 18:22:48 1986 remote", "From a@x Mon Nov 24 18:22:48 +0100 DST 1986",
        "From a@x Mon Nov -1 18:22:48 1986",
    ]

    @Test(arguments: text)
    func aBrokenOneIsTextUnlessItIsTheFirst(line: String) {
        let octets = Array(line.utf8)
        #expect(MboxSeparator.read(octets, first: false) == nil)
        let first = MboxSeparator.read(octets, first: true)
        #expect(first?.sender == Array(octets.dropFirst(5)) && first?.date == nil)
    }

    @Test(arguments: ["", "F", "From", "From:", "from a Mon Nov 24 18:22:48 1986", " From a", ">From a Mon Nov 24 18:22:48 1986"])
    func otherLinesAreNever(line: String) {
        #expect(MboxSeparator.read(Array(line.utf8), first: true) == nil)
    }

    @Test func datesComeBackAsTheyWereWritten() {
        var random = SplitMix(state: 3)
        var moments: [Int64] = [0, 1, 951_782_400, 951_868_800, 4_107_542_400, 253_402_300_799]
        for _ in 0..<5_000 { moments.append(Int64.random(in: 0...253_402_300_799, using: &random)) }
        for moment in moments {
            let line = Array("From a \(AsctimeDate.text(moment))".utf8)
            #expect(MboxSeparator.read(line, zone: 7, first: false)?.date == moment - 7)
        }
        #expect(AsctimeDate.text(-1) == "Thu Jan  1 00:00:00 1970" && AsctimeDate.text(.max) == "Fri Dec 31 23:59:59 9999")
        #expect(AsctimeDate.text(Self.moment) == "Mon Nov 24 18:22:48 1986")
    }
}
