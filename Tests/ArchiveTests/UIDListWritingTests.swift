import Testing

@testable import Archive

@Suite struct UIDListWritingTests {
    /// What is written is read as it was, line by line, and in a torn file up to the last whole line.
    @Test func writtenAndRead() throws {
        let names = ["1.a,S=3:2,S", "2.b", "3.c d:2,"].compactMap { MaildirFileName(Array($0.utf8)) }
        try #require(names.count == 3)
        var file = UIDList.heading(uidValidity: 5, nextUID: 4)
        for (number, name) in names.enumerated() { file += UIDList.line(uid: UInt32(number * 2 + 1), name: name) }
        let list = try UIDList(file: file)
        #expect(list.uidValidity == 5 && list.nextUID == 6 && list.count == 3 && list.brokenLines == [])
        #expect(names.map { list.record(of: $0)?.uid } == [1, 3, 5])
        #expect(list.record(of: names[0])?.size == 3)
        #expect(try UIDList(file: file.dropLast(2)).count == 2)
        #expect(String(decoding: file, as: UTF8.self) == "3 V5 N4\n1 :1.a,S=3\n3 :2.b\n5 :3.c d\n")
    }
}
