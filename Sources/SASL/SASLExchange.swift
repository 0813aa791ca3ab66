// One login by SASL (RFC 4422), the server's side of it: the client's messages and the store's answers in, the next step
// out. No clock, no randomness, no look-up. A wrong name and a wrong password look and last the same.

import Mail

/// What the exchange says next. After `succeeded` and `failed` it is over.
package enum SASLStep: Sendable {
    /// Send this, as the protocol wraps it (base64 in SMTP, POP3 and IMAP); go on with `respond`.
    case challenge([UInt8])
    /// Fetch this user's verifier of this kind; go on with `found`, with nil where there is none.
    case lookUp(user: String, kind: VerifierKind)
    /// Hold the password against the user's hash; go on with `passwordChecked`. The password is prepared (RFC 4013): a
    /// hash must be made of `Preparation.string`. To look and last the same for an unknown user is the asker's task.
    case checkPassword(user: String, Secret)
    /// - `user`: who it is. `authorization`: whom the client asked to act for. Somebody else only where
    ///   `SASLSurroundings.namesOthers` is set, and whether it may is not decided with this.
    /// - `final`: must still be sent as a last challenge, and be answered with nothing, before the protocol says yes:
    ///   SMTP, POP3 and IMAP cannot carry it with their yes (RFC 4422 §3.6).
    case succeeded(user: String, authorization: String?, final: [UInt8]?)
    /// For the journal; the client hears only that it failed. Never holds anything of a password.
    case failed(reason: String)
}

/// Everything from the world that an exchange needs, for one exchange only.
package struct SASLSurroundings: Sendable {
    /// Our host name, as the client knows it: shown by CRAM-MD5 and NTLM.
    package var serverName: String
    /// Fresh and unpredictable, at least `randomCount` octets; less is our own mistake and stops the program.
    package var random: [UInt8]
    /// Seconds since 1970.
    package var unixTime: Int64
    /// RFC 5929 §4.1: the hash of our certificate; nil without TLS.
    package var channelBinding: [UInt8]?
    /// A -PLUS mechanism was in the list that this client saw. Then a client that says "you cannot" has been lied to.
    package var offersChannelBinding: Bool
    /// Constant over restarts, known to nobody else: what unknown users are shown is derived from it.
    package var decoy: Secret
    /// The count with which the house makes its SCRAM verifiers now; unknown users show it too.
    package var iterations: Int
    /// NTLM of version 1 is taken too; it is not worth much.
    package var allowsNTLMv1: Bool
    /// The authorization identity may be somebody else's (RFC 4422 §2), and where a mechanism has none, the name may be a
    /// `LoginName` with a mailbox.
    package var namesOthers: Bool
    /// One name for all spellings that are the same user, whether there is such a user or not: a real user's salt is the same
    /// for all of them, and so must nobody's be.
    package var folded: @Sendable (String) -> String = { $0 }

    package static let randomCount = 32

    package init(
        serverName: String, random: [UInt8], unixTime: Int64, channelBinding: [UInt8]? = nil,
        offersChannelBinding: Bool = false, decoy: Secret, iterations: Int = SCRAMKeys.defaultIterations,
        allowsNTLMv1: Bool = false, namesOthers: Bool = false
    ) {
        precondition(random.count >= Self.randomCount, "an exchange needs \(Self.randomCount) octets of randomness")
        self.serverName = serverName
        self.random = random
        self.unixTime = unixTime
        self.channelBinding = channelBinding
        self.offersChannelBinding = offersChannelBinding
        self.decoy = decoy
        self.iterations = iterations
        self.allowsNTLMv1 = allowsNTLMv1
        self.namesOthers = namesOthers
    }

    func name(_ user: String) -> LoginName { namesOthers ? LoginName(user) : LoginName(whole: user) }
}

