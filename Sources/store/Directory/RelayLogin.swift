// The single login for relaying: a name and a password of the settings, with no mailbox. It is kept in memory only,
// in the form in which the accounts' passwords are kept in the database, so that it looks and lasts like theirs.

import Crypto
import Mail
import SASL
import Settings
import Synchronization

final class RelayLogin: Sendable {
    /// The account of its grants: no row of the database has this number.
    static let account = AccountID(rawValue: 0)

    /// A login of the settings, ready to be taken.
    struct Known {
        fileprivate let user: String
        fileprivate let password: KeptPassword
        /// A keyed hash of name and password: whether a reload brings others.
        fileprivate let code: [UInt8]

        var verifiers: Set<VerifierKind> { Set(password.verifiers.map(\.kind)) }
    }

    private struct State {
        var known: Known?
        var generation: UInt32 = 0
    }

    private let hashes: PasswordHashes
    private let key = SymmetricKey(size: .bits256)
    private let state = Mutex(State())

    init(_ hashes: PasswordHashes) { self.hashes = hashes }

    /// Whether there is one.
    var isSet: Bool { state.withLock { $0.known != nil } }

    /// Whom the name stands for where mail is sent, with the password that is wanted.
    func resident(_ user: String) -> (Directory.Resident, KeptPassword)? {
        state.withLock { state in
            guard let known = state.known, known.user == user else { return nil }
            let resident = Directory.Resident(account: Self.account, name: user, generation: state.generation)
            return (resident, known.password)
        }
    }

    func isCurrent(_ resident: Directory.Resident) -> Bool {
        state.withLock { $0.known?.user == resident.name && $0.generation == resident.generation }
    }

    /// Whether the settings say what is known already.
    func isKnown(_ login: StoreSettings.RelayLogin?) -> Bool { login.map(code) == state.withLock { $0.known?.code } }

    /// Makes it ready for `take`. Blocks for slow hashes; not for an event loop.
    func prepare(_ login: StoreSettings.RelayLogin?) throws(StoreFault) -> Known? {
        guard let login else { return nil }
        // Clients send the name prepared.
        guard let user = Preparation.user(login.user.utf8) else {
            throw StoreFault("relay.user cannot be the name of a login")
        }
        return Known(user: user, password: try make(login.password), code: code(login))
    }

    /// Tickets of the one before are worthless.
    func take(_ known: Known?) {
        state.withLock { state in
            state.known = known
            state.generation += 1
        }
    }

    private func make(_ password: Secret) throws(StoreFault) -> KeptPassword {
        switch hashes.keepAndWait(password, more: [.cramMD5]) {
        case .success(let kept): return kept
        case .failure(.impossible(let because)): throw StoreFault("relay.password_file: \(because)")
        case .failure(.busy): throw StoreFault("relay.password_file: too many passwords wait to be hashed, try again")
        }
    }

    private func code(_ login: StoreSettings.RelayLogin) -> [UInt8] {
        var hash = HMAC<SHA256>(key: key)
        hash.update(data: Array(login.user.utf8) + [0])
        hash.update(data: login.password.bytes)
        return Array(hash.finalize())
    }
}
