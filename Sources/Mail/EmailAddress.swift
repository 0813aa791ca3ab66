// An address as the envelope carries it. Parsing of SMTP paths belongs to SMTP; this is the noun and its plain text form.

/// `local-part@domain`. The domain is kept in lower case (RFC 5321 §2.4: domains compare without case);
/// the local part is kept as it came.
package struct EmailAddress: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The local part without its quotes. At most 64 octets on the wire (RFC 5321 §4.5.3.1.1); the parser enforces it.
    package let localPart: String
    /// A host name in lower case, or an address literal with its brackets.
    package let domain: String

    package init(localPart: String, domain: String) {
        self.localPart = localPart
        self.domain = domain.lowercased()
    }

    /// For a domain that is in lower case already.
    package init(localPart: String, lowercasedDomain domain: String) {
        self.localPart = localPart
        self.domain = domain
    }

    /// Reads `local@domain` as an administrator types it: no quotes, no brackets, no white space.
    /// - Returns: nil when there is no `@`, when a side is empty or too long, or when an octet is not allowed there.
    package init?(_ text: String) {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let local = text[..<at]
        let domain = text[text.utf8.index(after: at)...]
        guard (1...64).contains(local.utf8.count), EmailAddress.isDomain(domain) else { return nil }
        guard !local.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "\"\\<>()[],;:@".utf8.contains($0) }) else {
            return nil
        }
        self.init(localPart: String(local), domain: String(domain))
    }

    /// Whether the text is a host name of labels with letters, digits, hyphens and (RFC 6531) non-ASCII octets.
    package static func isDomain(_ text: some StringProtocol) -> Bool {
        let octets = Array(text.utf8)
        guard (1...255).contains(octets.count) else { return false }
        for label in octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
            else {
                return false
            }
            guard label.allSatisfy(isLabelOctet) else { return false }
        }
        return true
    }

    /// The wire form of RFC 5321 §4.1.2: the local part is quoted when it is not a dot-string.
    package var description: String { "\(quotedLocalPart)@\(domain)" }

    private var quotedLocalPart: String {
        if EmailAddress.isDotString(localPart) { return localPart }
        var quoted = "\""
        for character in localPart.unicodeScalars {
            if character == "\"" || character == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }

    /// RFC 5321 §4.1.2: `Dot-string = Atom *("." Atom)`, with RFC 6531's non-ASCII octets in atoms.
    package static func isDotString(_ text: String) -> Bool {
        var isInAtom = false
        for octet in text.utf8 {
            if octet == UInt8(ascii: ".") {
                guard isInAtom else { return false }
                isInAtom = false
            } else {
                guard isAtomOctet(octet) else { return false }
                isInAtom = true
            }
        }
        return isInAtom
    }

    private static func isAtomOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...0xFF:
            true
        default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet)
        }
    }

    private static func isLabelOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }
}
