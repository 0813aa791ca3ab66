// [[listen]]: the ports of the house.

import Mail

/// One service at one port.
package struct ListenService: Sendable, Equatable {
    package enum Service: String, Sendable, CaseIterable, SettingWord {
        case smtp, submission, lmtp, pop3, imap, sieve
    }

    /// What a port of SMTP is for.
    package enum Role: String, Sendable, CaseIterable, SettingWord {
        case both, incoming, outgoing
    }

    /// What becomes of recipients that do not exist here (D2).
    package enum Accept: String, Sendable, CaseIterable, SettingWord {
        case local, any
    }

    /// How a client may log in (T-23), strongest first.
    package enum Mechanism: String, Sendable, CaseIterable, SettingWord {
        case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
        case scramSHA256 = "SCRAM-SHA-256"
        case scramSHA1 = "SCRAM-SHA-1"
        case ntlm = "NTLM"
        case cramMD5 = "CRAM-MD5"
        case plain = "PLAIN"
        case login = "LOGIN"
    }

    /// What EHLO offers and can be told not to.
    package enum Extension: String, Sendable, CaseIterable, SettingWord {
        case pipelining = "PIPELINING"
        case size = "SIZE"
        case eightBitMIME = "8BITMIME"
        case enhancedStatusCodes = "ENHANCEDSTATUSCODES"
        case chunking = "CHUNKING"
        case binaryMIME = "BINARYMIME"
        case smtpUTF8 = "SMTPUTF8"
        case dsn = "DSN"
        case limits = "LIMITS"
    }

    package enum Clients: String, Sendable, CaseIterable, SettingWord {
        case modern, old
    }

    package enum TLSMode: String, Sendable, CaseIterable, SettingWord {
        case none, starttls
        case starttlsRequired = "starttls-required"
        case implicit
    }

    /// What this release can serve. The other words are known, but a port that asks for them is refused at the check.
    static let servedServices: Set<Service> = [.smtp, .submission, .lmtp, .pop3]

    package let service: Service
    /// As written: empty for every address, an address, or a host name, which the listener resolves.
    package let address: String
    /// 0: the service has no socket (T-16).
    package let port: UInt16
    package let tls: TLSMode
    /// Which versions of TLS and which ciphers: what today's clients speak, or also TLS 1.0 and CBC.
    package let tlsClients: Clients
    /// Connections that the kernel holds until they are accepted.
    package let backlog: Int
    /// Sessions at once at this port; 0: no limit but that of the service.
    package let maxSessions: Int
    /// Named in the answer to EHLO; nil: the host name (E-14).
    package let helloName: String?
    package let role: Role
    package let accept: Accept
    /// Who gets what `accept = "any"` takes in.
    package let acceptAccount: EmailAddress?
    /// Whether clients may log in.
    package let auth: Bool
    /// Those that may be offered (T-23).
    package let mechanisms: [Mechanism]
    package let extensionsOff: [Extension]
    /// Who speaks the PROXY protocol in front of everything else.
    package let proxies: [AddressRange]
    /// Who may use XCLIENT.
    package let xclient: [AddressRange]
    /// `listen[1]` is the first in the file.
    package let path: String

    package var isDisabled: Bool { port == 0 && socketPath == nil }
    /// Of a Unix socket; nil: TCP.
    package var socketPath: String? { address.hasPrefix("unix:") ? String(address.dropFirst(5)) : nil }
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
            return [usual, ListenService(.pop3, port: 110)]
        }
        let services = tables.map { ListenService($0, tls) }
        reportDoubles(zip(tables, services).map { $0 })
        return services
    }

    /// The port of SMTP that is there when the file names none.
    static let usual = ListenService(.smtp, port: 25)

    private init(_ service: Service, port: UInt16) {
        self.service = service
        self.port = port
        address = ""
        tls = .none
        tlsClients = .modern
        backlog = ListenService.usualBacklog
        maxSessions = 0
        helloName = nil
        role = .both
        (accept, acceptAccount) = (.local, nil)
        auth = true
        mechanisms = Mechanism.allCases
        (extensionsOff, proxies, xclient) = ([], [], [])
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
            "Where to listen: empty for every address, an address, or a host name, which is resolved at the start. "
                + "For lmtp also \"unix:/path\".")
        tls = table.value(
            "tls", .word, default: .none,
            "Encryption: never, on request (STARTTLS), needed before anything else, from the first byte.")
        tlsClients = table.value(
            "tls_clients", .word, default: .modern,
            "modern: TLS 1.2 and later. old: also TLS 1.0 and 1.1 and CBC ciphers, for scanners and old machines.")
        let port = table.optional(
            "port", .number(0...65_535),
            without: "that of the service: 25, 587, 110, 143, 4190; implicit: 465, 995, 993",
            example: 25, "0: this service has no socket.")
        self.port = UInt16(port ?? ListenService.usualPort(self.service, tls))
        backlog = table.value(
            "backlog", .number(1...65_535), default: ListenService.usualBacklog,
            "Connections that wait in the kernel until they are accepted; net.core.somaxconn limits it too.")
        maxSessions = table.value(
            "max_sessions", .number(0...1_000_000), default: 0,
            "Sessions at once at this port; the next is told to come later. 0: the limit of the service alone.")
        helloName = table.optional(
            "hello_name", .hostName, without: "server.hostname", example: "mail.example.org",
            "The name in the greeting and in the answer to EHLO.")
        role = table.value(
            "role", .word, default: self.service == .submission ? .outgoing : self.service == .lmtp ? .incoming : .both,
            rooms: [.listener, .router],
            "What a port of smtp is for: mail for us, mail through us, or both. submission is outgoing, lmtp incoming.")
        accept = table.value(
            "accept", .word, default: .local, rooms: [.listener, .router],
            "local: unknown recipients are refused. any: they are taken in for accept_account, and never relayed.")
        acceptAccount = table.optional(
            "accept_account", .address, example: EmailAddress(localPart: "scans", domain: "example.org"),
            rooms: [.router], "The account that gets what accept = \"any\" takes in.")
        auth = table.value("auth", .truth, default: true, "Whether clients may log in.")
        mechanisms = table.value(
            "mechanisms", .list(of: .word, count: 0...Mechanism.allCases.count), default: Mechanism.allCases,
            "How clients may log in. Offered is what also some account can do, and nothing that shows a password "
                + "without TLS (see auth.plaintext_without_tls). POP3's APOP goes with CRAM-MD5.")
        extensionsOff = table.value(
            "extensions_off", .list(of: .word, count: 0...Extension.allCases.count), default: [],
            "Extensions of SMTP that are not offered at this port.")
        proxies = table.value(
            "proxies", .list(of: .range, count: 0...1_000), default: [],
            "Load balancers that speak the PROXY protocol, version 1 or 2, and must. Nobody else may.")
        xclient = table.value(
            "xclient", .list(of: .range, count: 0...1_000), default: [],
            "Content filters and proxies that may use XCLIENT to say who their client is.")
        if service != nil { check(table, certificate) }
    }

    private static var served: String {
        Service.allCases.filter(servedServices.contains).map { $0.rawValue }.joined(separator: ", ")
    }

    private static func usualPort(_ service: Service, _ tls: TLSMode) -> Int {
        switch service {
        case .smtp, .submission: tls == .implicit ? 465 : service == .smtp ? 25 : 587
        case .lmtp: 24
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
        if tls != .none, !certificate.hasCertificate {
            table.report("tls", "\"\(tls.rawValue)\" needs tls.certificate and tls.key, or tls.pfx")
        }
        if accept == .any, acceptAccount == nil { table.report("accept", "\"any\" needs accept_account") }
        if address.hasPrefix("unix:"), service != .lmtp {
            table.report("address", "only lmtp can listen on a Unix socket")
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
        if text.hasPrefix("unix:") {
            return text.hasPrefix("unix:/") && text.utf8.count <= 112 && !text.utf8.contains(0)
                ? nil : "\(tomlText(text)) must be unix: and an absolute path of at most 107 octets"
        }
        if AddressRange(text) != nil { return "\(tomlText(text)) is a range; a port is bound to one address" }
        return HostName.isName(text) ? nil : "\(tomlText(text)) is neither an address nor a host name"
    }
}

extension Form where Value == EmailAddress {
    static var address: Form {
        let allowed = "an address such as \"scans@example.org\""
        return Form(type: "mail address", allowed: allowed, write: { tomlText("\($0)") }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("text in quotation marks", node)) }
            return EmailAddress(text).map { .success($0) }
                ?? .failure(FormError(message: "\(tomlText(text)) is not a mail address"))
        }
    }
}
