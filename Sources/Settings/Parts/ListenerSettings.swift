// What the listener keeps of the settings.

import Mail

package struct ListenerSettings: Sendable {
    /// A service with the addresses that its socket, or sockets, are bound to.
    package struct Port: Sendable, Equatable {
        package let service: ListenService
        /// Which `[[listen]]` it is, from 1 on; 0: a default port.
        package let number: UInt16
        /// Empty: every address of the machine.
        package let addresses: [InternetAddress]
    }

    /// A certificate whose password has been read.
    package struct Certificate: Sendable {
        package let files: Settings.Certificate.Files
        package let password: Secret?
    }

    package let hostname: String
    /// Those that can be tried; what is wrong with the others stands in `troubles`.
    package let certificates: [Certificate]
    /// What keeps a part of the room from working, and not the whole.
    package let troubles: [Finding]
    /// Those with a socket; `port = 0` is left out.
    package let ports: [Port]
    package let smtp: Settings.SMTP
    package let pop3: Settings.POP3
    package let tls: Settings.TLS
    package let auth: Settings.Auth
    /// Whether a login gives any right at a port of SMTP.
    package let loginsRelay: Bool
    /// 0: as many as the listener thinks right.
    package let loops: Int

    /// - Parameters:
    ///   - old: at a reload, what was there before: host names of it are not looked up again, which the walls forbid.
    ///   - addresses: gives the addresses of a host name.
    package init(
        _ settings: Settings, keeping old: ListenerSettings? = nil,
        addresses: (String) -> [InternetAddress] = HostAddresses.ofSystem
    ) throws(SettingsError) {
        var ports: [Port] = []
        var findings: [Finding] = []
        for (index, service) in settings.listen.enumerated() where !service.isDisabled {
            let number = service.path == "listen" ? 0 : UInt16(index + 1)
            let known = old?.ports.first { $0.service.address == service.address }?.addresses
            let found = known ?? ListenerSettings.resolve(service.address, addresses)
            if found.isEmpty, !service.isEveryAddress, service.socketPath == nil {
                findings.append(
                    settings.finding(
                        "\(service.path).address", "the host name \(tomlText(service.address)) has no address"))
            }
            ports.append(Port(service: service, number: number, addresses: found))
        }
        guard findings.isEmpty else { throw SettingsError(findings) }
        self.ports = ports
        hostname = settings.server.hostname
        smtp = settings.smtp
        pop3 = settings.pop3
        tls = settings.tls
        (certificates, troubles) = ListenerSettings.certificates(settings)
        auth = settings.auth
        loginsRelay = settings.relay.authentication != .off && settings.relay.enabled
        loops = settings.rooms.listenerLoops
    }

    private static func certificates(_ settings: Settings) -> ([Certificate], [Finding]) {
        var certificates: [Certificate] = []
        var troubles: [Finding] = []
        for certificate in settings.tls.certificates {
            guard case .pfx(_, let passwordFile?) = certificate.files else {
                certificates.append(Certificate(files: certificate.files, password: nil))
                continue
            }
            do throws(SettingsFile.Trouble) {
                certificates.append(Certificate(files: certificate.files, password: try PasswordFile.read(passwordFile)))
            } catch {
                troubles.append(
                    settings.finding(
                        "\(certificate.path).pfx_password_file", "\(tomlText(passwordFile)) \(error.message)"))
            }
        }
        return (certificates, troubles)
    }

    private static func resolve(_ text: String, _ addresses: (String) -> [InternetAddress]) -> [InternetAddress] {
        if text.isEmpty || text.hasPrefix("unix:") { return [] }
        return InternetAddress(text).map { [$0] } ?? addresses(text)
    }
}
