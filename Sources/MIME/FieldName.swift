// The header fields that somebody asks about, recognised without making a string of them.

/// RFC 5322 §3.6, RFC 2045 §3 and RFC 2183 §2. `resent` stands for every field whose name begins with `Resent-`.
package enum FieldName: UInt8, CaseIterable, Sendable {
    case date, from, sender, replyTo, to, cc, bcc, messageID, inReplyTo, references, subject
    case received, returnPath, resent
    case mimeVersion, contentType, contentTransferEncoding, contentDisposition

    /// RFC 5322 §3.6 allows these once at most.
    package static let unique: [FieldName] = [
        .date, .from, .sender, .replyTo, .to, .cc, .bcc, .messageID, .inReplyTo, .references, .subject,
    ]

    /// - Parameter name: printable octets, without the colon; capitals and small letters are alike.
    init?(_ name: UnsafeBufferPointer<UInt8>) {
        func named(_ text: StaticString) -> Bool { FieldName.begins(name, with: text) }
        switch name.count {
        case 2 where named("to"): self = .to
        case 2 where named("cc"): self = .cc
        case 3 where named("bcc"): self = .bcc
        case 4 where named("date"): self = .date
        case 4 where named("from"): self = .from
        case 6 where named("sender"): self = .sender
        case 7 where named("subject"): self = .subject
        case 8 where named("received"): self = .received
        case 8 where named("reply-to"): self = .replyTo
        case 10 where named("message-id"): self = .messageID
        case 10 where named("references"): self = .references
        case 11 where named("in-reply-to"): self = .inReplyTo
        case 11 where named("return-path"): self = .returnPath
        case 12 where named("content-type"): self = .contentType
        case 12 where named("mime-version"): self = .mimeVersion
        case 19 where named("content-disposition"): self = .contentDisposition
        case 25 where named("content-transfer-encoding"): self = .contentTransferEncoding
        case 8... where named("resent-"): self = .resent
        default: return nil
        }
    }

    /// - Parameter text: small letters and hyphens, not longer than the name. No other printable octet becomes one of
    ///   them by the bit that tells small letters from capitals.
    @inline(__always)
    private static func begins(_ name: UnsafeBufferPointer<UInt8>, with text: StaticString) -> Bool {
        for index in 0..<text.utf8CodeUnitCount where name[index] | 0x20 != text.utf8Start[index] { return false }
        return true
    }
}

extension UInt8 {
    /// The small letter for an ASCII capital; every other octet itself.
    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
    /// A part of the line ends that folding puts into a value.
    var isFold: Bool { self == 13 || self == 10 }
    /// White space as it stands in a folded field: space, tab, and the line ends of the folds.
    var isSpace: Bool { self <= 0x20 && (self == 0x20 || self == 9 || isFold) }
}
