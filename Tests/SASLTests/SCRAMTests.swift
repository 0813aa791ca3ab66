// SCRAM: the grammar of its messages, the channel's binding, the proof.

import Mail
import SASL
import SASLClients
import Testing

@Suite struct SCRAMTests {
    static let certificate = [UInt8](repeating: 0x5A, count: 32)

    private func client(_ user: String = "alice", _ password: String = "s3cret") -> SCRAMClient {
        SCRAMClient(.sha256, user: user, password: password)
    }

    @Test("D8: both hashes, and the server proves that it knows", arguments: ["alice", "a=b,c", "jürgen"])
    func comesIn(user: String) {
        for (mechanism, digest) in [(SASLMechanism.scramSHA1, SCRAMClient.Digest.sha1), (.scramSHA256, .sha256)] {
            var client = SCRAMClient(digest, user: user, password: House().users[user] ?? "")
            let ending = House().play(mechanism, initial: client.first, { client.final(answering: $0) })
            #expect(ending == .succeeded(user: user, authorization: nil, final: client.expectedFinal))
        }
    }

    @Test("the name to act for may only be the own one", arguments: [("n,a=alice,", true), ("n,a=bob,", false)])
    func authorization(header: String, isRight: Bool) {
        var client = client()
        client.header = header
        let ending = House().play(.scramSHA256, initial: client.first, { client.final(answering: $0) })
        let right = Ending.succeeded(user: "alice", authorization: "alice", final: client.expectedFinal)
        #expect(isRight ? ending == right : !ending.isSuccess)
    }

    /// mechanism, -PLUS in the list, the connection's certificate, the client's header, bound octets: comes in?
    static let bindings: [(SASLMechanism, Bool, [UInt8]?, String, [UInt8], Bool)] = [
        (.scramSHA256, false, nil, "n,,", [], true),
        (.scramSHA256, false, nil, "y,,", [], true),
        (.scramSHA256, false, certificate, "y,,", [], true),
        (.scramSHA256, true, certificate, "n,,", [], true),
        // RFC 5802 §6: the list was changed on its way.
        (.scramSHA256, true, certificate, "y,,", [], false),
        (.scramSHA256, true, certificate, "p=tls-server-end-point,,", certificate, false),
        (.scramSHA256Plus, true, certificate, "p=tls-server-end-point,,", certificate, true),
        (.scramSHA256Plus, true, certificate, "p=tls-server-end-point,a=alice,", certificate, true),
        (.scramSHA256Plus, true, certificate, "p=tls-server-end-point,,", [UInt8](repeating: 1, count: 32), false),
        (.scramSHA256Plus, true, certificate, "p=tls-server-end-point,,", [], false),
        (.scramSHA256Plus, true, certificate, "p=tls-server-end-point,,", certificate + [0], false),
        (.scramSHA256Plus, true, certificate, "p=tls-unique,,", certificate, false),
        (.scramSHA256Plus, true, certificate, "p=tls-exporter,,", certificate, false),
        (.scramSHA256Plus, true, certificate, "n,,", [], false),
        (.scramSHA256Plus, true, certificate, "y,,", [], false),
        (.scramSHA256Plus, false, certificate, "y,,", [], false),
        (.scramSHA256Plus, true, nil, "p=tls-server-end-point,,", [], false),
        (.scramSHA256, false, nil, "n,,", certificate, false),
    ]

    @Test("T-23: channel binding", arguments: bindings.indices)
    func binding(row: Int) {
        let (mechanism, isOffered, certificate, header, bound, isRight) = Self.bindings[row]
        var house = House()
        house.surroundings.offersChannelBinding = isOffered
        house.surroundings.channelBinding = certificate
        var client = client()
        (client.header, client.bound) = (header, bound)
        #expect(house.playSCRAM(mechanism, client).isSuccess == isRight)
    }

