// NTLM: names in all their forms, and messages that lie about their lengths.

import Mail
import SASL
import SASLClients
import Testing

@Suite struct NTLMTests {
    private func client(_ user: String = "alice", _ domain: String = "", _ password: String = "s3cret") -> NTLMClient {
        NTLMClient(user: user, domain: domain, ntHash: House.ntHash(password))
    }

    /// The two fields of the message, and whose hash is looked up.
    static let names = [
        ("alice", "", "alice"), ("alice", "OFFICE", "alice"), ("alice", "MAIL", "alice"),
        ("alice", "example.org", "alice@example.org"), ("alice@example.org", "", "alice@example.org"),
        ("alice@example.org", "OFFICE", "alice@example.org"), ("alice@example.org", "other.example", "alice@example.org"),
        ("OFFICE\\alice", "", "alice"), ("example.org\\alice", "", "alice@example.org"), ("\\alice", "", "alice"),
        ("jürgen", "", "jürgen"), ("jürgen", "BÜRO", "jürgen"), ("ALICE", "", "ALICE"),
    ]

    @Test("P-16: names and domains", arguments: names)
    func name(user: String, domain: String, account: String) {
        for isUnicode in [true, false] where isUnicode || user.utf8.allSatisfy({ $0 < 0x80 }) {
            var house = House()
            house.users = [account: "s3cret"]
            var client = client(user, domain)
            client.isUnicode = isUnicode
            #expect(house.playNTLM(client) == .succeeded(user: account, authorization: nil, final: nil))
        }
    }

    @Test("a client that only knows small letters of ASCII, as curl does") func asciiCapitals() {
        var house = House()
        house.users = ["éve": "s3cret"]
        var client = client("éve")
        for (capitals, isRight) in [("éVE", true), ("ÉVE", true), ("éve", false), ("EVE", false)] {
            client.capitals = { _ in capitals }
            #expect(house.playNTLM(client).isSuccess == isRight, "\(capitals)")
        }
    }

    @Test("a wrong password, an unknown user, a hash of something else") func refused() {
        #expect(House().playNTLM(client("alice", "", "other")) == .failed("wrong user or password: alice"))
        #expect(House().playNTLM(client("bob")) == .failed("wrong user or password: bob"))
        var client = client()
        client.ntHash = [UInt8](repeating: 0, count: 16)
        #expect(!House().playNTLM(client).isSuccess)
    }

