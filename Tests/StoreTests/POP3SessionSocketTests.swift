// The session socket as the listener meets it: openings, tickets, limits, and the lock in every kind of ending. T-27.

import Glibc
import IPC
import Mail
import NIOCore
import POP3House
import Testing

@testable import store

@Suite struct POP3SessionSocketTests {
    static let one = AccountID(rawValue: 1)

    @Test func aWholeSession() async throws {
        let house = try await SessionHouse([Self.one: [Array("a: b\r\n\r\n.x\r\n".utf8), []]])
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 2 messages")
            #expect(try client.say("STAT") == "+OK 2 12")
            #expect(try client.say("RETR 1") == "+OK 12 octets")
            #expect(try client.body() == Array("a: b\r\n\r\n.x\r\n".utf8))
            #expect(try client.say("RETR 2") == "+OK 0 octets")
            #expect(try client.body() == [])
            #expect(try client.say("DELE 1") == "+OK Deleted")
            #expect(try client.say("QUIT") == "+OK Goodbye")
            #expect(try client.isAtEnd())
        }
        #expect(house.maildrops.account(Self.one).removals == [[1]])
        try await house.waitUntilReleased(Self.one)
        await house.socket.stop()
    }

    /// RFC 1939 §4, RFC 2449 §8.1.2; and the lock is free again before QUIT is answered.
    @Test func onlyOneSessionHoldsAMaildrop() async throws {
        let house = try await SessionHouse([Self.one: []])
        try await onThread {
            for _ in 0..<50 {
                let first = try house.client()
                #expect(try first.text() == "+OK 0 messages")
                let second = try house.client()
                #expect(try second.text() == "-ERR [IN-USE] The mailbox is open in another session")
                #expect(try second.isAtEnd())
                #expect(try first.say("QUIT") == "+OK Goodbye")
            }
        }
        try await house.waitUntilReleased(Self.one)
        await house.socket.stop()
    }

    /// T-27: the lock is the maildrop's, whoever reads it; UIDs are the same for all.
    @Test func aSharedMaildrop() async throws {
        let house = try await SessionHouse([Self.one: [Array("x\r\n".utf8)], AccountID(rawValue: 2): []])
        try await onThread {
            let reader = try house.client("1 2 read-only")
            #expect(try reader.text() == "+OK 1 message")
            #expect(try reader.say("UIDL 1") == "+OK 1 1698.1")
            #expect(
                try reader.say("DELE 1") == "-ERR [SYS/PERM] This login may read the messages of this mailbox, not delete them")
            #expect(try house.client("1").text() == "-ERR [IN-USE] The mailbox is open in another session")
            let own = try house.client("2")
            #expect(try own.text() == "+OK 0 messages")
            #expect(try reader.say("QUIT") == "+OK Goodbye")
            #expect(try reader.isAtEnd())
            let writer = try house.client("1 3")
            #expect(try writer.text() == "+OK 1 message")
            #expect(try writer.say("UIDL 1") == "+OK 1 1698.1")
            #expect(try writer.say("DELE 1") == "+OK Deleted")
            #expect(try writer.say("QUIT") == "+OK Goodbye")
        }
        #expect(house.maildrops.account(Self.one).removals == [[1]])
        let visits = house.events.all.compactMap { event -> String? in
            guard case .entered(_, let visit) = event else { return nil }
            return "\(visit.user) \(visit.maildrop.rawValue) \(visit.isReadOnly)"
        }
        #expect(
            visits == [
                "user2@example.test 1 true", "user1@example.test 1 false", "user2@example.test 2 false",
                "user3@example.test 1 false",
            ])
        await house.socket.stop()
    }

    /// A client that went away without a word comes back: the old session ends as one without QUIT does.
    @Test func aSilentSessionIsEndedForANewOne() async throws {
        let holders = MaildropHolders()
        holders.set(.nanoseconds(1_000_000))
        let house = try await SessionHouse([Self.one: [Array("x\r\n".utf8)]], holders: holders)
        try await onThread {
            var last = try house.client()
            #expect(try last.text() == "+OK 1 message")
            for _ in 0..<20 {
                #expect(try last.say("DELE 1") == "+OK Deleted")
                var next = try house.client()
                // A millisecond of silence may not be over yet.
                var tries = 0
                while case let greeting = try next.text(), greeting != "+OK 1 message" {
                    tries += 1
                    try #require(greeting == "-ERR [IN-USE] The mailbox is open in another session" && tries < 1_000)
                    next = try house.client()
                }
                #expect(try last.isAtEnd())
                last = next
            }
            #expect(try last.say("QUIT") == "+OK Goodbye")
        }
        #expect(house.maildrops.account(Self.one).removals.isEmpty)
        #expect(
            house.events.all.filter { if case .tookOver(_, let visit) = $0 { visit.maildrop == Self.one } else { false } }.count
                == 20)
        try await house.waitUntilReleased(Self.one)
        await house.socket.stop()
    }

    /// Whoever was heard of within that time keeps the maildrop, and so does everybody where nothing is set.
    @Test(arguments: [Duration.seconds(3_600), .zero]) func aSessionThatIsNotSilentIsLeftAlone(silence: Duration) async throws {
        let holders = MaildropHolders()
        holders.set(silence)
        let house = try await SessionHouse([Self.one: []], holders: holders)
        try await onThread {
            let first = try house.client()
            #expect(try first.text() == "+OK 0 messages")
            #expect(try house.client().text() == "-ERR [IN-USE] The mailbox is open in another session")
            #expect(try first.say("NOOP").hasPrefix("+OK"))
            #expect(try first.say("QUIT") == "+OK Goodbye")
        }
        await house.socket.stop()
    }

    /// RFC 1939 §6: without QUIT nothing is removed.
    @Test(arguments: ["vanish", "half-close", "in the middle of a reply"])
    func theLockIsGivenBack(_ ending: String) async throws {
        let big = [UInt8](repeating: 0x61, count: 3_000_000)
        let house = try await SessionHouse([Self.one: [big, Array("x\r\n".utf8)]])
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 2 messages")
            #expect(try client.say("DELE 2") == "+OK Deleted")
            switch ending {
            case "half-close":
                client.endOutput()
                #expect(try client.isAtEnd())
            case "vanish": break
            default: #expect(try client.say("RETR 1") == "+OK 3000000 octets")
            }
        }
        try await house.waitUntilReleased(Self.one)
        #expect(house.maildrops.account(Self.one).removals.isEmpty)
        await house.socket.stop()
    }

    @Test func stoppingEndsSessionsAndGivesLocksBack() async throws {
        let house = try await SessionHouse([Self.one: []])
        let client = try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 0 messages")
            return UncheckedBox(client)
        }
        await house.socket.stop()
        let state = house.maildrops.account(Self.one)
        #expect(state.opened == 1 && state.closed == 1)
        #expect(try await onThread { try client.value.isAtEnd() })
    }

    @Test func aTicketThatIsNotOursOpensNothing() async throws {
        let house = try await SessionHouse([Self.one: []])
        try await onThread {
            let forged = try house.client("not a number")
            #expect(try forged.text() == "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later")
            #expect(try forged.isAtEnd())
            let other = try SocketClient(unix: house.path)
            try other.send(SessionHouse.opening("1", service: .smtp))
            #expect(try other.text().hasPrefix("-ERR [SYS/TEMP]"))
        }
        #expect(house.maildrops.account(Self.one).opened == 0)
        await house.socket.stop()
    }

    @Test func bytesThatAreNoOpeningAreClosedUnanswered() async throws {
        var limits = SessionLimits()
        limits.opening = .milliseconds(100)
        let house = try await SessionHouse([Self.one: []], limits: limits)
        try await onThread {
            for bytes in ["USER a\r\n", "\u{4}\0\0\0abcd", "", "\0\0"] {
                let client = try SocketClient(unix: house.path)
                try client.send(bytes)
                // A reset is an end as well.
                #expect((try? client.isAtEnd()) ?? true)
            }
        }
        #expect(house.maildrops.account(Self.one).opened == 0)
        await house.socket.stop()
    }

    @Test func aStrangerAmongTheRoomsIsTurnedAway() async throws {
        let house = try await SessionHouse([Self.one: []], uids: [geteuid() + 1])
        try await onThread {
            let client = try SocketClient(unix: house.path)
            try? client.send(SessionHouse.opening("1"))
            #expect((try? client.isAtEnd()) ?? true)
        }
        #expect(house.events.all.contains { if case .turnedAway(geteuid(), _) = $0 { true } else { false } })
        await house.socket.stop()
    }

    @Test func sessionsAreCounted() async throws {
        var limits = SessionLimits()
        limits.sessions = 2
        let accounts = (1...3).map { AccountID(rawValue: $0) }
        let house = try await SessionHouse(Dictionary(uniqueKeysWithValues: accounts.map { ($0, []) }), limits: limits)
        try await onThread {
            let first = try house.client("1")
            let second = try house.client("2")
            #expect(try first.text() == "+OK 0 messages")
            #expect(try second.text() == "+OK 0 messages")
            let third = try SocketClient(unix: house.path)
            #expect((try? third.isAtEnd()) ?? true)
            #expect(try first.say("NOOP") == "+OK Still here")
        }
        await house.socket.stop()
    }

    @Test func silenceEnds() async throws {
        var limits = SessionLimits()
        limits.idle = .milliseconds(200)
        let house = try await SessionHouse([Self.one: []], limits: limits)
        try await onThread {
            let client = try house.client()
            #expect(try client.text() == "+OK 0 messages")
            #expect(try client.isAtEnd())
        }
        try await house.waitUntilReleased(Self.one)
        await house.socket.stop()
    }
}
