// A store of a few users, and an exchange played against it to its end.

import Mail
import SASL
import SASLClients
import Testing

/// How an exchange ended.
enum Ending: Equatable {
    case succeeded(user: String, authorization: String?, final: String?)
    case failed(String)

    var isSuccess: Bool {
        if case .succeeded = self { return true }
        return false
    }
}

struct House {
    static let random = (0..<32).map { UInt8($0 * 7 + 3) }

    var users = ["alice": "s3cret", "alice@example.org": "s3cret", "jürgen": "grün", "a=b,c": "s3cret"]
    var surroundings = SASLSurroundings(
        serverName: "mail.example.org", random: random, unixTime: 1_795_000_000, decoy: Secret("decoy"))

    func verifier(_ user: String, _ kind: VerifierKind) -> Verifier? {
        users[user].flatMap { try? Verifier.make(kind, password: Secret($0), salt: Array(0..<16)) }
    }

    func exchange(_ mechanism: SASLMechanism) -> SASLExchange {
        SASLExchange(mechanism: mechanism, surroundings: surroundings)
    }

    /// Answers everything that the store is asked, until the client is due or all is over.
    func settle(_ step: SASLStep, _ exchange: inout SASLExchange) -> Progress {
        switch step {
        case .challenge(let octets): .challenged(octets)
        case .lookUp(let user, let kind): settle(exchange.found(verifier(user, kind)), &exchange)
        case .checkPassword(let user, let password):
            settle(exchange.passwordChecked(users[user].map { Array($0.utf8) } == password.bytes), &exchange)
        case .succeeded(let user, let authorization, let final):
            .ended(
                .succeeded(
                    user: user, authorization: authorization, final: final.map { String(decoding: $0, as: UTF8.self) }))
        case .failed(let reason): .ended(.failed(reason))
        }
    }

    enum Progress: Equatable {
        case challenged([UInt8])
        case ended(Ending)
    }

    /// - Parameters:
    ///   - initial: nil for a command without one.
    ///   - answers: each gets the challenge before it.
    func play(_ mechanism: SASLMechanism, initial: [UInt8]?, _ answers: (([UInt8]) -> [UInt8])...) -> Ending {
        var exchange = exchange(mechanism)
        var progress = settle(exchange.begin(initial), &exchange)
        for answer in answers {
            guard case .challenged(let challenge) = progress else { break }
            progress = settle(exchange.respond(answer(challenge)), &exchange)
        }
        guard case .ended(let ending) = progress else {
            Issue.record("the exchange waits for more: \(progress)")
            return .failed("unfinished")
        }
        return ending
    }

    func playSCRAM(_ mechanism: SASLMechanism, _ client: SCRAMClient) -> Ending {
        var client = client
        return play(mechanism, initial: client.first, { client.final(answering: $0) })
    }

    func playNTLM(_ client: NTLMClient) -> Ending {
        play(.ntlm, initial: client.negotiate, { client.authenticate(answering: $0) })
    }

    /// Of a password, as Windows keeps it.
    static func ntHash(_ password: String) -> [UInt8] {
        guard case .ntHash(let hash) = try? Verifier.make(.ntHash, password: Secret(password), salt: []) else { return [] }
        return hash.bytes
    }
}