/// What one mechanism does. It is only called in turn, and never after its end.
protocol MechanismExchange: Sendable {
    /// What we say when the client has said nothing yet; empty where the client should have spoken.
    var opening: [UInt8] { get }
    mutating func respond(_ octets: [UInt8]) -> SASLStep
    mutating func found(_ verifier: Verifier?) -> SASLStep
    mutating func passwordChecked(_ ok: Bool) -> SASLStep
}

package struct SASLExchange: Sendable {
    /// Whose word comes next. Anything else ends the exchange: words come from another process, which may be taken over.
    private enum Turn: Equatable { case begin, client, verifier, password, ended }

    /// Of a client's message, decoded. NTLM with many names needs 2,000; the base64 of 8,192 fits RFC 4954's line.
    package static let messageLimit = 8_192

    package let mechanism: SASLMechanism
    private var exchange: any MechanismExchange
    private let surroundings: SASLSurroundings
    private var turn = Turn.begin

    package init(mechanism: SASLMechanism, surroundings: SASLSurroundings) {
        self.mechanism = mechanism
        self.surroundings = surroundings
        switch mechanism {
        case .plain: exchange = PlainExchange(surroundings)
        case .login: exchange = LoginExchange()
        case .cramMD5: exchange = CRAMExchange(surroundings)
        case .apop: exchange = APOPExchange(surroundings)
        case .ntlm: exchange = NTLMExchange(surroundings)
        case .scramSHA1: exchange = SCRAMExchange(.sha1, bound: false, surroundings)
        case .scramSHA256: exchange = SCRAMExchange(.sha256, bound: false, surroundings)
        case .scramSHA256Plus: exchange = SCRAMExchange(.sha256, bound: true, surroundings)
        }
    }

    /// - Parameter initial: what came with the command, decoded; nil if nothing did. Empty is not nothing.
    package mutating func begin(_ initial: [UInt8]?) -> SASLStep {
        guard turn == .begin else { return end("the exchange has begun already") }
        guard let initial else { return follow(.challenge(exchange.opening)) }
        guard mechanism.takesInitialResponse else { return end("an initial response, where the server speaks first") }
        turn = .client
        return respond(initial)
    }

    /// The client's answer to a challenge, decoded.
    package mutating func respond(_ octets: [UInt8]) -> SASLStep {
        guard turn == .client else { return end("a response out of turn") }
        guard octets.count <= Self.messageLimit else { return end("a message of \(octets.count) octets") }
        return follow(exchange.respond(octets))
    }

    /// - Parameter verifier: nil if the user is unknown, may not log in or has none of that kind.
    package mutating func found(_ verifier: Verifier?) -> SASLStep {
        guard turn == .verifier else { return end("a verifier out of turn") }
        return follow(exchange.found(verifier))
    }

    package mutating func passwordChecked(_ ok: Bool) -> SASLStep {
        guard turn == .password else { return end("a checked password out of turn") }
        return follow(exchange.passwordChecked(ok))
    }

    private mutating func follow(_ step: SASLStep) -> SASLStep {
        switch step {
        case .challenge: turn = .client
        case .lookUp: turn = .verifier
        case .checkPassword: turn = .password
        case .succeeded, .failed: turn = .ended
        }
        return named(step)
    }

    /// The step with the user alone, and whom it asked for.
    private func named(_ step: SASLStep) -> SASLStep {
        switch step {
        case .challenge, .failed: return step
        case .lookUp(let user, let kind): return .lookUp(user: surroundings.name(user).user, kind: kind)
        case .checkPassword(let user, let password): return .checkPassword(user: surroundings.name(user).user, password)
        case .succeeded(let user, let authorization, let final):
            let name = surroundings.name(user)
            guard let mailbox = name.mailbox else { return step }
            // Some clients say their whole name twice.
            let other = authorization == user ? nil : authorization
            return .succeeded(user: name.user, authorization: other ?? mailbox, final: final)
        }
    }

    private mutating func end(_ reason: String) -> SASLStep { follow(.failed(reason: reason)) }
}
