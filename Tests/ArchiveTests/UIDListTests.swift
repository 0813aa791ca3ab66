// Dovecot's and Courier's lists of UIDs.

import Testing

@testable import Archive

@Suite struct UIDListTests {
    private func record(_ list: UIDList, _ name: String) throws -> UIDList.Record? {
        list.record(of: try #require(MaildirFileName(name.utf8)))
    }

    @Test func versionThree() throws {
        let list = try UIDList(
            file: """
                3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1
                25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,
                25017 W2481 Pabc$1 S2400 Gxx O3 :1276533073.M242911P3632.kurkku
                25018 P :1276533074.a b: c
                25019 P\(String(repeating: "u", count: 71)) Wx :1.a

                """.utf8)
        #expect(list.uidValidity == 1_275_660_208 && list.nextUID == 25_022 && list.count == 4 && list.brokenLines.isEmpty)
        let first = UIDList.Record(uid: 25_006, size: 1355, wireSize: 1394)
        #expect(try record(list, "1276528487.M364837P9451.kurkku:2,S") == first)
        #expect(try record(list, "1276528487.M364837P9451.kurkku,S=1355") == first)
        let second = UIDList.Record(uid: 25_017, uidl: "abc$1", size: 2400, wireSize: 2481)
        #expect(try record(list, "1276533073.M242911P3632.kurkku:2,") == second)
        #expect(try record(list, "1276533074.a b") == UIDList.Record(uid: 25_018))
        #expect(try record(list, "1.a") == UIDList.Record(uid: 25_019))
        #expect(try record(list, "1276528487.M364837P9451") == nil)
    }

    @Test func versionOneOfCourierAndDovecot() throws {
        for end in ["\n", "\r\n"] {
            let file = "1 1133287612 4\n1 1133287613.M1.x\n3 1133287614.M2.x,S=5:2,S\n".replacing("\n", with: end)
            let list = try UIDList(file: file.utf8)
            #expect(list.uidValidity == 1_133_287_612 && list.nextUID == 4 && list.count == 2)
            #expect(try record(list, "1133287614.M2.x:2,")?.uid == 3)
        }
    }

    @Test(arguments: [
        "", "\n", "2 V1 N1\n", "3\n", "3 V1\n", "3 N1\n", "3 V0 N1\n", "3 Vx N1\n", "1 1\n", "1 0 1\n", "1 1 x\n", "V1 N1\n",
        "3 V4294967296 N1\n", "4 1 1\n", "\u{E9}",
    ])
    func isNoList(file: String) {
        #expect(throws: UIDListError.header) { try UIDList(file: file.utf8) }
    }

    static let lines: [(lines: String, count: Int, broken: [Int], next: UInt32)] = [
        ("", 0, [], 5),
        ("1 :a\n2 :b\n", 2, [], 5),
        ("7 :a\n", 1, [], 8),
        ("4294967295 :a\n", 1, [], .max),
        ("1 :a\n2 :b", 1, [], 5),
        ("1 a\n", 0, [2], 5),
        ("\n1 :a\n", 1, [2], 5),
        ("2 :a\n1 :b\n2 :c\n3 :d\n", 2, [3, 4], 5),
        ("0 :a\n-1 :b\nx :c\n :d\n1 :\n1 :.x\n4294967296 :e\n", 0, [2, 3, 4, 5, 6, 7, 8], 5),
        ("1 :a\n2 :a\n", 1, [], 5),
    ]

    @Test("U14: broken lines are passed over and told", arguments: lines)
    func records(row: (lines: String, count: Int, broken: [Int], next: UInt32)) throws {
        let list = try UIDList(file: ("3 V1 N5\n" + row.lines).utf8)
        #expect(list.count == row.count && list.brokenLines == row.broken && list.nextUID == row.next)
    }

    @Test func brokenLinesAreNotedUpToALimit() throws {
        let list = try UIDList(file: ("1 1 0\n" + String(repeating: "x\n", count: 500)).utf8)
        #expect(list.brokenLines == Array(2...101) && list.nextUID == 1)
    }

    @Test func theHeaderMayBeAllThereIs() throws {
        #expect(try UIDList(file: "3 N7 V2".utf8).nextUID == 7)
    }
}
