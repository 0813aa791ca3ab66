// The header fields that the house puts in front of a message (RFC 5321 §4.4).

import IPC
import Mail
import SMTP

enum HeaderBlock {
    /// Received, for every copy.
    /// - Parameter recipients: Named only when there is exactly one, or they would learn of each other.
    static func received(
        _ facts: SessionFacts, by hostname: String, recipient: EmailAddress?, unixSeconds: Int64
    ) -> [UInt8] {
        let transmission = TraceHeader.Transmission(
            isExtended: facts.isExtended, isSecured: facts.isEncrypted, isAuthenticated: false)
        return TraceHeader.received(
            from: facts.greeting.isEmpty ? nil : facts.greeting, client: facts.client, by: hostname,
            with: transmission, id: facts.trace.description, for: recipient, unixSeconds: unixSeconds)
    }

    /// Return-Path, which final delivery adds: for the copies that stay here.
    static func returnPath(_ sender: EmailAddress?) -> [UInt8] {
        TraceHeader.returnPath(sender.map { .mailbox($0) } ?? .null)
    }
}
