// The header fields that the house puts in front of a message (RFC 5321 §4.4).

import IPC
import MIME
import Mail
import SMTP

enum HeaderBlock {
    /// Received, for every copy.
    /// - Parameters:
    ///   - recipient: Named only when there is exactly one, or they would learn of each other.
    ///   - hidesClient: where the sender sits is nobody's business.
    static func received(
        _ facts: SessionFacts, by hostname: String, recipient: EmailAddress?, login: Bool, hidesClient: Bool,
        isInternational: Bool, unixSeconds: Int64
    ) -> [UInt8] {
        let transmission = TraceHeader.Transmission(
            isExtended: facts.isExtended, isSecured: facts.isEncrypted, isAuthenticated: login,
            isInternationalized: isInternational, dialect: facts.service == .lmtp ? .lmtp : .smtp)
        return TraceHeader.received(
            from: facts.greeting.isEmpty ? nil : facts.greeting, client: facts.client, by: hostname,
            with: transmission, id: facts.trace.description, for: recipient, unixSeconds: unixSeconds,
            hidesClient: hidesClient)
    }

    /// RFC 6409 §8: what a mail program may leave to the server: Date and Message-ID.
    static func missing(
        _ facts: ContentFacts, trace: TraceID, by hostname: String, unixSeconds: Int64
    ) -> [UInt8] {
        var lines = ""
        if facts.fields[.messageID] == 0 { lines += "Message-ID: <\(unixSeconds).\(trace)@\(hostname)>\r\n" }
        if facts.fields[.date] == 0 { lines += "Date: \(MailDate.format(unixSeconds: unixSeconds))\r\n" }
        return Array(lines.utf8)
    }

    /// Return-Path, which final delivery adds: for the copies that stay here.
    static func returnPath(_ sender: EmailAddress?) -> [UInt8] {
        TraceHeader.returnPath(sender.map { .mailbox($0) } ?? .null)
    }
}
