// NTLM ([MS-NLMP] §3.3) for clients that know nothing better; version 1 only where it is allowed. No session security, so
// no session key and no MIC.

import Crypto
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
    private let allowsVersion1: Bool
    private var state = State.waiting

    init(_ surroundings: SASLSurroundings) {
        challenge = NTLMChallenge(
            challenge: Array(surroundings.random.prefix(8)),
            names: NTLMNames(serverName: surroundings.serverName), unixTime: surroundings.unixTime)
        decoy = surroundings.decoy
        allowsVersion1 = surroundings.allowsNTLMv1
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
        switch message.response {
        // A graphics card undoes what is seen of it in hours.
        case .version1 where !allowsVersion1: throw NTLMFault(reason: "NTLM of version 1, which auth.ntlm_v1 does not allow")
        // The proof covers the names: somebody who took the login of another server over to us cannot change them.
        case .version2(_, _, let server?) where !challenge.names.isOurs(server):
            throw NTLMFault(reason: "the client answers another server: \(server.prefix(255))")
        default: break
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
        guard isProven(message, by: hash), isKnown else { return .failed(reason: "wrong user or password: \(user)") }
        return .succeeded(user: user, authorization: nil, final: nil)
    }

    private func isProven(_ message: NTLMAuthenticate, by hash: [UInt8]) -> Bool {
        switch message.response {
        case .version1(let response, let own):
            let asked = own.map { Array(Insecure.MD5.hash(data: challenge.challenge + $0).prefix(8)) }
            return HMACs.same(DESL.response(key: hash, to: asked ?? challenge.challenge), response)
        case .version2(let theirs, let proven, _):
            var isRight = false
            for capitals in [UTF16Text.capitals(message.user), UTF16Text.asciiCapitals(message.user)] {
                // NTOWFv2 = HMAC_MD5(NT hash, Uppercase(User) + Domain); NTProofStr = HMAC_MD5(NTOWFv2, challenge + temp)
                let key = HMACs.md5(key: hash, UTF16Text.encode(capitals + message.domain))
                isRight = HMACs.same(HMACs.md5(key: key, challenge.challenge + proven), theirs) || isRight
            }
            return isRight
        }
    }
}
