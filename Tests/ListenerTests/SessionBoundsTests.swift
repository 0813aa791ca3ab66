// What a session may cost: time, memory, places. Bad clients are answered by the RFC or closed, the rest goes on.

import FakeRooms
import IPC
import Mail
import NIOCore
import Testing

@testable import listener

@Suite(.serialized) struct SessionBoundsTests {
    @Test func neverSpeaking() throws {
        let door = try FrontDoor { $0.timeouts.command = .milliseconds(200) }
        defer { door.stop() }
        let stranger = try door.stranger()
        #expect(try stranger.rest() == "220 mail.example.test ESMTP\r\n421 4.4.2 Timed out, closing\r\n")
        #expect(comes { door.figure("smtp sessions open") == 0 })
        #expect(door.figure("sessions timed out") == 1)
    }

    @Test func silentInContent() throws {
        let door = try FrontDoor {
            $0.timeouts.command = .seconds(20)
            $0.timeouts.content = .milliseconds(200)
        }
        defer { door.stop() }
        let stranger = try door.stranger()
        try stranger.begin()
        try stranger.say("half\r\n")
        #expect(try stranger.rest() == "421 4.4.2 Timed out, closing\r\n")
        #expect(comes { door.store.with { $0.cancelled } == 1 })
    }

    /// Time is counted from the last octet, not from the first.
    @Test func slowButAlive() throws {
        let door = try FrontDoor { $0.timeouts.command = .milliseconds(600) }
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        let start = NIODeadline.now()
        while .now() - start < .seconds(2) {
            #expect(try stranger.ask("NOOP") == "250 2.0.0 Ok")
            _ = comes(within: 0.2) { false }
        }
    }

    @Test func thousandIdleSessions() throws {
        let door = try FrontDoor { $0.mailSessions = SessionLimits(total: 1100, perClient: 1100) }
        defer { door.stop() }
        let before = residentMemory()
        let idle = try (0..<1000).map { _ in try door.stranger() }
        for stranger in idle { #expect(try stranger.reply().hasPrefix("220")) }
        #expect(door.figure("smtp sessions open") == 1000)
        let kilobytes = (residentMemory() - before) / 1000
        #expect(kilobytes <= 40, "\(kilobytes) KB a session, with this test's own end")
        let busy = try door.stranger()
        try busy.begin()
        #expect(try busy.ask("x\r\n.").hasPrefix("250"))
        for stranger in idle { #expect(try stranger.ask("NOOP") == "250 2.0.0 Ok") }
    }

    @Test func tooMany() throws {
        let door = try FrontDoor { $0.mailSessions = SessionLimits(total: 3, perClient: 2) }
        defer { door.stop() }
        let first = try door.stranger()
        let second = try door.stranger()
        _ = try (first.reply(), second.reply())
        #expect(try door.stranger().rest() == "421 4.7.0 Too many sessions from your address, try again later\r\n")
        var policy = ListenerPolicy(
            hostname: "mail.example.test", ports: [PortPlan(.smtp, [InternetAddress("127.0.0.1")!], port: door.port)])
        policy.mailSessions = SessionLimits(total: 2, perClient: 10)
        door.room.reload(policy)
        #expect(try door.stranger().rest() == "421 4.3.2 Too many sessions, try again later\r\n")
        #expect(try first.ask("QUIT").hasPrefix("221"))
        _ = try first.rest()
        #expect(comes { door.figure("smtp sessions open") == 1 })
        #expect(try door.stranger().reply().hasPrefix("220"))
        #expect(door.figure("connections turned away") == 2)
    }

    @Test(arguments: [
        (String(repeating: "x", count: 3000) + "\r\n", "500 5.5.2 Line too long"),
        ("NOOP " + String(repeating: "x", count: 600) + "\r\n", "500 5.5.2 Line too long"),
        ("NO\u{0}OP\r\n", "500 5.5.2 Control character in command"),
        ("NOOP\n", "521 5.5.2 Bare <LF> received, lines end with <CR><LF>"),
        ("\r\n", "500 5.5.2 Command not recognised"),
        ("STARTTLS\r\n", "502 5.5.1 Command not implemented"),
    ])
    func badLines(line: String, reply: String) throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        try stranger.say(line)
        #expect(try stranger.reply() == reply)
        if reply.hasPrefix("521") {
            #expect(try stranger.rest() == "")
        } else {
            #expect(try stranger.ask("NOOP").hasPrefix("250"))
        }
    }

    @Test func anEndlessLine() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        let piece = [UInt8](repeating: 120, count: 100_000)
        for _ in 0..<20 { if (try? stranger.say(piece)) == nil { break } }
        #expect(comes { door.figure("smtp sessions open") == 0 })
    }

