// CRAM-MD5 (RFC 2195): we name a moment, the client answers with its name and a keyed hash of ours.

import Mail

struct CRAMExchange: MechanismExchange {
    /// msg-id of RFC 2195 §2: random digits, a time stamp and our name.
    let opening: [UInt8]
    private let decoy: Secret
    private var user = ""
    private var digest: [UInt8] = []

    init(_ surroundings: SASLSurroundings) {
        let digits = surroundings.random.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        opening = Array("<\(digits).\(surroundings.unixTime)@\(surroundings.serverName)>".utf8)
        decoy = surroundings.decoy
    }

    // user SP digest: 32 hexadecimal digits in small letters; the name may hold spaces.
    mutating func respond(_ octets: [UInt8]) -> SASLStep {
        guard let space = octets.lastIndex(of: 0x20), octets.count - space == 33 else {
            return .failed(reason: "CRAM-MD5 without a name and 32 digits")
        }
        guard let user = Preparation.user(octets[..<space]) else { return .failed(reason: "a user name that cannot be") }
        self.user = user
        digest = Array(octets[(space + 1)...])
        return .lookUp(user: user, kind: .cramMD5)
    }

    mutating func found(_ verifier: Verifier?) -> SASLStep {
        var contexts = HMACs.sha256(key: decoy.bytes, Array("CRAM-MD5 \(user)".utf8))
        var isKnown = false
        if case .cramMD5(let kept) = verifier, kept.bytes.count == 32 { (contexts, isKnown) = (kept.bytes, true) }
        let isRight = HMACs.same(digest, Hexadecimal.encode(KeptHMACMD5.code(contexts, opening)))
        guard isRight, isKnown else { return .failed(reason: "wrong user or password: \(user)") }
        return .succeeded(user: user, authorization: nil, final: nil)
    }
}
