// The listener's counters, for `postern status`. Counted on the event loops, read from anywhere.

import IPC
import Mail
import Synchronization

final class ListenerFigures: Sendable {
    final class Counter: Sendable {
        private let value = Atomic<Int64>(0)
        func add(_ amount: Int64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
        var current: Int64 { value.load(ordering: .relaxed) }
    }

    /// Sessions of one service.
    struct Service: Sendable {
        let open = Counter()
        let total = Counter()
    }

    private let smtp = Service()
    private let submission = Service()
    private let lmtp = Service()
    private let pop3 = Service()
    /// Connections that were told to come later.
    let turnedAway = Counter()
    /// Connections that the router did not want.
    let notAdmitted = Counter()
    let earlyTalkers = Counter()
    let transactions = Counter()
    let messages = Counter()
    /// Replies of class 4 and 5.
    let refusals = Counter()
    let timedOut = Counter()
    let routerFailures = Counter()

    subscript(service: ServiceName) -> Service {
        switch service {
        case .smtp: smtp
        case .submission: submission
        case .lmtp: lmtp
        case .pop3: pop3
        }
    }

    func figures() -> [Figure] {
        ServiceName.allCases.flatMap { service in
            [
                Figure("\(service.rawValue) sessions open", self[service].open.current),
                Figure("\(service.rawValue) sessions", self[service].total.current),
            ]
        } + [
            Figure("connections turned away", turnedAway.current),
            Figure("connections not admitted", notAdmitted.current),
            Figure("early talkers", earlyTalkers.current),
            Figure("transactions", transactions.current),
            Figure("messages accepted", messages.current),
            Figure("replies that refused", refusals.current),
            Figure("sessions timed out", timedOut.current),
            Figure("router failures", routerFailures.current),
        ]
    }
}
