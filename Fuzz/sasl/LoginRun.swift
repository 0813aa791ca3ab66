// One login by one mechanism: a client with the right secret or a wrong one, whose messages stay as they are or not, and
// now and then a store that speaks out of turn.
import FuzzRun
import Mail
import SASL
import SASLClients

struct LoginRun {
    private static let certificate = [UInt8](repeating: 0x5A, count: 32)
    private static let password = "s3cret"

    private enum Attempt: CaseIterable { case right, wrongPassword, unknownUser, changed, changedWrong }

    private let verifiers: [VerifierKind: Verifier]
    private let hashes: [String: [UInt8]]
    /// Kept, because stretching a password costs more than all the rest.
    private var scram: [String: SCRAMClient] = [:]

    init() {
        var verifiers: [VerifierKind: Verifier] = [:]
        for kind in VerifierKind.allCases {
            verifiers[kind] = try? Verifier.make(kind, password: Secret(Self.password), salt: Array(0..<16))
        }
        self.verifiers = verifiers
        var hashes: [String: [UInt8]] = [:]
        for password in [Self.password, "wrong"] {
            guard case .ntHash(let hash) = try? Verifier.make(.ntHash, password: Secret(password), salt: []) else {
                preconditionFailure("no NT hash")
            }
            hashes[password] = hash.bytes
        }
        self.hashes = hashes
    }

    /// - Returns: 1 if it came in.
    mutating func play(_ random: inout SplitMix) -> Int {
        let mechanism = random.pick(SASLMechanism.allCases)
        let attempt = random.pick(Attempt.allCases)
        let isPlus = mechanism == .scramSHA256Plus
        var exchange = SASLExchange(
            mechanism: mechanism,
            surroundings: SASLSurroundings(
                serverName: "mail.example.org", random: random.octets(32), unixTime: Int64(truncatingIfNeeded: random.next()),
                channelBinding: isPlus || random.below(2) == 0 ? Self.certificate : nil, offersChannelBinding: isPlus,
                // Nobody's password is stretched once only: that is only a client's work here.
                decoy: Secret("decoy"), iterations: 1))
        var client = Client(mechanism, password: attempt == .wrongPassword || attempt == .changedWrong ? "wrong" : Self.password)
        client.user = attempt == .unknownUser ? "bob" : "alice"
        client.ntHash = hashes[client.password] ?? []
        let changes = attempt == .changed || attempt == .changedWrong
        let place = "\(mechanism) \(client.user) \(client.password)"
        client.scram = scram[place]
        defer { if !changes { scram[place] = client.scram } }

        let isEarly = mechanism != .cramMD5 && random.below(2) == 0
        var step: SASLStep
        if isEarly {
            let message = client.next(answering: [])
            step = exchange.begin(changes && random.below(2) == 0 ? Mutation.of(message, &random) : message)
        } else {
            step = exchange.begin(nil)
        }
        let knowsSecret = attempt == .right || attempt == .changed
        for _ in 0..<8 {
            switch step {
            case .challenge(let challenge):
                let message = client.next(answering: challenge)
                step = exchange.respond(changes && random.below(2) == 0 ? Mutation.of(message, &random) : message)
            case .lookUp, .checkPassword:
                step = answer(step, &exchange, outOfTurn: changes && random.below(16) == 0)
            case .succeeded(let user, _, let final):
                // Changes that mean nothing may come in, such as another workstation's name in NTLM.
                precondition(knowsSecret && user == "alice", "\(mechanism) let \(user) in: \(attempt)")
                precondition((final != nil) == (client.scram != nil), "a last word where none belongs")
                return 1
            case .failed(let reason):
                precondition(attempt != .right, "\(mechanism) keeps out who has the secret: \(reason)")
                guard case .failed = exchange.respond([]) else { preconditionFailure("the end is none") }
                return 0
            }
        }
        preconditionFailure("\(mechanism) does not end")
    }

    private func answer(_ step: SASLStep, _ exchange: inout SASLExchange, outOfTurn: Bool) -> SASLStep {
        if outOfTurn { return exchange.begin(nil) }
        switch step {
        case .lookUp(let user, let kind): return exchange.found(user == "alice" ? verifiers[kind] : nil)
        case .checkPassword(let user, let password):
            precondition(!user.isEmpty && !password.bytes.isEmpty, "asks about nothing")
            return exchange.passwordChecked(user == "alice" && password.bytes == Array(Self.password.utf8))
        default: preconditionFailure("nothing was asked")
        }
    }
}

/// The client of any mechanism, one message after the other, whatever it hears.
struct Client {
    let mechanism: SASLMechanism
    let password: String
    var user = ""
    var ntHash: [UInt8] = []
    var scram: SCRAMClient?
    private var said = 0

    init(_ mechanism: SASLMechanism, password: String) {
        (self.mechanism, self.password) = (mechanism, password)
    }

    mutating func next(answering challenge: [UInt8]) -> [UInt8] {
        said += 1
        switch mechanism {
        case .plain: return SASLClients.plain(user: user, password: password)
        case .login: return Array((said == 1 ? user : password).utf8)
        case .cramMD5: return SASLClients.cram(user: user, password: password, challenge: challenge)
        case .apop: return SASLClients.apop(user: user, password: password, timestamp: "<1.2@mail.example.org>")
        case .ntlm:
            let client = NTLMClient(user: user, ntHash: ntHash)
            return said == 1 ? client.negotiate : client.authenticate(answering: challenge)
        case .scramSHA1, .scramSHA256, .scramSHA256Plus:
            var client = scram ?? SCRAMClient(mechanism == .scramSHA1 ? .sha1 : .sha256, user: user, password: password)
            client.user = user
            if mechanism == .scramSHA256Plus {
                (client.header, client.bound) = ("p=tls-server-end-point,,", [UInt8](repeating: 0x5A, count: 32))
            }
            defer { scram = client }
            return said == 1 ? client.first : client.final(answering: challenge)
        }
    }
}
