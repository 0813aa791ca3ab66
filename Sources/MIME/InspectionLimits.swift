// What a message may hold, and what is said of one that holds more.

/// All sizes in octets. A message at its limit passes; one octet, field or part more is a fault.
package struct InspectionLimits: Equatable, Sendable {
    /// Of any single attachment, after its transfer encoding is taken off. nil: no limit but the message's own.
    package var attachment: Int?
    /// Of one header: the message's own, and again of each part's.
    package var header = 1 << 20
    /// Fields in one header.
    package var fields = 1_000
    /// Of one field with its name and all its folded lines.
    package var field = 256 << 10
    /// Of one line without its end; RFC 5321 §4.5.3.1.6 asks for 998. nil: not looked at.
    package var line: Int?
    /// How deep multiparts and messages may lie in one another. What lies deeper is not descended into: it is one
    /// attachment, whatever is in it.
    package var depth = 100
    /// Headers in the whole message: its own, and one for each part and each message inside. At least 1.
    package var parts = 10_000

    package init(attachment: Int? = nil) { self.attachment = attachment }
}

/// Why a message cannot be taken. Each carries the limit that was crossed.
package enum InspectionFault: Error, Equatable, Sendable {
    /// The name is printable ASCII of at most 255 octets, fit for an SMTP reply; nil when the part has none.
    case attachmentTooLarge(name: String?, limit: Int)
    case headerTooLarge(limit: Int)
    case tooManyFields(limit: Int)
    case fieldTooLong(limit: Int)
    case lineTooLong(limit: Int)
    case tooManyParts(limit: Int)
}
