// PLAIN and LOGIN.

import Mail
import SASL
import SASLClients
import Testing

@Suite struct PasswordTests {
    static let right: [(message: String, user: String, authorization: String?)] = [
        ("\0alice\0s3cret", "alice", nil),
        ("alice\0alice\0s3cret", "alice", "alice"),
        ("\0alice@example.org\0s3cret", "alice@example.org", nil),
        ("\0jürgen\0grün", "jürgen", nil),
        // The same, typed on a Mac: u with a mark of its own.
        ("\0ju\u{308}rgen\0gru\u{308}n", "jürgen", nil),
        ("ju\u{308}rgen\0jürgen\0grün", "jürgen", "jürgen"),
        // A soft hyphen is nothing (RFC 4013 §2.1).
        ("\0al\u{AD}ice\0s3cret", "alice", nil),
    ]

    @Test("D8: PLAIN, with and without an initial response", arguments: right)
    func plain(row: (message: String, user: String, authorization: String?)) {
        let message = Array(row.message.utf8)
        let expected = Ending.succeeded(user: row.user, authorization: row.authorization, final: nil)
        #expect(House().play(.plain, initial: message) == expected)
        let late = House().play(
            .plain, initial: nil,
            { challenge in
                #expect(challenge == [])
                return message
            })
        #expect(late == expected)
    }

    static let wrong: [[UInt8]] =
        [
            "", "\0", "\0\0", "\0\0\0", "alice", "alice\0s3cret", "\0alice", "\0alice\0", "\0\0s3cret", "\0alice\0s3cret\0",
            "\0alice\0s3cret\0x", "\0alice\0s3c\0ret", "\0alice\0S3CRET", "\0Alice\0s3cret", "\0bob\0s3cret",
            "bob\0alice\0s3cret", "alice\0bob\0s3cret", "root\0alice\0s3cret", "\0alice\0s3cret ", "\0ali\nce\0s3cret",
            "\0alice\0s3cret\u{7}", "\0alice\u{E000}\0s3cret", "\u{7}\0alice\0s3cret", "\0\u{AD}\0s3cret", "\0alice\0\u{AD}",
            "\0" + String(repeating: "a", count: 321) + "\0s3cret", "\0alice\0" + String(repeating: "a", count: 512),
            String(repeating: "a", count: 321) + "\0alice\0s3cret",
        ].map { Array($0.utf8) } + [
            [0, 0xFF, 0, 0x61], [0, 0x61, 0, 0xC3], [0, 0xC0, 0x80, 0, 0x61], [0, 0x61, 0, 0xED, 0xA0, 0x80],
            [UInt8](repeating: 0x61, count: SASLExchange.messageLimit + 1),
        ]

    @Test("PLAIN that must not come in", arguments: wrong)
    func plainRefused(message: [UInt8]) { #expect(!House().play(.plain, initial: message).isSuccess) }

    @Test("PLAIN: the store is only asked about a whole message") func nothingAskedForHalf() {
        for message in Self.wrong.prefix(12) {
            var exchange = House().exchange(.plain)
            guard case .failed = exchange.begin(message) else {
                Issue.record("\(message) was taken")
                continue
            }
        }
    }

    @Test("D8: LOGIN, with and without an initial response", arguments: [("alice", "s3cret"), ("ju\u{308}rgen", "grün")])
    func login(user: String, password: String) {
        var house = House()
        house.users["jürgen"] = "grün"
        let expected = Ending.succeeded(
            user: user.hasPrefix("a") ? "alice" : "jürgen", authorization: nil, final: nil)
        let name = { (challenge: [UInt8]) -> [UInt8] in
            #expect(challenge == Array("Username:".utf8))
            return Array(user.utf8)
        }
        let secret = { (challenge: [UInt8]) -> [UInt8] in
            #expect(challenge == Array("Password:".utf8))
            return Array(password.utf8)
        }
        #expect(house.play(.login, initial: nil, name, secret) == expected)
        #expect(house.play(.login, initial: Array(user.utf8), secret) == expected)
    }

    @Test(
        "LOGIN that must not come in",
        arguments: [
            ("", "s3cret"), ("alice", ""), ("alice", "S3cret"), ("bob", "s3cret"), ("ali\0ce", "s3cret"),
            ("alice", "s3cret\0"), ("alice\n", "s3cret"), (String(repeating: "a", count: 321), "s3cret"),
            ("alice", String(repeating: "a", count: 512)), ("alice\u{E000}", "s3cret"),
        ])
    func loginRefused(user: String, password: String) {
        let ending = House().play(.login, initial: nil, { _ in Array(user.utf8) }, { _ in Array(password.utf8) })
        #expect(!ending.isSuccess)
    }

    @Test("no reason names a password") func reasonsKeepSecrets() {
        let endings = [
            House().play(.plain, initial: Array("\0alice\0hunter2".utf8)),
            House().play(.plain, initial: Array("\0alice\0hunter2\u{7}".utf8)),
            House().play(.plain, initial: Array("\0alice\0hunter2\0".utf8)),
            House().play(.login, initial: Array("alice".utf8), { _ in Array("hunter2".utf8) }),
            House().play(.login, initial: Array("alice".utf8), { _ in Array("hunter2\u{7}".utf8) }),
        ]
        for ending in endings {
            guard case .failed(let reason) = ending else {
                Issue.record("came in")
                continue
            }
            #expect(!reason.contains("hunter2") && !reason.isEmpty)
        }
    }
}
