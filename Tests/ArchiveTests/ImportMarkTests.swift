// The journal of an import: its lines both ways, torn ones, and the checksum that is in them.

import Testing

@testable import Archive

@Suite struct ImportMarkTests {
    static let marks: [(mark: ImportMark, line: String)] = [
        (.file(folder: [], unique: Array("1.a".utf8)), "file\t\t1.a"),
        (.file(folder: Array(".Work.x y".utf8), unique: Array("1.a".utf8)), "file\t.Work.x y\t1.a"),
        (.file(folder: [0x25, 0x09, 0xFF], unique: [0x0A, 0x0D, 0x7F]), "file\t%25%09%FF\t%0A%0D%7F"),
        (.message(mbox: Array("a/b".utf8), offset: 0, checksum: 0), "mbox\ta/b\t0\t00000000"),
        (.message(mbox: [0xC3, 0xA9], offset: .max, checksum: 0x89AB_01FF), "mbox\t%C3%A9\t18446744073709551615\t89ab01ff"),
    ]

    @Test("U14: lines of the journal, both ways", arguments: marks)
    func both(row: (mark: ImportMark, line: String)) {
        #expect(String(decoding: row.mark.line, as: UTF8.self) == row.line + "\n")
        #expect(ImportMark(line: row.line.utf8) == row.mark)
    }

    @Test(arguments: [
        "", "file", "file\ta", "file\ta\t", "file\ta\tb\tc", "File\ta\tb", "files\ta\tb", "file\ta\tb%", "file\ta\tb%0",
        "file\ta\tb%0G", "file\ta\tb%+1", "file\ta\t\u{E9}", "file\ta\tb\r", "mbox\ta\t1", "mbox\ta\t1\t0000000",
        "mbox\ta\t1\t000000000",
        "mbox\ta\t1\t0000000g", "mbox\ta\t1\t+0000000", "mbox\ta\t-1\t00000000", "mbox\ta\t\t00000000",
        "mbox\ta\t18446744073709551616\t00000000", "mbox\ta\t1\t00000000\t", "file\t\(String(repeating: "a", count: 32_768))\tb",
    ])
    func isNoMark(line: String) {
        #expect(ImportMark(line: line.utf8) == nil)
    }

    @Test func theJournalIsReadUpToWhereItBroke() throws {
        var file = ImportJournal.heading
        var marks: Set<ImportMark> = []
        for row in Self.marks {
            file += row.mark.line
            marks.insert(row.mark)
        }
        let whole = try #require(ImportJournal(file: file))
        #expect(whole.marks == marks && whole.wholeOctets == file.count)
        for length in 0..<file.count {
            let torn = try #require(ImportJournal(file: Array(file[..<length])), "\(length) octets")
            let ends = file[..<length].indices.filter { file[$0] == 0x0A }
            #expect(torn.wholeOctets == (ends.last ?? -1) + 1 && torn.marks.count == max(0, ends.count - 1))
        }
    }

    @Test(arguments: ["x", "postern import 2\n", "postern import 1\nx\n", "postern import 1\n\n", "file\ta\tb\nfile\ta\tb\n"])
    func isNoJournal(file: String) {
        #expect(ImportJournal(file: Array(file.utf8)) == nil)
    }

    @Test func checksumsOfTheFirstOctets() {
        // RFC 3720 §B.4, and the usual check word.
        let table: [([UInt8], UInt32)] = [
            ([], 0), (Array("123456789".utf8), 0xE306_9283), (Array(repeating: 0, count: 32), 0x8A91_36AA),
            (Array(repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        ]
        for (octets, value) in table {
            var whole = MessageChecksum()
            whole.take(octets.span)
            #expect(whole.value == value)
            var pieces = MessageChecksum()
            for octet in octets {
                let piece = [octet]
                pieces.take(piece.span)
            }
            #expect(pieces == whole)
        }
    }

    @Test func whatIsBehindTheFirstOctetsDoesNotCount() {
        let start = (0..<MessageChecksum.length).map { UInt8(truncatingIfNeeded: $0) }
        var (one, other, third) = (MessageChecksum(), MessageChecksum(), MessageChecksum())
        let (longer, more, changed) = (start + [1, 2], [UInt8(3)], [9] + start.dropFirst())
        one.take(longer.span)
        other.take(start.span)
        other.take(more.span)
        third.take(changed.span)
        #expect(one.value == other.value && third.value != one.value)
    }
}
