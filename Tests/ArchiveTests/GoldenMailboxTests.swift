// Whole files as other programs write them.

import Testing

@testable import Archive

@Suite struct GoldenMailboxTests {
    private func read(_ file: String, _ dialect: MboxDialect = .detected, removes: MboxFields = [.status, .uid]) -> Splitting {
        let octets = Array(file.utf8)
        let whole = Splitting.of(octets, reads: nil, dialect: dialect, removes: removes)
        for size in [1, 2, 5, 100] {
            let pieces = Splitting.of(octets, reads: size, dialect: dialect, removes: removes)
            #expect(pieces.messages == whole.messages && pieces.folder == whole.folder, "reads of \(size)")
        }
        return whole
    }

    /// Dovecot 2.3 quotes nothing, and pads what it may have to change.
    @Test("U14: an mbox of Dovecot's")
    func dovecot() {
        let split = read(
            """
            From nobody@vm  Sat Nov 21 16:56:46 2026
            Subject: saved
            X-IMAPbase: 1795280206 0000000002 $Forwarded k
            X-UID: 1
            Status: O
            X-Keywords:                                                           \("")
            Content-Length: 43

            From me

            From y Mon Nov 24 18:22:48 1986
            x

            From nobody@vm  Sat Nov 21 16:56:46 2026
            Subject: saved
            X-UID: 2
            Status: RO
            X-Status: A
            X-Keywords: $Forwarded k                                                          \("")
            Content-Length: 43

            From me

            From y Mon Nov 24 18:22:48 1986
            x

            """, removes: [.status, .uid, .contentLength])
        let text = "Subject: saved\r\n\r\nFrom me\r\n\r\nFrom y Mon Nov 24 18:22:48 1986\r\nx\r\n"
        #expect(split.texts == [text, text])
        #expect(split.folder == MboxFolder(uidValidity: 1_795_280_206, lastUID: 2, keywords: ["k"]))
        let first = ArchivedMessage(flags: .old, internalDate: 1_795_280_206, uid: 1)
        let second = ArchivedMessage(
            flags: [.seen, .old, .answered, .forwarded], keywords: ["k"], internalDate: 1_795_280_206, uid: 2)
        #expect(split.messages.map(\.facts) == [first, second])
        #expect(split.messages.map(\.sender) == ["nobody@vm", "nobody@vm"])
    }

    @Test("U14: an empty folder of Dovecot's has one record")
    func dovecotEmpty() {
        let split = read(
            """
            From MAILER_DAEMON  Sat Nov 21 16:56:46 2026
            Date: Sat, 21 Nov 2026 16:56:46 +0000
            From: Mail System Internal Data <MAILER-DAEMON@vm>
            Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA
            Message-ID: <1795280206@vm>
            X-IMAP: 1795280207 0000000001
            Status: RO

            This text is part of the internal format of your mail folder, and is not
            a real message.

            """)
        #expect(split.messages.map { $0.ending?.isFolderRecord } == [true])
        #expect(split.folder == MboxFolder(uidValidity: 1_795_280_207, lastUID: 1))
    }

    /// CRLF, no sender, its own fields; what was deleted is still there.
    @Test("U14: a local folder of Thunderbird's")
    func thunderbird() {
        let file = """
            From - Mon Nov 24 18:22:48 1986
            X-Mozilla-Status: 0003
            X-Mozilla-Status2: 00000000
            X-Mozilla-Keys: $label1                                                                         \("")
            Subject: one

            >From me

            From \("")
            X-Mozilla-Status: 0009
            X-Mozilla-Status2: 00000000
            Subject: two

            t

            """
        for text in [file, file.replacing("\n", with: "\r\n")] {
            let split = read(text)
            #expect(split.texts == ["Subject: one\r\n\r\nFrom me\r\n", "Subject: two\r\n\r\nt\r\n"])
            let first = ArchivedMessage(flags: [.seen, .answered], keywords: ["$label1"], internalDate: 533_240_568)
            #expect(split.messages.map(\.facts) == [first, ArchivedMessage(flags: [.seen, .deleted])])
        }
    }

