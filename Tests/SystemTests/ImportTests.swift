// Mail moved in and out of a real house: what Python's mailbox module wrote, an export that another account imports, an
// import that is killed, and a Maildir with broken things in it.

import Foundation
import Testing

@Suite struct MailTransferTests {
    /// Flags, dates and names of another's hand; nothing of ours is in it.
    private static let script = """
        import mailbox, sys, os
        root = sys.argv[1]
        def message(number):
            return b"From: a@example.net\\nSubject: m%d\\n\\nFrom the start\\n>From quoted\\n%s\\n" % (number, b"x" * number)
        box = mailbox.Maildir(root + "/maildir", create=True)
        for folder in [None, "Sent", "Work.2026", "Entw&APw-rfe"]:
            place = box if folder is None else box.add_folder(folder)
            for number in range(10):
                one = mailbox.MaildirMessage(message(number))
                one.set_subdir("cur")
                one.set_flags("".join(sorted("DFPRST"[: number % 7])))
                one.set_date(1600000000 + number)
                place.add(one)
        os.mkdir(root + "/mbox")
        for name in ["Inbox", "Old stuff.mbox"]:
            box = mailbox.mbox(root + "/mbox/" + name)
            for number in range(10):
                one = mailbox.mboxMessage(message(number))
                one.set_from("a@example.net Thu Nov 20 10:00:%02d 2025" % number)
                one.set_flags("ROFAD"[: number % 6])
                box.add(one)
            box.flush()
        """

    private func python(_ house: House) throws -> String {
        let root = house.folder + "/source"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try House.expectSuccess(House.command("/usr/bin/python3", ["-c", Self.script, root]))
        return root
    }

    private struct Kept: Hashable {
        var text: String
        var name: String
        var modified: Date
    }

