// The least time between two logins of a user to a maildrop (RFC 2449 §6.5), whatever the listener and the connection. Several
// who share one wait each for themselves: nobody can know when another was there. One who reads several waits for each alone.

import Mail
import Settings
import Synchronization

package final class LoginPace: Sendable {
    /// Users and maildrops whose last login is known; of more, all are let in early once.
    package static let limit = 1_000_000

    private struct Place: Hashable {
        let login: AccountID
        let maildrop: AccountID

        init(_ visit: MaildropVisit) { (login, maildrop) = (visit.login, visit.maildrop) }
    }

    private struct State {
        /// Milliseconds.
        var delay: Int64 = 0
        var last: [Place: Int64] = [:]
        /// When `last` is looked through for what is past.
        var nextSweep: Int64 = 0
    }

    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameter now: milliseconds since 1970.
    package init(now: @escaping @Sendable () -> Int64) { self.now = now }

    /// 0: nobody waits.
    package var seconds: Int { state.withLock { Int($0.delay / 1000) } }

    /// For every login from now on. In whole seconds, since CAPA says no others.
    package func set(_ delay: Duration) {
        state.withLock { state in
            state.delay = delay.wholeSeconds * 1000
            if state.delay == 0 { state.last = [:] }
        }
    }

    /// False: the last visit was a moment ago. A clock that was set back keeps nobody out.
    func mayEnter(_ visit: MaildropVisit) -> Bool {
        let (time, place) = (now(), Place(visit))
        return state.withLock { state in
            guard state.delay > 0, let last = state.last[place] else { return true }
            return !(last..<last + state.delay).contains(time)
        }
    }

    /// The maildrop is open.
    func entered(_ visit: MaildropVisit) {
        let (time, place) = (now(), Place(visit))
        state.withLock { state in
            guard state.delay > 0 else { return }
            if time >= state.nextSweep || state.last.count >= Self.limit {
                state.last = state.last.filter { ($0.value..<$0.value + state.delay).contains(time) }
                state.nextSweep = time + state.delay
            }
            if state.last.count >= Self.limit { state.last.removeAll() }
            state.last[place] = time
        }
    }
}
