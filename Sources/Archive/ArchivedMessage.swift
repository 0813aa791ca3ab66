// What an archive knows of a message beside its bytes, in the words of IMAP, whichever format it stood in.

/// The flags that the formats share with IMAP (RFC 3501 §2.3.2), and two of their own.
package struct ArchivedFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let seen = ArchivedFlags(rawValue: 1)
    package static let answered = ArchivedFlags(rawValue: 2)
    package static let flagged = ArchivedFlags(rawValue: 4)
    package static let draft = ArchivedFlags(rawValue: 8)
    package static let deleted = ArchivedFlags(rawValue: 16)
    /// Passed on: Maildir's P, the keyword `$Forwarded` of IMAP.
    package static let forwarded = ArchivedFlags(rawValue: 32)
    /// A client has been told of it: Maildir's `cur`, mbox's O. It is the opposite of IMAP's \Recent.
    package static let old = ArchivedFlags(rawValue: 64)
}

/// What came with a message. What an archive does not tell is nil.
package struct ArchivedMessage: Equatable, Sendable {
    package var flags: ArchivedFlags
    /// IMAP keywords beside `$Forwarded`, in the archive's order, none twice. Each is an atom of printable ASCII or text
    /// in UTF-8 without white space.
    package var keywords: [String]
    /// When it arrived: seconds since 1970 in UTC.
    package var internalDate: Int64?
    /// Octets with CRLF line ends, as the archive says. It may be wrong: only the bytes themselves tell.
    package var size: UInt64?
    /// Its IMAP UID under the archive's UIDVALIDITY; never 0.
    package var uid: UInt32?
    /// The unique id that POP3 clients have seen, where it differs from what the server would make of the UID.
    package var uidl: String?

    package init(
        flags: ArchivedFlags = [], keywords: [String] = [], internalDate: Int64? = nil, size: UInt64? = nil,
        uid: UInt32? = nil, uidl: String? = nil
    ) {
        self.flags = flags
        self.keywords = keywords
        self.internalDate = internalDate
        self.size = size
        self.uid = uid
        self.uidl = uidl
    }

    /// Takes a keyword once. `$Forwarded` becomes the flag.
    /// - Returns: false when it is none: empty, over 255 octets, not UTF-8, with white space or controls; or when the
    ///   message has 128 already.
    @discardableResult
    package mutating func add(keyword octets: some Collection<UInt8>) -> Bool {
        guard let text = ArchivedMessage.keyword(octets) else { return false }
        if text.lowercased() == "$forwarded" {
            flags.insert(.forwarded)
            return true
        }
        if keywords.contains(text) { return true }
        guard keywords.count < 128 else { return false }
        keywords.append(text)
        return true
    }

    /// - Returns: nil when this is no keyword.
    static func keyword(_ octets: some Collection<UInt8>) -> String? {
        guard (1...255).contains(octets.count), octets.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: octets, as: UTF8.self)
    }
}
