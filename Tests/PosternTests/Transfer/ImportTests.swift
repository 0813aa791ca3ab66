// Imports into a store in memory: what becomes of flags, keywords, dates, names and bytes, and of what is broken.

import Foundation
import IPC
import Mail
import Testing

@testable import postern

@Suite struct ImportTests {
    private let mbox = """
        From a@a.org Thu Nov 20 10:00:00 2025
        Status: RO
        X-Status: AF
        X-Keywords: work $Forwarded bad(one
        Subject: one

        >From here
        >>From there

        From b@a.org Thu Nov 20 11:00:00 2025
        Subject: two

        x

        """

    private func maildir(_ house: MailHouse) throws -> String {
        try house.file("M/cur/1700000002.M1.h,S=9:2,FSab", "Subject: b\n\nx\n", modified: 1_700_000_002)
        try house.file("M/new/1700000001.M1.h", "Subject: a\r\n\r\nx\r\n", modified: 1_700_000_001)
        try house.file("M/tmp/1700000003.M1.h", "Subject: not there yet\n\n")
        try house.file("M/dovecot-keywords", "0 $Junk\n1 later\n")
        try house.file("M/.Work.Caf&AOk-/cur/1.x:2,RT", "Subject: c\n\n")
        try house.file("M/.Empty/cur/.keep", "")
        try house.file("M/subscriptions", "Empty\nWork.Caf&AOk-\nGone\n")
        return "\(house.folder)/M"
    }

    /// 2.9: an mbox with all that its fields say.
    @Test func mboxFile() async throws {
        try await MailHouse.with { house in
            let report = try await house.importAll(house.file("Old.mbox", mbox))
            let old = try #require(house.mail.mailboxes["Old"])
            #expect(old.map(\.text) == ["Subject: one\r\n\r\nFrom here\r\n>From there\r\n", "Subject: two\r\n\r\nx\r\n"])
            #expect(old[0].flags == [.seen, .answered, .flagged] && old[1].flags == [])
            #expect(old[0].keywords == ["work", "$Forwarded"])
            #expect(old[0].internalDate == 1_763_632_800_000)
            #expect(report.messages == 2 && report.keywordsLost == 1 && report.mailboxes == ["Old": 2])
        }
    }

    /// 2.9: a Maildir++ of Dovecot's, in the order of delivery.
    @Test func maildirFolders() async throws {
        try await MailHouse.with { house in
            let report = try await house.importAll(maildir(house))
            let inbox = try #require(house.mail.mailboxes["INBOX"])
            #expect(inbox.map(\.text) == ["Subject: a\r\n\r\nx\r\n", "Subject: b\r\n\r\nx\r\n"])
            #expect(inbox[1].flags == [.flagged, .seen] && inbox[1].keywords == ["$Junk", "later"])
            #expect(inbox.map(\.internalDate) == [1_700_000_001_000, 1_700_000_002_000])
            #expect(house.mail.mailboxes["Work/Café"]?.first?.flags == [.answered, .deleted])
            #expect(house.mail.mailboxes["Empty"] == [])
            #expect(house.mail.with { $0.subscribed } == ["Empty", "Work/Café"])
            #expect(report.messages == 3 && report.problems.leftOut == 0)
        }
    }

    /// Folders in folders, as Dovecot's LAYOUT=fs has them, without an inbox.
    @Test func foldersOfTheFileSystem() async throws {
        try await MailHouse.with { house in
            try house.file("M/Work/cur/1.a:2,", "Subject: w\n\n")
            try house.file("M/Work/2026/new/2.a", "Subject: y\n\n")
            try await house.importAll("\(house.folder)/M", below: "Old")
            #expect(house.mail.texts("Old/Work") == ["Subject: w\r\n\r\n"])
            #expect(house.mail.texts("Old/Work/2026") == ["Subject: y\r\n\r\n"])
        }
    }

    /// Thunderbird's folders, UW's and Apple's; what is no mail is passed over.
    @Test func foldersOfMboxFiles() async throws {
        try await MailHouse.with { house in
            let one = "From - Thu Nov 20 10:00:00 2025\nX-Mozilla-Status: 0001\nSubject: one\n\nx\n"
            try house.file("T/Inbox", one)
            try house.file("T/Inbox.msf", "// mork")
            try house.file("T/Sent", one)
            try house.file("T/Sent.sbd/2025", one)
            try house.file("T/uw/lists/swift", one)
            try house.file("T/Apple.mbox/mbox", one)
            try house.file("T/Drafts", "")
            try house.file("T/notes.txt", "hello")
            let report = try await house.importAll("\(house.folder)/T")
            #expect(house.mail.mailboxes.keys.sorted() == ["Apple", "Drafts", "INBOX", "Sent", "Sent/2025", "uw/lists/swift"])
            #expect(house.mail.mailboxes["Sent/2025"]?.map(\.flags) == [[.seen]])
            #expect(house.mail.texts("INBOX") == ["Subject: one\r\n\r\nx\r\n"])
            #expect(report.passedOver.count == 2 && report.problems.leftOut == 0)
        }
    }

