// SCRAM (RFC 5802, RFC 7677), with and without channel binding: we never see the password, and the client learns that we
// know it.

import Mail

struct SCRAMExchange: MechanismExchange {
    private enum State {
        /// Nothing was said.
        case waiting
        /// The store looks for the keys of this client.
        case asking(SCRAMClientFirst)
        /// The server-first-message is out.
        case challenged(Challenge)
    }

    private struct Challenge {
        let first: SCRAMClientFirst
        let keys: SCRAMKeys
        /// False: the keys are a decoy, nothing can be right.
        let isKnown: Bool
        let nonce: [UInt8]
        let message: [UInt8]
    }

    let opening: [UInt8] = []
    private let hash: SCRAMHash
    /// A -PLUS mechanism.
    private let bound: Bool
    private let surroundings: SASLSurroundings
    /// Our half of the nonce.
    private let nonce: [UInt8]
    private var state = State.waiting

    /// - Parameter nonce: printable, without a comma; nil: made of the randomness.
    init(_ hash: SCRAMHash, bound: Bool, _ surroundings: SASLSurroundings, nonce: [UInt8]? = nil) {
        self.hash = hash
        self.bound = bound
        self.surroundings = surroundings
        self.nonce = nonce ?? Base64.encode(surroundings.random.prefix(24))
    }

    mutating func respond(_ octets: [UInt8]) -> SASLStep {
        do throws(SCRAMFault) {
            switch state {
            case .waiting: return try lookUp(SCRAMClientFirst(octets))
            case .challenged(let challenge): return try check(SCRAMClientFinal(octets), challenge)
            case .asking: return .failed(reason: "a response before the keys")
            }
        } catch {
            return .failed(reason: error.reason)
        }
    }

    private mutating func lookUp(_ first: SCRAMClientFirst) throws(SCRAMFault) -> SASLStep {
        if let authorization = first.authorization, authorization != first.user, !surroundings.namesOthers {
            throw SCRAMFault(reason: "\(first.user) asked to act for somebody else")
        }
        switch first.binding {
        case .none where bound: throw SCRAMFault(reason: "a -PLUS mechanism without channel binding")
        case .none: break
        // RFC 5802 §6: somebody between us took -PLUS out of our list.
        case .unoffered where bound || surroundings.offersChannelBinding:
            throw SCRAMFault(reason: "the client did not see that channel binding was offered: somebody is in between")
        case .unoffered: break
        case .type(let type):
            guard bound else { throw SCRAMFault(reason: "channel binding without a -PLUS mechanism") }
            guard type == "tls-server-end-point" else { throw SCRAMFault(reason: "channel binding by \(type)") }
            guard surroundings.channelBinding != nil else { throw SCRAMFault(reason: "channel binding without TLS") }
        }
        state = .asking(first)
        return .lookUp(user: first.user, kind: hash == .sha1 ? .scramSHA1 : .scramSHA256)
    }

    // server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
    mutating func found(_ verifier: Verifier?) -> SASLStep {
        guard case .asking(let first) = state else { return .failed(reason: "keys that nobody asked for") }
        // Whatever mailbox is asked for: another salt for each would tell that there is no such user.
        let user = surroundings.folded(surroundings.name(first.user).user)
        var keys = SCRAMKeys(decoyOf: user, hash, key: surroundings.decoy, iterations: surroundings.iterations)
        var isKnown = false
        if case .scram(let stored) = verifier, stored.hash == hash { (keys, isKnown) = (stored, true) }
        let nonce = first.nonce + self.nonce
        let message =
            Array("r=".utf8) + nonce + Array(",s=".utf8) + Base64.encode(keys.salt) + Array(",i=\(keys.iterations)".utf8)
        state = .challenged(Challenge(first: first, keys: keys, isKnown: isKnown, nonce: nonce, message: message))
        return .challenge(message)
    }

    private func check(_ final: SCRAMClientFinal, _ challenge: Challenge) throws(SCRAMFault) -> SASLStep {
        let first = challenge.first
        guard HMACs.same(final.nonce, challenge.nonce) else { throw SCRAMFault(reason: "another nonce than ours") }
        // cbind-input = gs2-header [ cbind-data ]
        let data = bound ? surroundings.channelBinding ?? [] : []
        guard HMACs.same(final.binding, first.header + data) else {
            throw SCRAMFault(reason: "bound to another channel: somebody is in between")
        }
        // AuthMessage := client-first-message-bare + "," + server-first-message + "," +
        //                client-final-message-without-proof
        let message = first.bare + [0x2C] + challenge.message + [0x2C] + final.withoutProof
        let signature = hash.hmac(key: challenge.keys.storedKey.bytes, message)
        guard final.proof.count == signature.count else { throw SCRAMFault(reason: "a proof of another length") }
        let clientKey = zip(final.proof, signature).map { $0 ^ $1 }
        let isRight = HMACs.same(hash.digest(clientKey), challenge.keys.storedKey.bytes)
        guard isRight, challenge.isKnown else { throw SCRAMFault(reason: "wrong user or password: \(first.user)") }
        let verification = Base64.encode(hash.hmac(key: challenge.keys.serverKey.bytes, message))
        return .succeeded(
            user: first.user, authorization: first.authorization, final: Array("v=".utf8) + verification)
    }
}
