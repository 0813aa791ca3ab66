// What a session makes of its maildrop: pipelines, streams, faults, byte for byte.

import Mail
import POP3House
import Testing

@testable import store

@Suite(.bothEngines) struct POP3MaildropTests {
    static let one = AccountID(rawValue: 1)

    static func house(_ messages: [[UInt8]]) async throws -> SessionHouse { try await SessionHouse([one: messages]) }

    /// RFC 2449 §6.6: replies come in the order of the commands, whatever was read ahead.
    @Test func pipelinesKeepTheirOrder() async throws {
        let messages = (1...300).map { Array("Subject: \($0)\r\n\r\n".utf8) + [UInt8](repeating: 0x78, count: $0 * 37) }
        let house = try await Self.house(messages)
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 300 messages")
            var commands = ""
            for number in 1...300 {
                commands += "RETR \(number)\r\n"
                if number % 7 == 0 { commands += "NOOP\r\n" }
                if number % 11 == 0 { commands += "TOP \(number) 0\r\n" }
                if number % 50 == 0 { commands += "RETR 301\r\n" }
            }
            try client.send(commands + "QUIT\r\n")
            for number in 1...300 {
                #expect(try client.text() == "+OK \(messages[number - 1].count) octets")
                #expect(try client.body() == messages[number - 1] + [13, 10])
                if number % 7 == 0 { #expect(try client.text() == "+OK Still here") }
                if number % 11 == 0 {
                    #expect(try client.text() == "+OK Top of message follows")
                    #expect(try client.body() == Array("Subject: \(number)\r\n\r\n".utf8))
                }
                if number % 50 == 0 { #expect(try client.text() == "-ERR No such message") }
            }
            #expect(try client.text() == "+OK Goodbye")
            #expect(try client.isAtEnd())
        }
        await house.socket.stop()
    }

    @Test(arguments: [65_535, 65_536, 65_537, 700_001])
    func largeMessagesAreStreamed(_ size: Int) async throws {
        let awkward: [UInt8] = Array("\r\n..\r\n.abc\n.\r.\r\n.\r\n\r\n".utf8)
        let large = (0..<size - 2).map { awkward[($0 &* 7 ^ $0 >> 5) % awkward.count] } + [13, 10]
        let small = Array("small\r\n".utf8)
        let house = try await Self.house([small, large, small])
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 3 messages")
            try client.send("RETR 1\r\nRETR 2\r\nRETR 3\r\nTOP 2 1\r\nRETR 3\r\n")
            for message in [small, large, small] {
                #expect(try client.text() == "+OK \(message.count) octets")
                #expect(try client.body() == message)
            }
            #expect(try client.text() == "+OK Top of message follows")
            // The cut may be behind a bare LF, and then a line end is added.
            #expect(try large.starts(with: client.body().dropLast(2)))
            #expect(try client.text() == "+OK 7 octets")
            #expect(try client.body() == small)
        }
        await house.socket.stop()
    }

    /// RFC 3206 §3: one damaged message, small or large, does not end the session.
    @Test func aDamagedMessageIsRefusedAlone() async throws {
        let large = [UInt8](repeating: 0x61, count: 100_000)
        let house = try await Self.house([Array("1\r\n".utf8), large, Array("3\r\n".utf8)])
        house.maildrops.set {
            $0.damaged = [MemoryMaildrops.spool(Self.one, 1), MemoryMaildrops.spool(Self.one, 2)]
        }
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 3 messages")
            try client.send("RETR 1\r\nRETR 2\r\nRETR 3\r\n")
            #expect(try client.text() == "-ERR [SYS/PERM] This message is damaged")
            #expect(try client.text() == "-ERR [SYS/PERM] This message is damaged")
            #expect(try client.text() == "+OK 3 octets")
            #expect(try client.body() == Array("3\r\n".utf8))
        }
        await house.socket.stop()
    }

    /// What has begun cannot be refused any more: the client must not take the torso for the message.
    @Test func aMessageThatBreaksOffEndsTheConnectionWithoutTheDot() async throws {
        let large = [UInt8](repeating: 0x61, count: 200_000)
        let house = try await Self.house([large])
        house.maildrops.set { $0.breaking = MemoryMaildrops.spool(Self.one, 1) }
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 1 message")
            #expect(try client.say("RETR 1") == "+OK 200000 octets")
            var rest: [UInt8] = []
            while true {
                let piece = try client.read()
                if piece.isEmpty { break }
                rest += piece
            }
            #expect(rest.count < 200_000 && rest.allSatisfy { $0 == 0x61 })
        }
        try await house.waitUntilReleased(Self.one)
        await house.socket.stop()
    }

    /// RFC 1939 §6.
    @Test func aFailedRemovalIsSaid() async throws {
        let house = try await Self.house([[], []])
        house.maildrops.set { $0.removalFails = true }
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 2 messages")
            try client.send("DELE 2\r\nQUIT\r\n")
            #expect(try client.text() == "+OK Deleted")
            #expect(try client.text() == "-ERR [SYS/TEMP] some deleted messages not removed")
            #expect(try client.isAtEnd())
        }
        try await house.waitUntilReleased(Self.one)
        await house.socket.stop()
    }

    @Test func troubleInOpeningIsOurs() async throws {
        let house = try await Self.house([])
        house.maildrops.set { $0.openFails = true }
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later")
            #expect(try client.isAtEnd())
        }
        #expect(house.maildrops.account(Self.one).closed == 0)
        await house.socket.stop()
    }

    @Test func aMaildropOf50000MessagesIsListed() async throws {
        let house = try await Self.house([[UInt8]](repeating: [0x61], count: 50_000))
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 50000 messages")
            try client.send("UIDL\r\nLIST\r\n")
            #expect(try client.text() == "+OK 50000 messages")
            let uidl = try client.body()
            #expect(uidl.split(separator: 10).count == 50_000)
            #expect(uidl.starts(with: Array("1 1698.1\r\n2 1698.2\r\n".utf8)))
            #expect(try client.text() == "+OK 50000 messages")
            #expect(try client.body().split(separator: 10).last == Array("50000 1\r".utf8)[...])
        }
        await house.socket.stop()
    }
}
