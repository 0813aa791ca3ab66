// What the store keeps of a password for the mechanisms that never show it to us.

import Mail

/// Which mechanism a verifier is good for.
package enum VerifierKind: String, CaseIterable, Codable, Sendable {
    case scramSHA256 = "SCRAM-SHA-256"
    case scramSHA1 = "SCRAM-SHA-1"
    case cramMD5 = "CRAM-MD5"
    case ntHash = "NTLM"
    case apop = "APOP"
}

/// Whoever has a `cramMD5`, an `ntHash` or an open `apop` can log in with it as if it were the password: printed forms are
/// `***`.
package enum Verifier: Codable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case scram(SCRAMKeys)
    /// 32 octets: HMAC-MD5's outer and inner state after the key (RFC 2195 §3).
    case cramMD5(Secret)
    /// 16 octets: MD4 of the password in UTF-16LE ([MS-NLMP] §3.3.2).
    case ntHash(Secret)
    /// The password itself (RFC 1939 §7), prepared. Whoever keeps it seals it with a key of its own, and opens it for an
    /// exchange; this library does neither.
    case apop(Secret)

    /// Why none can be made.
    package enum Unusable: Error, Equatable {
        /// Empty, too long, no UTF-8, or not to be prepared (RFC 4013).
        case password
        /// Not in `SCRAMKeys.saltCounts`.
        case salt
        /// Not in `SCRAMKeys.iterationCounts`.
        case iterations
    }

    /// - Parameters:
    ///   - salt: fresh random octets, `SCRAMKeys.usualSaltCount` of them so that unknown users look the same. Only
    ///     SCRAM uses it.
    ///   - iterations: only SCRAM uses it; each costs about a microsecond here and in every client.
    package static func make(
        _ kind: VerifierKind, password: Secret, salt: [UInt8], iterations: Int = SCRAMKeys.defaultIterations
    ) throws(Unusable) -> Verifier {
        guard let prepared = Preparation.password(password.bytes) else { throw .password }
        switch kind {
        case .scramSHA1: return .scram(try SCRAMKeys(.sha1, prepared, salt: salt, iterations: iterations))
        case .scramSHA256: return .scram(try SCRAMKeys(.sha256, prepared, salt: salt, iterations: iterations))
        case .cramMD5: return .cramMD5(Secret(KeptHMACMD5.contexts(key: prepared.bytes)))
        case .apop: return .apop(prepared)
        // Windows prepares nothing.
        case .ntHash: return .ntHash(Secret(MD4.digest(UTF16Text.encode(String(decoding: password.bytes, as: UTF8.self)))))
        }
    }

    package var kind: VerifierKind {
        switch self {
        case .scram(let keys): keys.hash == .sha1 ? .scramSHA1 : .scramSHA256
        case .cramMD5: .cramMD5
        case .ntHash: .ntHash
        case .apop: .apop
        }
    }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Verifier {
    /// For a column of a database: Dovecot's form, the scheme in braces. Dovecot dropped NTLM in 2.3.13; ours is the
    /// form that it had.
    package var text: String {
        let value =
            switch self {
            case .scram(let keys): keys.text
            case .cramMD5(let contexts): String(decoding: Hexadecimal.encode(contexts.bytes), as: UTF8.self)
            case .ntHash(let hash): String(decoding: Hexadecimal.encode(hash.bytes), as: UTF8.self)
            case .apop(let password): String(decoding: Base64.encode(password.bytes), as: UTF8.self)
            }
        return "{\(kind.rawValue)}\(value)"
    }

    /// - Returns: nil for what `text` does not write, and for counts outside `SCRAMKeys`' limits.
    package init?(text: String) {
        guard text.utf8.count <= 1_024, text.first == "{", let brace = text.firstIndex(of: "}"),
            let kind = VerifierKind(rawValue: String(text[text.index(after: text.startIndex)..<brace]))
        else { return nil }
        let value = text[text.index(after: brace)...]
        switch kind {
        case .scramSHA1, .scramSHA256:
            guard let keys = SCRAMKeys(kind == .scramSHA1 ? .sha1 : .sha256, text: value) else { return nil }
            self = .scram(keys)
        case .cramMD5:
            guard let octets = Hexadecimal.decode(value.utf8), octets.count == 32 else { return nil }
            self = .cramMD5(Secret(octets))
        case .ntHash:
            guard let octets = Hexadecimal.decode(value.utf8), octets.count == 16 else { return nil }
            self = .ntHash(Secret(octets))
        case .apop:
            guard let octets = Base64.decode(value.utf8), !octets.isEmpty else { return nil }
            self = .apop(Secret(octets))
        }
    }
}
