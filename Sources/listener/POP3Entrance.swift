// The service pop3 for the acceptor: gives a connection to `LoginConnection`, with the limits that hold when it comes.

import IPC
import NIOCore
import POP3
import Settings
import Synchronization

final class POP3Entrance: Sendable {
    private let rules: Mutex<Rules>
    private let connector: SessionConnector

    fileprivate struct Rules {
        var login = LoginLimits()
        var pop3 = POP3Limits()
        var banner = ""
        var hostname = ""
        var loginDelay: POP3LoginDelay?
        /// For the handshake of STLS.
        var entrance = TimeAmount.seconds(30)
    }
    private let log: @Sendable (LoginEvent) -> Void

    /// - Parameter sessions: the path of the store's session socket.
    init(_ settings: ListenerSettings, sessions: String, log: @escaping @Sendable (LoginEvent) -> Void) {
        rules = Mutex(Rules(settings))
        connector = SessionConnector(path: sessions)
        self.log = log
    }

    /// New settings hold for every connection that comes from now on.
    func reload(_ settings: ListenerSettings) {
        rules.withLock { $0 = Rules(settings) }
    }

    /// The acceptor's `ConnectionMaker`.
    @Sendable func make(_ channel: any Channel, _ arrival: Arrival, _ loop: SessionLoop) throws {
        let rules = rules.withLock { $0 }
        var pop3 = rules.pop3
        if arrival.facts.isEncrypted || arrival.facts.client.isLoopback { pop3.takesPasswords = true }
        try channel.pipeline.syncOperations.addHandler(
            LoginConnection(
                arrival.facts, router: LoginRouter(loop.router, admission: arrival.admission, limits: rules.login),
                connector: connector, limits: rules.login, pop3: pop3,
                offer: offer(arrival, loop, rules, takesPasswords: pop3.takesPasswords),
                security: security(arrival, within: rules.entrance),
                timestamp: loop.settings.takesAPOP(at: arrival.plan) ? POP3Timestamp.make(rules.hostname) : nil, log: log))
    }

    /// D8: what some account can use, and nothing that shows a password where that is not allowed.
    private func offer(
        _ arrival: Arrival, _ loop: SessionLoop, _ rules: Rules, takesPasswords: Bool
    ) -> POP3Offer {
        let mechanisms = loop.settings.mailboxMechanisms(of: arrival.plan)
        var offer = POP3Offer()
        offer.greeting = rules.banner
        offer.loginDelay = rules.loginDelay
        offer.tls = arrival.plan.tls.stls
        offer.mechanisms = mechanisms.filter { !$0.needsTLS && (takesPasswords || !$0.showsPassword) }.map(\.rawValue)
        offer.securedMechanisms = mechanisms.map(\.rawValue)
        return offer
    }

    private func security(_ arrival: Arrival, within patience: TimeAmount) -> LoginSecurity {
        let (encryption, isOld) = (arrival.encryption, arrival.plan.oldTLS)
        return LoginSecurity(channelBinding: arrival.channelBinding) {
            encryption.secure($0, old: isOld, within: patience)
        }
    }
}

extension POP3Entrance.Rules {
    fileprivate init(_ settings: ListenerSettings) {
        login.login = TimeAmount(settings.pop3.loginTimeout)
        login.idle = TimeAmount(settings.pop3.idleTimeout)
        pop3.errors = settings.pop3.maxErrors
        pop3.takesPasswords = settings.auth.plaintextWithoutTLS
        pop3.refusedLogins = settings.pop3.maxRefusedLogins
        pop3.commands = 1_000
        banner = settings.pop3.banner
        hostname = settings.hostname
        loginDelay = POP3LoginDelay(Int(settings.pop3.loginDelay.wholeSeconds))
        entrance = TimeAmount(settings.pop3.loginTimeout)
    }
}

extension PortPlan.TLSOffer {
    fileprivate var stls: POP3TLSOffer {
        switch self {
        case .none, .implicit: .none
        case .onRequest: .offered
        case .required: .required
        }
    }
}
