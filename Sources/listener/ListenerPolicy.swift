// What the listener hears by: its part of the settings as its code uses them. Values only.

import IPC
import Mail
import NIOCore
import SMTP
import Settings

struct ListenerPolicy: Sendable {
    /// T-18: named in the banner and in the answer to EHLO.
    var hostname: String
    /// Behind the name in the banner.
    var banner = "ESMTP"
    var ports: [PortPlan]
    var limits = SMTPLimits()
    /// Passwords may be sent without TLS (D8).
    var plaintextWithoutTLS = false
    /// A login gives a right at a port of SMTP.
    var loginsRelay = true
    /// Of smtp and submission together.
    var mailSessions = SessionLimits()
    var pop3Sessions = SessionLimits()
    var timeouts = SessionTimeouts()

    init(hostname: String, ports: [PortPlan]) {
        self.hostname = hostname
        self.ports = ports
    }

    init(_ settings: ListenerSettings) {
        self.init(hostname: settings.hostname, ports: settings.ports.compactMap { PortPlan($0) })
        let smtp = settings.smtp
        banner = smtp.banner
        limits.messageSize = smtp.maxMessageSize
        limits.recipients = smtp.maxRecipients
        limits.errors = smtp.maxErrors
        limits.transactions = smtp.maxMessagesPerSession > 0 ? smtp.maxMessagesPerSession : nil
        plaintextWithoutTLS = settings.auth.plaintextWithoutTLS
        loginsRelay = settings.loginsRelay
        let most = MachineSize.current.sessions
        mailSessions = SessionLimits(
            total: smtp.maxSessions > 0 ? smtp.maxSessions : most, perClient: smtp.maxSessionsPerClient)
        pop3Sessions = SessionLimits(
            total: settings.pop3.maxSessions > 0 ? settings.pop3.maxSessions : most,
            perClient: settings.pop3.maxSessionsPerClient)
        timeouts.command = TimeAmount(smtp.commandTimeout)
        timeouts.content = TimeAmount(smtp.dataTimeout)
    }

    func sessions(of service: ServiceName) -> SessionLimits { service == .pop3 ? pop3Sessions : mailSessions }

    /// Event loops for these settings: one for each processor, two at most unless it is said; the other rooms need
    /// processors too.
    static func loops(_ settings: ListenerSettings) -> Int {
        settings.loops > 0 ? settings.loops : min(System.coreCount, 2)
    }
}

/// One `[[listen]]` that has a socket.
struct PortPlan: Hashable, Sendable {
    var service: ServiceName
    /// Which `[[listen]]` it is, from 1 on; 0: a default port.
    var number: UInt16 = 0
    /// Empty: every address of the machine, also those that come later (T-13).
    var addresses: [InternetAddress]
    var port: UInt16
    /// Of a Unix socket, in place of addresses and port.
    var path: String?
    /// Connections that the kernel keeps until they are accepted.
    var backlog: CInt
    /// Sessions at once at this port; nil: no limit of its own.
    var maxSessions: Int?
    var tls = TLSOffer.none
    var oldTLS = false
    /// Load balancers: what they send begins with a PROXY header.
    var proxies: [AddressRange] = []
    /// What only SMTP needs.
    var smtp = SMTPPort()

    enum TLSOffer: Hashable, Sendable { case none, onRequest, required, implicit }

    /// Whether there is a socket at all (T-16).
    var isOpen: Bool { port != 0 || path != nil }

    init(_ service: ServiceName, _ addresses: [InternetAddress] = [], port: UInt16, backlog: CInt = 1024) {
        self.service = service
        self.addresses = addresses
        self.port = port
        self.backlog = backlog
        if service == .submission { smtp.role = .outgoing }
    }

    /// nil for a service that this release does not speak.
    init?(_ port: ListenerSettings.Port) {
        let listen = port.service
        guard let service = ServiceName(rawValue: listen.service.rawValue) else { return nil }
        self.init(service, port.addresses, port: listen.port, backlog: CInt(listen.backlog))
        number = port.number
        path = listen.socketPath
        maxSessions = listen.maxSessions > 0 ? listen.maxSessions : nil
        tls =
            switch listen.tls {
            case .none: .none
            case .starttls: .onRequest
            case .starttlsRequired: .required
            case .implicit: .implicit
            }
        oldTLS = listen.tlsClients == .old
        proxies = listen.proxies
        smtp = SMTPPort(listen)
    }
}

/// What one port of SMTP offers.
struct SMTPPort: Hashable, Sendable {
    var role = ListenService.Role.both
    var helloName: String?
    var auth = true
    var mechanisms = ListenService.Mechanism.allCases
    var extensionsOff: [ListenService.Extension] = []
    var xclient: [AddressRange] = []

    init() {}

    init(_ listen: ListenService) {
        role = listen.role
        helloName = listen.helloName
        auth = listen.auth
        mechanisms = listen.mechanisms
        extensionsOff = listen.extensionsOff
        xclient = listen.xclient
    }
}

/// How many strangers may be here at once.
struct SessionLimits: Sendable, Equatable {
    var total = 5000
    /// From one address; IPv6 addresses of one /64 count as one, since they are handed out by the /64.
    var perClient = 200
}

/// How long a stranger may be silent, and how long another room may think.
struct SessionTimeouts: Sendable, Equatable {
    /// RFC 5321 §4.5.3.2.7 asks for at least five minutes.
    var command = TimeAmount.minutes(5)
    /// Between two pieces of content.
    var content = TimeAmount.minutes(5)
    /// For the rest of a stranger's bytes after our last word.
    var farewell = TimeAmount.seconds(2)
    /// For a PROXY header, or a TLS handshake.
    var entrance = TimeAmount.seconds(30)
    /// The router's answer to a connection, a sender or a recipient.
    var verdict = TimeAmount.seconds(30)
    /// The receipt: clients wait for ten minutes (RFC 5321 §4.5.3.2.6).
    var receipt = TimeAmount.minutes(5)
    /// How often ports that could not be opened are tried again.
    var port = TimeAmount.seconds(15)
    /// How long open sessions have to end when the room stops.
    var stop = TimeAmount.seconds(5)
}
