// APOP (RFC 1939 §7) at the listener: what goes to the router, and what becomes of each answer.

import IPC
import Mail
import POP3
import POP3House
import Testing

@testable import listener

@Suite struct ListenerDigestTests {
    static let timestamp = "<1896.697170952@dbc.mtview.ca.us>"
    static let said = "APOP mrose c4c9334bac560ecc979e58001b3e22fb"

    @Test("a moment is a message id that no other connection has, in a greeting that is short enough")
    func timestamps() {
        let long = String(repeating: "a.", count: 120) + "test"
        var seen: Set<String> = []
        for host in ["mail.example.test", "", long] {
            for _ in 0..<100 {
                let timestamp = POP3Timestamp.make(host)
                #expect(seen.insert(timestamp).inserted && timestamp.utf8.count <= 200)
                // Traps when it is no message id.
                var session = POP3LoginSession(timestamp: timestamp)
                var offset = 0
                #expect(session.next(in: [UInt8]().span, from: &offset) == .reply(.ok("Postern ready \(timestamp)")))
            }
        }
        #expect(POP3Timestamp.make("mail.example.test").hasSuffix("@mail.example.test>"))
        #expect(POP3Timestamp.make(long).hasSuffix("@localhost>"))
    }

    static let granted = Grant(ticket: Ticket(bytes: [0x31]), account: AccountID(rawValue: 1), name: "mrose")
    static let answers: [(ListenerToRouter.Answer?, String)] = [
        (.login(.granted(granted)), "+OK 0 messages"),
        (.login(.refused(user: "mrose")), "-ERR [AUTH] Name or password is wrong"),
        (.login(.forbidden(user: "mrose")), "-ERR [AUTH] This login may not open that mailbox"),
        (.login(.unavailable(because: "x")), "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later"),
        // A router that asks on, or answers what was not asked, or goes away, is our own trouble.
        (.challenge([1]), "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later"),
        (.noted, "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later"),
        (nil, "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later"),
    ]

    @Test("every answer of the router, and the words that it got", arguments: answers.indices)
    func answered(row: Int) async throws {
        let store = try await SessionHouse([LoginConnectionTests.one: []])
        let login = try await LoginHouse(store: store.path, timestamp: Self.timestamp)
        login.router.set { $0.exchange = Self.answers[row].0 }
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready \(Self.timestamp)")
            #expect(try client.say(Self.said) == Self.answers[row].1)
            #expect(try client.say("QUIT") == "+OK Goodbye")
            #expect(try client.isAtEnd())
        }
        #expect(login.router.openings.map(\.mechanism) == ["APOP"])
        #expect(
            login.router.openings.first?.initial?.bytes
                == Array("\(Self.timestamp) c4c9334bac560ecc979e58001b3e22fb mrose".utf8))
        try await LoginConnectionTests.stop(login, store)
    }

    @Test("without a moment there is no such command") func notOffered() async throws {
        let (login, store) = try await LoginConnectionTests.houses()
        try await onThread {
            let client = try SocketClient(port: login.port)
            #expect(try client.text() == "+OK Postern ready")
            #expect(try client.say(Self.said) == "-ERR Unknown command")
        }
        #expect(login.router.openings.isEmpty)
        try await LoginConnectionTests.stop(login, store)
    }
}
