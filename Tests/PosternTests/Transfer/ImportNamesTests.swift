// Folders of other servers and the mailboxes that they become.

import Archive
import Foundation
import IPC
import Testing

@testable import postern

@Suite struct ImportNamesTests {
    @Test(
        arguments: [
            ([], nil, "INBOX"), (["Sent"], nil, "Sent"), (["inbox"], nil, "INBOX"), (["Inbox", "x"], nil, "INBOX/x"),
            (["Work", "2026"], nil, "Work/2026"), (["a/b"], nil, "a_b"), (["a\tb\u{85}"], nil, "a_b_"), ([], "Old", "Old"),
            (["Sent"], "Old/2020", "Old/2020/Sent"), (["INBOX", "x"], "Old", "Old/INBOX/x"), (["Gelöscht"], nil, "Gelöscht"),
        ] as [([String], String?, String)])
    func mailboxes(levels: [String], below: String?, name: String) throws {
        #expect(try ImportNames.mailbox(levels, below: below) == name)
    }

    @Test(arguments: [
        ["."], ["a", ".."], [""], [String(repeating: "x", count: 256)], Array(repeating: "x", count: 33),
        Array(repeating: String(repeating: "x", count: 200), count: 6),
    ])
    func whatIsNoName(levels: [String]) {
        #expect(throws: DiskTrouble.self) { try ImportNames.mailbox(levels) }
    }

    @Test(arguments: [
        (".Work.2026", MaildirFolders.Layout.maildirPlusPlus, ["Work", "2026"]),
        (".Entw&APw-rfe", .maildirPlusPlus, ["Entwürfe"]),
        // Not in modified UTF-7: Dovecot can be told to write UTF-8, and some programs do not know better.
        (".Entwürfe", .maildirPlusPlus, ["Entwürfe"]), (".A&B", .maildirPlusPlus, ["A&B"]),
        (".example\\2eorg", .maildirPlusPlus, ["example.org"]), (".a\\5C2e", .maildirPlusPlus, ["a\\2e"]),
        (".a\\zz\\", .maildirPlusPlus, ["a\\zz\\"]), ("Work/a.b", .fileSystem, ["Work", "a.b"]),
    ])
    func directories(directory: String, layout: MaildirFolders.Layout, levels: [String]) throws {
        #expect(try ImportNames.levels(Array(directory.utf8), layout) == levels)
    }

    @Test(arguments: ["Work", "..x", ".a..b", "."])
    func whatIsNoDirectory(directory: String) {
        #expect(throws: DiskTrouble.self) { try ImportNames.levels(Array(directory.utf8), .maildirPlusPlus) }
    }

    @Test func notUTF8() {
        #expect(throws: DiskTrouble.self) { try ImportNames.levels([0x2E, 0xE9], .maildirPlusPlus) }
    }

    @Test(arguments: ["a.b", "a\\b", "\\2e", "...", "plain", "\\", "a\\.\\\\2f"])
    func escapes(level: String) {
        let written = ImportNames.escaped(level)
        #expect(!written.contains(".") && ImportNames.unescaped(written) == level)
    }

    @Test(arguments: [
        ("Work", ["Work"]), ("Work/2026/x", ["Work.sbd", "2026.sbd", "x"]), (".a/b.mbox", ["\\2ea.sbd", "b\\2embox"]),
        ("x.SBD/y.msf", ["x\\2eSBD.sbd", "y\\2emsf"]), ("a\\b", ["a\\5cb"]), ("example.org", ["example.org"]),
    ])
    func filesOfMbox(mailbox: String, names: [String]) throws {
        #expect(try MboxExport.names(mailbox) == names)
        let levels = names.compactMap { MboxSearch.level(Array($0.utf8)) }
        #expect(levels.joined(separator: "/") == mailbox)
    }

