// How many strangers are here, in all and from each address, and whether one more may come. Shared by all loops. POP3 is
// counted apart from mail, so that neither can keep the other out.

import IPC
import Mail
import Synchronization

final class Occupancy: Sendable {
    enum Refusal: Equatable {
        /// All sessions are taken.
        case full
        /// The client's address has its share.
        case client
        /// The port has no more places.
        case port
    }

    private struct Hall {
        var limits: SessionLimits
        var total = 0
        var perClient: [InternetAddress: Int] = [:]
    }

    private struct State {
        var mail: Hall
        var pop3: Hall
        /// By number of `[[listen]]`; only of ports with a limit.
        var ports: [UInt16: Int] = [:]
    }

    private let state: Mutex<State>
    /// What the process's descriptors allow, in all.
    private let ceiling: Int

    init(_ policy: ListenerPolicy, ceiling: Int = .max) {
        self.ceiling = ceiling
        state = Mutex(State(mail: Hall(limits: policy.mailSessions), pop3: Hall(limits: policy.pop3Sessions)))
    }

    var total: Int { state.withLock { $0.mail.total + $0.pop3.total } }

    func use(_ policy: ListenerPolicy) {
        state.withLock { state in
            state.mail.limits = policy.mailSessions
            state.pop3.limits = policy.pop3Sessions
        }
    }

    /// Takes a place; nil when there was one. Who got a place gives it back by `leave`.
    func enter(_ port: PortPlan, _ client: InternetAddress) -> Refusal? {
        state.withLock { state in
            guard state.mail.total + state.pop3.total < ceiling else { return .full }
            let here = state.ports[port.number, default: 0]
            if let limit = port.maxSessions, here >= limit { return .port }
            let refusal =
                port.service == .pop3 ? Occupancy.enter(&state.pop3, client) : Occupancy.enter(&state.mail, client)
            if refusal == nil, port.maxSessions != nil { state.ports[port.number] = here + 1 }
            return refusal
        }
    }

    func leave(_ port: PortPlan, _ client: InternetAddress) {
        state.withLock { state in
            if port.service == .pop3 { Occupancy.leave(&state.pop3, client) } else { Occupancy.leave(&state.mail, client) }
            if port.maxSessions != nil { state.ports[port.number, default: 1] -= 1 }
        }
    }

    private static func enter(_ hall: inout Hall, _ client: InternetAddress) -> Refusal? {
        guard hall.total < hall.limits.total else { return .full }
        let key = key(client)
        let count = hall.perClient[key, default: 0]
        guard count < hall.limits.perClient else { return .client }
        hall.total += 1
        hall.perClient[key] = count + 1
        return nil
    }

    private static func leave(_ hall: inout Hall, _ client: InternetAddress) {
        let key = key(client)
        guard let count = hall.perClient[key] else { return }
        hall.total -= 1
        hall.perClient[key] = count > 1 ? count - 1 : nil
    }

    /// IPv6 addresses are handed out by the /64: one client has them all.
    private static func key(_ client: InternetAddress) -> InternetAddress {
        client.isV4 || client.isLoopback ? client : InternetAddress(high: client.high, low: 0)
    }
}
