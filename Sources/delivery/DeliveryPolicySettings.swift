// The room's policy from the house's settings.

import Mail
import NIOCore
import SMTP
import Settings
import TLS

extension DeliveryPolicy {
    init(_ settings: DeliverySettings) {
        self.init(hostname: settings.hostname, route: Route(settings))
        isEnabled = settings.enabled
        dnsServers = settings.dns.servers.map { "\($0)" }
        dnsTimeout = TimeAmount(settings.dns.timeout)
        retry = RetrySchedule(
            delays: settings.retry.map(UInt32.init(secondsOf:)), lifetime: UInt32(secondsOf: settings.lifetime))
        connections = settings.concurrency
        connectionsPerDestination = settings.destinationConcurrency
        messagesPerConnection = settings.messagesPerConnection
        times.connect = TimeAmount(settings.connectTimeout)
        let command = TimeAmount(settings.commandTimeout)
        (times.greeting, times.hello, times.login, times.sender) = (command, command, command, command)
        (times.data, times.content) = (command, command)
        // What is answered at once by a good server is not waited for longer than a command.
        times.tls = min(command, times.tls)
        times.recipients = max(command, times.recipients)
        times.endOfContent = TimeAmount(settings.dataTimeout)
        times.tick = min(times.tick, .nanoseconds(command.nanoseconds / 4))
    }
}

extension DeliveryPolicy.Route {
    fileprivate init(_ settings: DeliverySettings) {
        guard let host = settings.smarthost else {
            self = .mx(port: settings.port, tls: TLSMode(settings.tls))
            return
        }
        let credentials = host.user.map { user in
            SMTPClientCredentials(
                user: user, password: host.password ?? Secret(""),
                mechanisms: host.mechanisms.compactMap { SMTPClientCredentials.Mechanism(rawValue: $0.rawValue) },
                allowsClearText: host.tls == .none || host.tls == .wanted)
        }
        self = .smartHost(
            DeliveryPolicy.SmartHost(
                host: host.address.host, port: host.address.port, tls: TLSMode(host.tls), credentials: credentials))
    }
}

extension TLSMode {
    fileprivate init(_ mode: OutgoingTLS) {
        self =
            switch mode {
            case .none: .none
            case .wanted: .wanted
            case .required: .required
            case .implicit: .implicit
            }
    }
}

extension UInt32 {
    /// Whole seconds, at least one.
    fileprivate init(secondsOf duration: Duration) {
        self = UInt32(clamping: Swift.max(1, duration.components.seconds))
    }
}
