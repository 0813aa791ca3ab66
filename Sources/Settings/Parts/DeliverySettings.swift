// What delivery keeps of the settings, with the one password that it needs.

import Mail

package struct DeliverySettings: Sendable {
    /// The server that takes everything.
    package struct SmartHost: Sendable {
        package let address: SmartHostAddress
        package let tls: OutgoingTLS
        /// nil: no login.
        package let user: String?
        package let password: Secret?
        package let mechanisms: [Settings.SmartHost.Mechanism]
    }

    package let enabled: Bool
    package let hostname: String
    /// nil: by MX.
    package let smarthost: SmartHost?
    /// Encryption of deliveries by MX.
    package let tls: OutgoingTLS
    package let port: UInt16
    package let concurrency: Int
    package let destinationConcurrency: Int
    package let messagesPerConnection: Int
    /// Never empty; the last repeats.
    package let retry: [Duration]
    package let lifetime: Duration
    package let connectTimeout: Duration
    package let commandTimeout: Duration
    package let dataTimeout: Duration
    package let dns: Settings.DNS
    /// Files that a reload reads again.
    package let secretFiles: [String]

    /// Reads the password file.
    package init(_ settings: Settings) throws(SettingsError) {
        let delivery = settings.delivery
        smarthost = try DeliverySettings.smartHost(settings)
        enabled = delivery.enabled
        hostname = settings.server.hostname
        tls = delivery.tls
        port = delivery.port
        concurrency = delivery.concurrency
        destinationConcurrency = delivery.destinationConcurrency
        messagesPerConnection = delivery.messagesPerConnection
        retry = delivery.retry
        lifetime = delivery.lifetime
        connectTimeout = delivery.connectTimeout
        commandTimeout = delivery.commandTimeout
        dataTimeout = delivery.dataTimeout
        dns = settings.dns
        secretFiles = settings.delivery.smarthost.passwordFile.map { [$0] } ?? []
    }

    /// The wait after this many attempts, counted from 1.
    package func wait(after attempts: Int) -> Duration { retry[min(max(attempts, 1), retry.count) - 1] }

    private static func smartHost(_ settings: Settings) throws(SettingsError) -> SmartHost? {
        let host = settings.delivery.smarthost
        guard settings.delivery.route == .smarthost, let address = host.host else { return nil }
        var password: Secret?
        if let path = host.passwordFile {
            do {
                password = try PasswordFile.read(path)
            } catch {
                throw SettingsError([
                    settings.finding("delivery.smarthost.password_file", "\(tomlText(path)) \(error.message)")
                ])
            }
        }
        return SmartHost(
            address: address, tls: host.tls, user: host.user, password: password, mechanisms: host.mechanisms)
    }
}
