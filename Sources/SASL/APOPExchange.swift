// APOP (RFC 1939 §7): the greeting has named a moment, the client answers in one command with its name and a hash of the
// moment and the password. The password itself must be at hand.

import Crypto
import Mail

struct APOPExchange: MechanismExchange {
    /// The client has spoken already; without what it said there is nothing to go on with.
    let opening: [UInt8] = []
    private let decoy: Secret
    private var user = ""
    private var timestamp: [UInt8] = []
    private var digest: [UInt8] = []

    init(_ surroundings: SASLSurroundings) { decoy = surroundings.decoy }

    // timestamp SP digest SP name, as `LoginConnection` puts them together; the name may hold spaces.
    mutating func respond(_ octets: [UInt8]) -> SASLStep {
        let parts = octets.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count == 32 else {
            return .failed(reason: "APOP without a moment, 32 digits and a name")
        }
        guard let user = Preparation.user(parts[2]) else { return .failed(reason: "a user name that cannot be") }
        self.user = user
        (timestamp, digest) = (Array(parts[0]), Array(parts[1]))
        return .lookUp(user: user, kind: .apop)
    }

    mutating func found(_ verifier: Verifier?) -> SASLStep {
        var password = HMACs.sha256(key: decoy.bytes, Array("APOP \(user)".utf8))
        var isKnown = false
        if case .apop(let kept) = verifier { (password, isKnown) = (kept.bytes, true) }
        let right = Hexadecimal.encode(Array(Insecure.MD5.hash(data: timestamp + password)))
        guard HMACs.same(digest, right), isKnown else { return .failed(reason: "wrong user or password: \(user)") }
        return .succeeded(user: user, authorization: nil, final: nil)
    }
}
