// PLAIN and LOGIN: the password itself comes, and the store holds it against its hash.

import Mail

extension MechanismExchange {
    mutating func found(_ verifier: Verifier?) -> SASLStep { .failed(reason: "no verifier was asked for") }
    mutating func passwordChecked(_ ok: Bool) -> SASLStep { .failed(reason: "no password was asked for") }
}

/// RFC 4616.
struct PlainExchange: MechanismExchange {
    let opening: [UInt8] = []
    private let namesOthers: Bool
    private var user = ""
    private var authorization: String?

    init(_ surroundings: SASLSurroundings) { namesOthers = surroundings.namesOthers }

    // message = [authzid] UTF8NUL authcid UTF8NUL passwd
    mutating func respond(_ octets: [UInt8]) -> SASLStep {
        let parts = octets.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return .failed(reason: "PLAIN with \(parts.count - 1) NULs instead of 2") }
        guard let user = Preparation.user(parts[1]) else { return .failed(reason: "a user name that cannot be") }
        if !parts[0].isEmpty {
            authorization = Preparation.user(parts[0])
            guard authorization == user || (namesOthers && authorization != nil) else {
                return .failed(reason: "\(user) asked to act for somebody else")
            }
        }
        guard let password = Preparation.password(parts[2]) else {
            return .failed(reason: "a password for \(user) that cannot be")
        }
        self.user = user
        return .checkPassword(user: user, password)
    }

    mutating func passwordChecked(_ ok: Bool) -> SASLStep {
        guard ok else { return .failed(reason: "wrong user or password: \(user)") }
        return .succeeded(user: user, authorization: authorization, final: nil)
    }
}

/// The words of the two challenges are those that every client of it expects.
struct LoginExchange: MechanismExchange {
    let opening = Array("Username:".utf8)
    private var user: String?

    mutating func respond(_ octets: [UInt8]) -> SASLStep {
        guard let user else {
            user = Preparation.user(octets[...])
            guard user != nil else { return .failed(reason: "a user name that cannot be") }
            return .challenge(Array("Password:".utf8))
        }
        guard let password = Preparation.password(octets[...]) else {
            return .failed(reason: "a password for \(user) that cannot be")
        }
        return .checkPassword(user: user, password)
    }

    mutating func passwordChecked(_ ok: Bool) -> SASLStep {
        guard ok, let user else { return .failed(reason: "wrong user or password: \(user ?? "")") }
        return .succeeded(user: user, authorization: nil, final: nil)
    }
}
