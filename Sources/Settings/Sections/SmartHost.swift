// [delivery.smarthost]: the one server that takes everything (T-24 … T-26).

import Mail

/// A host and a port.
package struct SmartHostAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address without brackets.
    package let host: String
    package let port: UInt16

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// An address and a port.
package struct NetworkEndpoint: Sendable, Hashable, CustomStringConvertible {
    package let address: InternetAddress
    package let port: UInt16

    package init(address: InternetAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    package var description: String { address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

extension Settings {
    package struct SmartHost: Sendable, Equatable {
        package enum Mechanism: String, Sendable, CaseIterable, SettingWord {
            case scramSHA256 = "SCRAM-SHA-256"
            case cramMD5 = "CRAM-MD5"
            case ntlm = "NTLM"
            case plain = "PLAIN"
            case login = "LOGIN"
        }

        /// What this release can do; the others are known, and passed over.
        static let served: [Mechanism] = [.cramMD5, .plain, .login]

        package let host: SmartHostAddress?
        package let tls: OutgoingTLS
        package let user: String?
        package let passwordFile: String?
        /// The first that the server offers is taken.
        package let mechanisms: [Mechanism]

        init(_ reading: Reading) {
            let table = reading.section(
                "delivery.smarthost", "The server that takes everything when delivery.route is \"smarthost\".",
                rooms: [.delivery])
            host = table.optional(
                "host", .hostAndPort, example: SmartHostAddress(host: "smtp.example.net", port: 587),
                "Name or address, and the port.")
            tls = table.value(
                "tls", .word, default: .required,
                "none: never. wanted: when it is offered. required: STARTTLS, verified. "
                    + "implicit: from the first byte, verified."
            )
            user = table.optional("user", .userName, without: "no login", example: "alice", "The name to log in with.")
            passwordFile = table.optional(
                "password_file", .path, example: "/etc/postern/secrets/smarthost",
                "A file with the password in its first line. Others must not be able to read it.")
            mechanisms = table.value(
                "mechanisms", .list(of: .word, count: 1...Mechanism.allCases.count), default: Mechanism.allCases,
                "How to log in: the first of these that the server offers. "
                    + "This release can do \(SmartHost.servedNames)."
            )
            check(table)
        }

        private static var servedNames: String { served.map { $0.rawValue }.joined(separator: ", ") }

        private func check(_ table: Section) {
            if user != nil, !mechanisms.contains(where: SmartHost.served.contains) {
                table.report(
                    "mechanisms", "names none that this release can do", allowed: SmartHost.servedNames)
            }
            if user != nil, passwordFile == nil { table.report("user", "needs delivery.smarthost.password_file") }
            if passwordFile != nil, user == nil { table.report("password_file", "needs delivery.smarthost.user") }
            if user != nil, tls == .none || tls == .wanted, mechanisms.contains(where: { $0 == .plain || $0 == .login }) {
                table.report(
                    "tls", "with \"\(tls.rawValue)\" the password may cross the network in the clear", isWarning: true)
            }
            for (index, mechanism) in mechanisms.enumerated() where mechanisms[..<index].contains(mechanism) {
                table.report("mechanisms", "names \"\(mechanism.rawValue)\" twice")
            }
        }
    }
}

extension Form where Value == SmartHostAddress {
    static var hostAndPort: Form {
        let allowed = "\"name:port\", \"192.0.2.1:25\", \"[2001:db8::1]:25\""
        return Form(type: "host and port", allowed: allowed, write: { tomlText("\($0)") }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("text in quotation marks", node)) }
            guard let (host, port) = HostName.split(text), let port else {
                return .failure(FormError(message: "\(tomlText(text)) is not a host with a port"))
            }
            guard InternetAddress(host) != nil || HostName.isName(host) else {
                return .failure(FormError(message: "\(tomlText(host)) is neither a host name nor an address"))
            }
            return .success(SmartHostAddress(host: host, port: port))
        }
    }
}

extension Form where Value == NetworkEndpoint {
    /// An address with the port of DNS when none is written.
    static var endpoint: Form {
        let allowed = "\"192.0.2.53\", \"127.0.0.1:5353\", \"2001:db8::53\", \"[::1]:5353\""
        return Form(type: "address", allowed: allowed, write: { tomlText("\($0)") }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("text in quotation marks", node)) }
            guard let (host, port) = HostName.split(text), let address = InternetAddress(host) else {
                return .failure(FormError(message: "\(tomlText(text)) is not an address with or without a port"))
            }
            return .success(NetworkEndpoint(address: address, port: port ?? 53))
        }
    }
}

extension Form where Value == String {
    static let userName = text("1 to 255 characters") { text in
        (1...255).contains(text.utf8.count) && !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            ? nil : "is empty, too long or has a control character"
    }
}