    @Test func namesThatAreTooLong() {
        let long = String(repeating: "ü", count: 127)
        #expect(throws: DiskTrouble.self) { try MboxExport.names(String(repeating: "x", count: 252) + "/x") }
        #expect(throws: DiskTrouble.self) { try MaildirExport.folder(long, in: DiskPath("/tmp")) }
    }

    @Test(
        arguments: [
            ("1700000000.U9V7.postern,S=3:2,S", 9), ("1700000000.U4294967295V7.postern", 4_294_967_295),
            ("1700000000.U9V8.postern", nil), ("1700000000.M1P2.host", nil), ("x.U9V7.host", nil), ("1.U9.postern", nil),
        ] as [(String, UInt32?)])
    func ownNames(name: String, uid: UInt32?) {
        #expect(MaildirExport.uid(Array(name.utf8), uidValidity: 7) == uid)
    }

    @Test(arguments: [
        ("$Junk", true), ("work", true), (String(repeating: "x", count: 64), true), (String(repeating: "x", count: 65), false),
        ("", false), ("a b", false), ("a]", false), ("ü", false), ("a\"", false), ("\\Seen", false),
    ])
    func keywords(text: String, isKeyword: Bool) { #expect(ImportedFacts.isKeyword(text) == isKeyword) }

    @Test func flags() {
        var message = ArchivedMessage(flags: [.seen, .draft, .forwarded, .old], internalDate: 5)
        for number in 0..<60 { message.add(keyword: "k\(number)".utf8) }
        let facts = ImportedFacts(message)
        #expect(facts.flags == [.seen, .draft] && facts.keywords.count == 56 && facts.keywordsLost == 5)
        #expect(facts.internalDate == 5_000)
    }
}

@Suite struct IncomingMessageTests {
    private func bytes(_ text: String, cutAt size: Int, lines: Bool) -> (
        octets: UInt64, identity: String, message: IncomingMessage
    ) {
        let message = MessageIntake(nil, MailHouse.account).begin()
        let octets = Array(text.utf8)
        for start in stride(from: 0, to: octets.count, by: size) {
            message.append(octets[start..<min(start + size, octets.count)], lines: lines)
        }
        return (message.octets, message.identity(1).text, message)
    }

    /// A line's LF gets its CR wherever the pieces are cut, and nothing else is changed.
    @Test(arguments: [
        ("a\nb\n", "a\r\nb\r\n"), ("a\r\nb\r\n", "a\r\nb\r\n"), ("a\r\nb\n\nc", "a\r\nb\r\n\r\nc"), ("\n", "\r\n"),
        ("a\r\r\nb\rc\n", "a\r\r\nb\rc\r\n"), ("", ""), ("\r", "\r"),
    ])
    func lineEnds(text: String, wanted: String) {
        let whole = bytes(wanted, cutAt: 100, lines: false)
        for size in 1...6 {
            let pieces = bytes(text, cutAt: size, lines: true)
            #expect(pieces.octets == UInt64(wanted.utf8.count) && pieces.identity == whole.identity, "\(size)")
        }
    }

    /// U13: what is another message has another identity.
    @Test func identities() {
        let messages = [("a\r\n", 1), ("b\r\n", 1), ("a\r\n", 2), ("a\n", 1), ("a\r\n", nil)] as [(String, Int64?)]
        let identities = messages.map { text, date in
            let message = MessageIntake(nil, MailHouse.account).begin()
            message.append(Array(text.utf8)[...], lines: false)
            return message.identity(date).text
        }
        #expect(Set(identities).count == messages.count && identities.allSatisfy { $0.utf8.count == 64 })
    }

    @Test(arguments: [
        ("Subject: x\r\n", true), ("X-A : x\r\n", true), ("a:\r\n", true), ("hello there\r\n", false), ("\r\nx", false),
        (": x", false),
        ("Subject: x\r\n\0", false), ("", false),
    ])
    func oddities(text: String, isFine: Bool) {
        #expect((bytes(text, cutAt: 3, lines: false).message.oddity == nil) == isFine)
    }
}
