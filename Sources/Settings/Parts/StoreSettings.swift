// What the store keeps of the settings.

package struct StoreSettings: Sendable, Equatable {
    package let hostname: String
    /// The house's state directory. The store has its subdirectory `store` to itself.
    package let state: String
    package let segmentSize: Int
    package let largeMessage: Int
    package let groupMessages: Int
    package let groupSize: Int
    package let expungeRetention: Duration
    /// For POP3 after login.
    package let idleTimeout: Duration
    package let maxErrors: Int

    package init(_ settings: Settings) {
        hostname = settings.server.hostname
        state = settings.server.state
        segmentSize = settings.store.segmentSize
        largeMessage = settings.store.largeMessage
        groupMessages = settings.store.groupMessages
        groupSize = settings.store.groupSize
        expungeRetention = settings.store.expungeRetention
        idleTimeout = settings.pop3.idleTimeout
        maxErrors = settings.pop3.maxErrors
    }
}
