// Who lives here: the directory in memory, in step with the database, its version, and those who wait for a change.

import IPC
import Mail
import NIOCore
import SASL
import Synchronization

package final class Directory: Sendable {
    /// Rooms that wait for a change.
    private static let waiters = 1_024
    /// Between two versions for those who became full or have room again: each makes routers forget everything.
    private static let quotaPause = TimeAmount.milliseconds(500)

    fileprivate struct Waiter: Sendable {
        let number: UInt64
        let answer: @Sendable (UInt64) -> Void
    }

    fileprivate struct State {
        var version: UInt64
        var tables: DirectoryTables
        /// How often the password of an account was changed since the start. Tickets do not outlive the process either.
        var passwords: [AccountID: UInt32] = [:]
        /// What the single login for relaying can be checked by; nil: there is none.
        var relayVerifiers: Set<VerifierKind>?
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
        /// Somebody is full, or has room again, and a new version will say so.
        var isTellingOfQuotas = false
        var toldOfQuotas = NIODeadline.uptimeNanoseconds(0)
    }

    /// A user, as a login finds one.
    struct Resident: Sendable {
        var account: AccountID
        /// The account's address in small letters.
        var name: String
        /// Another number than before: the password is another one.
        var generation: UInt32
    }

    private let state: Mutex<State>
    private let database: any Database
    private let eventLoop: any EventLoop
    private let now: @Sendable () -> Int64
    private let patience: TimeAmount

    /// - Parameters:
    ///   - patience: after this time a question for a change is answered without one.
    ///   - eventLoop: for the timer only.
    package init(
        _ tables: DirectoryTables, version: UInt64, database: any Database, on eventLoop: any EventLoop,
        patience: TimeAmount = .minutes(5), now: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.eventLoop = eventLoop
        self.patience = patience
        self.now = now
        state = Mutex(State(version: version, tables: tables))
    }

    package var figures: [Figure] {
        state.withLock { $0.tables.figures + [Figure("directory-version", Int64($0.version))] }
    }

    /// In the order asked, with the version that they are true for. Never waits.
    package func lookUp(_ addresses: [EmailAddress]) -> (entries: [DirectoryEntry], version: UInt64) {
        state.withLock { state in (addresses.map { state.tables.entry(of: $0) }, state.version) }
    }

    /// What the router keeps in whole.
    package var policy: DirectoryPolicy {
        state.withLock { state in
            DirectoryPolicy(
                version: state.version, rules: state.tables.rules.map(\.rule),
                trusted: state.tables.ranges[.trusted] ?? [], safe: state.tables.ranges[.safe] ?? [],
                mechanisms: state.mechanisms.map(\.rawValue), full: state.tables.fullByRules)
        }
    }

    /// Mechanisms that at least one credential can satisfy (D8), strongest first.
    var mechanisms: [SASLMechanism] { state.withLock { $0.mechanisms } }

    package func ranges(_ list: AccessList) -> [AddressRange] { state.withLock { $0.tables.ranges[list] ?? [] } }

    /// `host:port` that gets what an address of this domain does not take (E-09).
    package func transport(of domain: String) -> String? { state.withLock { $0.tables.transport(of: domain) } }

    func resident(_ address: EmailAddress) -> Resident? {
        state.withLock { state in
            guard let user = state.tables.user(address) else { return nil }
            return Resident(
                account: user.id, name: user.address.stored, generation: state.passwords[user.id, default: 0])
        }
    }

    /// The same for every spelling of one user's address, of those too who are not there.
    func folded(_ address: EmailAddress) -> EmailAddress { state.withLock { $0.tables.folded(address) } }

    /// Whether the user is still there, with the password of that time.
    func isCurrent(_ resident: Resident) -> Bool {
        guard let address = EmailAddress(stored: resident.name), let current = self.resident(address) else { return false }
        return current.account == resident.account && current.generation == resident.generation
    }

    /// Calls `answer` once, on any thread, with the version as soon as it differs from this one, or after a while.
    /// - Returns: for `forget`.
    package func change(since version: UInt64, _ answer: @escaping @Sendable (UInt64) -> Void) -> UInt64? {
        let (current, number) = state.withLock { state -> (UInt64, UInt64?) in
            guard state.version == version, state.waiters.count < Self.waiters else { return (state.version, nil) }
            state.nextWaiter += 1
            state.waiters.append(Waiter(number: state.nextWaiter, answer: answer))
            return (state.version, state.nextWaiter)
        }
        guard let number else {
            answer(current)
            return nil
        }
        eventLoop.scheduleTask(in: patience) { [self] in remove(number)?.answer(version) }
        return number
    }

    /// Nobody waits for the answer any more.
    package func forget(_ waiter: UInt64) { _ = remove(waiter) }

    /// Everybody who waits is answered with what is.
    package func stop() {
        let (waiters, version) = state.withLock { state in
            defer { state.waiters = [] }
            return (state.waiters, state.version)
        }
        for waiter in waiters { waiter.answer(version) }
    }

    private func remove(_ number: UInt64) -> Waiter? {
        state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiters.remove(at: index)
        }
    }
}

