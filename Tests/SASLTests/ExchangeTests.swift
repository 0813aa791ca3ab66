// What all mechanisms share: turns, limits, order, and that an unknown user looks like everybody.

import Mail
import SASLClients
import Testing

@testable import SASL

@Suite struct ExchangeTests {
    @Test("T-23: the names, and which of them show the password") func mechanisms() {
        let names = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "NTLM", "CRAM-MD5", "APOP", "PLAIN", "LOGIN"]
        #expect(SASLMechanism.allCases.map(\.rawValue) == names)
        #expect(SASLMechanism.allCases.filter(\.revealsPassword) == [.plain, .login])
        #expect(SASLMechanism.allCases.map(\.strength) == [6, 5, 4, 3, 2, 1, 1, 1])
        #expect(
            SASLMechanism.allCases.map(\.verifierKind) == [
                .scramSHA256, .scramSHA256, .scramSHA1, .ntHash, .cramMD5, .apop, nil, nil,
            ])
        #expect(SASLMechanism.allCases.filter { !$0.takesInitialResponse } == [.cramMD5])
    }

    @Test("without an initial response the client is asked", arguments: SASLMechanism.allCases)
    func opening(mechanism: SASLMechanism) {
        var exchange = House().exchange(mechanism)
        guard case .challenge(let octets) = exchange.begin(nil) else {
            Issue.record("no challenge")
            return
        }
        #expect(octets.isEmpty == ![.login, .cramMD5].contains(mechanism))
    }

    private typealias Call = @Sendable (inout SASLExchange) -> SASLStep
    private static let calls: [String: Call] = [
        "begin": { $0.begin(nil) }, "respond": { $0.respond([0x61]) }, "found": { $0.found(nil) },
        "passwordChecked": { $0.passwordChecked(true) },
    ]

    /// Leaves the exchange where exactly one call is due.
    private func exchange(_ mechanism: SASLMechanism, waitingFor due: String) -> SASLExchange? {
        var exchange = House().exchange(mechanism)
        guard due != "begin" else { return exchange }
        guard case .challenge(let challenge) = exchange.begin(nil) else { return nil }
        guard due != "respond" else { return exchange }
        var octets = challenge
        let answers: [([UInt8]) -> [UInt8]] =
            switch mechanism {
            case .plain: [{ _ in Array("\0alice\0s3cret".utf8) }]
            case .login: [{ _ in Array("alice".utf8) }, { _ in Array("s3cret".utf8) }]
            case .cramMD5: [{ SASLClients.cram(user: "alice", password: "s3cret", challenge: $0) }]
            case .apop: [{ _ in SASLClients.apop(user: "alice", password: "s3cret", timestamp: "<1@b>") }]
            case .ntlm:
                [
                    { _ in NTLMClient(user: "alice", ntHash: []).negotiate },
                    { NTLMClient(user: "alice", ntHash: []).authenticate(answering: $0) },
                ]
            case .scramSHA1, .scramSHA256: [{ _ in Array("n,,n=alice,r=abc".utf8) }]
            case .scramSHA256Plus: []
            }
        for answer in answers {
            switch exchange.respond(answer(octets)) {
            case .challenge(let next): octets = next
            case .lookUp where due == "found", .checkPassword where due == "passwordChecked": return exchange
            default: return nil
            }
        }
        return nil
    }

    @Test("a word out of turn ends the exchange, whatever comes then", arguments: SASLMechanism.allCases)
    func turns(mechanism: SASLMechanism) throws {
        var places = 0
        for due in Self.calls.keys {
            guard let waiting = exchange(mechanism, waitingFor: due) else { continue }
            places += 1
            for (name, call) in Self.calls where name != due {
                var exchange = waiting
                guard case .failed = call(&exchange) else {
                    Issue.record("\(name) where \(due) was due")
                    continue
                }
                for (after, call) in Self.calls {
                    guard case .failed = call(&exchange) else {
                        Issue.record("\(after) behind the end")
                        continue
                    }
                }
            }
        }
        #expect(places == (mechanism == .scramSHA256Plus ? 2 : 3))
    }

    @Test("success is an end too") func endAfterSuccess() {
        var exchange = House().exchange(.plain)
        _ = exchange.begin(Array("\0alice\0s3cret".utf8))
        guard case .succeeded = exchange.passwordChecked(true), case .failed = exchange.passwordChecked(true) else {
            Issue.record("twice")
            return
        }
    }

    @Test("a message over the limit is not read", arguments: SASLMechanism.allCases)
    func messageLimit(mechanism: SASLMechanism) {
        var exchange = House().exchange(mechanism)
        _ = exchange.begin(nil)
        let message = [UInt8](repeating: 0x61, count: SASLExchange.messageLimit + 1)
        guard case .failed("a message of 8193 octets") = exchange.respond(message) else {
            Issue.record("read")
            return
        }
    }

    // MARK: unknown users

    private func serverFirst(_ user: String, _ mechanism: SASLMechanism, _ house: House) -> [String] {
        var exchange = house.exchange(mechanism)
        var client = SCRAMClient(.sha256, user: user, password: "x")
        client.nonce = "abc"
        guard case .challenged(let octets) = house.settle(exchange.begin(client.first), &exchange) else { return [] }
        return String(decoding: octets, as: UTF8.self).split(separator: ",").map(String.init)
    }

    @Test("an unknown user gets a salt and a count like everybody", arguments: [SASLMechanism.scramSHA1, .scramSHA256])
    func decoyShape(mechanism: SASLMechanism) {
        let known = serverFirst("alice", mechanism, House())
        let unknown = serverFirst("bob", mechanism, House())
        #expect(known.count == 3)
        #expect(known.map(\.utf8.count) == unknown.map(\.utf8.count))
        #expect(known[0] == unknown[0] && known[2] == unknown[2])
        #expect(known[1] != unknown[1])
    }

    @Test("the salt of nobody is constant, and one's own") func decoyIsStable() {
        let house = House()
        let salt = serverFirst("bob", .scramSHA256, house)[1]
        var later = house
        later.surroundings.random = House.random.reversed()
        later.surroundings.unixTime += 86_400
        #expect(serverFirst("bob", .scramSHA256, later)[1] == salt)
        #expect(serverFirst("bob", .scramSHA256, later)[0] != serverFirst("bob", .scramSHA256, house)[0])
        #expect(serverFirst("rob", .scramSHA256, house)[1] != salt)
        #expect(serverFirst("bob", .scramSHA1, house)[1] != salt)
        later.surroundings.decoy = Secret("another")
        #expect(serverFirst("bob", .scramSHA256, later)[1] != salt)
        later.surroundings.iterations = 10_000
        #expect(serverFirst("bob", .scramSHA256, later)[2] == "i=10000")
    }

    @Test("every mechanism says as much to nobody as to somebody with a wrong password", arguments: SASLMechanism.allCases)
    func sameShape(mechanism: SASLMechanism) {
        var house = House()
        house.surroundings.channelBinding = [1, 2, 3]
        let known = transcript(mechanism, user: "alice", house)
        let unknown = transcript(mechanism, user: "carol", house)
        #expect(known == unknown)
        #expect(known.last == -1 && known.count > 1)
    }

    /// The lengths of what the client hears from the first word to the failure, which is -1.
    private func transcript(_ mechanism: SASLMechanism, user: String, _ house: House) -> [Int] {
        var heard: [Int] = []
        var scram = SCRAMClient(mechanism == .scramSHA1 ? .sha1 : .sha256, user: user, password: "wrong")
        if mechanism == .scramSHA256Plus { (scram.header, scram.bound) = ("p=tls-server-end-point,,", [1, 2, 3]) }
        let ntlm = NTLMClient(user: user, ntHash: House.ntHash("wrong"))
        let answers: [([UInt8]) -> [UInt8]] =
            switch mechanism {
            case .plain: [{ _ in SASLClients.plain(user: user, password: "wrong") }]
            case .login: [{ _ in Array(user.utf8) }, { _ in Array("wrong".utf8) }]
            case .cramMD5: [{ SASLClients.cram(user: user, password: "wrong", challenge: $0) }]
            case .apop: [{ _ in SASLClients.apop(user: user, password: "wrong", timestamp: "<1@b>") }]
            case .ntlm: [{ _ in ntlm.negotiate }, { ntlm.authenticate(answering: $0) }]
            case .scramSHA1, .scramSHA256, .scramSHA256Plus: [{ _ in scram.first }, { scram.final(answering: $0) }]
            }
        var exchange = house.exchange(mechanism)
        var progress = house.settle(exchange.begin(nil), &exchange)
        for answer in answers {
            guard case .challenged(let challenge) = progress else { break }
            heard.append(challenge.count)
            progress = house.settle(exchange.respond(answer(challenge)), &exchange)
        }
        if case .ended(.failed(let reason)) = progress, reason == "wrong user or password: \(user)" { heard.append(-1) }
        return heard
    }

    /// Each is what somebody who knew the decoy's key could answer.
    @Test("even the decoy's own secret does not come in") func decoyNeverSucceeds() {
        let key = Secret("decoy").bytes
        let ntlm = NTLMClient(user: "bob", ntHash: Array(HMACs.sha256(key: key, Array("NTLM bob".utf8)).prefix(16)))
        #expect(!House().playNTLM(ntlm).isSuccess)
        let contexts = HMACs.sha256(key: key, Array("CRAM-MD5 bob".utf8))
        let ending = House().play(
            .cramMD5, initial: nil,
            { Array("bob \(SASLClients.hexadecimal(KeptHMACMD5.code(contexts, $0)))".utf8) })
        #expect(ending == .failed("wrong user or password: bob"))
    }

    @Test("a verifier of another kind, or of a length that cannot be, is none") func strangeVerifiers() throws {
        let salt = Array<UInt8>(0..<16)
        let strange = [
            try Verifier.make(.scramSHA1, password: Secret("s3cret"), salt: salt), .cramMD5(Secret([])),
            .ntHash(Secret([])), .cramMD5(Secret([1])), .ntHash(Secret([UInt8](repeating: 0, count: 17))),
            .cramMD5(Secret([UInt8](repeating: 0, count: 33))),
        ]
        for mechanism in [SASLMechanism.scramSHA256, .cramMD5, .ntlm] {
            for verifier in strange {
                var exchange = try #require(self.exchange(mechanism, waitingFor: "found"))
                switch exchange.found(verifier) {
                case .failed, .challenge: continue
                default: Issue.record("\(mechanism) took \(verifier.kind)")
                }
            }
        }
    }
}