    /// What an export of an account has, by folder; names without what numbers them.
    private func contents(_ house: House, _ account: String) throws -> [String: [Kept]] {
        let folder = house.folder + "/out-\(account)-\(UInt32.random(in: 0 ... .max))"
        try House.expectSuccess(house.postern(["export", "\(account)@example.test", folder]))
        var found: [String: [Kept]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let parts = name.split(separator: "/")
            guard parts.count > 1, parts[parts.count - 2] == "cur", let flags = name.split(separator: ":").last else { continue }
            let path = folder + "/" + name
            let modified = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            found[parts.dropLast(2).joined(separator: "/"), default: []].append(
                Kept(text: text, name: String(flags), modified: try #require(modified)))
        }
        return found.mapValues { $0.sorted { ($0.text, $0.name) < ($1.text, $1.name) } }
    }

    private func count(_ house: House, _ account: String) throws -> Int {
        let result = try house.postern(["mailbox", "list", "\(account)@example.test", "--json"])
        let all = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
        return try #require(all).reduce(0) { $0 + ($1["messages"] as? Int ?? 0) }
    }

    /// 2.9: in from Python's files, out as both formats, in again: the same bytes, flags and dates.
    @Test func pythonsFilesAndOurOwn() throws {
        let house = try House(House.Options(accounts: ["alice", "bob", "carol"]))
        defer { house.stop() }
        let root = try python(house)
        try House.expectSuccess(house.postern(["import", "alice@example.test", root + "/maildir"]))
        let first = try contents(house, "alice")
        #expect(Set(first.keys) == ["", ".Sent", ".Work.2026", ".Entw&APw-rfe"])
        #expect(first.values.allSatisfy { $0.count == 10 })
        let expected = (0..<10).map { "2,\("DFPRST".prefix($0 % 7))" }.sorted()
        #expect(first["", default: []].map(\.name).sorted() == expected)
        #expect(first["", default: []].contains { $0.text.hasSuffix("\r\n\r\nFrom the start\r\n>From quoted\r\nxx\r\n") })
        let dates = Set(first["", default: []].map(\.modified.timeIntervalSince1970))
        #expect(dates == Set((0..<10).map { Double(1_600_000_000 + $0) }))
        for (format, account) in [("maildir", "bob"), ("mbox", "carol")] {
            let out = house.folder + "/\(format)-export"
            try House.expectSuccess(house.postern(["export", "alice@example.test", out, "--format", format]))
            try House.expectSuccess(house.postern(["import", "\(account)@example.test", out]))
            #expect(try contents(house, account) == first, "\(format)")
        }
        try House.expectSuccess(house.postern(["import", "bob@example.test", root + "/mbox", "--mailbox", "From mbox"]))
        let mboxes = try contents(house, "bob")
        #expect(mboxes[".From mbox"]?.count == 10 && mboxes[".From mbox.Old stuff"]?.count == 10)
        // Python writes mboxo, in which `From ` and `>From ` are one.
        #expect(mboxes[".From mbox"]?.contains { $0.text.contains("\r\n\r\nFrom the start\r\nFrom quoted\r\n") } == true)
        #expect(try house.unaccounted() == 0)
    }

    /// U13: killed in the middle and done again, nothing is there twice and nothing is missing; the store is killed too.
    @Test func killedInTheMiddle() throws {
        let house = try House()
        defer { house.stop() }
        let path = house.folder + "/large.mbox"
        let body = String(repeating: "x", count: 2_000)
        let text = (0..<20_000).map { "From a Thu Nov 20 10:00:00 2025\nSubject: \($0)\n\n\(body)\n\n" }.joined()
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let words = ["import", "alice@example.test", path, "--mailbox", "INBOX"]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: House.programs + "/postern")
        process.arguments = words + ["--config", house.settingsPath]
        (process.standardOutput, process.standardError) = (Pipe(), Pipe())
        try process.run()
        try wait(60, for: "a part of the import") { try count(house, "alice") > 500 }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let half = try count(house, "alice")
        #expect(half < 20_000)

        let second = Process()
        (second.executableURL, second.arguments) = (process.executableURL, process.arguments)
        let errors = Pipe()
        (second.standardOutput, second.standardError) = (Pipe(), errors)
        try second.run()
        try wait(60, for: "more of the import") { try count(house, "alice") > half + 500 }
        let old = try house.kill9("store")
        second.waitUntilExit()
        let sentence = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(second.terminationStatus == 1 && sentence.contains("run the same command again"), "\(sentence)")
        try house.waitForReturn(of: "store", after: old)

        let last = try house.postern(words)
        #expect(last.status == 0 && last.output.contains("were there already"), "\(last.output)\(last.error)")
        #expect(try count(house, "alice") == 20_000)
        let subjects = try Set(house.mailbox("alice").compactMap { $0.first { $0.hasPrefix("Subject: ") } })
        #expect(subjects.count == 20_000)
        #expect(try house.unaccounted() == 0)
    }

    /// A folder's name that is too long in Normalization Form C: only the store knows. The others' mail goes in.
    @Test func refusedByTheStore() throws {
        let house = try House()
        defer { house.stop() }
        let root = house.folder + "/M"
        let bad = String(repeating: "\u{958}", count: 50)
        for (folder, count) in [("", 100), (".\(bad)", 2), (".Work", 98)] {
            let place = folder.isEmpty ? "\(root)/cur" : "\(root)/\(folder)/cur"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for number in 0..<count {
                let path = "\(place)/\(1_000 + number).m:2,"
                try Data("Subject: \(number)\n\nx\n".utf8).write(to: URL(fileURLWithPath: path))
            }
        }
        for (imported, present) in [(198, 0), (0, 198)] {
            let result = try house.postern(["import", "alice@example.test", root, "--json"])
            #expect(result.status == 1 && result.error.isEmpty, "\(result.output)\(result.error)")
            let report = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
            #expect(report["messages"] as? Int == imported && report["present"] as? Int == present, "\(report)")
            let problems = try #require(report["problems"] as? [String: Any])
            // Its two messages, and the mailbox itself.
            #expect(problems["refused"] as? Int == 2 && problems["leftOut"] as? Int == 3, "\(problems)")
            #expect(result.output.contains("longer than 255 octets"))
        }
        #expect(try count(house, "alice") == 198)
    }

    /// U13: an account that becomes full stops the import, which goes on when there is room.
    @Test func fullInTheMiddle() throws {
        let house = try House()
        defer { house.stop() }
        let text = (0..<200).map { "From a Thu Nov 20 10:00:00 2025\nSubject: \($0)\n\nx\n\n" }.joined()
        let path = house.folder + "/mbox"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try House.expectSuccess(house.postern(["quota", "set", "alice@example.test", "--messages", "100"]))
        let words = ["import", "alice@example.test", path, "--mailbox", "INBOX"]
        let stopped = try house.postern(words)
        #expect(stopped.status == 1 && stopped.error.contains("the import stopped after 100 messages"), "\(stopped.error)")
        #expect(stopped.error.contains("run the same command again"), "\(stopped.error)")
        try House.expectSuccess(house.postern(["quota", "set", "alice@example.test", "--messages", "none"]))
        let last = try house.postern(words)
        #expect(last.status == 0 && last.output.contains("100 messages imported"), "\(last.output)\(last.error)")
        #expect(last.output.contains("100 were there already"))
        #expect(try count(house, "alice") == 200)
    }

    /// An import goes on past what is broken, says so, and ends with status 1.
    @Test func brokenThings() throws {
        let house = try House()
        defer { house.stop() }
        let root = try python(house) + "/maildir"
        try Data("no header\0\n".utf8).write(to: URL(fileURLWithPath: root + "/cur/1.odd:2,"))
        try Data().write(to: URL(fileURLWithPath: root + "/cur/2.empty:2,"))
        try Data("x".utf8).write(to: URL(fileURLWithPath: root + "/tmp/3.tmp"))
        try FileManager.default.createSymbolicLink(atPath: root + "/cur/4.link:2,", withDestinationPath: "/etc/passwd")
        try FileManager.default.createDirectory(atPath: root + "/.a..b/cur", withIntermediateDirectories: true)
        let result = try house.postern(["import", "alice@example.test", root])
        #expect(result.status == 1, "\(result.output)\(result.error)")
        #expect(result.output.contains("41 messages imported") && result.output.contains("3 left out, 1 kept as they are"))
        #expect(result.output.contains("4.link:2,: it is a link, which is not followed"), "\(result.output)")
        #expect(try count(house, "alice") == 41)
        let nobody = try house.postern(["import", "nobody@example.test", root])
        #expect(nobody.status == 1 && nobody.error.contains("there is no account nobody@example.test"), "\(nobody.error)")
    }
}
