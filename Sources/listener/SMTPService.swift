// What the sessions of SMTP need of the settings: the words of each port, rendered once.

import IPC
import Mail
import NIOCore
import SMTP
import Settings
import Synchronization

struct SMTPService: Sendable {
    let timeouts: SessionTimeouts
    /// Those that some account can use, as the router knows; changes while we run (D8).
    var mechanisms: [String] = [] { didSet { made = Made() } }
    private let policy: ListenerPolicy
    private var made = Made()

    /// Configurations that were needed already. Only touched on one loop at a time: each loop has its own service.
    private final class Made: @unchecked Sendable {
        var configurations: [Key: SMTPServerConfiguration] = [:]
    }

    private struct Key: Hashable {
        var number: UInt16
        var service: ServiceName
        /// A client on this machine may show its password without TLS.
        var isHere: Bool
    }

    init(_ policy: ListenerPolicy) {
        self.policy = policy
        timeouts = policy.timeouts
    }

    /// A service of its own for one loop.
    func separate() -> SMTPService {
        var copy = self
        copy.made = Made()
        return copy
    }

    func configuration(of port: PortPlan, client: InternetAddress) -> SMTPServerConfiguration {
        let key = Key(number: port.number, service: port.service, isHere: client.isLoopback)
        if let known = made.configurations[key] { return known }
        let configuration = make(port, isHere: key.isHere)
        made.configurations[key] = configuration
        return configuration
    }

    private func make(_ port: PortPlan, isHere: Bool) -> SMTPServerConfiguration {
        let offered = offered(port.smtp)
        let showsPasswords = isHere || policy.plaintextWithoutTLS
        return SMTPServerConfiguration(
            hostname: policy.hostname, helloName: port.smtp.helloName, bannerText: policy.banner,
            limits: policy.limits, dialect: port.service == .lmtp ? .lmtp : .smtp,
            extensions: SMTPExtensions.all.subtracting(SMTPExtensions(port.smtp.extensionsOff)), tls: port.tls.offer,
            mechanisms: offered.filter { !$0.needsTLS && (showsPasswords || !$0.showsPassword) }.map(\.rawValue),
            securedMechanisms: offered.map(\.rawValue))
    }

    /// For the mailboxes: whatever some account can use.
    func mailboxMechanisms(of port: PortPlan) -> [ListenService.Mechanism] {
        guard port.smtp.auth else { return [] }
        return ListenService.Mechanism.allCases.filter {
            port.smtp.mechanisms.contains($0) && mechanisms.contains($0.rawValue)
        }
    }

    /// Some account can log in by APOP, and the port takes what is no better.
    func takesAPOP(at port: PortPlan) -> Bool {
        port.smtp.auth && port.smtp.mechanisms.contains(.cramMD5) && mechanisms.contains("APOP")
    }

    /// Allowed at the port, and of use to somebody.
    private func offered(_ port: SMTPPort) -> [ListenService.Mechanism] {
        guard port.auth, port.role != .incoming, policy.loginsRelay else { return [] }
        return ListenService.Mechanism.allCases.filter { port.mechanisms.contains($0) && mechanisms.contains($0.rawValue) }
    }
}

extension ListenService.Mechanism {
    var showsPassword: Bool { self == .plain || self == .login }
    /// Channel binding binds to a channel that is protected.
    var needsTLS: Bool { self == .scramSHA256Plus }
}

extension PortPlan.TLSOffer {
    fileprivate var offer: TLSOffer {
        switch self {
        case .none, .implicit: .none
        case .onRequest: .offered
        case .required: .required
        }
    }
}

extension SMTPExtensions {
    fileprivate init(_ words: [ListenService.Extension]) {
        self = []
        for word in words {
            switch word {
            case .pipelining: insert(.pipelining)
            case .size: insert(.size)
            case .eightBitMIME: insert(.eightBitMIME)
            case .enhancedStatusCodes: insert(.enhancedStatusCodes)
            case .chunking: insert(.chunking)
            case .binaryMIME: insert(.binaryMIME)
            case .smtpUTF8: insert(.internationalized)
            case .dsn: insert(.deliveryStatus)
            case .limits: insert(.limits)
            }
        }
    }
}
