// What a client says to prove who it is: USER and PASS, APOP, or an exchange of SASL. Secrets are of the type that no log
// shows.

import Mail

/// A name and a password as the client gave them.
package struct POP3Credentials: Equatable, Sendable {
    package var user: String
    package var password: Secret

    package static func == (left: Self, right: Self) -> Bool {
        left.user == right.user && left.password.bytes == right.password.bytes
    }
}

/// APOP (RFC 1939 §7).
package struct POP3DigestLogin: Equatable, Sendable {
    package var user: String
    /// That of the greeting, with its angle brackets.
    package var timestamp: String
    /// MD5 of the timestamp with the password behind it: 16 octets. Whoever has it can try passwords at leisure.
    package var digest: Secret

    package static func == (left: Self, right: Self) -> Bool {
        left.user == right.user && left.timestamp == right.timestamp && left.digest.bytes == right.digest.bytes
    }
}

/// The client's part of an exchange of SASL (RFC 5034), decoded.
package enum POP3Exchange: Equatable, Sendable {
    /// The mechanism is one of those offered now, in upper case. `initial`: nil where the client sent none, empty where
    /// it sent "=".
    case begin(mechanism: String, initial: Secret?)
    /// The answer to a challenge.
    case response(Secret)

    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.begin(let one, let first), .begin(let other, let second)):
            one == other && first?.bytes == second?.bytes
        case (.response(let first), .response(let second)): first.bytes == second.bytes
        default: false
        }
    }
}