    /// Zone before the year, and a body without an empty line behind it at the end.
    @Test("U14: an export of Google's")
    func takeout() {
        let split = read(
            "From 1581212345678@xxx Mon Jan 06 10:21:38 +0000 2020\r\nX-GM-THRID: 1\r\nX-Gmail-Labels: Inbox\r\n\r\n>From x\r\n\r\n"
                + "From 1581212345679@xxx Mon Jan 06 10:21:39 -0100 2020\r\nSubject: b\r\n\r\nt")
        #expect(split.texts == ["X-GM-THRID: 1\r\nX-Gmail-Labels: Inbox\r\n\r\nFrom x\r\n", "Subject: b\r\n\r\nt"])
        #expect(split.messages.map(\.facts.internalDate) == [1_578_306_098, 1_578_309_699])
    }

    /// Python's `mailbox.mbox` quotes as mboxo does.
    @Test("U14: an mbox of Python's")
    func python() {
        let split = read(
            """
            From py@x Sat Nov 21 16:56:46 2026
            Subject: py
            Status: RO
            X-Status: FA

            >From here
            >>From x
            last

            From py@x Sat Nov 21 16:56:46 2026
            Subject: py2

            b



            """, .mboxo)
        #expect(split.texts == ["Subject: py\r\n\r\nFrom here\r\n>>From x\r\nlast\r\n", "Subject: py2\r\n\r\nb\r\n\r\n"])
        #expect(split.messages[0].facts.flags == [.seen, .old, .flagged, .answered])
    }

    /// Files and lists as Dovecot 2.3 left them.
    @Test("U14: a Maildir of Dovecot's")
    func dovecotMaildir() throws {
        let table = MaildirKeywords(file: Array("0 work\n1 $Junk\n2 kw1\n3 $Forwarded\n".utf8))
        let list = try UIDList(
            file: """
                3 V1795280172 N1 G006452112ccd016bce2d000083ecc375
                1 Gd41d8cd98f00b204e9800998ecf8427e :1795280172.M289565P11726.vm,S=68,W=74
                2 Gd41d8cd98f00b204e9800998ecf8427e :1795280172.M289566P11726.vm,S=18,W=23

                """.utf8)
        #expect(list.uidValidity == 1_795_280_172 && list.nextUID == 3)
        let first = try #require(MaildirFileName("1795280172.M289565P11726.vm,S=68,W=74:2,FSabcd".utf8))
        let facts = ArchivedMessage(first, in: .cur, date: .modification(1_700_000_000), keywords: table, list: list)
        let expected = ArchivedMessage(
            flags: [.flagged, .seen, .old, .forwarded], keywords: ["work", "$Junk", "kw1"], internalDate: 1_700_000_000, size: 74,
            uid: 1)
        #expect(facts == expected)
        let second = try #require(MaildirFileName("1795280172.M289566P11726.vm,S=18,W=23:2,DFRTcd".utf8))
        #expect(ArchivedMessage(second, in: .cur, date: .name(otherwise: 0), list: list).uid == 2)
        #expect(second.flags.flags == [.draft, .flagged, .answered, .deleted] && second.flags.keywords == 0b1100)
    }

    /// From an mbox to a Maildir and back: what both can say stays.
    @Test func oneArchiveIsMadeOfTheOther() throws {
        var random = SplitMix(state: 41)
        var table = MaildirKeywords()
        for _ in 0..<500 {
            var message = ArchivedMessage(flags: ArchivedFlags(rawValue: UInt8.random(in: 0...127, using: &random)))
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                message.add(keyword: "k\(Int.random(in: 0...20, using: &random))".utf8)
            }
            let (place, name, lost) = message.maildirName(unique: Array("7.x".utf8), fileSize: 3, keywords: &table)
            let moved = ArchivedMessage(name, in: place, date: .name(otherwise: 0), keywords: table)
            let file = MboxWriterTests.write(Array("S: 1\r\n".utf8), date: moved.internalDate ?? 0, facts: moved)
            let back = Splitting.of(file, reads: 50).messages[0].facts
            #expect(lost.isEmpty && back.internalDate == 7)
            #expect(back.flags.symmetricDifference(message.flags).isSubset(of: .old))
            #expect(Set(back.keywords) == Set(message.keywords))
        }
    }
}