    /// [MS-NLMP] §4.2.2 and §4.2.3 have the numbers.
    @Test(
        "version 1, with and without a challenge of the client's own, only where it is allowed",
        arguments: [
            ([], "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"),
            ([UInt8](repeating: 0xAA, count: 8), "7537f803ae367128ca458204bde7caf81e97ed2683267232"),
        ])
    func version1(own: [UInt8], response: String) {
        var house = House()
        house.users["User"] = "Password"
        house.surroundings.random = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF] + House.random.dropFirst(8)
        let client = client("User", "", "Password")
        let right = client.message(response: unhex(response), ownChallenge: own)
        var wrong = unhex(response)
        wrong[23] ^= 1
        func play(_ answer: [UInt8]) -> Ending { house.play(.ntlm, initial: client.negotiate, { _ in answer }) }
        #expect(play(right) == .failed("NTLM of version 1, which auth.ntlm_v1 does not allow"))
        house.surroundings.allowsNTLMv1 = true
        #expect(play(right) == .succeeded(user: "User", authorization: nil, final: nil))
        #expect(play(client.message(response: wrong, ownChallenge: own)) == .failed("wrong user or password: User"))
        let other = own.isEmpty ? [UInt8](repeating: 1, count: 8) : []
        #expect(!play(client.message(response: unhex(response), ownChallenge: other)).isSuccess)
        #expect(house.playNTLM(client).isSuccess, "version 2 as ever")
    }

    private func unhex(_ text: String) -> [UInt8] {
        stride(from: 0, to: text.count, by: 2).map { UInt8(text.dropFirst($0).prefix(2), radix: 16)! }
    }

    @Test("names that cannot be", arguments: ["", "\\", "OFFICE\\", "al\0ice", "al\u{7}ice", String(repeating: "a", count: 321)])
    func wrongName(user: String) {
        var house = House()
        house.users[""] = "s3cret"
        #expect(!house.playNTLM(client(user)).isSuccess)
    }

    @Test("OEM is ASCII only") func otherCodePage() {
        var client = client("jürgen", "", "grün")
        client.isUnicode = false
        #expect(!House().playNTLM(client).isSuccess)
    }

    @Test("half a surrogate pair is no name") func brokenUnicode() {
        var exchange = House().exchange(.ntlm)
        guard case .challenge(let challenge) = exchange.begin(client("axb").negotiate) else {
            Issue.record("no challenge")
            return
        }
        var message = client("axb").authenticate(answering: challenge)
        let place = Int(message[40]) | Int(message[41]) << 8
        (message[place + 2], message[place + 3]) = (0, 0xD8)
        guard case .failed = exchange.respond(message) else {
            Issue.record("taken")
            return
        }
    }

    @Test("the challenge says who we are") func challenge() {
        for isUnicode in [true, false] {
            var client = client()
            client.isUnicode = isUnicode
            var exchange = House().exchange(.ntlm)
            guard case .challenge(let octets) = exchange.begin(client.negotiate) else {
                Issue.record("no challenge")
                return
            }
            #expect(octets.starts(with: NTLMClient.signature + [2, 0, 0, 0]))
            #expect(octets[20] & 3 == (isUnicode ? 1 : 2))
            #expect(Array(octets[24..<32]) == Array(House.random.prefix(8)))
            let target = Array(octets[48..<(48 + Int(octets[12]))])
            #expect(target == (isUnicode ? NTLMClient.utf16("MAIL") : Array("MAIL".utf8)))
            let host = NTLMClient.utf16("mail.example.org")
            #expect(octets.indices.contains { octets[$0...].starts(with: [3, 0, UInt8(host.count), 0] + host) })
            #expect(octets.suffix(4) == [0, 0, 0, 0])
        }
    }

    @Test("NEGOTIATE that is none") func wrongNegotiate() {
        let right = client().negotiate
        var rows = (0..<16).map { Array(right[..<$0]) }
        rows += [[UInt8](repeating: 0, count: 32), [0x6E] + right[1...], right[..<8] + [3] + right[9...]]
        // Neither Unicode nor OEM.
        rows.append(right[..<12] + [4] + right[13...])
        for row in rows {
            #expect(!House().play(.ntlm, initial: row, { _ in [] }).isSuccess)
        }
    }

    @Test("AUTHENTICATE, cut anywhere") func cutMessage() {
        // The workstation's name comes last and means nothing.
        for count in 0..<(whole.count - 8) {
            #expect(!play { Array($0[..<count]) }.isSuccess, "\(count) octets")
        }
        #expect(play { $0 }.isSuccess)
    }

    @Test("fields that point outside", arguments: [12, 20, 28, 36])
    func fieldOutside(field: Int) {
        let far: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        let changes: [([UInt8]) -> [UInt8]] = [
            { $0[..<(field + 4)] + far + $0[(field + 8)...] },
            { $0[..<(field + 4)] + [0xFF, 0xFF, 0xFF, 0x7F] + $0[(field + 8)...] },
            { $0[..<(field + 4)] + [0, 0, 0, 0] + $0[(field + 8)...] },
            { $0[..<(field + 4)] + [63, 0, 0, 0] + $0[(field + 8)...] },
            { $0[..<(field + 4)] + NTLMClient.word(UInt32($0.count)) + $0[(field + 8)...] },
            { $0[..<field] + [0xFF, 0xFF] + $0[(field + 2)...] },
            { $0[..<field] + far + far + $0[(field + 8)...] },
        ]
        for (row, change) in changes.enumerated() {
            #expect(!play(change).isSuccess, "row \(row)")
        }
    }

    @Test("responses that are not version 2") func otherVersions() {
        let temp = [UInt8](repeating: 0, count: 28)
        for response in [
            [], [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 24), [UInt8](repeating: 0, count: 47),
            [UInt8](repeating: 0, count: 16) + [1, 2] + temp + [0, 0, 0, 0],
            [UInt8](repeating: 0, count: 16) + [2, 1] + temp + [0, 0, 0, 0],
        ] {
            #expect(!play { _ in client().message(response: response) }.isSuccess)
        }
        for version: [UInt8] in [[1, 2], [2, 1], [0, 0]] {
            var client = client()
            client.version = version
            #expect(!House().playNTLM(client).isSuccess)
        }
    }

    @Test(
        "lists of names: only an honest one for us",
        arguments: [
            ([0, 0, 0, 0], true), ([], true), ([3, 0], false), ([3, 0, 0xFF, 0xFF, 0, 0, 0, 0], false),
            ([3, 0, 4, 0, 0x61, 0], false), ([9, 0, 0, 0, 0, 0, 0, 0], true),
            ([3, 0, 4, 0, 0x61, 0, 0x62, 0, 0, 0, 0, 0], false),
            ([3, 0, 32, 0] + NTLMClient.utf16("MAIL.Example.Org") + [0, 0, 0, 0], true),
        ])
    func nameList(names: [UInt8], isRight: Bool) {
        var client = client()
        client.names = names
        #expect(House().playNTLM(client).isSuccess == isRight)
    }

    @Test("no octet of the proof or of what it proves can be another one") func everyOctetCounts() {
        let start = Int(whole[24]) | Int(whole[25]) << 8
        for index in start..<(start + (Int(whole[20]) | Int(whole[21]) << 8)) {
            let ending = play { $0[..<index] + [$0[index] ^ 0x20] + $0[(index + 1)...] }
            #expect(!ending.isSuccess, "octet \(index)")
        }
    }

    @Test("an old answer does not fit a new challenge") func noReplay() {
        let old = whole
        var house = House()
        house.surroundings.random = House.random.reversed()
        #expect(!house.play(.ntlm, initial: client().negotiate, { _ in old }).isSuccess)
    }

    /// The right last message to `House`'s challenge.
    private var whole: [UInt8] {
        var message: [UInt8] = []
        _ = House().play(
            .ntlm, initial: client().negotiate,
            {
                message = client("alice", "OFFICE").authenticate(answering: $0)
                return message
            })
        return message
    }

    private func play(_ change: @escaping ([UInt8]) -> [UInt8]) -> Ending {
        House().play(.ntlm, initial: client().negotiate, { change(client("alice", "OFFICE").authenticate(answering: $0)) })
    }
}
