// [[listen]]: the ports of the house.

import Mail

/// One service at one port.
package struct ListenService: Sendable, Equatable {
    package enum Service: String, Sendable, CaseIterable, SettingWord {
        case smtp, submission, pop3, imap, sieve
    }

    package enum TLSMode: String, Sendable, CaseIterable, SettingWord {
        case none, starttls
        case starttlsRequired = "starttls-required"
        case implicit
    }

    /// What this release can serve. The other words are known, but a port that asks for them is refused at the check.
    static let servedServices: Set<Service> = [.smtp, .submission, .pop3]
    static let servedModes: Set<TLSMode> = [.none]

    package let service: Service
    /// As written: empty for every address, an address, or a host name, which the listener resolves.
    package let address: String
    /// 0: the service has no socket (T-16).
    package let port: UInt16
    package let tls: TLSMode
    /// Connections that the kernel holds until they are accepted.
    package let backlog: Int
    /// `listen[1]` is the first in the file.
    package let path: String

    package var isDisabled: Bool { port == 0 }
    /// Whether it is bound to every address of the machine, IPv4 and IPv6 (T-13, D13).
    package var isEveryAddress: Bool { address.isEmpty }

    /// The services of the file, else those of a mail server that is just there.
    static func read(_ reading: Reading, _ tls: Settings.TLS) -> [ListenService] {
        let (template, tables) = reading.elements(
            "listen",
            "A port, once for each. Without any: smtp on 25 and pop3 on 110, on every address.",
            rooms: [.listener, .router], reload: false)
        _ = ListenService(template, tls)
        reading.adopt(template)
        guard !tables.isEmpty else {
            return [ListenService(.smtp, port: 25), ListenService(.pop3, port: 110)]
        }
        let services = tables.map { ListenService($0, tls) }
        reportDoubles(zip(tables, services).map { $0 })
        return services
    }

    private init(_ service: Service, port: UInt16) {
        self.service = service
        self.port = port
        address = ""
        tls = .none
        backlog = ListenService.usualBacklog
        path = "listen"
    }

    private static let usualBacklog = 1_024

    private init(_ table: Section, _ certificate: Settings.TLS) {
        path = table.path
        let service = table.optional(
            "service", .word, without: "must be set", example: Service.smtp,
            "What is spoken here. This release serves \(ListenService.served).")
        if service == nil, !table.has("service") {
            table.report("service", "must be set", allowed: Form<Service>.word.allowed)
        }
        self.service = service ?? .smtp
        address = table.value(
            "address", .listenAddress, default: "",
            "Where to listen: empty for every address, an address, or a host name, which is resolved at the start.")
        tls = table.value(
            "tls", .word, default: .none,
            "Encryption: never, on request, needed before anything else, from the first byte. "
                + "This release serves only none."
        )
        let port = table.optional(
            "port", .number(0...65_535),
            without: "that of the service: 25, 587, 110, 143, 4190; implicit: 465, 995, 993",
            example: 25, "0: this service has no socket.")
        self.port = UInt16(port ?? ListenService.usualPort(self.service, tls))
        backlog = table.value(
            "backlog", .number(1...65_535), default: ListenService.usualBacklog,
            "Connections that wait in the kernel until they are accepted; net.core.somaxconn limits it too.")
        if service != nil { check(table, certificate) }
    }

    private static var served: String {
        Service.allCases.filter(servedServices.contains).map { $0.rawValue }.joined(separator: ", ")
    }

    private static func usualPort(_ service: Service, _ tls: TLSMode) -> Int {
        switch service {
        case .smtp, .submission: tls == .implicit ? 465 : service == .smtp ? 25 : 587
        case .pop3: tls == .implicit ? 995 : 110
        case .imap: tls == .implicit ? 993 : 143
        case .sieve: 4_190
        }
    }

    private func check(_ table: Section, _ certificate: Settings.TLS) {
        if !ListenService.servedServices.contains(service) {
            table.report(
                "service", "\"\(service.rawValue)\" is not served by this release", allowed: ListenService.served)
        }
        guard tls != .none else { return }
        if certificate.certificate == nil || certificate.key == nil {
            table.report("tls", "\"\(tls.rawValue)\" needs tls.certificate and tls.key")
        }
        if !ListenService.servedModes.contains(tls) {
            // Who wants encryption only on request gets mail in the clear from those who do not ask, also later.
            table.report(
                "tls", "this release does not encrypt its ports: clients are served in the clear", allowed: "none",
                isWarning: tls == .starttls)
        }
    }

    /// The same port twice on an address, also when one of the two means every address.
    private static func reportDoubles(_ services: [(table: Section, service: ListenService)]) {
        for (index, later) in services.enumerated() where !later.service.isDisabled {
            guard
                let earlier = services[..<index].first(where: {
                    $0.service.port == later.service.port
                        && ($0.service.isEveryAddress || later.service.isEveryAddress
                            || $0.service.canonicalAddress == later.service.canonicalAddress)
                })
            else { continue }
            let address = earlier.service.isEveryAddress ? "every address" : earlier.service.address
            later.table.report(
                later.table.has("port") ? "port" : "service",
                "port \(later.service.port) is already taken by \(earlier.service.path) "
                    + "(line \(earlier.table.line), \(address))"
            )
        }
    }

    private var canonicalAddress: String { InternetAddress(address)?.description ?? address.lowercased() }
}

extension Form where Value == String {
    static let listenAddress = text("\"\", an address such as \"192.0.2.1\" or \"::1\", or a host name") { text in
        if text.isEmpty || InternetAddress(text) != nil { return nil }
        if AddressRange(text) != nil { return "\(tomlText(text)) is a range; a port is bound to one address" }
        return HostName.isName(text) ? nil : "\(tomlText(text)) is neither an address nor a host name"
    }
}