    /// U13: nothing twice and nothing missing, also of messages that are the same.
    @Test(arguments: [0, 1, 5, 33, 38])
    func aBrokenImportGoesOn(after count: Int) async throws {
        try await MailHouse.with { house in
            let message = "From x Thu Nov 20 10:00:00 2025\nSubject: same\n\nx\n\n"
            let others = (0..<36).map { "From x Thu Nov 20 10:00:00 2025\nSubject: \($0)\n\nx\n\n" }
            let path = try house.file("mbox", message + others.joined() + message + message)
            house.mail.with { $0.refusal = (count, AppendRefusal(.room, because: "the disk is full")) }
            let failure = await #expect(throws: Failure.self) { try await house.importAll(path) }
            #expect(failure?.description.contains("the disk is full; run the same command again") == true)
            #expect(house.mail.mailboxes["INBOX"]?.count == count)
            house.mail.with { $0.refusal = nil }
            let report = try await house.importAll(path)
            #expect(report.present == UInt64(count) && report.messages == UInt64(39 - count))
            #expect(house.mail.texts("INBOX").count(where: { $0.contains("same") }) == 3)
            #expect(Set(house.mail.texts("INBOX")).count == 37)
            #expect(try await house.importAll(path).present == 39)
        }
    }

    /// More than are on their way at a time.
    @Test(arguments: [0, 1, 511, 512, 513, 1_100]) func aLongImportGoesOn(after count: Int) async throws {
        try await MailHouse.with { house in
            let all = (0..<1_200).map { "From x Thu Nov 20 10:00:00 2025\nSubject: \($0)\n\nx\n\n" }
            let path = try house.file("mbox", all.joined())
            house.mail.with { $0.refusal = (count, AppendRefusal(.trouble, because: "the disk is sick")) }
            let failure = await #expect(throws: Failure.self) { try await house.importAll(path) }
            #expect(failure?.description.contains("stopped after \(count) messages: the disk is sick") == true)
            house.mail.with { $0.refusal = nil }
            let report = try await house.importAll(path)
            #expect((report.present, report.messages) == (UInt64(count), UInt64(1_200 - count)))
            #expect(Set(house.mail.texts("INBOX")).count == 1_200 && house.mail.texts("INBOX").count == 1_200)
        }
    }

    @Test("not more is on its way at a time than the limits say", arguments: [(3_000_000, 12), (100, 1_100)])
    func underWay(size: Int, count: Int) async throws {
        try await MailHouse.with { house in
            let body = String(repeating: "x", count: size)
            for number in 0..<count { try house.file("M/cur/\(1_000 + number).m:2,", "Subject: \(number)\n\n\(body)\n") }
            house.mail.with { $0.delay = 100 }
            #expect(try await house.importAll(house.folder + "/M").messages == UInt64(count))
            let most = house.mail.with { $0.mostUnanswered }
            let one = size + 30
            let limit = min(Int(MessageIntake.octetsUnderWay) + one, MessageIntake.underWay * one)
            #expect(most <= limit && most >= size, "\(most)")
        }
    }