    @Test func aMessageThatSmuggles() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        try stranger.begin()
        try stranger.say("one\n.\nMAIL FROM:<evil@example.net>\r\n.\r\n")
        #expect(try stranger.rest().hasPrefix("521 5.5.2 "))
        #expect(comes { door.figure("smtp sessions open") == 0 })
        #expect(door.store.messages.isEmpty)
    }

    @Test func tenThousandRecipients() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        _ = try stranger.ask("EHLO x")
        _ = try stranger.ask("MAIL FROM:<>")
        for round in 0..<100 {
            try stranger.say((0..<100).map { "RCPT TO:<r\(round * 100 + $0)@example.com>\r\n" }.joined())
            for reply in try stranger.replies(100) {
                #expect(reply == (round < 10 ? "250 2.1.5 Ok" : "452 4.5.3 Too many recipients"))
            }
        }
        #expect(try stranger.ask("DATA").hasPrefix("354"))
        #expect(try stranger.ask("x\r\n.").hasPrefix("250"))
        #expect(door.store.messages.first?.plan.relays.count == 1000)
    }

    /// Replies that nobody reads: the server stops listening to the client, and ends when its time is over.
    @Test func aClientThatDoesNotRead() throws {
        let door = try FrontDoor { $0.timeouts.command = .milliseconds(1500) }
        defer { door.stop() }
        let stranger = try door.stranger(receiveBuffer: 4096)
        _ = try stranger.replies(1)
        _ = try stranger.ask("EHLO x")
        _ = try stranger.ask("MAIL FROM:<>")
        let before = residentMemory()
        let lines = Array(String(repeating: "RCPT TO:<r@example.com>\r\n", count: 1000).utf8)
        var sent = 0
        _ = comes(within: 20) {
            sent += stranger.sayNow(lines)
            return door.figure("smtp sessions open") == 0
        }
        #expect(door.figure("smtp sessions open") == 0)
        #expect(residentMemory() - before < 30_000)
        // Sockets hold some megabytes on loopback; the process nothing.
        #expect(sent < 40 << 20, "\(sent) octets")
    }

    @Test func messagesPerSession() throws {
        let door = try FrontDoor { $0.limits.transactions = 2 }
        defer { door.stop() }
        let stranger = try door.stranger()
        try stranger.begin()
        #expect(try stranger.ask("1\r\n.").hasPrefix("250"))
        try stranger.say("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
        _ = try stranger.replies(3)
        #expect(try stranger.ask("2\r\n.").hasPrefix("250"))
        try stranger.say("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
        #expect(try stranger.rest() == "421 4.7.0 Too many messages in one session, closing\r\n")
    }

    /// A store that does not read while 50 MB come: the client is held back, nothing piles up, all arrives in the end.
    @Test func aStoreThatStandsStill() throws {
        let door = try FrontDoor { $0.limits.messageSize = 60 << 20 }
        defer { door.stop() }
        door.store.with { $0.reads = false }
        let stranger = try door.stranger()
        try stranger.begin()
        let line = [UInt8](repeating: 120, count: 998) + [13, 10]
        let block = Array(repeating: line, count: 1000).flatMap { $0 }
        let before = residentMemory()
        // An empty header, so that all of it is body.
        try stranger.say("\r\n")
        var sent = 0
        var waits = 0
        while waits < 200, sent < 50_000_000 {
            let count = stranger.sayNow(Array(block[(sent % block.count)...]))
            sent += count
            waits = count == 0 ? waits + 1 : 0
            if count == 0 { _ = comes(within: 0.005) { false } }
        }
        let growth = residentMemory() - before
        #expect(sent < 20_000_000, "\(sent) octets were taken")
        #expect(growth < 24_000, "\(growth) KB for a store that stands still")
        #expect(door.store.with { $0.heardOctets } <= 1 << 20)
        let other = try door.stranger()
        _ = try other.replies(1)
        #expect(try other.ask("NOOP") == "250 2.0.0 Ok")
        door.store.goOn()
        while sent < 50_000_000 {
            let end = min(block.count, sent % block.count + 50_000_000 - sent)
            let piece = Array(block[(sent % block.count)..<end])
            try stranger.say(piece)
            sent += piece.count
        }
        #expect(try stranger.ask("\r\n.").hasPrefix("250"))
        #expect(door.store.messages.first?.content.count == 50_000_004)
    }
}
