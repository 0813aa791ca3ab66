// NTLMv2 ([MS-NLMP] §3.3.2) for clients that know nothing better. No session security, so no session key and no MIC.

import Mail

struct NTLMExchange: MechanismExchange {
    private enum State {
        /// NEGOTIATE comes next.
        case waiting
        /// CHALLENGE is out.
        case challenged
        /// The store looks for the hash of this client.
        case asking(NTLMAuthenticate, user: String)
    }

    let opening: [UInt8] = []
    private let challenge: NTLMChallenge
    private let decoy: Secret
    private var state = State.waiting

    init(_ surroundings: SASLSurroundings) {
        challenge = NTLMChallenge(
            challenge: Array(surroundings.random.prefix(8)),
            names: NTLMNames(serverName: surroundings.serverName), unixTime: surroundings.unixTime)
        decoy = surroundings.decoy
    }

    mutating func respond(_ octets: [UInt8]) -> SASLStep {
        do throws(NTLMFault) {
            switch state {
            case .waiting:
                let asked = try NTLMNegotiate(octets)
                state = .challenged
                return .challenge(challenge.message(answering: asked.flags))
            case .challenged: return try lookUp(NTLMAuthenticate(octets))
            case .asking: return .failed(reason: "a response before the hash")
            }
        } catch {
            return .failed(reason: error.reason)
        }
    }

    private mutating func lookUp(_ message: NTLMAuthenticate) throws(NTLMFault) -> SASLStep {
        // The proof covers the names: somebody who took the login of another server over to us cannot change them.
        if let server = message.server, !challenge.names.isOurs(server) {
            throw NTLMFault(reason: "the client answers another server: \(server.prefix(255))")
        }
        guard let user = Preparation.user(account(message).utf8) else { throw NTLMFault(reason: "a user name that cannot be") }
        state = .asking(message, user: user)
        return .lookUp(user: user, kind: .ntHash)
    }

    /// Users have mail addresses; Windows has domains. A name with @ is taken as it is. `DOMAIN\user` in the name is
    /// taken apart, since not every client does. A domain with a dot is the right side of an address (fetchmail and exim
    /// cut `user@domain` so); any other, such as WORKGROUP or our own NetBIOS name, says nothing about the mailbox.
    private func account(_ message: NTLMAuthenticate) -> String {
        var (domain, user) = (message.domain[...], message.user[...])
        if domain.isEmpty, let stroke = user.firstIndex(of: "\\") {
            (domain, user) = (user[..<stroke], user[user.index(after: stroke)...])
        }
        guard !user.isEmpty, !user.contains("@"), domain.contains(".") else { return String(user) }
        return "\(user)@\(domain)"
    }

    mutating func found(_ verifier: Verifier?) -> SASLStep {
        guard case .asking(let message, let user) = state else { return .failed(reason: "a hash that nobody asked for") }
        var hash = Array(HMACs.sha256(key: decoy.bytes, Array("NTLM \(user)".utf8)).prefix(16))
        var isKnown = false
        if case .ntHash(let kept) = verifier, kept.bytes.count == 16 { (hash, isKnown) = (kept.bytes, true) }
        var isRight = false
        for capitals in [UTF16Text.capitals(message.user), UTF16Text.asciiCapitals(message.user)] {
            // NTOWFv2 = HMAC_MD5(NT hash, Uppercase(User) + Domain); NTProofStr = HMAC_MD5(NTOWFv2, challenge + temp)
            let key = HMACs.md5(key: hash, UTF16Text.encode(capitals + message.domain))
            let proof = HMACs.md5(key: key, challenge.challenge + message.proven)
            isRight = HMACs.same(proof, message.proof) || isRight
        }
        guard isRight, isKnown else { return .failed(reason: "wrong user or password: \(user)") }
        return .succeeded(user: user, authorization: nil, final: nil)
    }
}
