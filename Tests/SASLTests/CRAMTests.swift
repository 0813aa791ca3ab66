// CRAM-MD5.

import Mail
import SASL
import SASLClients
import Testing

@Suite struct CRAMTests {
    @Test(
        "D8: CRAM-MD5 lets in", arguments: ["alice", "alice@example.org", "jürgen", "with some spaces"])
    func comesIn(user: String) {
        var house = House()
        house.users["with some spaces"] = "x"
        let password = house.users[user] ?? ""
        let ending = house.play(
            .cramMD5, initial: nil, { SASLClients.cram(user: user, password: password, challenge: $0) })
        #expect(ending == .succeeded(user: user, authorization: nil, final: nil))
    }

    @Test("the challenge is <digits.time@host>, and new with new randomness") func challenge() {
        var house = House()
        var exchange = house.exchange(.cramMD5)
        guard case .challenge(let first) = exchange.begin(nil) else {
            Issue.record("no challenge")
            return
        }
        #expect(String(decoding: first, as: UTF8.self) == "<219006327180373300.1795000000@mail.example.org>")
        house.surroundings.random[7] = 1
        exchange = house.exchange(.cramMD5)
        guard case .challenge(let second) = exchange.begin(nil) else {
            Issue.record("no challenge")
            return
        }
        #expect(first != second)
    }

    @Test("a password longer than MD5's block") func longPassword() {
        var house = House()
        house.users["alice"] = String(repeating: "long ", count: 40)
        let password = house.users["alice"] ?? ""
        let ending = house.play(
            .cramMD5, initial: nil, { SASLClients.cram(user: "alice", password: password, challenge: $0) })
        #expect(ending.isSuccess)
    }

    /// What is made of the right answer; each must fail.
    static let changes: [@Sendable (String) -> String] = [
        { _ in "" }, { _ in " " }, { _ in "alice" }, { _ in "alice " }, { String($0.dropLast()) }, { $0 + "0" },
        { $0 + " " }, { $0.replacing("alice ", with: "alice") }, { $0.replacing("alice ", with: "bob ") },
        { $0.replacing("alice ", with: " ") }, { $0.replacing("alice ", with: "") },
        { "alice " + $0.dropFirst(6).uppercased() }, { $0.replacing("alice ", with: "alice  ") },
        { $0.replacing("alice ", with: "alice\0 ") }, { $0.replacing(" ", with: "\t") },
        { String($0.dropLast()) + ($0.hasSuffix("0") ? "1" : "0") },
        { _ in "alice " + String(repeating: "0", count: 32) },
        { $0.replacing("alice ", with: String(repeating: "a", count: 321) + " ") },
    ]

    @Test("answers that must not come in", arguments: changes.indices)
    func refused(row: Int) {
        let ending = House().play(
            .cramMD5, initial: nil,
            { challenge in
                let right = SASLClients.cram(user: "alice", password: "s3cret", challenge: challenge)
                let wrong = Self.changes[row](String(decoding: right, as: UTF8.self))
                #expect(Array(wrong.utf8) != right)
                return Array(wrong.utf8)
            })
        #expect(!ending.isSuccess)
    }

    @Test("a wrong password, an unknown user", arguments: [("alice", "other"), ("bob", "s3cret"), ("alice", "")])
    func wrong(user: String, password: String) {
        let ending = House().play(
            .cramMD5, initial: nil, { SASLClients.cram(user: user, password: password, challenge: $0) })
        #expect(ending == .failed("wrong user or password: \(user)"))
    }

    @Test("the client may not speak first, not even with the right answer") func initial() {
        let challenge = Array("<219006327180373300.1795000000@mail.example.org>".utf8)
        let right = SASLClients.cram(user: "alice", password: "s3cret", challenge: challenge)
        #expect(!House().play(.cramMD5, initial: right).isSuccess)
        #expect(!House().play(.cramMD5, initial: []).isSuccess)
        #expect(House().play(.cramMD5, initial: nil, { _ in right }).isSuccess)
    }
}
