// Flags, keywords and UIDs in header fields; what is taken out of the content and what stays.

import Testing

@testable import Archive

@Suite struct MboxFieldTests {
    static let a = MboxSplitterTests.a
    static let b = MboxSplitterTests.b

    static let fields: [(header: String, facts: ArchivedMessage, rest: String)] = [
        ("", ArchivedMessage(), ""),
        ("Status: RO\n", ArchivedMessage(flags: [.seen, .old]), ""),
        ("STATUS:R\n", ArchivedMessage(flags: .seen), ""),
        ("status:\n\tO\n R\n", ArchivedMessage(flags: [.seen, .old]), ""),
        ("Status: \n", ArchivedMessage(), ""),
        ("Status:\n", ArchivedMessage(), ""),
        ("Status: ro?\n", ArchivedMessage(), ""),
        ("X-Status: DFAT\n", ArchivedMessage(flags: [.deleted, .flagged, .answered, .draft]), ""),
        ("Status: RD\nX-Status: A\n", ArchivedMessage(flags: [.seen, .deleted, .answered]), ""),
        ("S: 1\nStatus: R\nT: 2\n", ArchivedMessage(flags: .seen), "S: 1\nT: 2\n"),
        ("X-Keywords: a  b\ta $Forwarded\n c\n", ArchivedMessage(flags: .forwarded, keywords: ["a", "b", "c"]), ""),
        ("X-Keywords: \u{E9}t\u{E9}          \n", ArchivedMessage(keywords: ["\u{E9}t\u{E9}"]), ""),
        ("X-UID: 17\n", ArchivedMessage(uid: 17), ""),
        ("X-UID: 0000000017    \n", ArchivedMessage(uid: 17), ""),
        ("X-UID: 0\n", ArchivedMessage(), ""),
        ("X-UID: 4294967296\n", ArchivedMessage(), ""),
        ("X-Mozilla-Status: 1005\nX-Mozilla-Status2: 00000000\n", ArchivedMessage(flags: [.seen, .flagged, .forwarded]), ""),
        (
            "X-Mozilla-Status: 000a\nX-Mozilla-Keys: $label1\n",
            ArchivedMessage(flags: [.answered, .deleted], keywords: ["$label1"]), ""
        ),
        ("X-Mozilla-Status: 5\n", ArchivedMessage(), ""),
        // Only the first of each is the mail program's; others came with the mail.
        ("Status: R\nStatus: O\nX-UID: 1\nX-UID: 2\n", ArchivedMessage(flags: .seen, uid: 1), "Status: O\nX-UID: 2\n"),
        // Fields that only begin like these.
        (
            "Statuses: R\nX-Statu: R\nX-UIDs: 3\nX: Status: R\n", ArchivedMessage(),
            "Statuses: R\nX-Statu: R\nX-UIDs: 3\nX: Status: R\n"
        ),
        ("Status : R\nStatus\nX\n", ArchivedMessage(), "Status : R\nStatus\nX\n"),
        ("S: 1\n Status: R\n", ArchivedMessage(), "S: 1\n Status: R\n"),
        ("Sxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: R\n", ArchivedMessage(), "Sxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: R\n"),
    ]

    @Test("U14: what the header tells", arguments: fields)
    func header(row: (header: String, facts: ArchivedMessage, rest: String)) {
        var facts = row.facts
        facts.internalDate = 533_240_568
        for size in MboxSplitterTests.sizes {
            for tail in ["", "\nStatus: O\n", "\n"] where tail != "\n" || !row.rest.isEmpty {
                for end in ["\n", "\r\n"] {
                    let file = (Self.a + row.header + tail).replacing("\n", with: end)
                    let split = Splitting.of(file, reads: size)
                    // An empty line that the file ends with is not the message's.
                    let expected = (row.rest + (tail == "\n" ? "" : tail)).replacing("\n", with: "\r\n")
                    #expect(split.texts == [expected], "reads of \(size ?? 0)")
                    #expect(split.messages.map(\.facts) == [facts])
                    let all = Splitting.of(Array(file.utf8), reads: size, removes: [])
                    #expect(all.texts == [(row.header + (tail == "\n" ? "" : tail)).replacing("\n", with: "\r\n")])
                    #expect(all.messages.map(\.facts) == [facts])
                }
            }
        }
    }

    @Test func aHeaderThatTheFileEndsInIsReadToo() {
        for size in MboxSplitterTests.sizes {
            for file in ["Status: R", "Status: R\r", "Status:\n R"] {
                let split = Splitting.of(Self.a + file, reads: size)
                #expect(split.texts == [""] && split.messages[0].facts.flags == .seen, "\(file.debugDescription)")
            }
        }
    }

    @Test func eachKindIsTakenOutByItself() {
        let file = Array((Self.a + "Status: R\nX-UID: 3\nContent-Length: 0\n\n").utf8)
        let status = Splitting.of(file, reads: 1, removes: .status)
        #expect(status.texts == ["X-UID: 3\r\nContent-Length: 0\r\n"])
        let uid = Splitting.of(file, reads: 1, removes: .uid)
        #expect(uid.texts == ["Status: R\r\nContent-Length: 0\r\n"])
        #expect(status.messages[0].facts == uid.messages[0].facts)
    }

