// Sessions over real sockets, through the router to the store (DESIGN §3).

import FakeRooms
import IPC
import Mail
import NIOCore
import Testing

@testable import listener

@Suite(.serialized) struct SMTPConnectionTests {
    @Test func aPipelinedTransactionIsAnsweredInOneWrite() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        #expect(try stranger.reply() == "220 mail.example.test ESMTP")
        // The router knows the domain from now on.
        for line in ["HELO x", "MAIL FROM:<>", "RCPT TO:<y@example.com>"] { _ = try stranger.ask(line) }
        #expect(try stranger.ask("EHLO client.example.net").hasPrefix("250-mail.example.test\n250-PIPELINING\n250-SIZE "))
        try stranger.say(
            "MAIL FROM:<bob@example.net>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<x@example.com>\r\nDATA\r\n")
        #expect(
            try stranger.hearOnce()
                == "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n")
        try stranger.say("Subject: x\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRSET\r\nQUIT\r\n")
        #expect(try stranger.reply() == "250 2.0.0 Queued as 0000000000000001")
        #expect(try stranger.rest() == "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n")
        let message = try #require(door.store.messages.first)
        #expect(String(decoding: message.content, as: UTF8.self) == "Subject: x\r\n\r\n.dot\r\n")
        #expect(message.plan.relays == [RelayedRecipient(EmailAddress("x@example.com")!)])
        #expect(String(decoding: message.plan.header, as: UTF8.self).contains("from client.example.net ([127.0.0.1])"))
        #expect(door.store.messages.count == 1)
        #expect(door.figure("messages accepted") == 1)
    }

    @Test func refusals() throws {
        let door = try FrontDoor(trusted: [])
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        #expect(try stranger.ask("HELO client") == "250 mail.example.test")
        #expect(try stranger.ask("MAIL FROM:<bob@example.net>") == "250 2.1.0 Ok")
        #expect(try stranger.ask("RCPT TO:<x@example.com>") == "550 5.7.1 <x@example.com>: relay access denied")
        #expect(try stranger.ask("RCPT TO:<nobody@example.test>") == "550 5.1.1 <nobody@example.test>: no such user here")
        #expect(try stranger.ask("DATA") == "554 5.5.1 No valid recipients")
        #expect(try stranger.ask("RCPT TO:<postmaster>") == "550 5.1.1 <postmaster@mail.example.test>: no such user here")
        #expect(try stranger.ask("MAIL FROM:<b@example.net>").hasPrefix("503"))
        #expect(try stranger.ask("QUIT") == "221 2.0.0 Bye")
        #expect(try stranger.rest() == "")
        #expect(comes { door.figure("smtp sessions open") == 0 })
    }

    /// RFC 5321 §4.5.1.
    @Test func postmasterAlone() throws {
        let door = try FrontDoor(trusted: [])
        defer { door.stop() }
        door.store.change {
            $0.entries[EmailAddress("postmaster@example.test")!] = LocalEntry(
                user: AccountID(rawValue: 8), domain: "example.test")
        }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        _ = try stranger.ask("EHLO x")
        _ = try stranger.ask("MAIL FROM:<>")
        #expect(comes { (try? stranger.ask("RCPT TO:<Postmaster>")) == "250 2.1.5 Ok" })
    }

    @Test func contentArrivesAsItWasSent() throws {
        let door = try FrontDoor { $0.limits.messageSize = 20 << 20 }
        defer { door.stop() }
        var content: [UInt8] = []
        var wire: [UInt8] = []
        var number: UInt64 = 88172645463325252
        while content.count < 5 << 20 {
            number ^= number << 13
            number ^= number >> 7
            number ^= number << 17
            let line = [UInt8](repeating: number % 3 == 0 ? 46 : 65 + UInt8(number % 26), count: Int(number % 90)) + [13, 10]
            content += line
            wire += line.first == 46 ? [46] + line : line
        }
        let stranger = try door.stranger()
        try stranger.begin()
        try stranger.say(wire + Array(".\r\n".utf8))
        #expect(try stranger.reply().hasPrefix("250 2.0.0 Queued"))
        #expect(door.store.messages.first?.content == content)
    }

    @Test func aSlowClientHoldsNobody() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let slow = try (0..<20).map { _ in try door.stranger() }
        for stranger in slow {
            try stranger.begin()
            try stranger.say("Subject: half a li")
        }
        for _ in 0..<20 {
            let stranger = try door.stranger()
            try stranger.begin()
            #expect(try stranger.ask("quick\r\n.").hasPrefix("250"))
        }
        for stranger in slow { #expect(try stranger.ask("ne\r\n.").hasPrefix("250")) }
        #expect(door.store.messages.count == 40)
    }

    @Test func withoutARouter() throws {
        let door = try FrontDoor(hasRouter: false)
        defer { door.stop() }
        let stranger = try door.stranger()
        #expect(try stranger.rest() == "421 4.3.2 Service not available, try again later\r\n")
    }

    /// The router goes and comes: what was open is told 451, sessions stay.
    @Test func theRouterDies() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let (idle, inMail, inContent) = (try door.stranger(), try door.stranger(), try door.stranger())
        _ = try idle.replies(1)
        _ = try idle.ask("EHLO idle")
        _ = try inMail.replies(1)
        _ = try inMail.ask("EHLO mail")
        _ = try inMail.ask("MAIL FROM:<>")
        try inContent.begin()
        try inContent.say("half of it\r\n")
        #expect(comes { door.store.with { $0.heardOctets } == 12 })
        door.stopRouter()
        let trouble = "451 4.3.0 Local trouble, try again later"
        #expect(try idle.ask("MAIL FROM:<a@example.net>") == trouble)
        #expect(try inMail.ask("RCPT TO:<alice@example.test>") == trouble)
        #expect(try inContent.ask("the rest\r\n.") == trouble)
        #expect(try door.stranger().rest().hasPrefix("421 4.3.2 "))
        try door.startRouter()
        for stranger in [idle, inMail, inContent] {
            _ = try stranger.ask("RSET")
            try stranger.say("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
            #expect(try stranger.replies(3).last?.hasPrefix("354") == true)
            #expect(try stranger.ask("again\r\n.").hasPrefix("250"))
        }
        #expect(door.store.messages.count == 3)
    }

    @Test func theRouterDiesBeforeTheReceipt() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        try stranger.begin()
        door.store.with { $0.isSilent = true }
        try stranger.say("whole\r\n.\r\n")
        #expect(comes { door.store.with { $0.heardOctets } == 7 })
        door.stopRouter()
        #expect(try stranger.reply() == "451 4.3.0 Local trouble, try again later")
        #expect(try stranger.ask("NOOP") == "250 2.0.0 Ok")
    }

    @Test func theStoreIsFull() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        door.store.with { $0.refusal = Refusal(Reply(452, "4.3.1", "Insufficient storage"), because: "disk full") }
        let stranger = try door.stranger()
        try stranger.begin()
        #expect(try stranger.ask("x\r\n.") == "452 4.3.1 Insufficient storage")
    }

    @Test func aClientThatLeavesInTheMiddle() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        for vanishes in [true, false] {
            let before = door.store.with { $0.cancelled }
            let heard = door.store.with { $0.heardOctets }
            do {
                let stranger = try door.stranger()
                try stranger.begin()
                try stranger.say("Subject: never whole\r\n")
                #expect(comes { door.store.with { $0.heardOctets } == heard + 22 })
                if vanishes { stranger.vanish() }
            }
            #expect(comes { door.store.with { $0.cancelled } == before + 1 })
        }
        #expect(door.store.messages.isEmpty)
        #expect(comes { door.figure("smtp sessions open") == 0 })
    }

    /// Careless senders leave without waiting for the receipt.
    @Test func aClientThatLeavesBehindTheFinalDot() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        do {
            let stranger = try door.stranger()
            try stranger.begin()
            door.store.with { $0.isSilent = true }
            try stranger.say("whole\r\n.\r\n")
            #expect(comes { door.store.with { $0.heardOctets } == 7 })
            stranger.vanish()
        }
        #expect(comes { door.figure("smtp sessions open") == 0 })
        door.store.goOn()
        #expect(comes { door.store.messages.count == 1 })
    }

    /// Recipients that were pipelined behind a refused sender get their answers, and the session goes on.
    @Test func aSenderThatIsRefused() throws {
        let door = try FrontDoor { $0.limits.messageSize = 200 << 20 }
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        _ = try stranger.ask("EHLO x")
        for _ in 0..<3 {
            try stranger.say("MAIL FROM:<> SIZE=150000000\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
            let replies = try stranger.replies(3)
            #expect(replies.map { $0.prefix(3) } == ["552", "503", "503"])
        }
        try stranger.say("MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
        #expect(try stranger.replies(3).last?.hasPrefix("354") == true)
        #expect(try stranger.ask("x\r\n.").hasPrefix("250"))
    }

    /// `printf … | nc`: the client closes its side and still gets every answer.
    @Test func aClientThatStopsSpeaking() throws {
        let door = try FrontDoor()
        defer { door.stop() }
        let stranger = try door.stranger()
        _ = try stranger.replies(1)
        try stranger.say(
            "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nNOOP\r\n")
        stranger.endSpeaking()
        let rest = try stranger.rest()
        #expect(rest.hasSuffix("354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Queued as 0000000000000001\r\n250 2.0.0 Ok\r\n"))
        #expect(door.store.messages.count == 1)
    }

    @Test func earlyTalkersAreNoted() throws {
        let door = try FrontDoor(hasRouter: false)
        defer { door.stop() }
        let stranger = try door.stranger()
        try? stranger.say("EHLO x\r\n")
        _ = try? stranger.rest()
        #expect(comes { door.figure("early talkers") + door.figure("router failures") >= 1 })
    }
}
