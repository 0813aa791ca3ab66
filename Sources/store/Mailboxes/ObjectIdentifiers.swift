// The names that clients know mailboxes and messages by, beside UIDs (RFC 8474).

import Mail

/// The index's number of a mailbox. Never used twice: numbers go up, and an index that was made anew begins with the seconds
/// since 1970, above all that the lost one can have given out.
package struct MailboxID: Hashable, Comparable, Sendable, RawRepresentable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    package static func < (left: MailboxID, right: MailboxID) -> Bool { left.rawValue < right.rawValue }

    /// MAILBOXID (RFC 8474 §4): F and the number in hexadecimal digits. It stays when the mailbox gets another name, and
    /// also when it was deleted and is brought back.
    package var objectID: String { "F" + String(rawValue, radix: 16) }
}

extension SpoolID {
    /// EMAILID (RFC 8474 §5.1): M and the 16 digits of the spool id. Copies of a message in other mailboxes, also of other
    /// accounts, have the same, since they are the same bytes; two messages never have, since no spool id is used twice.
    package var objectID: String { "M\(self)" }
}