    /// One message above the limit in the middle of 200, in both formats, and done again.
    @Test(arguments: ArchiveFormat.allCases) func refusedForItself(format: ArchiveFormat) async throws {
        try await MailHouse.with { house in
            house.mail.with { $0.largest = 1_000 }
            func text(_ number: Int) -> String {
                "Subject: \(number)\n\n" + String(repeating: "x", count: number == 100 ? 2_000 : 10) + "\n"
            }
            let path: String
            let item: String
            switch format {
            case .maildir:
                for number in 1...200 { try house.file("M/cur/\(1_000 + number).m:2,", text(number)) }
                path = house.folder + "/M"
                item = "\(path)/cur/1100.m:2,"
            case .mbox:
                let all = (1...200).map { "From x Thu Nov 20 10:00:00 2025\n\(text($0))\n" }
                path = try house.file("mbox", all.joined())
                item = "\(path), message at octet \(all[..<99].reduce(0) { $0 + $1.utf8.count })"
            }
            let octets = "Subject: 100\r\n\r\n\r\n".utf8.count + 2_000
            for (messages, present) in [(UInt64(199), UInt64(0)), (0, 199)] {
                let report = try await house.importAll(path)
                #expect((report.messages, report.present) == (messages, present))
                #expect((report.problems.leftOut, report.problems.refused) == (1, 1))
                #expect(
                    report.problems.list == [
                        TransferProblem(item: item, reason: "it has \(octets) octets", isKept: false, isRefused: true)
                    ])
                #expect(report.lines.contains("refused by the store and left out: \(item): it has \(octets) octets"))
                #expect(report.lines.last?.hasSuffix(", 1 left out (1 of them refused by the store)") == true)
                #expect(try json(report).contains(#""refused":1"#))
            }
            #expect(house.mail.texts("INBOX").count == 199 && Set(house.mail.texts("INBOX")).count == 199)
            house.mail.with { $0.largest = .max }
            let last = try await house.importAll(path)
            #expect((last.messages, last.present, last.problems.leftOut) == (1, 199, 0), "it stayed where it was")
        }
    }

    private func json(_ report: ImportReport) throws -> String {
        String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
    }

    /// What stands in the way of all stops the import, also behind a message that is refused for itself.
    @Test(arguments: AppendRefusal.Cause.allCases) func causes(cause: AppendRefusal.Cause) async throws {
        try await MailHouse.with { house in
            for number in 1...50 { try house.file("M/cur/\(100 + number).m:2,", "Subject: \(number)\n\nx\n") }
            house.mail.with { $0.refusal = (20, AppendRefusal(cause, because: "so it is")) }
            let path = house.folder + "/M"
            if cause == .message {
                let report = try await house.importAll(path)
                #expect((report.messages, report.problems.refused) == (20, 30))
            } else {
                let failure = await #expect(throws: Failure.self) { try await house.importAll(path) }
                #expect(
                    failure?.description == "the import stopped after 20 messages: so it is; run the same command again, it goes "
                        + "on there and puts nothing in twice")
            }
            house.mail.with { $0.refusal = nil }
            #expect(try await house.importAll(path).messages == 30)
            #expect(Set(house.mail.texts("INBOX")).count == 50)
        }
    }

    @Test func aMailboxThatCannotBeMadeLeavesTheOthersAlone() async throws {
        try await MailHouse.with { house in
            house.mail.with { $0.impossible = "Bad" }
            for name in [".Bad", ".Good"] {
                for number in 1...2 { try house.file("M/\(name)/cur/\(number).m:2,", "Subject: \(number)\n\nx\n") }
            }
            try house.file("M/.Later/cur/.keep")
            try house.file("M/cur/.keep")
            try house.file("M/subscriptions", "Good\n")
            let report = try await house.importAll(house.folder + "/M")
            #expect(report.mailboxes == ["Good": 2])
            #expect((report.problems.leftOut, report.problems.refused) == (3, 2))
            #expect(report.lines.contains("left out: Bad: no mailbox can have that name"))
            #expect(Set(house.mail.mailboxes.keys) == ["INBOX", "Good", "Later"])
            #expect(house.mail.with { $0.subscribed } == ["Good"])
        }
    }

    /// What is broken is kept as it is where that is possible, and named.
    @Test func brokenMessages() async throws {
        try await MailHouse.with { house in
            try house.file("M/cur/1.empty:2,", "")
            try house.file("M/cur/2.nul:2,", "Subject: n\n\na\0b\n")
            try house.file("M/cur/3.text:2,", "no header at all\nx\n")
            try house.file("M/cur/:bad", "Subject: x\n\n")
            try house.file("M/cur/4.good:2,S", "Subject: good\n\nx")
            let files = FileManager.default
            try files.createSymbolicLink(atPath: "\(house.folder)/M/cur/5.link:2,", withDestinationPath: "/etc/passwd")
            try files.createDirectory(atPath: "\(house.folder)/M/cur/6.folder", withIntermediateDirectories: true)
            #expect(mkfifo("\(house.folder)/M/cur/7.pipe", 0o600) == 0)
            let report = try await house.importAll("\(house.folder)/M")
            #expect(
                house.mail.texts("INBOX") == [
                    "Subject: n\r\n\r\na\0b\r\n", "no header at all\r\nx\r\n", "Subject: good\r\n\r\nx",
                ])
            #expect(report.messages == 3 && report.problems.leftOut == 5 && report.problems.odd == 2)
            #expect(report.problems.list.contains { $0.item.hasSuffix("5.link:2,") && $0.reason.contains("link") })
        }
    }

    @Test func aDryRunChangesNothing() async throws {
        try await MailHouse.with { house in
            let report = try await house.importAll(maildir(house), isDry: true)
            #expect(report.messages == 3 && report.mailboxes == ["INBOX": 2, "Work/Café": 1])
            #expect(house.mail.mailboxes == ["INBOX": []] && house.mail.with { $0.subscribed } == [])
        }
    }

    /// Larger than all windows on the way.
    @Test func aLargeMessage() async throws {
        try await MailHouse.with { house in
            let body = String(repeating: String(repeating: "x", count: 99) + "\n", count: 60_000)
            try await house.importAll(house.file("mbox", "From x Thu Nov 20 10:00:00 2025\nSubject: l\n\n" + body))
            let found = try #require(house.mail.mailboxes["INBOX"]?.first)
            #expect(found.bytes.count == 14 + 60_000 * 101 && found.bytes.suffix(4) == Array("xx\r\n".utf8))
        }
    }

    @Test(arguments: ["nothing", "empty", "text"])
    func whereThereIsNoMail(name: String) async throws {
        try await MailHouse.with { house in
            try FileManager.default.createDirectory(atPath: "\(house.folder)/empty", withIntermediateDirectories: true)
            try house.file("text", "hello\n")
            await #expect(throws: Failure.self) { try await house.importAll("\(house.folder)/\(name)") }
        }
    }
}
