// The machine's trouble: a full disk, a taken port, a database from the future, wrong settings.

import Foundation
import Testing

@Suite struct FaultTests {
    /// A full disk is 452 4.3.1; nothing is lost, and it goes on by itself when there is room again.
    @Test(.enabled(if: getuid() == 0, "mounting a small file system needs root"))
    func aFullDisk() throws {
        let house = try House(House.Options(extra: "[store]\nsegment_size = \"16 MB\"\n", stateSize: "200m"))
        defer { house.stop() }
        #expect(try house.send(to: ["alice@example.test"], "Subject: before\r\n\r\nx").hasPrefix("250"))
        let ballast = house.folder + "/state/ballast"
        _ = try House.command("/bin/sh", ["-c", "dd if=/dev/zero of=\(ballast) bs=1M 2>/dev/null; true"])
        let body = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 2_000)
        var accepted = 1
        var refusal = ""
        for _ in 0..<2_000 where refusal.isEmpty {
            let reply = try house.send(to: ["alice@example.test"], "Subject: filler\r\n\r\n" + body)
            if reply.hasPrefix("250") { accepted += 1 } else { refusal = reply }
        }
        #expect(refusal.hasPrefix("452 4.3.1"), "\(refusal)")
        try FileManager.default.removeItem(atPath: ballast)
        try wait(30, for: "mail after the disk has room") {
            try house.send(to: ["alice@example.test"], "Subject: after\r\n\r\nx").hasPrefix("250")
        }
        #expect(try house.mailbox("alice").count == accepted + 1)
        #expect(try house.unaccounted() == 0)
    }

    /// E-21, R-04: the address, the port and who holds it are named; the other services go on; the port is taken when it is free.
    @Test func aTakenPort() throws {
        let taken = House.freePort()
        let squatter = try Sink(port: taken)
        let house = try House(
            House.Options(
                extra: "[[listen]]\nservice = \"smtp\"\naddress = \"127.0.0.1\"\nport = \(taken)\ntls = \"none\"\n"))
        defer { house.stop() }
        #expect(house.log().contains("127.0.0.1:\(taken)") || house.log().contains("port=\(taken)"))
        #expect(try house.send(to: ["alice@example.test"], "Subject: x\r\n\r\nx").hasPrefix("250"))
        squatter.stop()
        try wait(30, for: "the port") {
            guard let wire = try? Wire(port: taken, timeout: 1) else { return false }
            return try wire.reply()?.hasPrefix("220 mail.example.test") == true
        }
    }

    @Test func aDatabaseFromTheFutureIsRefused() throws {
        let house = try House()
        defer { house.stop() }
        house.process.terminate()
        house.process.waitUntilExit()
        let index = try #require(
            FileManager.default.enumerator(atPath: house.folder + "/state")?
                .compactMap { $0 as? String }.first { $0.hasSuffix(".sqlite") })
        let change = try House.command(
            "/usr/bin/python3",
            [
                "-c",
                """
                import sqlite3
                c = sqlite3.connect('\(house.folder)/state/\(index)')
                c.execute('PRAGMA user_version = 9999')
                c.commit()
                """,
            ])
        #expect(change.status == 0, "\(change.error)")
        let run = try House.command(
            "/usr/bin/timeout", ["20", House.programs + "/postern-store", "--config", house.settingsPath])
        let said = run.error
        #expect(run.status == 1)
        #expect(said.contains("9999") && said.contains("newer"), "\(said)")
    }

    /// Every wrong setting has its line; the running house goes on with what it had.
    @Test func wrongSettingsAreNamedAndNotTaken() throws {
        let house = try House()
        defer { house.stop() }
        let path = house.settingsPath
        let good = try String(contentsOfFile: path, encoding: .utf8)
        let bad = good.replacingOccurrences(
            of: "hostname = \"mail.example.test\"", with: "hostname = \"\"\nstaet = \"/x\"")
        try bad.write(toFile: path, atomically: true, encoding: .utf8)
        let check = try House.command(House.programs + "/postern", ["check", path])
        #expect(check.status == 1)
        #expect(check.error.contains("\(path):2: server.hostname"), "\(check.error)")
        #expect(
            check.error.contains("\(path):3: server.staet") && check.error.contains("\"state\"")
                || check.error.contains("server.state"))
        kill(house.process.processIdentifier, SIGHUP)
        try wait(10, for: "the refusal") { house.log().contains("server.hostname") }
        #expect(try Wire(port: house.smtpPort).reply()?.hasPrefix("220 mail.example.test") == true)
        try good.write(toFile: path, atomically: true, encoding: .utf8)
        let start = try House.command(House.programs + "/postern", ["check", path])
        #expect(start.status == 0, "\(start.error)")
    }

    /// What only a restart changes is named by the rooms that read it; the rest holds at once.
    @Test func aReloadSaysWhatWaitsForARestart() throws {
        let house = try House(House.Options(extra: "[auth]\nscram_iterations = 4096\n", smtp: "max_recipients = 100"))
        defer { house.stop() }
        var text = try String(contentsOfFile: house.settingsPath, encoding: .utf8)
        for (old, new) in [
            ("scram_iterations = 4096", "scram_iterations = 8192"), ("max_recipients = 100", "max_recipients = 200"),
        ] {
            text = text.replacingOccurrences(of: old, with: new)
        }
        try text.write(toFile: house.settingsPath, atomically: true, encoding: .utf8)
        kill(house.process.processIdentifier, SIGHUP)
        try wait(10, for: "the warning") { house.log().contains("setting-needs-restart") }
        let warnings = house.log().split(separator: "\n").filter { $0.contains("setting-needs-restart") }
        #expect(warnings.count == 1 && warnings[0].contains("auth.scram_iterations") && warnings[0].contains("store"))
    }
}
