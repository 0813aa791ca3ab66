// Is this password right, and is it good for this? The hashes of all passwords that an account has decide; a right one is
// then remembered for a few minutes. A name that nobody has, a wrong password and an account that nobody can log in to take
// the same way.

import IPC
import Mail
import SASL
import Settings

package final class Authentication: Sendable {
    /// Whom a login says that it is.
    struct Candidate: Sendable {
        var resident: Directory.Resident
        /// Of the single login; an account's is in the database.
        var relay: KeptPassword?
        /// Whose mailbox it asks for, as the client wrote it; nil: its own.
        var mailbox: String?
    }

    /// Our own trouble.
    struct Trouble: Error {
        let because: String
    }

    /// What an exchange of SASL is held against.
    struct Proof: Sendable {
        var verifier: Verifier?
        /// The account's own, which the verifier was made of; nil: there is no account.
        var password: StoredPassword?
    }

    let directory: Directory
    private let relay: RelayLogin
    private let database: any Database
    private let hashes: PasswordHashes
    private let tickets: Tickets
    private let vault: PasswordVault
    private let now: @Sendable () -> Int64
    private let log: @Sendable (StoreEvent) -> Void
    private let remembered = RememberedPasswords()

    package init(
        directory: Directory, database: any Database, hashes: PasswordHashes, tickets: Tickets,
        vault: PasswordVault, now: @escaping @Sendable () -> Int64, log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.directory = directory
        self.database = database
        self.hashes = hashes
        self.tickets = tickets
        self.vault = vault
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
        let name = login.name
        var named = Preparation.user(name.user.utf8).flatMap { self.candidate($0, for: login.facts.service) }
        named?.mailbox = name.mailbox.map { Preparation.user($0.utf8) ?? $0 }
        let candidate = named
        // What cannot be prepared is nobody's password.
        let password = Preparation.password(login.password.bytes)
        let facts = login.facts
        check(password ?? login.password, of: password == nil ? nil : candidate, for: facts.service) { [self] result in
            switch result {
            case .success(let right?):
                guard let candidate else { return answer(refusal(facts, user: name.user, because: "nobody")) }
                if let because = fault(right, facts) { return answer(refusal(facts, user: name.user, because: because)) }
                grant(candidate, with: right, facts, mechanism: nil, answer)
            case .success(nil): answer(refusal(facts, user: name.user, because: "wrong user or password"))
            case .failure(let trouble): answer(unavailable(trouble, facts))
            }
        }
    }

    /// Whose login a ticket proves, while the account is there and its password is the same.
    package func redeem(_ ticket: Ticket, for service: ServiceName) -> Grant? {
        content(of: ticket, for: service).map { Grant(ticket: ticket, account: $0.resident.account, name: $0.resident.name) }
    }

    /// The same for a session that reads mail.
    package func redeemMaildrop(_ ticket: Ticket) -> MaildropVisit? {
        content(of: ticket, for: .pop3).map {
            MaildropVisit(
                login: $0.resident.account, user: $0.resident.name, maildrop: $0.maildrop, isReadOnly: !$0.mayRemove)
        }
    }

    private func content(of ticket: Ticket, for service: ServiceName) -> Tickets.Content? {
        guard let content = tickets.redeem(ticket, for: service) else { return nil }
        let resident = content.resident
        let isCurrent =
            resident.account == RelayLogin.account ? relay.isCurrent(resident) : directory.isCurrent(resident)
        return isCurrent ? content : nil
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

    /// The same for all names that `candidate` takes for one user, or would if there were one.
    func folded(_ user: String, for service: ServiceName) -> String {
        if service == .smtp || service == .submission, relay.isSet { return user }
        return EmailAddress(user).map { directory.folded($0).description } ?? user
    }

    /// Calls `done` once, on any thread.
    func verifier(
        _ kind: VerifierKind, of candidate: Candidate?, _ done: @escaping @Sendable (Result<Proof, Trouble>) -> Void
    ) {
        Task { [self] in
            do throws(DatabaseError) {
                let stored = try await database.verifier(kind, of: candidate?.resident.account ?? RelayLogin.account)
                let verifier = candidate?.relay?.verifiers.first { $0.kind == kind } ?? stored
                let password = try await passwords(of: candidate).first
                done(opened(verifier).map { Proof(verifier: $0, password: password) })
            } catch {
                done(.failure(Trouble(because: "index: \(error)")))
            }
        }
    }

    private func opened(_ verifier: Verifier?) -> Result<Verifier?, Trouble> {
        guard case .apop(let sealed) = verifier else { return .success(verifier) }
        guard let password = vault.open(sealed) else {
            return .failure(Trouble(because: "the password for APOP was sealed with another key: set it again"))
        }
        return .success(.apop(password))
    }

    /// The account's own first.
    private func passwords(of candidate: Candidate?) async throws(DatabaseError) -> [StoredPassword] {
        let stored = try await database.passwords(of: candidate?.resident.account ?? RelayLogin.account)
        return candidate?.relay.map { [StoredPassword(hash: $0.hash)] } ?? stored
    }

    /// Calls `done` once, on any thread, with the password of the account that this is; nil: it is none.
    /// - Parameter password: prepared.
    func check(
        _ password: Secret, of candidate: Candidate?, for service: ServiceName,
        _ done: @escaping @Sendable (Result<StoredPassword?, Trouble>) -> Void
    ) {
        let time = now()
        if let candidate, let known = remembered.find(password, of: candidate.resident, at: time),
            known.fault(for: service, at: time) == nil
        {
            return done(.success(known))
        }
        Task { [self] in
            let all: [StoredPassword]
            do throws(DatabaseError) { all = try await passwords(of: candidate) } catch {
                return done(.failure(Trouble(because: "index: \(error)")))
            }
            // Two of them may be the same words, and one of these good for it.
            let good = all.filter { $0.fault(for: service, at: time) == nil }
            let ordered = good + all.filter { $0.fault(for: service, at: time) != nil }
            hashes.check(password, against: ordered.map(\.hash)) { [self] result in
                let right = result.map { $0.map { ordered[$0] } }
                if case .success(let right?) = right { remember(password, right, candidate, service) }
                done(right.mapError { Trouble($0) })
            }
        }
    }

    /// A fast hash costs no more than remembering does; what is not good for the service is to be looked at again.
    private func remember(_ password: Secret, _ right: StoredPassword, _ candidate: Candidate?, _ service: ServiceName) {
        let time = now()
        guard let candidate, !MadePassword.isHash(right.hash), right.fault(for: service, at: time) == nil else { return }
        var kept = right
        // This login notes the day; those that come from memory need not.
        kept.usedOn = Day.number(time)
        remembered.add(password, kept, of: candidate.resident, at: time)
    }

    /// Why a right password does not let its owner in.
    func fault(_ password: StoredPassword, _ facts: SessionFacts) -> String? {
        password.fault(for: facts.service, at: now())
    }

    /// The login is proved. Calls `done` once, on any thread.
    /// - Parameter mechanism: nil for a name and a password.
    func grant(
        _ candidate: Candidate, with password: StoredPassword, _ facts: SessionFacts, mechanism: SASLMechanism?,
        _ done: @escaping @Sendable (LoginAnswer) -> Void
    ) {
        let resident = candidate.resident
        note(password, of: resident.account)
        let grant = { @Sendable [self] (maildrop: ChosenMaildrop?) in
            let granted = LoginGranted(
                account: resident.account, user: resident.name, mechanism: mechanism, password: password.name,
                maildrop: maildrop)
            log(.loginGranted(granted, facts))
            let ticket = tickets.issue(resident, for: facts.service, until: password.expiresAt, maildrop: maildrop)
            done(.granted(Grant(ticket: ticket, account: resident.account, name: resident.name)))
        }
        guard let mailbox = candidate.mailbox else { return grant(nil) }
        Task { [self] in
            do throws(DatabaseError) {
                switch try await MaildropChoice(directory, database).maildrop(mailbox, for: resident) {
                case .success(let maildrop): grant(maildrop)
                case .failure(let closed):
                    log(.loginRefused(user: resident.name, facts, because: closed.because))
                    done(.forbidden(user: resident.name))
                }
            } catch {
                done(unavailable(Trouble(because: "index: \(error)"), facts))
            }
        }
    }

    /// Once a day for each password, and nobody waits for it.
    private func note(_ password: StoredPassword, of account: AccountID) {
        let today = Day.number(now())
        guard account != RelayLogin.account, password.usedOn != today else { return }
        database.commit([.passwordUsed(account, name: password.name, day: today)]) { _ in }
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
