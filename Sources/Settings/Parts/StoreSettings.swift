// What the store keeps of the settings, with the one password that is not in its directory.

import Mail

package struct StoreSettings: Sendable {
    /// The login that opens no mailbox and is good for sending only.
    package struct RelayLogin: Sendable {
        package let user: String
        package let password: Secret
    }

    package let hostname: String
    /// The house's state directory. The store has its subdirectory `store` to itself.
    package let state: String
    package let segmentSize: Int
    package let largeMessage: Int
    package let groupMessages: Int
    package let groupSize: Int
    package let expungeRetention: Duration
    package let compactBelow: Int
    package let compactRate: Int
    /// Octets that the last message may go over a quota.
    package let quotaGrace: Int
    /// For POP3 after login.
    package let idleTimeout: Duration
    package let maxErrors: Int
    package let uidlFormat: Settings.POP3.UIDLFormat
    package let loginDelay: Duration
    package let takeOver: Duration
    /// Of SCRAM, for passwords that are set from now on.
    package let scramIterations: Int
    /// NTLM of version 1 is taken too.
    package let ntlmVersion1: Bool
    /// nil: every account may log in to relay.
    package let relayLogin: RelayLogin?
    /// Files that a reload reads again.
    package let secretFiles: [String]

    /// Reads the password file, if `relay.accounts` says that it is used.
    package init(_ settings: Settings) throws(SettingsError) {
        relayLogin = try StoreSettings.relayLogin(settings)
        hostname = settings.server.hostname
        state = settings.server.state
        segmentSize = settings.store.segmentSize
        largeMessage = settings.store.largeMessage
        groupMessages = settings.store.groupMessages
        groupSize = settings.store.groupSize
        expungeRetention = settings.store.expungeRetention
        compactBelow = settings.store.compactBelow
        compactRate = settings.store.compactRate
        quotaGrace = settings.store.quotaGrace
        idleTimeout = settings.pop3.idleTimeout
        maxErrors = settings.pop3.maxErrors
        uidlFormat = settings.pop3.uidlFormat
        loginDelay = settings.pop3.loginDelay
        takeOver = settings.pop3.takeOver
        scramIterations = settings.auth.scramIterations
        ntlmVersion1 = settings.auth.ntlmVersion1
        secretFiles = settings.relay.passwordFile.map { [$0] } ?? []
    }

    private static func relayLogin(_ settings: Settings) throws(SettingsError) -> RelayLogin? {
        let relay = settings.relay
        guard relay.accounts == .single, let user = relay.user, let path = relay.passwordFile else { return nil }
        do throws(SettingsFile.Trouble) {
            return RelayLogin(user: user, password: try PasswordFile.read(path))
        } catch {
            throw SettingsError([settings.finding("relay.password_file", "\(tomlText(path)) \(error.message)")])
        }
    }
}