    static let records: [(header: String, folder: MboxFolder?)] = [
        ("X-IMAP: 1275660208 0000025021", MboxFolder(uidValidity: 1_275_660_208, lastUID: 25_021, keywords: [])),
        ("X-IMAPbase: 5 0 $Junk a", MboxFolder(uidValidity: 5, lastUID: 0, keywords: ["$Junk", "a"])),
        ("X-IMAPBASE: 5 7\n b\n\tc", MboxFolder(uidValidity: 5, lastUID: 7, keywords: ["b", "c"])),
        ("X-IMAP: 0 1", nil), ("X-IMAP: 1", nil), ("X-IMAP: a b", nil), ("X-IMAP: 1 b", nil), ("X-IMAP: 4294967296 1", nil),
        ("X-IMAP:", nil), ("S: 1", nil),
    ]

    @Test("U14: the folder's UIDVALIDITY, in the first message only", arguments: records)
    func folder(row: (header: String, folder: MboxFolder?)) {
        let isField = row.header.hasPrefix("X")
        for size in MboxSplitterTests.sizes {
            let first = Splitting.of(Self.a + row.header + "\n\nt\n\n" + Self.b, reads: size)
            #expect(first.folder == row.folder)
            #expect(first.texts == [isField ? "\r\nt\r\n" : "S: 1\r\n\r\nt\r\n", ""])
            let second = Splitting.of(Self.a + "\n" + Self.b + row.header + "\n\nt\n", reads: size)
            #expect(second.folder == nil)
            #expect(second.texts == ["", (row.header + "\n\nt\n").replacing("\n", with: "\r\n")])
        }
    }

    static let subject = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"

    static let pseudo: [(headers: [String], isRecord: [Bool])] = [
        ([subject + "X-IMAP: 5 7\n"], [true]),
        (["From: Mail System Internal Data <MAILER-DAEMON@x>\nX-IMAP: 5 7\n" + subject + "Status: RO\n"], [true]),
        ([subject + "X-IMAPbase: 5 7\n"], [false]),
        ([subject], [false]),
        (["Subject: Re: DON'T DELETE THIS MESSAGE\nX-IMAP: 5 7\n"], [false]),
        (["X-IMAP: 5 7\n", subject], [false, false]),
        (["S: 1\n", subject + "X-IMAP: 5 7\n"], [false, false]),
    ]

    @Test("U14: UW IMAP's and Dovecot's record of the folder is recognised", arguments: pseudo)
    func pseudoMessage(row: (headers: [String], isRecord: [Bool])) {
        let file = row.headers.map { Self.a + $0 + "\nt\n\n" }.joined()
        for size in MboxSplitterTests.sizes {
            let split = Splitting.of(file, reads: size)
            #expect(split.messages.map { $0.ending?.isFolderRecord } == row.isRecord.map { $0 })
            #expect(split.texts.allSatisfy { $0.hasSuffix("\r\n\r\nt\r\n") || $0 == "\r\nt\r\n" })
        }
    }

    @Test func fieldsBeyondTheLimitsAreContent() {
        var limits = MboxLimits()
        (limits.header, limits.field) = (50, 20)
        let table: [(String, ArchivedFlags, String)] = [
            ("Status: RO          \n", [], "Status: RO          \r\n"),
            ("Status: RO       \n", [.seen, .old], ""),
            ("Status: R\n\t\t\t\t\t\t\t\t\t\t\t\t\nX-Status: A\n", .answered, "Status: R\r\n\t\t\t\t\t\t\t\t\t\t\t\t\r\n"),
            (
                "S: \(String(repeating: "x", count: 45))\nStatus: RO\n", [.seen, .old],
                "S: \(String(repeating: "x", count: 45))\r\n"
            ),
            (
                "S: \(String(repeating: "x", count: 46))\nStatus: RO\n", [],
                "S: \(String(repeating: "x", count: 46))\r\nStatus: RO\r\n"
            ),
        ]
        for (header, flags, rest) in table {
            for size in MboxSplitterTests.sizes {
                let split = Splitting.of(Array((Self.a + header + "\nt\n").utf8), reads: size, limits: limits)
                #expect(split.texts == [rest + "\r\nt\r\n"], "\(header), reads of \(size ?? 0)")
                #expect(split.messages[0].facts.flags == flags, "\(header), reads of \(size ?? 0)")
            }
        }
    }

    @Test func keywordsAreBoundedAndNothingElse() {
        var message = ArchivedMessage()
        var refused: [[UInt8]] = ["", "a b", "a\u{7}", "\u{7F}", String(repeating: "x", count: 256)].map { Array($0.utf8) }
        refused.append([0xFF])
        for word in refused {
            let isTaken = message.add(keyword: word)
            #expect(!isTaken)
        }
        let known = ["k5", "$FORWARDED"]
        for word in (0..<128).map({ "k\($0)" }) + known {
            let isTaken = message.add(keyword: word.utf8)
            #expect(isTaken)
        }
        let isOneMoreTaken = message.add(keyword: "k128".utf8)
        #expect(!isOneMoreTaken)
        #expect(message.keywords.count == 128 && message.flags == .forwarded)
    }
}