    static let first = [
        "n,,n=alice,r=abc", "n,,n=alice,r=abc,x=1", "n,,n=alice,r=abc,x==,Y==",
        "y,a=alice,n=alice,r=abc", "n,,n=al=2Cice,r=abc", "n,,n=al=3Dice,r=!~", "n,,n=alice,r=abc,X=\u{E4}=",
    ]

    @Test("first messages of the grammar", arguments: first)
    func firstMessage(message: String) {
        var exchange = House().exchange(.scramSHA256)
        guard case .lookUp(let user, .scramSHA256) = exchange.begin(Array(message.utf8)) else {
            Issue.record("refused")
            return
        }
        #expect(["alice", "al,ice", "al=ice"].contains(user))
    }

    static let wrongFirst: [String] = [
        "", ",", ",,", "n", "n,", "n,,", "n,,n=alice", "n,,n=alice,", "n,,n=alice,r=", "n,,n=,r=abc", "n,,r=abc,n=alice",
        "n,n=alice,r=abc", "N,,n=alice,r=abc", "x,,n=alice,r=abc", "nn,,n=alice,r=abc", " n,,n=alice,r=abc",
        "p,,n=alice,r=abc", "p=,,n=alice,r=abc", "p=tls unique,,n=alice,r=abc", "p=tls-server-end-point,,n=alice,r=abc",
        "n,alice,n=alice,r=abc", "n,a=,n=alice,r=abc", "n,a=al=ice,n=alice,r=abc", "n,b=alice,n=alice,r=abc",
        "n,,N=alice,r=abc", "n,,n=al=ice,r=abc", "n,,n=al=2cice,r=abc", "n,,n=alice=,r=abc", "n,,n=alice=2,r=abc",
        "n,,n=alice=3d,r=abc", "n,,n=al\0ice,r=abc", "n,,n=al\u{7}ice,r=abc", "n,,n=\u{627}1,r=abc",
        "n,,m=x,n=alice,r=abc", "n,,m,n=alice,r=abc", "n,,n=alice,m=x,r=abc", "n,,n=alice,r=abc,m=x",
        "n,,n=alice,r=a b", "n,,n=alice,r=\u{E4}", "n,,n=alice,r=a\0", "n,,n=alice,r=a\u{7F}",
        "n,,n=alice,r=" + String(repeating: "r", count: 257), "n,,n=" + String(repeating: "a", count: 321) + ",r=abc",
        "n,,n=alice,r=abc,", "n,,n=alice,r=abc,x", "n,,n=alice,r=abc,x=", "n,,n=alice,r=abc,1=x", "n,,n=alice,r=abc,xx=1",
        "n,,n=alice,r=abc,r=abc", "n,,n=alice,r=abc,n=bob", "n,,n=alice,r=abc,p=x", "n,,n=alice,r=abc,x=\0",
        "n,,n=alice,r=" + String(repeating: "r", count: 9_000),
    ]

    @Test("first messages outside the grammar", arguments: wrongFirst)
    func wrongFirstMessage(message: String) {
        var exchange = House().exchange(.scramSHA256)
        guard case .failed = exchange.begin(Array(message.utf8)) else {
            Issue.record("taken")
            return
        }
    }

