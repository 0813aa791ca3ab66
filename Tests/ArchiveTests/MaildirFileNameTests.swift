// Names of files as Maildir's programs make them, both ways, and what is told by name, place and lists together.

import Testing

@testable import Archive

@Suite struct MaildirFileNameTests {
    struct Row: Sendable {
        var name: String
        var unique: String
        var flags = MaildirFlags()
        var size: UInt64?
        var wireSize: UInt64?
        var time: Int64?
    }

    static let names: [Row] = [
        Row(name: "1276528487.M364837P9451.host", unique: "1276528487.M364837P9451.host", time: 1_276_528_487),
        Row(
            name: "1276528487.M364837P9451.host,S=1355,W=1394:2,", unique: "1276528487.M364837P9451.host", size: 1355,
            wireSize: 1394, time: 1_276_528_487),
        Row(name: "1.a,W=2,S=1:2,S", unique: "1.a", flags: MaildirFlags(.seen), size: 1, wireSize: 2, time: 1),
        Row(
            name: "1.a:2,DFPRST", unique: "1.a",
            flags: MaildirFlags([.draft, .flagged, .forwarded, .answered, .seen, .deleted]), time: 1),
        Row(name: "1.a:2,FSabz", unique: "1.a", flags: MaildirFlags([.flagged, .seen], keywords: 1 << 25 | 3), time: 1),
        Row(name: "1.a;2,S", unique: "1.a", flags: MaildirFlags(.seen), time: 1),
        Row(name: "1.a,S=3!2,FS", unique: "1.a", flags: MaildirFlags([.flagged, .seen]), size: 3, time: 1),
        Row(name: "1.a:1,S", unique: "1.a", time: 1),
        Row(name: "1.a!1,x", unique: "1.a", time: 1),
        Row(name: "1.a:3,S", unique: "1.a", time: 1),
        Row(name: "1.a:", unique: "1.a", time: 1),
        Row(name: "1.a:2", unique: "1.a", time: 1),
        Row(name: "1.a:2,SXY", unique: "1.a", flags: MaildirFlags(.seen), time: 1),
        Row(name: "1.a:2,S,S=9,x", unique: "1.a", flags: MaildirFlags(.seen), time: 1),
        Row(name: "1.a,X=5,S=x,,Q:2,T", unique: "1.a", flags: MaildirFlags(.deleted), time: 1),
        Row(name: "1.a,S=:2,T", unique: "1.a", flags: MaildirFlags(.deleted), time: 1),
        Row(name: "1.a;b!c", unique: "1.a;b!c", time: 1),
        Row(name: "1.a;2,b:2,S", unique: "1.a;2", flags: MaildirFlags(.seen), time: 1),
        Row(name: "1276528487", unique: "1276528487", time: 1_276_528_487),
        Row(name: "1276528487_5.host", unique: "1276528487_5.host"),
        Row(name: "123456789012.a", unique: "123456789012.a"),
        Row(name: "x.1", unique: "x.1"),
        Row(name: "\u{E9} b", unique: "\u{E9} b"),
        Row(name: String(repeating: "n", count: 255), unique: String(repeating: "n", count: 255)),
    ]

    @Test("U14: names of files, both ways", arguments: names)
    func name(row: Row) throws {
        let name = try #require(MaildirFileName(row.name.utf8))
        #expect(name.unique == Array(row.unique.utf8))
        #expect(name.flags == row.flags)
        #expect(name.size == row.size && name.wireSize == row.wireSize)
        #expect(name.deliveryTime == row.time)
        #expect(String(decoding: name.octets, as: UTF8.self) == row.name)
        #expect(row.name.utf8.starts(with: name.withoutFlags))
    }

    @Test(arguments: ["", ".", ".a", "a/b", "a\0b", ":2,S", ",S=1", "!2,S", String(repeating: "n", count: 256)])
    func isNoMessage(name: String) {
        #expect(MaildirFileName(name.utf8) == nil)
    }

    @Test func flagsAreWrittenInOrderAndOnce() {
        #expect(MaildirFileName("1.a:2,TXSaSbF".utf8)?.octets == Array("1.a:2,FSTXab".utf8))
        let name = MaildirFileName(unique: [0x31], fields: [[0x58]], mark: .semicolon, suffix: .flags(MaildirFlags(.draft)))
        #expect(name.octets == Array("1,X;2,D".utf8) && name.withoutFlags == Array("1,X".utf8))
        #expect(MaildirFileName(unique: [0x31]).octets == [0x31])
    }

