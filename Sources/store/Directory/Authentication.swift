// Is this password right? The slow hash decides; a right password is then remembered for a few minutes, as a keyed hash
// in memory, so that a program that logs in every minute does not cost a slow hash each time. A name that nobody has, a
// wrong password and an account that nobody can log in to take the same way.

import Crypto
import IPC
import Mail
import SASL
import Settings
import Synchronization

package final class Authentication: Sendable {
    /// Milliseconds.
    private static let memory: Int64 = 300_000
    private static let remembered = 100_000

    /// Whom a login says that it is.
    struct Candidate: Sendable {
        var resident: Directory.Resident
        /// Of the single login; an account's is in the database.
        var relay: KeptPassword?
    }

    /// Our own trouble.
    struct Trouble: Error {
        let because: String
    }

    private struct Known {
        let code: [UInt8]
        let until: Int64
    }

    let directory: Directory
    private let relay: RelayLogin
    private let database: any Database
    private let hashes: PasswordHashes
    private let tickets: Tickets
    private let now: @Sendable () -> Int64
    private let log: @Sendable (StoreEvent) -> Void
    private let key = SymmetricKey(size: .bits256)
    private let known = Mutex<[AccountID: Known]>([:])

    package init(
        directory: Directory, database: any Database, hashes: PasswordHashes, tickets: Tickets,
        now: @escaping @Sendable () -> Int64, log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.directory = directory
        self.database = database
        self.hashes = hashes
        self.tickets = tickets
        self.now = now
        self.log = log
        relay = RelayLogin(hashes)
    }

    /// Takes the single login of the settings, or takes it away, all or nothing. Blocks; not for an event loop.
    package func setRelayLogin(_ login: StoreSettings.RelayLogin?) throws(StoreFault) {
        guard !relay.isKnown(login) else { return }
        let new = try relay.prepare(login)
        try directory.setRelay(new?.verifiers) { [relay] in relay.take(new) }
        log(.directoryChanged(what: login == nil ? "the single login is gone" : "the single login is another one"))
    }

    /// Calls `answer` once, on any thread.
    package func verify(_ login: Login, _ answer: @escaping @Sendable (LoginAnswer) -> Void) {
        let user = Preparation.user(login.user.utf8)
        let candidate = user.flatMap { self.candidate($0, for: login.facts.service) }
        // What cannot be prepared is nobody's password.
        let password = Preparation.password(login.password.bytes)
        check(password ?? login.password, of: password == nil ? nil : candidate) { [self] result in
            switch result {
            case .success(true):
                guard let candidate else { return answer(refusal(login.facts, user: login.user, because: "nobody")) }
                answer(.granted(grant(candidate, login.facts, mechanism: nil)))
            case .success(false): answer(refusal(login.facts, user: login.user, because: "wrong user or password"))
            case .failure(let trouble): answer(unavailable(trouble, login.facts))
            }
        }
    }

    /// Whose login a ticket proves, while the account is there and its password is the same.
    package func redeem(_ ticket: Ticket, for service: ServiceName) -> Grant? {
        guard let resident = tickets.redeem(ticket, for: service) else { return nil }
        let isCurrent =
            resident.account == RelayLogin.account ? relay.isCurrent(resident) : directory.isCurrent(resident)
        return isCurrent ? Grant(ticket: ticket, account: resident.account, name: resident.name) : nil
    }
}

// Steps of a login, also for exchanges of SASL.
extension Authentication {
    /// - Parameter user: prepared.
    func candidate(_ user: String, for service: ServiceName) -> Candidate? {
        if service == .smtp || service == .submission, relay.isSet {
            // no account's login is good for sending then.
            return relay.resident(user).map { Candidate(resident: $0.0, relay: $0.1) }
        }
        guard let resident = EmailAddress(user).flatMap({ directory.resident($0) }) else { return nil }
        return Candidate(resident: resident)
    }

    /// Calls `done` once, on any thread.
    func verifier(
        _ kind: VerifierKind, of candidate: Candidate?,
        _ done: @escaping @Sendable (Result<Verifier?, Trouble>) -> Void
    ) {
        Task { [self] in
            do throws(DatabaseError) {
                let stored = try await database.verifier(kind, of: candidate?.resident.account ?? RelayLogin.account)
                done(.success(candidate?.relay?.verifiers.first { $0.kind == kind } ?? stored))
            } catch {
                done(.failure(Trouble(because: "index: \(error)")))
            }
        }
    }

    /// Calls `done` once, on any thread.
    /// - Parameter password: prepared.
    func check(
        _ password: Secret, of candidate: Candidate?, _ done: @escaping @Sendable (Result<Bool, Trouble>) -> Void
    ) {
        if let candidate, isRemembered(password, candidate.resident) { return done(.success(true)) }
        Task { [self] in
            let hash: String?
            do throws(DatabaseError) {
                let stored = try await database.credential(of: candidate?.resident.account ?? RelayLogin.account)
                hash = candidate?.relay?.hash ?? stored
            } catch {
                return done(.failure(Trouble(because: "index: \(error)")))
            }
            hashes.check(password, against: hash) { [self] result in
                if case .success(true) = result, let candidate { remember(password, candidate.resident) }
                done(result.mapError { Trouble($0) })
            }
        }
    }

    /// - Parameter mechanism: nil for a name and a password.
    func grant(_ candidate: Candidate, _ facts: SessionFacts, mechanism: SASLMechanism?) -> Grant {
        let resident = candidate.resident
        log(.loginGranted(resident.account, user: resident.name, facts, mechanism))
        return Grant(
            ticket: tickets.issue(resident, for: facts.service), account: resident.account, name: resident.name)
    }

    func refusal(_ facts: SessionFacts, user: String, because: String) -> LoginAnswer {
        log(.loginRefused(user: user, facts, because: because))
        return .refused(user: String(user.prefix(320)))
    }

    func unavailable(_ trouble: Trouble, _ facts: SessionFacts) -> LoginAnswer {
        log(.loginUnavailable(facts, because: trouble.because))
        return .unavailable(because: trouble.because)
    }
}

extension Authentication.Trouble {
    fileprivate init(_ failure: PasswordHashes.Failure) {
        switch failure {
        case .busy: because = "too many passwords wait to be checked"
        case .impossible(let reason): because = reason
        }
    }
}

// Remembered passwords.
extension Authentication {
    /// The generation is hashed with the password: what was right before it was changed is not remembered.
    private func code(_ password: Secret, _ resident: Directory.Resident) -> HMAC<SHA256>.MAC {
        var hash = HMAC<SHA256>(key: key)
        withUnsafeBytes(of: resident.account.rawValue) { hash.update(data: $0) }
        withUnsafeBytes(of: resident.generation) { hash.update(data: $0) }
        hash.update(data: password.bytes)
        return hash.finalize()
    }

    private func isRemembered(_ password: Secret, _ resident: Directory.Resident) -> Bool {
        guard let known = known.withLock({ $0[resident.account] }), known.until > now() else { return false }
        // MACs compare in constant time.
        return code(password, resident) == known.code
    }

    private func remember(_ password: Secret, _ resident: Directory.Resident) {
        let time = now()
        let entry = Known(code: Array(code(password, resident)), until: time + Self.memory)
        known.withLock { known in
            if known.count >= Self.remembered { known = known.filter { $0.value.until > time } }
            if known.count < Self.remembered { known[resident.account] = entry }
        }
    }
}
