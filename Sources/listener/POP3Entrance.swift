// The service pop3 for the acceptor: gives a connection to `LoginConnection`, with the limits that hold when it comes.

import IPC
import NIOCore
import POP3
import Settings
import Synchronization

final class POP3Entrance: Sendable {
    private let limits: Mutex<(login: LoginLimits, pop3: POP3Limits)>
    private let connector: SessionConnector
    private let log: @Sendable (LoginEvent) -> Void

    /// - Parameter sessions: the path of the store's session socket.
    init(_ settings: ListenerSettings, sessions: String, log: @escaping @Sendable (LoginEvent) -> Void) {
        limits = Mutex(POP3Entrance.limits(settings))
        connector = SessionConnector(path: sessions)
        self.log = log
    }

    /// New settings hold for every connection that comes from now on.
    func reload(_ settings: ListenerSettings) {
        limits.withLock { $0 = POP3Entrance.limits(settings) }
    }

    /// The acceptor's `ConnectionMaker`.
    @Sendable func make(_ channel: any Channel, _ arrival: Arrival, _ loop: SessionLoop) throws {
        let (login, given) = limits.withLock { $0 }
        var pop3 = given
        if arrival.facts.isEncrypted || arrival.facts.client.isLoopback { pop3.takesPasswords = true }
        try channel.pipeline.syncOperations.addHandler(
            LoginConnection(
                arrival.facts, router: LoginRouter(loop.router, admission: arrival.admission, limits: login),
                connector: connector, limits: login, pop3: pop3,
                log: log))
    }

    private static func limits(_ settings: ListenerSettings) -> (login: LoginLimits, pop3: POP3Limits) {
        var login = LoginLimits()
        login.login = TimeAmount(settings.pop3.loginTimeout)
        login.idle = TimeAmount(settings.pop3.idleTimeout)
        var pop3 = POP3Limits()
        pop3.errors = settings.pop3.maxErrors
        pop3.takesPasswords = settings.auth.plaintextWithoutTLS
        pop3.refusedLogins = settings.pop3.maxRefusedLogins
        return (login, pop3)
    }
}
