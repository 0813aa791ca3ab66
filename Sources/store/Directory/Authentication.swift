// Is this password right? The slow hash decides; a right password is then remembered for a few minutes, as a keyed hash
// in memory, so that a program that logs in every minute does not cost a slow hash each time.

import Crypto
import IPC
import Mail
import Synchronization

package final class Authentication: Sendable {
    /// Milliseconds.
    private static let memory: Int64 = 300_000
    private static let remembered = 100_000

    private struct Known {
        let code: [UInt8]
        let until: Int64
    }

    private let directory: Directory
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
    }

    /// Calls `answer` once, on any thread.
    package func verify(_ login: Login, _ answer: @escaping @Sendable (LoginAnswer) -> Void) {
        let account = EmailAddress(login.user).flatMap { directory.account($0) }
        guard let account else { return check(login, nil, nil, answer) }
        if isRemembered(login.password, account) { return grant(login, account, answer) }
        Task { [self] in
            do throws(DatabaseError) {
                check(login, account, try await database.credential(of: account), answer)
            } catch {
                unavailable("index: \(error)", answer)
            }
        }
    }

    /// The account's password is another one, or the account is gone.
    package func forget(_ account: AccountID) { known.withLock { $0[account] = nil } }

    private func check(
        _ login: Login, _ account: AccountID?, _ hash: String?, _ answer: @escaping @Sendable (LoginAnswer) -> Void
    ) {
        hashes.check(login.password, against: hash) { [self] result in
            switch result {
            case .success(true):
                guard let account else { return refuse(login, answer) }
                remember(login.password, account)
                grant(login, account, answer)
            case .success(false): refuse(login, answer)
            case .failure(.busy): unavailable("too many passwords wait to be checked", answer)
            case .failure(.impossible(let because)): unavailable(because, answer)
            }
        }
    }

    private func grant(_ login: Login, _ account: AccountID, _ answer: (LoginAnswer) -> Void) {
        log(.loginGranted(account, login.service, login.client))
        answer(.granted(tickets.issue(account, for: login.service)))
    }

    private func refuse(_ login: Login, _ answer: (LoginAnswer) -> Void) {
        log(.loginRefused(user: login.user, login.service, login.client))
        answer(.refused)
    }

    private func unavailable(_ because: String, _ answer: (LoginAnswer) -> Void) {
        log(.loginUnavailable(because: because))
        answer(.unavailable(because: because))
    }

    private func code(_ password: Secret, _ account: AccountID) -> HMAC<SHA256>.MAC {
        var hash = HMAC<SHA256>(key: key)
        withUnsafeBytes(of: account.rawValue) { hash.update(data: $0) }
        hash.update(data: password.bytes)
        return hash.finalize()
    }

    private func isRemembered(_ password: Secret, _ account: AccountID) -> Bool {
        guard let known = known.withLock({ $0[account] }), known.until > now() else { return false }
        // MACs compare in constant time.
        return code(password, account) == known.code
    }

    private func remember(_ password: Secret, _ account: AccountID) {
        let time = now()
        let entry = Known(code: Array(code(password, account)), until: time + Self.memory)
        known.withLock { known in
            if known.count >= Self.remembered { known = known.filter { $0.value.until > time } }
            if known.count < Self.remembered { known[account] = entry }
        }
    }
}
