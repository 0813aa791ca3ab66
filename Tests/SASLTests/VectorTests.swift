// The examples of the standards, octet by octet.

import Mail
import SASLClients
import Testing

@testable import SASL

@Suite struct VectorTests {
    private func surroundings(random: [UInt8] = House.random, time: Int64 = 0, name: String = "x") -> SASLSurroundings {
        SASLSurroundings(serverName: name, random: random, unixTime: time, decoy: Secret("decoy"))
    }

    private struct SCRAMVector {
        let hash: SCRAMHash
        let kind: VerifierKind
        let nonce: String
        let salt: String
        let messages: [String]
    }

    private func play(_ vector: SCRAMVector) throws {
        let verifier = try Verifier.make(
            vector.kind, password: Secret("pencil"), salt: Base64Text.octets(vector.salt), iterations: 4_096)
        var exchange = SCRAMExchange(vector.hash, bound: false, surroundings(), nonce: Array(vector.nonce.utf8))
        guard case .lookUp("user", vector.kind) = exchange.respond(Array(vector.messages[0].utf8)) else {
            Issue.record("no look-up")
            return
        }
        guard case .challenge(let first) = exchange.found(verifier) else {
            Issue.record("no challenge")
            return
        }
        #expect(String(decoding: first, as: UTF8.self) == vector.messages[1])
        guard case .succeeded("user", nil, let final?) = exchange.respond(Array(vector.messages[2].utf8)) else {
            Issue.record("no success")
            return
        }
        #expect(String(decoding: final, as: UTF8.self) == vector.messages[3])
    }

    @Test("RFC 5802 §5") func scramSHA1() throws {
        try play(
            SCRAMVector(
                hash: .sha1, kind: .scramSHA1, nonce: "3rfcNHYJY1ZVvWVs7j", salt: "QSXCR+Q6sek8bf92",
                messages: [
                    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
                ]))
    }

    @Test("RFC 7677 §3") func scramSHA256() throws {
        try play(
            SCRAMVector(
                hash: .sha256, kind: .scramSHA256, nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
                messages: [
                    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
                ]))
    }

    @Test("RFC 2195 §2") func cramMD5() throws {
        let random = [0, 0, 0, 0, 0, 0, 0x07, 0x68] + [UInt8](repeating: 0, count: 24)
        var exchange = SASLExchange(
            mechanism: .cramMD5,
            surroundings: surroundings(random: random, time: 697_170_952, name: "postoffice.reston.mci.net"))
        guard case .challenge(let challenge) = exchange.begin(nil) else {
            Issue.record("no challenge")
            return
        }
        #expect(String(decoding: challenge, as: UTF8.self) == "<1896.697170952@postoffice.reston.mci.net>")
        guard case .lookUp("tim", .cramMD5) = exchange.respond(Array("tim b913a602c7eda7a495b4e6e7334d3890".utf8)) else {
            Issue.record("no look-up")
            return
        }
        let verifier = try Verifier.make(.cramMD5, password: Secret("tanstaaftanstaaf"), salt: [])
        guard case .succeeded("tim", nil, nil) = exchange.found(verifier) else {
            Issue.record("no success")
            return
        }
    }

    /// RFC 4616 §4: both of its examples; in the second, Kurt asks to act for Ursel.
    @Test("RFC 4616 §4", arguments: [("\0tim\0tanstaaftanstaaf", true), ("Ursel\0Kurt\0xipj3plmq", false)])
    func plain(message: String, isRight: Bool) {
        var house = House()
        house.users = ["tim": "tanstaaftanstaaf", "Kurt": "xipj3plmq"]
        #expect(house.play(.plain, initial: Array(message.utf8)).isSuccess == isRight)
    }

    @Test("[MS-NLMP] §4.2.2.1.1: the NT hash") func ntHash() {
        #expect(SASLClients.hexadecimal(House.ntHash("Password")) == "a4f49c406510bdcab6824ee7c30fd852")
    }

    /// The example's `temp` and proof, in a message of our own making; once more with the proof's first bit turned.
    @Test("[MS-NLMP] §4.2.4: NTLMv2") func ntlm2() throws {
        let octets = SASLClients.octets(hexadecimal:)
        let temp =
            octets("0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000")
            + octets("02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000")
        let proof = octets("68cd0ab851e51c96aabc927bebef6a1c")
        let random = octets("0123456789abcdef") + [UInt8](repeating: 0, count: 24)
        let client = NTLMClient(user: "User", domain: "Domain", ntHash: [])
        for (answer, isRight) in [(proof, true), ([proof[0] ^ 1] + proof[1...], false)] {
            var exchange = SASLExchange(mechanism: .ntlm, surroundings: surroundings(random: random))
            _ = exchange.begin(client.negotiate)
            guard case .lookUp("User", .ntHash) = exchange.respond(client.message(response: answer + temp)) else {
                Issue.record("no look-up")
                return
            }
            let hash = Verifier.ntHash(Secret(octets("a4f49c406510bdcab6824ee7c30fd852")))
            if case .succeeded("User", nil, nil) = exchange.found(hash) {
                #expect(isRight)
            } else {
                #expect(!isRight)
            }
        }
    }
}
