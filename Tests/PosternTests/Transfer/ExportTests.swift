// Exports of a store in memory: what is written, what comes back by an import, and how an export goes on.

import Archive
import Foundation
import IPC
import Mail
import Testing

@testable import postern

@Suite struct ExportTests {
    private func fill(_ house: MailHouse) {
        house.mail.with { contents in
            let odd = "Subject: f\r\n\r\nFrom me\r\n>From you\r\nlone \r and NUL \0\r\nContent-Length: 3\r\nno end"
            contents.mailboxes = [
                "INBOX": (1...7).map { number in
                    var message = KeptMessage(
                        "Subject: \(number)\r\n\r\nx\r\n", internalDate: Int64(1_700_000_000 + number) * 1_000)
                    message.uid = UInt32(number * 2)
                    return message
                }, "Work/a.b": [], "Café \\ x.mbox": [], ".hidden/x": [],
            ]
            var message = KeptMessage(
                odd + "\r\n", flags: .all, keywords: ["work", "$Forwarded"], internalDate: 1_600_000_000_000)
            message.uid = 9
            for name in contents.mailboxes.keys where name != "INBOX" { contents.mailboxes[name] = [message] }
            contents.subscribed = ["Work/a.b"]
        }
    }

    private func without(_ message: KeptMessage) -> KeptMessage {
        var message = message
        (message.uid, message.identity) = (0, nil)
        return message
    }

    /// 2.9: what was exported and imported is the same, byte for byte.
    @Test(arguments: ArchiveFormat.allCases)
    func exportAndImport(format: ArchiveFormat) async throws {
        try await MailHouse.with { house in
            fill(house)
            let report = try await house.exportAll("\(house.folder)/out", format)
            #expect(report.messages == 10 && report.problems.list == [])
            let before = house.mail.mailboxes.mapValues { $0.map(without) }
            house.mail.with { $0 = KeptMail.Contents() }
            try await house.importAll("\(house.folder)/out")
            #expect(house.mail.mailboxes.mapValues { $0.map(without) } == before)
            #expect(format == .mbox || house.mail.with { $0.subscribed } == ["Work/a.b"])
        }
    }

    /// Nobody else reads it.
    @Test(arguments: ArchiveFormat.allCases)
    func permissions(format: ArchiveFormat) async throws {
        try await MailHouse.with { house in
            fill(house)
            let out = "\(house.folder)/out"
            try await house.exportAll(out, format)
            let all = try #require(FileManager.default.enumerator(atPath: out)).compactMap { $0 as? String }
            #expect(all.count >= 7)
            for name in all + [""] {
                let found = try FileManager.default.attributesOfItem(atPath: "\(out)/\(name)")
                let mode = try #require(found[.posixPermissions] as? Int)
                #expect(mode == (found[.type] as? FileAttributeType == .typeDirectory ? 0o700 : 0o600), "\(name)")
            }
        }
    }

    @Test func maildirFiles() async throws {
        try await MailHouse.with { house in
            fill(house)
            let out = "\(house.folder)/out"
            try await house.exportAll(out, .maildir)
            let name = ".Work.a\\2eb/cur/1600000000.U9V7.postern,S=79,W=79:2,DFPRSTa"
            let date = try FileManager.default.attributesOfItem(atPath: "\(out)/\(name)")[.modificationDate] as? Date
            #expect(date == Date(timeIntervalSince1970: 1_600_000_000))
            let keywords = try String(contentsOfFile: "\(out)/.Work.a\\2eb/dovecot-keywords", encoding: .utf8)
            #expect(keywords == "0 work\n")
            let list = try UIDList(file: Array(Data(contentsOf: URL(fileURLWithPath: "\(out)/dovecot-uidlist"))))
            #expect(list.uidValidity == 7 && list.count == 7 && list.brokenLines == [])
            let inbox = try #require(MaildirFileName(Array("1700000001.U2V7.postern,S=17:2,S".utf8)))
            #expect(list.record(of: inbox)?.uid == 2)
        }
    }

    /// Again: what has come since is added, and what an interrupted run had not marked is not there twice.
    @Test(arguments: ArchiveFormat.allCases)
    func anExportGoesOn(format: ArchiveFormat) async throws {
        try await MailHouse.with { house in
            fill(house)
            let out = "\(house.folder)/out"
            try await house.exportAll(out, format)
            let journal = "\(out)/.postern-export"
            let whole = try String(contentsOfFile: journal, encoding: .utf8)
            // Before the INBOX had its mark, in the middle of a line.
            let torn = whole.split(separator: "\n").filter { !$0.hasSuffix("INBOX") }.joined(separator: "\n") + "\n7\t14"
            try torn.write(toFile: journal, atomically: false, encoding: .utf8)
            try house.file("out/tmp/1.U99V7.postern", "torn")
            house.mail.with { contents in
                var message = KeptMessage("Subject: new\r\n\r\n", internalDate: 1_700_000_100_000)
                message.uid = 30
                contents.mailboxes["INBOX"]?.append(message)
            }
            #expect(try await house.exportAll(out, format).messages == 8)
            #expect(try await house.exportAll(out, format).messages == 0)
            house.mail.with { $0 = KeptMail.Contents() }
            try await house.importAll(out)
            let subjects = house.mail.texts("INBOX").map { $0.split(separator: "\r\n")[0] }
            #expect(subjects == (1...7).map { "Subject: \($0)" } + ["Subject: new"])
        }
    }

    /// A message that cannot be read is named, and the others are there; one that was removed meanwhile is not missed.
    @Test(arguments: ArchiveFormat.allCases)
    func damagedMessages(format: ArchiveFormat) async throws {
        try await MailHouse.with { house in
            fill(house)
            house.mail.with { $0.damaged = "Subject: 1" }
            let report = try await house.exportAll("\(house.folder)/out", format, "inbox")
            #expect(report.messages == 6 && report.problems.list.map(\.item) == ["INBOX, UID 2"])
            house.mail.with { $0 = KeptMail.Contents() }
            try await house.importAll("\(house.folder)/out")
            #expect(house.mail.mailboxes["INBOX"]?.count == 6)
        }
    }

    @Test func onlyIntoAnExportOfThisAccount() async throws {
        try await MailHouse.with { house in
            try house.file("full/notes.txt", "x")
            try house.file("other/.postern-export", "postern export 1\tmaildir\tuser\tbob@a.org\n")
            try house.file("rubbish/.postern-export", "hello\n")
            for (folder, words) in [
                ("full", "is no export"), ("other", "is an export of bob@a.org as maildir"), ("rubbish", "is no export"),
            ] {
                let failure = await #expect(throws: Failure.self) {
                    try await house.exportAll("\(house.folder)/\(folder)", .maildir)
                }
                #expect(failure?.description.contains(words) == true, "\(folder)")
            }
            try await house.exportAll("\(house.folder)/mine", .maildir)
            await #expect(throws: Failure.self) { try await house.exportAll("\(house.folder)/mine", .mbox) }
            let journal = try ExportJournal(DiskPath("\(house.folder)/mine"), MailHouse.account, .maildir)
            await #expect(throws: Failure.self) { try await house.exportAll("\(house.folder)/mine", .maildir) }
            withExtendedLifetime(journal) {}
        }
    }
}
