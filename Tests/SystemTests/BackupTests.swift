// The running house is backed up, lost, and brought back. (2.9, U13)

import Foundation
import Testing

@Suite struct BackupTests {
    /// Messages of 60 KB, so that a backup takes a while.
    private func fill(_ house: House, _ numbers: ClosedRange<Int>) throws {
        let wire = try house.smtp()
        for number in numbers {
            let body = String(repeating: "line \(number) of a message of some length\r\n", count: 1_500)
            let reply = try house.send(to: ["alice@example.test"], "Subject: \(number)\r\n\r\n\(body)", over: wire)
            #expect(reply.hasPrefix("250"))
        }
    }

    private func uids(_ house: House) throws -> [String] {
        let wire = try house.pop3("alice")
        try wire.send("UIDL\r\n")
        _ = try wire.line()
        return try wire.multiline()
    }

    private func backup(_ house: House, _ words: String...) throws -> [String: Any] {
        let result = try house.postern(["backup", house.folder + "/backup", "--json"] + words)
        #expect(result.status == 0, "\(result.error)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    /// It needs no house, and no settings.
    private func verify(_ folder: String) throws -> House.Result {
        try House.command("\(House.programs)/postern", ["backup", "verify", folder])
    }

    @Test func aStoreThatIsLostComesBack() throws {
        let house = try House(House.Options(delivery: "enabled = false"))
        defer { house.stop() }
        let folder = house.folder + "/backup"
        try fill(house, 1...20)
        try house.send(to: ["x@elsewhere.test"], "Subject: away\r\n\r\nx")
        let first = try backup(house)
        #expect(first["messages"] as? Int == 21 && first["copiedFiles"] as? Int == first["files"] as? Int)
        try fill(house, 21...25)
        let second = try backup(house)
        #expect(second["messages"] as? Int == 26)
        #expect(try #require(second["copiedOctets"] as? Int) < (try #require(first["copiedOctets"] as? Int)))
        let before = try uids(house)
        #expect(before.count == 25)
        let verified = try verify(folder)
        #expect(verified.status == 0 && verified.output.hasPrefix("26 messages"), "\(verified.output)\(verified.error)")

        let running = try house.postern(["restore", "--from", folder, "--replace"])
        #expect(running.status == 1 && running.error.contains("another store works"), "\(running.error)")
        #expect(try house.send(to: ["alice@example.test"], "Subject: lost\r\n\r\nx").hasPrefix("250"))
        house.process.terminate()
        house.process.waitUntilExit()
        let refused = try house.postern(["restore", "--from", folder])
        #expect(refused.status == 1 && refused.error.contains("--replace"), "\(refused.error)")
        let restored = try house.postern(["restore", "--from", folder, "--replace"])
        #expect(restored.status == 0, "\(restored.error)")
        #expect(restored.output.contains("26 messages") && restored.output.contains("held"), "\(restored.output)")
        try house.start()
        #expect(try uids(house) == before)
        #expect(try house.mailbox("alice").count == 25)
        #expect(try house.postern(["queue", "list", "--json"]).output.contains("held"))
        #expect(try house.postern(["verify"]).status == 0)
        #expect(try house.unaccounted() == 0)
        #expect(try house.send(to: ["alice@example.test"], "Subject: new\r\n\r\nx").hasPrefix("250"))
        let last = try #require(try uids(house).last)
        #expect(!before.contains(last))
        // A machine that never ran a store.
        house.process.terminate()
        house.process.waitUntilExit()
        try FileManager.default.removeItem(atPath: house.folder + "/state/store")
        let fresh = try house.postern(["restore", "--from", folder])
        #expect(fresh.status == 0, "\(fresh.error)")
        try house.start()
        #expect(try uids(house) == before)
    }

    private func restore(_ house: House, _ words: String...) throws -> (status: Int32, report: [String: Any], error: String) {
        let result = try house.postern(["restore", "alice@example.test", "--from", house.folder + "/backup", "--json"] + words)
        let report = try? JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        return (result.status, report ?? [:], result.error)
    }

    @Test("what one account has lost comes back while the house runs, once, with its keywords and its passwords as they are")
    func oneAccount() throws {
        let house = try House(House.Options(delivery: "enabled = false", accounts: ["alice", "bob", "carol"]))
        defer { house.stop() }
        try fill(house, 1...40)
        let mbox = house.folder + "/work.mbox"
        let text = "From x Thu Nov 20 10:00:00 2025\nStatus: RO\nX-Keywords: later\nSubject: kept\n\nbody\n"
        try text.write(toFile: mbox, atomically: true, encoding: .utf8)
        try House.expectSuccess(house.postern(["import", "alice@example.test", mbox, "--mailbox", "Work/2026"]))
        for name in ["bob", "carol"] {
            let words = ["mailbox", "share", "alice@example.test", "Work/2026", "\(name)@example.test", "read"]
            try House.expectSuccess(house.postern(words))
        }
        _ = try backup(house)
        try House.expectSuccess(house.postern(["account", "remove", "carol@example.test"]))
        // Some are removed, a mailbox is deleted, and new mail comes.
        try house.remove(1...25, of: "alice")
        try House.expectSuccess(house.postern(["mailbox", "delete", "alice@example.test", "Work/2026", "--yes"]))
        try fill(house, 41...42)
        #expect(try house.mailbox("alice").count == 17)
        let inbox = try restore(house, "--mailbox", "inbox")
        #expect(inbox.status == 0 && inbox.report["messages"] as? Int == 25, "\(inbox.error)")
        #expect(inbox.report["present"] as? Int == 15)
        let all = try restore(house)
        #expect(all.status == 0 && all.report["messages"] as? Int == 1 && all.report["present"] as? Int == 40, "\(all.error)")
        #expect((all.report["made"] as? [String])?.contains("Work/2026") == true)
        let rights = try #require(all.report["rights"] as? [String: Any])
        #expect(rights["given"] as? Int == 1 && rights["leftOut"] as? Int == 1, "\(rights)")
        let shared = try house.postern(["mailbox", "rights", "alice@example.test", "Work/2026"])
        #expect(shared.output.contains("bob@example.test") && !shared.output.contains("carol"), "\(shared.output)")
        let again = try restore(house)
        #expect(again.report["messages"] as? Int == 0 && again.report["present"] as? Int == 41)
        #expect(try house.mailbox("alice").count == 42)
        let exported = try house.postern(["export", "alice@example.test", house.folder + "/out", "--mailbox", "Work/2026"])
        try House.expectSuccess(exported)
        let keywords = try House.command("/bin/grep", ["-r", "later", house.folder + "/out"])
        #expect(keywords.status == 0, "\(keywords.output)")
        let stranger = try house.postern(["restore", "nobody@example.test", "--from", house.folder + "/backup"])
        #expect(stranger.status == 1 && stranger.error.contains("there is no account nobody@example.test"), "\(stranger.error)")
        #expect(try house.postern(["verify"]).status == 0)
        #expect(try house.unaccounted() == 0)
        let journal = try String(contentsOfFile: house.folder + "/state/log/store.log", encoding: .utf8)
        #expect(journal.contains("backup-begun") && journal.contains("backup-finished"))
    }

    @Test("a restoring that is killed is done again, and every message is there once") func killedRestoring() throws {
        let house = try House()
        defer { house.stop() }
        try fill(house, 1...300)
        let large = String(repeating: "a large message\r\n", count: 40_000)
        #expect(try house.send(to: ["alice@example.test"], "Subject: large\r\n\r\n\(large)").hasPrefix("250"))
        _ = try backup(house)
        try house.remove(1...301, of: "alice")
        for _ in 0..<3 {
            let command = Process()
            command.executableURL = URL(fileURLWithPath: House.programs + "/postern")
            command.arguments = [
                "restore", "alice@example.test", "--from", house.folder + "/backup", "--config", house.settingsPath,
            ]
            command.standardOutput = FileHandle.nullDevice
            command.standardError = FileHandle.nullDevice
            let before = try uids(house).count
            try command.run()
            try wait(20, for: "the first messages, or its end") { !command.isRunning || ((try? uids(house).count) ?? 0) > before }
            kill(command.processIdentifier, SIGKILL)
            command.waitUntilExit()
        }
        let last = try restore(house)
        let (new, present) = (last.report["messages"] as? Int ?? 0, last.report["present"] as? Int ?? 0)
        #expect(last.status == 0 && new + present == 301, "\(new) \(present) \(last.error)")
        let subjects = try house.mailbox("alice").map { lines in lines.first { $0.hasPrefix("Subject:") } ?? "" }
        #expect(subjects.count == 301 && Set(subjects).count == 301)
        #expect(try house.postern(["verify"]).status == 0)
    }

    @Test func damagedMessagesOfABackupAreNamedAndTheOthersComeBack() throws {
        let house = try House()
        defer { house.stop() }
        try fill(house, 1...10)
        _ = try backup(house)
        let segment = house.folder + "/backup/segments/0000000000000001.seg"
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: segment))
        try file.seek(toOffset: 100_000)
        try file.write(contentsOf: Data("X".utf8))
        try file.close()
        try house.remove(1...10, of: "alice")
        let result = try house.postern(["restore", "alice@example.test", "--from", house.folder + "/backup"])
        #expect(result.status == 1 && result.output.contains("left out: INBOX, UID 2"), "\(result.output)\(result.error)")
        #expect(result.output.contains("1 damaged and left out"))
        #expect(try house.mailbox("alice").count == 9)
    }

    @Test func aCommandThatIsKilledHoldsNothingAndGoesOn() throws {
        let house = try House()
        defer { house.stop() }
        try fill(house, 1...30)
        let command = Process()
        command.executableURL = URL(fileURLWithPath: House.programs + "/postern")
        command.arguments = ["backup", house.folder + "/backup", "--rate", "200kB", "--quiet", "--config", house.settingsPath]
        try command.run()
        let snapshot = house.folder + "/state/store/backup.sqlite"
        try wait(20, for: "the first octets of a segment") {
            let segments = (try? FileManager.default.contentsOfDirectory(atPath: house.folder + "/backup/segments")) ?? []
            return !segments.isEmpty && FileManager.default.fileExists(atPath: snapshot)
        }
        let second = try house.postern(["backup", house.folder + "/other"])
        #expect(second.status == 1 && second.error.contains("another backup runs"), "\(second.error)")
        kill(command.processIdentifier, SIGKILL)
        command.waitUntilExit()
        try wait(20, for: "the end of the snapshot") { !FileManager.default.fileExists(atPath: snapshot) }
        let nothing = try verify(house.folder + "/backup")
        #expect(nothing.status == 1 && nothing.error.contains("not finished"), "\(nothing.error)")
        #expect(try backup(house)["messages"] as? Int == 30)
        #expect(try verify(house.folder + "/backup").status == 0)
        // Damage is found, named and not restored.
        let segment = house.folder + "/backup/segments/0000000000000001.seg"
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: segment))
        try file.seek(toOffset: 100_000)
        try file.write(contentsOf: Data("X".utf8))
        try file.close()
        let damaged = try verify(house.folder + "/backup")
        #expect(damaged.status == 1 && damaged.output.contains("2 damaged"), "\(damaged.output)")
        house.process.terminate()
        house.process.waitUntilExit()
        let refused = try house.postern(["restore", "--from", house.folder + "/backup", "--replace"])
        #expect(refused.status == 1 && refused.error.contains("nothing was restored"), "\(refused.error)")
        try house.start()
        #expect(try house.mailbox("alice").count == 30)
    }
}
