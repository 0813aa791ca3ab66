// One of an account's passwords as a login meets it: its hash, and what it is good for.

import IPC
import Mail

package struct StoredPassword: Sendable {
    /// nil: the account's own.
    package var name: String?
    /// libcrypt's or `MadePassword`'s; what neither knows is nobody's password.
    package var hash: String
    /// nil: everything.
    package var scopes: Set<PasswordScope>?
    /// Milliseconds since 1970; nil where it is not known, and for what does not end.
    package var madeAt: Int64?
    package var expiresAt: Int64?
    /// Days since 1970.
    package var usedOn: Int64?

    package init(name: String? = nil, hash: String) {
        self.name = name
        self.hash = hash
    }

    /// Why it does not let anybody in, right as it is; nil: it does. For the journal alone.
    func fault(for service: ServiceName, at now: Int64) -> String? {
        let what = name.map { "the password \"\($0)\"" } ?? "the account's own password"
        if let expiresAt, expiresAt <= now { return "\(what) is right, and expired on \(Day.text(Day.number(expiresAt)))" }
        guard let scopes, !scopes.contains(PasswordScope(service)) else { return nil }
        return "\(what) is right, and not good for \(service.rawValue): only for \(scopes.text)"
    }
}

extension Set<PasswordScope> {
    /// In the order of the vocabulary, with commas.
    var text: String { PasswordScope.allCases.filter(contains).map(\.rawValue).joined(separator: ",") }

    /// - Parameter text: a column. What a newer release has written there is left out, so that nothing becomes wider.
    init(text: String) { self = Set(text.split(separator: ",").compactMap { PasswordScope(rawValue: String($0)) }) }
}

enum Day {
    static let milliseconds: Int64 = 86_400_000

    /// Since 1970, in UTC.
    static func number(_ time: Int64) -> Int64 { time / milliseconds }

    static func text(_ number: Int64) -> String { GregorianDay.text(Int(number)) }
}
