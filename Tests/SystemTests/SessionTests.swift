// Many sessions, slow sessions, and everything that strangers do wrong.

import Foundation
import Testing

@Suite struct SessionTests {
    /// 1,000 idle sessions and 100 busy ones at once: nobody waits for anybody, memory stays bounded.
    @Test func idleAndBusySessionsTogether() throws {
        let house = try House(House.Options(smtp: "max_sessions_per_client = 2000"))
        defer { house.stop() }
        var idle: [Wire] = []
        for _ in 0..<1_000 { idle.append(try house.smtp()) }
        let memory = try House.residentKilobytes(house.pid(of: "listener"))
        let storm = Storm(house: house, messages: 1_000, sessions: 100)
        storm.start()
        try wait(60, for: "the busy sessions") { storm.isDone }
        storm.join()
        #expect(try idle[0].ask("NOOP").hasPrefix("250"))
        #expect(try idle[999].ask("NOOP").hasPrefix("250"))
        let after = try House.residentKilobytes(house.pid(of: "listener"))
        #expect(after < memory + 100_000, "the listener grew from \(memory) to \(after) KiB")
        #expect(try house.figures()["store"]?["messages-committed"] ?? 0 >= 1_000)
    }

    /// Bodies larger than what one read or one socket buffer holds, from many sessions at once: no refusal, nothing lost.
    @Test func largeMessagesFromManySessions() throws {
        let house = try House()
        defer { house.stop() }
        let body = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 700)
        let (group, lock) = (DispatchGroup(), NSLock())
        nonisolated(unsafe) var replies: [String: Int] = [:]
        for session in 0..<50 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                for number in 0..<20 {
                    let text = "Subject: \(session)-\(number)\r\n\r\n\(body)"
                    let reply = (try? house.send(to: ["alice@example.test"], text)) ?? "no reply"
                    lock.withLock { replies[String(reply.prefix(9)), default: 0] += 1 }
                }
            }
        }
        group.wait()
        #expect(replies == ["250 2.0.0": 1_000])
        let messages = try house.mailbox("alice")
        #expect(messages.count == 1_000)
        #expect(messages.allSatisfy { $0.count { $0.first == "x" } == 700 })
        #expect(try house.unaccounted() == 0)
    }

    @Test func aSlowClientHoldsNobody() throws {
        let house = try House()
        defer { house.stop() }
        let slow = try house.smtp()
        try slow.ask("MAIL FROM:<s@remote.test>")
        try slow.ask("RCPT TO:<alice@example.test>")
        try slow.ask("DATA")
        try slow.send("Subject: slo")
        #expect(try house.send(to: ["alice@example.test"], "Subject: quick\r\n\r\nx").hasPrefix("250"))
        #expect(try slow.ask("w\r\n\r\nx\r\n.").hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 2)
    }

    @Test func aConnectionThatNeverSpeaksIsClosed() throws {
        let house = try House(House.Options(smtp: "command_timeout = \"1s\""))
        defer { house.stop() }
        let wire = try Wire(port: house.smtpPort)
        #expect(try wire.reply()?.hasPrefix("220") == true)
        #expect(try wire.reply()?.hasPrefix("421") == true)
        #expect(try wire.reply() == nil)
    }

    /// RFC 5321 §4.5.3.1: lines and numbers that are too large are answered, and the session goes on.
    @Test func whatIsTooLargeIsAnswered() throws {
        let house = try House(
            House.Options(smtp: "max_message_size = \"1 MB\"\nmax_recipients = 100\nmax_errors = 20000"))
        defer { house.stop() }
        let wire = try house.smtp()
        #expect(try wire.ask("NOOP " + String(repeating: "x", count: 10_000)).hasPrefix("500"))
        #expect(try wire.ask("MAIL FROM:<s@remote.test> SIZE=2000000").hasPrefix("552 5.3.4"))
        #expect(try wire.ask("MAIL FROM:<s@remote.test>").hasPrefix("250"))
        var codes: [String: Int] = [:]
        for start in stride(from: 0, to: 10_000, by: 500) {
            try wire.send(String(repeating: "RCPT TO:<alice@example.test>\r\n", count: 500))
            for _ in start..<(start + 500) { codes[String(try #require(try wire.reply()).prefix(9)), default: 0] += 1 }
        }
        #expect(codes["250 2.1.5"] == 100)
        #expect(codes["452 4.5.3"] == 9_900)
        #expect(try wire.ask("DATA").hasPrefix("354"))
        try wire.send(Array(repeating: UInt8(ascii: "x"), count: 3 << 19))
        #expect(try wire.ask("\r\n.").hasPrefix("552 5.3.4"))
        #expect(try wire.ask("NOOP").hasPrefix("250"))
        #expect(try house.mailbox("alice").isEmpty)
    }

    /// SMTP smuggling: no line end but CRLF ends a line, and what holds another is refused as a whole.
    @Test(arguments: ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r"])
    func nothingIsSmuggled(ending: String) throws {
        let house = try House()
        defer { house.stop() }
        let wire = try house.smtp()
        try wire.ask("MAIL FROM:<s@remote.test>")
        try wire.ask("RCPT TO:<alice@example.test>")
        try wire.ask("DATA")
        try wire.send(
            "Subject: one\r\n\r\nx\(ending)MAIL FROM:<evil@remote.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"
                + "Subject: two\r\n\r\nsmuggled\r\n.\r\n")
        let reply = try wire.reply() ?? "closed"
        #expect(reply.hasPrefix("5"), "\(reply)")
        #expect(try house.mailbox("bob").isEmpty)
    }

    @Test(arguments: ["NOOP\u{0}\r\n", "\u{0}\r\n", "MAIL FROM:<a\u{0}@b.test>\r\n"])
    func aNULIsRefused(command: String) throws {
        let house = try House()
        defer { house.stop() }
        let wire = try house.smtp()
        try wire.send(command)
        #expect(try wire.reply()?.hasPrefix("50") == true)
    }

    @Test func rubbishOnEveryPortHurtsNobody() throws {
        let house = try House()
        defer { house.stop() }
        for port in [house.smtpPort, house.pop3Port] {
            for seed in UInt64(1)...20 {
                let wire = try Wire(port: port)
                var state = seed &* 0x9E37_79B9_7F4A_7C15
                let rubbish = (0..<5_000).map { _ -> UInt8 in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 33)
                }
                try? wire.send(rubbish)
            }
        }
        #expect(try house.send(to: ["alice@example.test"], "Subject: well\r\n\r\nx").hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 1)
    }
}

extension House {
    /// VmRSS of a process.
    static func residentKilobytes(_ pid: pid_t) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let count = Int(line.filter(\.isNumber))
        else { throw WireError(description: "no VmRSS for \(pid)") }
        return count
    }
}