    /// What is made of the right last message; each must fail.
    static let changes: [(name: String, change: @Sendable (String) -> String)] = [
        ("nothing", { _ in "" }), ("commas", { _ in ",,,,,," }), ("no proof", { $0.cut(before: ",p=") }),
        ("empty proof", { $0.cut(before: ",p=") + ",p=" }), ("short proof", { $0.cut(before: ",p=") + ",p=AAAA" }),
        ("zero proof", { $0.cut(before: ",p=") + ",p=" + Base64Text.of([UInt8](repeating: 0, count: 32)) }),
        ("proof twice", { $0 + ",p=" + $0.cut(behind: ",p=") }), ("something behind", { $0 + ",x=1" }),
        ("a comma behind", { $0 + "," }), ("a space behind", { $0 + " " }), ("bad base64", { String($0.dropLast(2)) + "-=" }),
        ("padding left out", { String($0.dropLast()) }), ("other header", { "c=eSws" + $0.dropFirst(6) }),
        ("no header", { "c=" + $0.dropFirst(6) }), ("header not in base64", { "c=n,," + $0.dropFirst(6) }),
        (
            "c behind r",
            { message in
                let parts = message.split(separator: ",")
                return "\(parts[1]),\(parts[0]),\(parts[2])"
            }
        ), ("nonce of the client alone", { $0.replacing("Awo", with: "") }),
        ("longer nonce", { $0.replacing(",p=", with: "x,p=") }),
        ("empty nonce", { "c=biws,r=,p=" + $0.cut(behind: ",p=") }),
        ("no nonce", { "c=biws,p=" + $0.cut(behind: ",p=") }), ("unsigned extension", { $0.replacing(",p=", with: ",x=1,p=") }),
        ("mandatory extension", { $0.replacing(",p=", with: ",m=1,p=") }), ("capital C", { "C" + $0.dropFirst() }),
    ]

    @Test("last messages that must not come in", arguments: changes.indices)
    func wrongLastMessage(row: Int) {
        var client = client()
        let ending = House().play(
            .scramSHA256, initial: client.first,
            { challenge in
                let right = String(decoding: client.final(answering: challenge), as: UTF8.self)
                let wrong = Self.changes[row].change(right)
                #expect(wrong != right)
                return Array(wrong.utf8)
            })
        #expect(!ending.isSuccess, "\(Self.changes[row].name)")
    }

    /// The proof alone would let these in.
    @Test(
        "a well-proven answer with another nonce", arguments: ["", "fyko+d2lbbFgONRv9qkxdawL", "x", "%x", "%%", "x%"])
    func otherNonce(form: String) {
        var client = client()
        client.changesNonce = { form.replacing("%", with: $0) }
        #expect(!House().playSCRAM(.scramSHA256, client).isSuccess)
        client.changesNonce = { "%".replacing("%", with: $0) }
        #expect(House().playSCRAM(.scramSHA256, client).isSuccess)
    }

    @Test("no octet of the last message can be another one") func everyOctetCounts() {
        var client = client()
        var waiting = House().exchange(.scramSHA256)
        guard case .challenged(let challenge) = House().settle(waiting.begin(client.first), &waiting) else {
            Issue.record("no challenge")
            return
        }
        let right = client.final(answering: challenge)
        for index in right.indices {
            for bit in 0..<8 {
                var wrong = right
                wrong[index] ^= 1 << bit
                var exchange = waiting
                guard case .failed = exchange.respond(wrong) else {
                    Issue.record("octet \(index), bit \(bit)")
                    continue
                }
            }
        }
        guard case .succeeded = waiting.respond(right) else {
            Issue.record("the right one was refused")
            return
        }
    }

    @Test("a wrong password, an unknown user", arguments: [("alice", "S3cret"), ("alice", ""), ("bob", "s3cret")])
    func refused(user: String, password: String) {
        #expect(!House().playSCRAM(.scramSHA256, client(user, password)).isSuccess)
        #expect(!House().playSCRAM(.scramSHA1, SCRAMClient(.sha1, user: user, password: password)).isSuccess)
    }

    @Test("an old exchange cannot be played again") func noReplay() {
        var client = client()
        var last: [UInt8] = []
        let ending = House().play(
            .scramSHA256, initial: client.first,
            {
                last = client.final(answering: $0)
                return last
            })
        #expect(ending.isSuccess)
        var house = House()
        house.surroundings.random = House.random.reversed()
        #expect(!house.play(.scramSHA256, initial: client.first, { _ in last }).isSuccess)
    }
}

extension String {
    func cut(before mark: String) -> String { String(split(separator: mark, maxSplits: 1)[0]) }
    func cut(behind mark: String) -> String { String(split(separator: mark, maxSplits: 1)[1]) }
}
