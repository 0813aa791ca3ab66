// One login by SASL on one conversation: the library's steps, with what the directory and the hashes say to each.

import IPC
import Mail
import NIOCore
import SASL

/// What exchanges of a store have in common.
struct LoginSurroundings: Sendable {
    var authentication: Authentication
    var hostname: String
    /// Constant over restarts; see `SASLSurroundings`.
    var decoy: Secret
    var iterations: Int
    var allowsNTLMv1: Bool
    /// Milliseconds since 1970.
    var now: @Sendable () -> Int64
}

/// Confined to its conversation's event loop.
final class LoginExchange {
    /// Responses of one exchange; no mechanism needs more than three.
    private static let responses = 10
    /// Octets of a response: what base64 of the longest line (RFC 4954 §4) can hold is less.
    private static let longest = 12 << 10

    private let around: LoginSurroundings
    private let facts: SessionFacts
    private let mechanism: SASLMechanism
    private var exchange: SASLExchange
    private var candidate: Authentication.Candidate?
    /// Which of the candidate's passwords it is that the exchange proves.
    private var password: StoredPassword?
    /// As the client has written it; empty before it has.
    private var user = ""
    private var count = 0
    /// The exchange has succeeded: only the client's empty answer to the last challenge is missing.
    private var isProven = false

    /// nil: nobody speaks this mechanism here.
    init?(_ opening: SASLOpening, _ around: LoginSurroundings) {
        guard let mechanism = SASLMechanism(rawValue: opening.mechanism) else { return nil }
        // It is a command of POP3, and nothing else.
        if mechanism == .apop, opening.facts.service != .pop3 { return nil }
        self.around = around
        self.mechanism = mechanism
        facts = opening.facts
        let offersBinding = around.authentication.directory.mechanisms.contains(.scramSHA256Plus)
        var surroundings = SASLSurroundings(
            serverName: around.hostname,
            random: (0..<SASLSurroundings.randomCount).map { _ in UInt8.random(in: 0...255) },
            unixTime: around.now() / 1000, channelBinding: opening.channelBinding,
            offersChannelBinding: opening.channelBinding != nil && offersBinding, decoy: around.decoy,
            iterations: around.iterations, allowsNTLMv1: around.allowsNTLMv1, namesOthers: facts.service == .pop3)
        surroundings.folded = { [authentication = around.authentication, service = facts.service] user in
            authentication.folded(user, for: service)
        }
        exchange = SASLExchange(mechanism: mechanism, surroundings: surroundings)
    }

    /// Answers the exchange's open question with a challenge or the login's end, now or later.
    func begin(_ initial: Secret?, in exchange: Exchange<RouterToStore>) {
        guard initial.map({ $0.bytes.count <= Self.longest }) ?? true else { return fail("it is too long", exchange) }
        follow(self.exchange.begin(initial?.bytes), exchange)
    }

    func respond(_ response: Secret, in exchange: Exchange<RouterToStore>) {
        count += 1
        guard count <= Self.responses, response.bytes.count <= Self.longest else {
            return fail("more than the exchange may have", exchange)
        }
        guard isProven else { return follow(self.exchange.respond(response.bytes), exchange) }
        isProven = false
        guard response.bytes.isEmpty else { return fail("something behind the end", exchange) }
        grant(exchange)
    }

    private func follow(_ step: SASLStep, _ exchange: Exchange<RouterToStore>) {
        switch step {
        case .challenge(let octets): exchange.answer(.challenge(octets))
        case .lookUp(let user, let kind):
            choose(user)
            around.authentication.verifier(
                kind, of: candidate,
                exchange.hop { [self] result in
                    if case .success(let proof) = result { self.password = proof.password }
                    proceed(result, exchange) { $0.found($1.verifier) }
                })
        case .checkPassword(let user, let password):
            choose(user)
            around.authentication.check(
                password, of: candidate, for: facts.service,
                exchange.hop { [self] result in
                    if case .success(let right) = result { self.password = right }
                    proceed(result, exchange) { $0.passwordChecked($1 != nil) }
                })
        case .succeeded(_, let authorization, let final):
            if let because = password.flatMap({ around.authentication.fault($0, facts) }) { return fail(because, exchange) }
            if facts.service == .pop3 { candidate?.mailbox = authorization }
            guard let final else { return grant(exchange) }
            isProven = true
            exchange.answer(.challenge(final))
        case .failed(let reason): fail(reason, exchange)
        }
    }

    private func choose(_ user: String) {
        self.user = user
        candidate = around.authentication.candidate(user, for: facts.service)
    }

    private func proceed<Value>(
        _ result: Result<Value, Authentication.Trouble>, _ exchange: Exchange<RouterToStore>,
        _ step: (inout SASLExchange, Value) -> SASLStep
    ) {
        switch result {
        case .success(let value): follow(step(&self.exchange, value), exchange)
        case .failure(let trouble): exchange.answer(.login(around.authentication.unavailable(trouble, facts)))
        }
    }

    private func grant(_ exchange: Exchange<RouterToStore>) {
        // The library says yes to nobody without a verifier or a right password.
        guard let candidate, let password else { return fail("nobody", exchange) }
        around.authentication.grant(
            candidate, with: password, facts, mechanism: mechanism, exchange.hop { exchange.answer(.login($0)) })
    }

    private func fail(_ reason: String, _ exchange: Exchange<RouterToStore>) {
        candidate = nil
        exchange.answer(
            .login(around.authentication.refusal(facts, user: user, because: "\(mechanism.rawValue): \(reason)")))
    }
}
