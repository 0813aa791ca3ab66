// Logging in over real sockets: the router over its road, the store's session socket behind it. E-10.

import IPC
import Mail
import NIOCore
import POP3House
import Testing

@testable import listener

@Suite struct LoginConnectionTests {
    static let one = AccountID(rawValue: 1)
    static let wrong = "-ERR [AUTH] Name or password is wrong"

    static func houses(
        _ messages: [[UInt8]] = [], limits: LoginLimits = LoginHouse.quick
    ) async throws -> (LoginHouse, SessionHouse) {
        let store = try await SessionHouse([one: messages])
        return (try await LoginHouse(store: store.path, limits: limits), store)
    }

    static func stop(_ login: LoginHouse, _ store: SessionHouse) async throws {
        try await login.stop()
        await store.socket.stop()
    }

    /// RFC 1939 §4: PASS is answered once, by the store that has opened the maildrop.
    @Test func inStep() async throws {
        let (login, store) = try await Self.houses([Array("a: b\r\n\r\nx\r\n".utf8)])
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.say("USER alice") == "+OK Password next")
            #expect(try client.say("PASS secret") == "+OK 1 message")
            #expect(try client.say("STAT") == "+OK 1 11")
            #expect(try client.say("RETR 1") == "+OK 11 octets")
            #expect(try client.body() == Array("a: b\r\n\r\nx\r\n".utf8))
            #expect(try client.say("QUIT") == "+OK Goodbye")
            #expect(try client.isAtEnd())
        }
        try await store.waitUntilReleased(Self.one)
        try await Self.stop(login, store)
    }

    /// RFC 2449 §6.6: what was pipelined behind PASS goes to the store with the connection; byte by byte as well.
    @Test(arguments: [1, 2, 13, 4096])
    func pipelined(_ size: Int) async throws {
        let (login, store) = try await Self.houses([Array("a: b\r\n\r\nx\r\n".utf8)])
        try await onThread {
            let client = try SocketClient(port: login.port)
            let all = Array("CAPA\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nUIDL\r\nNOOP\r\nQUIT\r\n".utf8)
            for start in stride(from: 0, to: all.count, by: size) {
                try client.send(all[start..<min(start + size, all.count)])
            }
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.text() == "+OK Capabilities follow")
            #expect(try client.body().starts(with: Array("TOP\r\n".utf8)))
            #expect(try client.text() == "+OK Password next")
            #expect(try client.text() == "+OK 1 message")
            #expect(try client.text() == "+OK 1 11")
            #expect(try client.text() == "+OK 1 message")
            #expect(try client.body() == Array("1 1698.1\r\n".utf8))
            #expect(try client.text() == "+OK Still here")
            #expect(try client.text() == "+OK Goodbye")
            #expect(try client.isAtEnd())
        }
        try await Self.stop(login, store)
    }

    /// A client that says everything and closes its half still hears everything.
    @Test func halfClosedBehindPass() async throws {
        let (login, store) = try await Self.houses([Array("x\r\n".utf8)])
        try await onThread {
            for _ in 0..<20 {
                let client = try SocketClient(port: login.port)
                try client.send("USER alice\r\nPASS secret\r\nDELE 1\r\nRSET\r\nRETR 1\r\nQUIT\r\n")
                client.endOutput()
                var all: [UInt8] = []
                while true {
                    let piece = try client.read()
                    if piece.isEmpty { break }
                    all += piece
                }
                let expected =
                    "+OK Postern ready\r\n+OK Password next\r\n+OK 1 message\r\n+OK Deleted\r\n+OK 1 message\r\n"
                    + "+OK 3 octets\r\nx\r\n.\r\n+OK Goodbye\r\n"
                #expect(String(decoding: all, as: UTF8.self) == expected)
            }
        }
        try await Self.stop(login, store)
    }

    /// T-27: who has proved a password is told at once why it does not help, and the next login is as good as the first.
    @Test func aMailboxThatIsNotOpen() async throws {
        var limits = LoginLimits()
        limits.refusal = .seconds(60)
        let (login, store) = try await Self.houses(limits: limits)
        login.router.set { $0.forbidden = ["info@example.test*alice@example.test"] }
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.say("USER info@example.test*alice@example.test") == "+OK Password next")
            #expect(try client.say("PASS secret") == "-ERR [AUTH] This login may not open that mailbox")
            #expect(try client.say("USER alice") == "+OK Password next")
            #expect(try client.say("PASS secret") == "+OK 0 messages")
        }
        let refused = login.events.withLockedValue { $0 }.compactMap { event -> String? in
            if case .loginRefused(_, let user) = event { user } else { nil }
        }
        #expect(refused == ["alice@example.test"])
        try await Self.stop(login, store)
    }

    /// RFC 3206 §4: one text for an unknown name and for a wrong password, and one time.
    @Test func wrongNameAndWrongPasswordLookAlike() async throws {
        var limits = LoginLimits()
        limits.refusal = .milliseconds(300)
        let (login, store) = try await Self.houses(limits: limits)
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready")
            for (user, password) in [("alice", "guess"), ("nobody", "secret"), ("alice", "secret ")] {
                #expect(try client.say("USER \(user)") == "+OK Password next")
                let asked = NIODeadline.now()
                #expect(try client.say("PASS \(password)") == Self.wrong)
                let took = NIODeadline.now() - asked
                #expect(took >= .milliseconds(295) && took < .milliseconds(2_000))
            }
            #expect(try client.say("USER alice") == "+OK Password next")
            #expect(try client.say("PASS secret") == "+OK 0 messages")
        }
        try await Self.stop(login, store)
    }

    @Test func attemptsAreLimited() async throws {
        let (login, store) = try await Self.houses()
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready")
            for _ in 1...4 {
                #expect(try client.say("USER a") == "+OK Password next")
                #expect(try client.say("PASS b") == Self.wrong)
            }
            #expect(try client.say("USER a") == "+OK Password next")
            // Commands behind the last attempt are not answered, and do not cost the client the reply.
            try client.send("PASS b\r\nUSER a\r\nPASS b\r\n")
            #expect(try client.text() == "-ERR [AUTH] Too many failed logins")
            #expect(try client.isAtEnd())
        }
        try await Self.stop(login, store)
    }

    @Test func theRoutersTroubleIsTemporary() async throws {
        let (login, store) = try await Self.houses()
        login.router.set { $0.unavailable = "no store" }
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.say("USER alice") == "+OK Password next")
            #expect(try client.say("PASS secret").hasPrefix("-ERR [SYS/TEMP] "))
            login.router.set { $0.unavailable = nil }
            #expect(try client.say("USER alice") == "+OK Password next")
            #expect(try client.say("PASS secret") == "+OK 0 messages")
        }
        try await Self.stop(login, store)
    }

    @Test func admissionIsTheRouters() async throws {
        let (login, store) = try await Self.houses()
        login.router.set { $0.admission = .refused(Refusal(Reply(554, "5.7.1", "Go away"), because: "listed")) }
        try await onThread {
            let client = try SocketClient(port: login.port)
            try client.send("USER alice\r\nPASS secret\r\n")
            #expect(try client.text() == "-ERR Go away")
            #expect(try client.isAtEnd())
        }
        login.router.set { $0.admission = .dropped(because: "listed twice") }
        try await onThread { () throws in #expect(try SocketClient(port: login.port).isAtEnd()) }
        try await Self.stop(login, store)
    }

    /// The router dies: open sessions go on, new ones are told to come later, and all is well when it is back.
    @Test func theRouterMayDieBehindTheHandOver() async throws {
        let (login, store) = try await Self.houses([Array("x\r\n".utf8)])
        let client = try await onThread {
            let client = try SocketClient(port: login.port)
            try client.send("USER alice\r\nPASS secret\r\n")
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.text() == "+OK Password next")
            #expect(try client.text() == "+OK 1 message")
            return UncheckedBox(client)
        }
        try await login.router.stop()
        try await onThread { () throws in
            #expect(try client.value.say("RETR 1") == "+OK 3 octets")
            #expect(try client.value.body() == Array("x\r\n".utf8))
            #expect(try SocketClient(port: login.port).text().hasPrefix("-ERR [SYS/TEMP] "))
        }
        try await login.router.start()
        try await onThread {
            #expect(try client.value.say("QUIT") == "+OK Goodbye")
            for _ in 0..<500 {
                let next = try SocketClient(port: login.port)
                if try next.text() == "+OK Postern ready" { return }
            }
            Issue.record("nobody is let in")
        }
        try await Self.stop(login, store)
    }

    /// The store is away: the client is told, not dropped.
    @Test func withoutAStore() async throws {
        let login = try await LoginHouse(store: freshSocketPath())
        try await onThread {
            let client = try SocketClient(port: login.port)
            try client.send("USER alice\r\nPASS secret\r\nSTAT\r\nQUIT\r\n")
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.text() == "+OK Password next")
            #expect(try client.text() == "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later")
            #expect(try client.isAtEnd())
        }
        #expect(login.events.withLockedValue { $0.contains { if case .storeUnreachable = $0 { true } else { false } } })
        try await login.stop()
    }

    @Test func whoDoesNotLogInIsClosed() async throws {
        var limits = LoginHouse.quick
        limits.login = .milliseconds(200)
        let (login, store) = try await Self.houses(limits: limits)
        try await onThread {
            let silent = try SocketClient(port: login.port)
            #expect(try silent.text() == "+OK Postern ready")
            #expect(try silent.isAtEnd())
        }
        try await Self.stop(login, store)
    }

    /// A line without end, and a flood of commands by a client that does not read: bounded, and others are served.
    @Test func floodsAreBounded() async throws {
        let (login, store) = try await Self.houses()
        try await onThread {
            let endless = try SocketClient(port: login.port)
            #expect(try endless.text() == "+OK Postern ready")
            try? endless.send([UInt8](repeating: 0x78, count: 1_000_000))
            #expect(try endless.text() == "-ERR Line too long")
            let flood = try SocketClient(port: login.port)
            let capa = Array(String(repeating: "CAPA\r\n", count: 1_000).utf8)
            for _ in 0..<20 { try flood.send(capa) }
            let other = try SocketClient(port: login.port)
            #expect(try other.text() == "+OK Postern ready")
            #expect(try other.say("QUIT") == "+OK Goodbye")
            #expect(try flood.text() == "+OK Postern ready")
            for _ in 0..<20_000 {
                #expect(try flood.text() == "+OK Capabilities follow")
                _ = try flood.body()
            }
            #expect(try flood.say("QUIT") == "+OK Goodbye")
        }
        try await Self.stop(login, store)
    }
}