extension Directory.State {
    fileprivate var mechanisms: [SASLMechanism] {
        SASLMechanism.satisfied(
            by: tables.verifierKinds.union(relayVerifiers ?? []), hasPassword: tables.hasUsers || relayVerifiers != nil)
    }
}

// Changes: first durable, then known.
extension Directory {
    /// One change; `done` on any thread with nil, or with the reason why it was not made.
    package func make(_ change: DirectoryChange, _ done: @escaping @Sendable (String?) -> Void) {
        commit(change, done) { $0.learn($1) }
    }

    /// What a commit has made of those who have limits. It is true for look-ups at once; others are told by a new version, a
    /// little later when there was one just now.
    package func learn(_ news: [QuotaNews]) {
        let wait: TimeAmount? = state.withLock { state in
            var isChanged = false
            for one in news { isChanged = state.tables.learn(one) || isChanged }
            guard isChanged, !state.isTellingOfQuotas else { return nil }
            state.isTellingOfQuotas = true
            return max(.nanoseconds(0), state.toldOfQuotas + Self.quotaPause - .now())
        }
        guard let wait else { return }
        eventLoop.scheduleTask(in: wait) { [self] in
            state.withLock { state in
                state.isTellingOfQuotas = false
                state.toldOfQuotas = .now()
            }
            make(.touch) { _ in }
        }
    }

    /// Another single login, or none. Blocks; not for an event loop.
    /// - Parameters:
    ///   - kinds: what it can be checked by; nil: there is none.
    ///   - take: called once, before anybody hears of the change; not at all when it throws.
    func setRelay(_ kinds: Set<VerifierKind>?, _ take: @escaping @Sendable () -> Void) throws(StoreFault) {
        let because: String? = blocking { done in
            commit(.touch, done) { state, _ in
                state.relayVerifiers = kinds
                take()
            }
        }
        if let because { throw StoreFault(because) }
    }

    private func commit(
        _ change: DirectoryChange, _ done: @escaping @Sendable (String?) -> Void,
        _ learn: @escaping @Sendable (inout State, DirectoryNews) -> Void
    ) {
        database.commit([.directory(change, at: now())]) { [self] results in
            switch results.first {
            case .directory(let news):
                let (waiters, version) = state.withLock { state in
                    learn(&state, news)
                    state.version += 1
                    defer { state.waiters = [] }
                    return (state.waiters, state.version)
                }
                for waiter in waiters { waiter.answer(version) }
                done(nil)
            case .rejected(let because): done(because)
            case .failed(let error): done("the index cannot take it now: \(error)")
            default: done("the index gave no answer")
            }
        }
    }
}

extension Directory.State {
    fileprivate mutating func learn(_ news: DirectoryNews) {
        if case .password(let account, _) = news { passwords[account, default: 0] += 1 }
        tables.learn(news)
    }
}
