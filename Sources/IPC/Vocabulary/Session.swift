// Nouns that more than one edge carries.

import Mail

/// The protocol a stranger speaks to the listener.
package enum ServiceName: String, Codable, Sendable, CaseIterable {
    case smtp, submission, lmtp, pop3
}

/// What is known about a stranger's session. The listener states it; the router judges by it.
package struct SessionFacts: Codable, Sendable, Hashable {
    package var trace: TraceID
    package var service: ServiceName
    package var client: InternetAddress
    package var clientPort: UInt16
    /// The address of ours that was connected to.
    package var local: InternetAddress
    package var localPort: UInt16
    /// The argument of HELO or EHLO, at most 255 octets; empty before it was said.
    package var greeting: String
    /// Whether EHLO was said (RFC 3848's ESMTP).
    package var isExtended: Bool
    package var isEncrypted: Bool
    /// Which `[[listen]]` of the settings the connection came in by, from 1 on; 0: the default ports.
    package var listener: UInt16
    /// Proof of the session's login.
    package var login: Ticket?

    package init(
        trace: TraceID, service: ServiceName, client: InternetAddress, clientPort: UInt16, local: InternetAddress,
        localPort: UInt16, greeting: String = "", isExtended: Bool = false, isEncrypted: Bool = false,
        listener: UInt16 = 0, login: Ticket? = nil
    ) {
        self.listener = listener
        self.login = login
        self.trace = trace
        self.service = service
        self.client = client
        self.clientPort = clientPort
        self.local = local
        self.localPort = localPort
        self.greeting = greeting
        self.isExtended = isExtended
        self.isEncrypted = isEncrypted
    }
}

/// Proof of a login. Made by the store, carried by the listener, who can neither read nor make one.
package struct Ticket: Codable, Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package var description: String { "***" }
}

/// First value on a connection to the store's session socket; after it the connection carries the client's plain bytes.
package struct SessionOpening: Codable, Sendable {
    package var ticket: Ticket
    package var facts: SessionFacts
    /// The client has said UTF8 (RFC 6856 §2).
    package var isUTF8: Bool
    /// What was announced before the login is announced behind it too (RFC 2449 §6): mechanisms, and STLS.
    package var mechanisms: [String]
    package var offersTLS: Bool

    package init(
        ticket: Ticket, facts: SessionFacts, isUTF8: Bool = false, mechanisms: [String] = [], offersTLS: Bool = false
    ) {
        self.ticket = ticket
        self.facts = facts
        self.isUTF8 = isUTF8
        self.mechanisms = mechanisms
        self.offersTLS = offersTLS
    }
}

/// What became of a message that a room handed over.
package enum Receipt: Codable, Sendable {
    /// Durable: bytes and index survive a power cut. From here on the house answers for the message.
    case accepted(SpoolID)
    case refused(Refusal)
}
