// Who lives here: the part of the directory that look-ups need, in memory, in step with the database.

import IPC
import Mail
import NIOCore
import Synchronization

package final class Directory: Sendable {
    /// Rooms that wait for a change.
    private static let waiters = 1_024

    private struct Waiter: Sendable {
        let number: UInt64
        let answer: @Sendable (UInt64) -> Void
    }

    private struct State {
        var version: UInt64
        var domains: Set<String>
        /// By folded address.
        var accounts: [String: AccountID]
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
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
        _ loaded: Loaded, database: any Database, on eventLoop: any EventLoop, patience: TimeAmount = .minutes(5),
        now: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.eventLoop = eventLoop
        self.patience = patience
        self.now = now
        var accounts: [String: AccountID] = [:]
        accounts.reserveCapacity(loaded.accounts.count)
        for account in loaded.accounts { accounts[account.address.folded] = account.id }
        state = Mutex(
            State(version: loaded.directoryVersion, domains: Set(loaded.domains), accounts: accounts))
    }

    package var figures: [Figure] {
        state.withLock {
            [
                Figure("domains", Int64($0.domains.count)), Figure("accounts", Int64($0.accounts.count)),
                Figure("directory-version", Int64($0.version)),
            ]
        }
    }

    /// In the order asked, with the version that they are true for. Never waits.
    package func lookUp(_ addresses: [EmailAddress]) -> (residents: [Resident], version: UInt64) {
        state.withLock { state in
            let residents = addresses.map { address -> Resident in
                guard state.domains.contains(address.domain) else { return .foreign }
                return state.accounts[address.folded].map { .account($0) } ?? .unknown
            }
            return (residents, state.version)
        }
    }

    package func account(_ address: EmailAddress) -> AccountID? {
        state.withLock { $0.accounts[address.folded] }
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

// Changes: first durable, then known.
extension Directory {
    /// One change; `done` on any thread with nil, or with the reason why it was not made.
    package func addDomain(_ name: String, _ done: @escaping @Sendable (String?) -> Void) {
        commit(.addDomain(name), done) { state, _ in state.domains.insert(name) }
    }

    package func removeDomain(_ name: String, _ done: @escaping @Sendable (String?) -> Void) {
        commit(.removeDomain(name), done) { state, _ in state.domains.remove(name) }
    }

    /// - Parameter credential: the hash of its password.
    package func addAccount(
        _ address: EmailAddress, credential: String, _ done: @escaping @Sendable (String?) -> Void
    ) {
        commit(.addAccount(address, credential: credential, at: now()), done) { state, account in
            state.accounts[address.folded] = account
        }
    }

    package func removeAccount(
        _ address: EmailAddress, _ done: @escaping @Sendable (String?, AccountID?) -> Void
    ) {
        let account = account(address)
        commit(.removeAccount(address, at: now()), { done($0, account) }) { state, _ in
            state.accounts[address.folded] = nil
        }
    }

    private func commit(
        _ change: Change, _ done: @escaping @Sendable (String?) -> Void,
        _ learn: @escaping @Sendable (inout State, AccountID?) -> Void
    ) {
        database.commit([change]) { [self] results in
            var account: AccountID?
            switch results.first {
            case .done: break
            case .account(let id): account = id
            case .rejected(let because): return done(because)
            case .failed(let error): return done("the index cannot take it now: \(error)")
            default: return done("the index gave no answer")
            }
            let (waiters, version) = state.withLock { state in
                learn(&state, account)
                state.version += 1
                defer { state.waiters = [] }
                return (state.waiters, state.version)
            }
            for waiter in waiters { waiter.answer(version) }
            done(nil)
        }
    }
}
