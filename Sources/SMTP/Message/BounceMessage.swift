// A delivery report (RFC 3464), of bad news or of good, inside a multipart/report (RFC 6522): words for people, fields for programs, and the
// header of the message it is about. A pure function of its values; bounded, whatever the remote said.
import Mail

package struct BounceMessage: Sendable {
    /// RFC 3464 §2.3.3. Relayed: taken by a server that will not report (RFC 3461 §5.2.2).
    package enum Action: String, Sendable { case failed, delayed, delivered, relayed }

    package struct Recipient: Sendable {
        package var address: EmailAddress
        /// ORCPT: `addr-type;address`, decoded.
        package var original: String?
        /// RFC 3463.
        package var status: String
        /// The host that said `diagnostic`.
        package var remote: String?
        /// The remote's reply on one line: `550 5.1.1 No such user`.
        package var diagnostic: String?
        /// For people: why, and while doing what.
        package var explanation: String

        package init(
            address: EmailAddress, original: String? = nil, status: String, remote: String? = nil,
            diagnostic: String? = nil, explanation: String
        ) {
            self.original = original
            self.address = address
            self.status = status
            self.remote = remote
            self.diagnostic = diagnostic
            self.explanation = explanation
        }
    }

    /// T-18: this server.
    package var reportingHost: String
    /// Whom to tell: the sender of the original.
    package var to: EmailAddress
    /// ENVID of the original, decoded.
    package var envelopeID: String?
    package var action: Action
    package var recipients: [Recipient]
    /// Unix seconds.
    package var date: Int64
    /// When the original came; Unix seconds.
    package var arrival: Int64?
    /// Makes the Message-ID and the boundary unique: letters, digits, at most 64; from the caller's ids.
    package var token: String
    /// The original, or its beginning; what lies behind its header is not used. Empty: no part speaks of it.
    package var original: [UInt8]

    package init(
        reportingHost: String, to: EmailAddress, envelopeID: String? = nil, action: Action, recipients: [Recipient], date: Int64,
        arrival: Int64? = nil, token: String, original: [UInt8]
    ) {
        self.reportingHost = reportingHost
        self.to = to
        self.envelopeID = envelopeID
        self.action = action
        self.recipients = recipients
        self.date = date
        self.arrival = arrival
        self.token = token
        self.original = original
    }

    /// Of the original's header, this much is returned.
    static let headerLimit = 65_536
    /// Of each explanation and diagnostic.
    static let textLimit = 4096
    /// More recipients than this are counted, not listed.
    static let recipientLimit = 1000

    /// The message with CRLF line ends, to be sent from the null sender (RFC 5321 §6.1).
    package func render() -> [UInt8] {
        let header = originalHeader()
        let isEightBit = header.contains { $0 > 127 }
        var output = topHeader(isEightBit)
        output += part("text/plain; charset=us-ascii", "Notification", "7bit") + words()
        output += part("message/delivery-status", "Delivery report", "7bit") + deliveryStatus()
        if !header.isEmpty || action == .failed {
            output += part("text/rfc822-headers", "Message headers", isEightBit ? "8bit" : "7bit") + header
        }
        output += "\r\n--\(boundary)--\r\n".utf8
        return output
    }

    private var boundary: String { "report-" + String(decoding: safeToken, as: UTF8.self) }

    private var safeToken: [UInt8] {
        token.utf8.prefix(64).map { octet in
            let isPlain = (48...57).contains(octet) || (65...90).contains(octet) || (97...122).contains(octet)
            return isPlain ? octet : UInt8(ascii: "-")
        }
    }

    private var host: String { String(decoding: HeaderFolding.token(reportingHost), as: UTF8.self) }

    private func topHeader(_ isEightBit: Bool) -> [UInt8] {
        let id = String(decoding: safeToken, as: UTF8.self)
        var output = HeaderFolding.field("Date", text: MailDate.format(unixSeconds: date))
        output += HeaderFolding.field("From", text: "Mail Delivery System <MAILER-DAEMON@\(host)>")
        output += HeaderFolding.field("To", [[0x3C] + to.description.utf8.map(HeaderFolding.printable) + [0x3E]])
        output += HeaderFolding.field("Subject", text: subject)
        output += HeaderFolding.field("Message-ID", text: "<\(id)@\(host)>")
        // RFC 3834 §5: nobody answers this automatically.
        output += HeaderFolding.field("Auto-Submitted", text: "auto-replied")
        output += HeaderFolding.field("MIME-Version", text: "1.0")
        if isEightBit { output += HeaderFolding.field("Content-Transfer-Encoding", text: "8bit") }
        output += HeaderFolding.field(
            "Content-Type", text: "multipart/report; report-type=delivery-status; boundary=\"\(boundary)\"")
        return output + "\r\nThis is a delivery report in MIME format.\r\n".utf8
    }

    private var subject: String {
        switch action {
        case .failed: "Undelivered mail returned to sender"
        case .delayed: "Delayed mail (still being retried)"
        case .delivered: "Mail delivered"
        case .relayed: "Mail passed on"
        }
    }

    private func part(_ type: String, _ description: String, _ encoding: String) -> [UInt8] {
        Array("\r\n--\(boundary)\r\n".utf8) + HeaderFolding.field("Content-Type", text: type)
            + HeaderFolding.field("Content-Description", text: description)
            + HeaderFolding.field("Content-Transfer-Encoding", text: encoding) + [13, 10]
    }

    private func words() -> [UInt8] {
        var output = Array("This is the mail system at host \(host).\r\n\r\n".utf8)
        switch action {
        case .failed:
            output += "Your message could not be delivered to the recipients below.\r\n".utf8
            output += "It will not be tried again.\r\n".utf8
        case .delayed:
            output += "Your message has not been delivered to the recipients below yet.\r\n".utf8
            output += "You need not do anything: it will be tried again.\r\n".utf8
        case .delivered: output += "Your message is in the mailboxes of the recipients below.\r\n".utf8
        case .relayed:
            output +=
                "Your message was passed on for the recipients below, to a server that sends no reports of success.\r\n".utf8
            output += "You will hear of it again only if it cannot be delivered.\r\n".utf8
        }
        for recipient in recipients.prefix(Self.recipientLimit) {
            output += "\r\n<".utf8 + recipient.address.description.utf8.map(HeaderFolding.printable) + ">:\r\n".utf8
            output += paragraph(recipient.explanation)
        }
        if recipients.count > Self.recipientLimit {
            output += "\r\nand \(recipients.count - Self.recipientLimit) more.\r\n".utf8
        }
        return output
    }

    /// Indented, folded, printable.
    private func paragraph(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        for line in Array(text.utf8.prefix(Self.textLimit)).split(separator: 10) {
            var column = 0
            for word in line.split(separator: 0x20) {
                if column + word.count > 72, column > 0 {
                    output += [13, 10]
                    column = 0
                }
                output += column == 0 ? [0x20, 0x20, 0x20, 0x20] : [0x20]
                output += word.prefix(HeaderFolding.hardLimit - 8).map(HeaderFolding.printable)
                column += word.count + 1
            }
            output += [13, 10]
        }
        return output
    }

    // RFC 3464 §2.1: per-message fields, then a group of fields for each recipient, each group behind an empty line.
    private func deliveryStatus() -> [UInt8] {
        var output: [UInt8] = []
        // RFC 3464 §2.2.1.
        if let envelopeID {
            output += HeaderFolding.field("Original-Envelope-Id", [envelopeID.utf8.map(HeaderFolding.printable)])
        }
        output += HeaderFolding.field("Reporting-MTA", text: "dns; \(host)")
        if let arrival {
            output += HeaderFolding.field("Arrival-Date", text: MailDate.format(unixSeconds: arrival))
        }
        for recipient in recipients.prefix(Self.recipientLimit) {
            output += [13, 10]
            // RFC 3464 §2.3.1: before the final one.
            if let original = recipient.original {
                output += HeaderFolding.field("Original-Recipient", [original.utf8.map(HeaderFolding.printable)])
            }
            let address = recipient.address.description.utf8.map(HeaderFolding.printable)
            output += HeaderFolding.field("Final-Recipient", [Array("rfc822;".utf8), address])
            output += HeaderFolding.field("Action", text: action.rawValue)
            output += HeaderFolding.field("Status", text: recipient.status)
            if let remote = recipient.remote {
                output += HeaderFolding.field("Remote-MTA", [Array("dns;".utf8), HeaderFolding.token(remote)])
            }
            if let diagnostic = recipient.diagnostic {
                let text = String(decoding: Array(diagnostic.utf8.prefix(Self.textLimit)), as: UTF8.self)
                output += HeaderFolding.field("Diagnostic-Code", text: "smtp; " + text)
            }
        }
        return output
    }

    /// The original's header with CRLF line ends, no NUL, no line beyond 998, none that looks like our boundary.
    private func originalHeader() -> [UInt8] {
        var output: [UInt8] = []
        let fence = Array("--\(boundary)".utf8)
        var rest = original.prefix(Self.headerLimit)
        while !rest.isEmpty {
            let end = rest.firstIndex { $0 == 10 || $0 == 13 } ?? rest.endIndex
            let line = rest[rest.startIndex..<end]
            // A line that was cut in the middle by the limit is left out.
            if line.isEmpty || end == rest.endIndex && original.count > Self.headerLimit { break }
            if line.starts(with: fence) { output.append(0x20) }
            output += line.prefix(HeaderFolding.hardLimit - 1).filter { $0 != 0 }
            output += [13, 10]
            rest = rest[end...].dropFirst(rest[end...].starts(with: [13, 10]) ? 2 : min(1, rest.endIndex - end))
        }
        return output
    }
}
