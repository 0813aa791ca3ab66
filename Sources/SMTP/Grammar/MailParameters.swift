// The parameters of MAIL and RCPT. RFC 5321 §4.1.2: esmtp-param = esmtp-keyword ["=" esmtp-value].
import Mail

/// RFC 5321 §4.1.2 Reverse-path: a mailbox, or the empty path that bounces come from.
package enum SenderPath: Hashable, Sendable, Codable, CustomStringConvertible {
    case null
    case mailbox(EmailAddress)

    package var description: String {
        switch self {
        case .null: ""
        case .mailbox(let address): address.description
        }
    }
}

package struct MailParameters: Hashable, Sendable, Codable {
    /// RFC 1870 §6.1: what the client says the message will have, in octets.
    package var size: Int?
    /// RFC 6152 §3, RFC 3030 §3. A binary message can leave this house by BDAT only.
    package var body: Body?
    /// RFC 6531 §3.4: addresses and header fields may hold UTF-8.
    package var isInternationalized = false
    /// RFC 3461 §4.3: how much of the message a failure report returns.
    package var reportReturns: ReportReturn?
    // One or none each: an empty array is small and free, and questions are moved often.
    private var submitters: [SenderPath] = []
    private var envelopeIDs: [XText] = []

    /// RFC 4954 §5: who handed the message in first, as the client says; `.null` where it does not know. Worth
    /// something only from a peer that is trusted: from anybody else it is to be taken as `.null`.
    package var submitter: SenderPath? {
        get { submitters.first }
        set { submitters = newValue.map { [$0] } ?? [] }
    }

    /// RFC 3461 §4.4: ENVID, at most 100 octets as it came.
    package var envelopeID: XText? {
        get { envelopeIDs.first }
        set { envelopeIDs = newValue.map { [$0] } ?? [] }
    }

    package init(
        size: Int? = nil, body: Body? = nil, isInternationalized: Bool = false, submitter: SenderPath? = nil,
        reportReturns: ReportReturn? = nil, envelopeID: XText? = nil
    ) {
        self.size = size
        self.body = body
        self.isInternationalized = isInternationalized
        self.submitter = submitter
        self.reportReturns = reportReturns
        self.envelopeID = envelopeID
    }

    package enum Body: String, Hashable, Sendable, Codable {
        case sevenBit = "7BIT"
        case eightBitMIME = "8BITMIME"
        case binaryMIME = "BINARYMIME"
    }

    package enum ReportReturn: String, Hashable, Sendable, Codable { case full = "FULL", headers = "HDRS" }
}

package struct RcptParameters: Hashable, Sendable, Codable {
    /// RFC 3461 §4.1; nil where the client leaves it to us. Empty: NEVER.
    package var notify: Notify?
    private var originalRecipients: [OriginalRecipient] = []

    /// RFC 3461 §4.2.
    package var originalRecipient: OriginalRecipient? {
        get { originalRecipients.first }
        set { originalRecipients = newValue.map { [$0] } ?? [] }
    }

    package init(notify: Notify? = nil, originalRecipient: OriginalRecipient? = nil) {
        self.notify = notify
        self.originalRecipient = originalRecipient
    }

    /// When a report is wanted.
    package struct Notify: OptionSet, Hashable, Sendable, Codable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let never: Notify = []
        package static let success = Notify(rawValue: 1)
        package static let failure = Notify(rawValue: 2)
        package static let delay = Notify(rawValue: 4)
    }

    /// ORCPT = addr-type ";" xtext, at most 500 octets as it came.
    package struct OriginalRecipient: Hashable, Sendable, Codable {
        /// In lower case, such as `rfc822` or `utf-8`.
        package let type: String
        package let address: XText

        package init(type: String, address: XText) {
            self.type = type
            self.address = address
        }
    }
}