    @Test func randomNamesComeBack() {
        var random = SplitMix(state: 23)
        let words = ["1", "2", ",", ":", ";", "!", "S=", "W=", "S", "F", "a", "z", ".", "X", "2,", ":2,", "\u{E9}", " "]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in words.randomElement(using: &random)! }.joined()
            guard let name = MaildirFileName(text.utf8) else { continue }
            let again = MaildirFileName(name.octets)
            #expect(again == name, "\(text)")
            #expect(again?.octets == name.octets && name.octets.count <= text.utf8.count, "\(text)")
        }
    }

    // MARK: - Keywords

    @Test func theTableIsReadAndWritten() {
        let table = MaildirKeywords(
            file: Array("0 $Junk\n1 a b\n\n3 work\r\nx y\n26 z\n4\n99999999999999999999 q\n2 \u{E9}\n".utf8))
        #expect(table.names == ["$Junk", nil, "\u{E9}", "work"])
        #expect(table.keywords(of: 0b1111_1011) == ["$Junk", "work"])
        #expect(String(decoding: table.file, as: UTF8.self) == "0 $Junk\n2 \u{E9}\n3 work\n")
        #expect(MaildirKeywords(file: table.file) == table)
        #expect(MaildirKeywords(file: [UInt8]()) == MaildirKeywords())
    }

    @Test func keywordsGetLettersAsLongAsThereAreSome() {
        var table = MaildirKeywords(file: Array("1 b\n".utf8))
        let first = table.letters(of: ["b", "a", "c d", "c"])
        #expect(first.letters == 0b111 && first.lost == ["c d"])
        #expect(table.names == ["a", "b", "c"])
        let rest = table.letters(of: (0..<30).map { "k\($0)" })
        #expect(rest.letters == 0x3FF_FFF8 && rest.lost == (23..<30).map { "k\($0)" })
        let known = table.letters(of: ["k22", "a"])
        #expect(known.letters == 1 << 25 | 1 && known.lost.isEmpty)
    }

    // MARK: - Messages

    @Test func nameAndPlaceAndListsTellOneStory() throws {
        let name = try #require(MaildirFileName("1276528487.a,S=10:2,FPSac".utf8))
        let table = MaildirKeywords(file: Array("0 $Junk\n2 $Forwarded\n".utf8))
        let list = try UIDList(file: "3 V9 N8\n7 W12 Pu1 :1276528487.a\n".utf8)
        let message = ArchivedMessage(name, in: .cur, date: .modification(5), keywords: table, list: list)
        #expect(
            message
                == ArchivedMessage(
                    flags: [.flagged, .forwarded, .seen, .old], keywords: ["$Junk"], internalDate: 5, size: 12, uid: 7, uidl: "u1"
                ))
        let new = ArchivedMessage(name, in: .new, date: .name(otherwise: 5))
        #expect(new == ArchivedMessage(flags: [.flagged, .forwarded, .seen], internalDate: 1_276_528_487))
        let other = try #require(MaildirFileName("x".utf8))
        #expect(ArchivedMessage(other, in: .new, date: .name(otherwise: 5), list: list) == ArchivedMessage(internalDate: 5))
    }

    static let written: [(message: ArchivedMessage, name: String, isNew: Bool)] = [
        (ArchivedMessage(), "1.a,S=9", true),
        (ArchivedMessage(size: 11), "1.a,S=9,W=11", true),
        (ArchivedMessage(flags: .old), "1.a,S=9:2,", false),
        (ArchivedMessage(flags: [.seen, .forwarded], size: 11), "1.a,S=9,W=11:2,PS", false),
        (ArchivedMessage(keywords: ["w", "x y"]), "1.a,S=9:2,a", false),
    ]

    @Test("U14: an exported message's name", arguments: written)
    func exported(row: (message: ArchivedMessage, name: String, isNew: Bool)) throws {
        var table = MaildirKeywords()
        let file = row.message.maildirName(unique: Array("1.a".utf8), fileSize: 9, keywords: &table)
        #expect(String(decoding: file.name.octets, as: UTF8.self) == row.name)
        #expect(file.subdirectory == (row.isNew ? .new : .cur))
        #expect(file.lost == row.message.keywords.filter { $0 == "x y" })
        let read = try #require(MaildirFileName(file.name.octets))
        let again = ArchivedMessage(read, in: file.subdirectory, date: .modification(0), keywords: table)
        #expect(again.flags.subtracting(.old) == row.message.flags.subtracting(.old))
        #expect(again.keywords == row.message.keywords.filter { $0 != "x y" } && again.size == row.message.size)
    }
}
