// What the router judges by: its part of the settings, and what follows from them. Values only; a transaction keeps what
// was in force when it began to ask.

import Mail
import Settings

struct RouterPolicy: Sendable {
    /// T-18: named in Received.
    let hostname: String
    /// A message as it is counted after dot-unstuffing. The listener announces it; it is held to here too.
    let messageSize: Int
    let relay: RelayPolicy
    let classifier: RecipientClassifier

    /// Recipients of one message: the settings' own maximum. A listener in its right mind stays below.
    static let recipientLimit = 100_000

    init(hostname: String, messageSize: Int = 50 << 20, relay: RelayPolicy) {
        self.hostname = hostname
        self.messageSize = messageSize
        self.relay = relay
        classifier = RecipientClassifier(hostname: hostname)
    }

    init(_ settings: RouterSettings) {
        self.init(
            hostname: settings.hostname, messageSize: settings.maxMessageSize,
            relay: RelayPolicy(trusted: settings.trusted, safe: settings.safe, isOpen: settings.isOpenRelay))
    }
}
