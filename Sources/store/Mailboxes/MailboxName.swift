// What a mailbox may be called. Every name of the index has gone through here.

@_spi(_Unicode) import Swift

/// A name in the form in which it is kept: INBOX in capitals, everything else in NFC (RFC 9051 §5.1), levels divided by `/`.
package struct MailboxName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Compared as a scalar: a combining mark behind it must not hide it.
    package static let separator: Unicode.Scalar = "/"
    package static let inbox = MailboxName(kept: "INBOX")

    /// Octets of a whole name and of one level.
    package static let longest = 1_000
    package static let longestLevel = 255
    package static let deepest = 32
    /// Mailboxes and subscriptions of one account.
    package static let ofAccount = 10_000

    package let text: String

    /// As the index has it.
    init(kept text: String) { self.text = text }

    /// - Throws: one sentence with the fix.
    init(_ text: String) throws(FormFault) {
        var levels = Self.composed(text).unicodeScalars.split(separator: Self.separator, omittingEmptySubsequences: false)
            .map { String($0) }
        let shown = "\"\(text.printable)\""
        guard text.utf8.count <= Self.longest else {
            throw FormFault("a mailbox's name has at most \(Self.longest) octets and this one has \(text.utf8.count): shorten it")
        }
        guard levels.count <= Self.deepest else {
            throw FormFault("\(shown) has \(levels.count) levels and \(Self.deepest) are allowed: move it further up")
        }
        for level in levels {
            guard !level.isEmpty, level != ".", level != ".." else {
                throw FormFault("\(shown) is no mailbox's name: write levels that are not empty, divided by /")
            }
            guard level.utf8.count <= Self.longestLevel else {
                throw FormFault("a level of \(shown) is longer than \(Self.longestLevel) octets: shorten it")
            }
            guard level.unicodeScalars.allSatisfy(Self.isShown) else {
                throw FormFault("\(shown) has a control character: leave it away")
            }
        }
        if levels[0].utf8.count == 5, levels[0].uppercased() == "INBOX" { levels[0] = "INBOX" }
        self.text = levels.joined(separator: String(Self.separator))
        guard self.text.utf8.count <= Self.longest else {
            throw FormFault("a mailbox's name has at most \(Self.longest) octets: shorten it")
        }
    }

    /// Normalization Form C: what looks the same to a person has one name.
    private static func composed(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text._nfc)
        return String(scalars)
    }

    /// RFC 9051 §5.1 and RFC 5198 §2: no C0 and C1 controls, no line and paragraph separators.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFFFE, 0xFFFF: false
        default: true
        }
    }

    package var description: String { text }

    package var isInbox: Bool { text == "INBOX" }

    /// The names above it, the highest first.
    var superiors: [MailboxName] {
        let scalars = text.unicodeScalars
        return scalars.indices.filter { scalars[$0] == Self.separator }.map { MailboxName(kept: String(scalars[..<$0])) }
    }

    /// What it is called when `old`, itself or above it, is `new`. nil: `old` is neither.
    func renamed(_ old: MailboxName, to new: MailboxName) -> String? {
        if self == old { return new.text }
        guard text.utf8.starts(with: "\(old.text)/".utf8) else { return nil }
        return new.text + String(Substring(text.utf8.dropFirst(old.text.utf8.count)))
    }

    package static func < (left: Self, right: Self) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
}
