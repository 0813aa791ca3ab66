// The paths of MAIL and RCPT, RFC 5321 §4.1.2 and §4.1.3: one function per rule, the rule above it.
// Each takes the octets, moves `at` over what it has read, never past `end`, and makes Strings only at the very end.
import Mail

enum PathFault: Error {
    case syntax
    /// An octet above 127, which needs SMTPUTF8.
    case notASCII
}

enum PathGrammar {
    /// RFC 5321 §4.5.3.1.1 … §4.5.3.1.3.
    private static let localPartLimit = 64
    private static let domainLimit = 255
    private static let pathLimit = 256

    // Reverse-path = Path / "<>"
    static func reversePath(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ leniency: SMTPLimits.Leniency,
        allowsUTF8: Bool = false
    ) throws(PathFault) -> SenderPath {
        if at + 1 < end, bytes[at] == UInt8(ascii: "<"), bytes[at + 1] == UInt8(ascii: ">") {
            at += 2
            return .null
        }
        return .mailbox(try path(bytes, &at, end, leniency, allowsUTF8))
    }

    // Forward-path = Path, or "<Postmaster>" without a domain and without case (§4.1.1.3)
    static func forwardPath(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ leniency: SMTPLimits.Leniency,
        postmasterDomain: String, allowsUTF8: Bool = false
    ) throws(PathFault) -> EmailAddress {
        if let behind = postmaster(bytes, at, end) {
            at = behind
            return EmailAddress(localPart: "postmaster", domain: postmasterDomain)
        }
        return try path(bytes, &at, end, leniency, allowsUTF8)
    }

    // Path = "<" [ A-d-l ":" ] Mailbox ">"
    private static func path(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ leniency: SMTPLimits.Leniency, _ allowsUTF8: Bool
    ) throws(PathFault) -> EmailAddress {
        let start = at
        let hasBrackets = at < end && bytes[at] == UInt8(ascii: "<")
        guard hasBrackets || leniency.contains(.addressWithoutBrackets) else { throw .syntax }
        if hasBrackets { at += 1 }
        if at < end, bytes[at] == UInt8(ascii: "@") { try sourceRoute(bytes, &at, end, allowsUTF8) }
        let mailboxStart = at
        let address = try mailbox(bytes, &at, end, allowsUTF8: allowsUTF8)
        guard at - mailboxStart <= pathLimit - 2, at - start <= 2 * pathLimit else { throw .syntax }
        if hasBrackets {
            guard at < end, bytes[at] == UInt8(ascii: ">") else { throw fault(bytes, at, end) }
            at += 1
        }
        return address
    }

    // A-d-l = At-domain *( "," At-domain ) ; At-domain = "@" Domain
    // RFC 5321 Appendix C: accepted and ignored.
    private static func sourceRoute(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ allowsUTF8: Bool
    ) throws(PathFault) {
        while true {
            guard at < end, bytes[at] == UInt8(ascii: "@") else { throw .syntax }
            at += 1
            _ = try domain(bytes, &at, end, allowsUTF8: allowsUTF8)
            guard at < end else { throw .syntax }
            let separator = bytes[at]
            at += 1
            if separator == UInt8(ascii: ":") { return }
            guard separator == UInt8(ascii: ",") else { throw .syntax }
        }
    }

    // Mailbox = Local-part "@" ( Domain / address-literal )
    // RFC 6531 §3.3 adds UTF8-non-ascii to atext, qtextSMTP and sub-domain: as it came, neither mapped nor normalised.
    static func mailbox(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, allowsUTF8: Bool
    ) throws(PathFault) -> EmailAddress {
        let isQuoted = at < end && bytes[at] == UInt8(ascii: "\"")
        let local =
            isQuoted ? try quotedString(bytes, &at, end, allowsUTF8) : try dotString(bytes, &at, end, allowsUTF8)
        guard at < end, bytes[at] == UInt8(ascii: "@") else { throw fault(bytes, at, end) }
        at += 1
        let isLiteral = at < end && bytes[at] == UInt8(ascii: "[")
        let name = isLiteral ? try addressLiteral(bytes, &at, end) : try domain(bytes, &at, end, allowsUTF8: allowsUTF8)
        return EmailAddress(localPart: local, domain: name)
    }

    // Dot-string = Atom *("." Atom)
    private static func dotString(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ allowsUTF8: Bool
    ) throws(PathFault) -> String {
        let start = at
        var previous = UInt8(ascii: ".")
        var all: UInt8 = 0
        while at < end {
            let octet = bytes[at]
            guard
                isAtomText(octet) || (octet == UInt8(ascii: ".") && previous != UInt8(ascii: "."))
                    || (allowsUTF8 && octet >= 0x80)
            else { break }
            all |= octet
            previous = octet
            at += 1
        }
        guard previous != UInt8(ascii: "."), at - start <= localPartLimit else { throw fault(bytes, at, end) }
        guard all < 0x80 || UTF8Text.isValid(bytes, start..<at) else { throw .syntax }
        return text(bytes, start..<at)
    }

    // Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE
    private static func quotedString(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ allowsUTF8: Bool
    ) throws(PathFault) -> String {
        let start = at
        var octets: [UInt8] = []
        at += 1
        while at < end, bytes[at] != UInt8(ascii: "\"") {
            // quoted-pairSMTP = %d92 %d32-126
            let isPair = bytes[at] == UInt8(ascii: "\\")
            if isPair { at += 1 }
            guard at < end, octets.count < localPartLimit,
                (0x20...0x7E).contains(bytes[at]) || (allowsUTF8 && !isPair && bytes[at] >= 0x80)
            else {
                throw fault(bytes, at, end)
            }
            octets.append(bytes[at])
            at += 1
        }
        guard at < end, !octets.isEmpty else { throw .syntax }
        at += 1
        guard at - start <= localPartLimit else { throw .syntax }
        guard !allowsUTF8 || UTF8Text.isValid(octets.span, 0..<octets.count) else { throw .syntax }
        return String(decoding: octets, as: UTF8.self)
    }

    // Domain = sub-domain *("." sub-domain) ; sub-domain = Let-dig [Ldh-str]
    // The underscore is no Let-dig, but host names with it send mail every day.
    // RFC 6531 §3.3: sub-domain =/ U-label. Its limit of 63 is the A-label's, which never has fewer characters.
    static func domain(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, allowsUTF8: Bool = false
    ) throws(PathFault) -> String {
        let start = at
        var all: UInt8 = 0
        var label = 0
        var previous = UInt8(ascii: ".")
        while at < end {
            let octet = bytes[at]
            if octet == UInt8(ascii: ".") {
                guard label > 0, previous != UInt8(ascii: "-") else { throw .syntax }
                label = 0
            } else {
                guard isLabelText(octet) || (allowsUTF8 && octet >= 0x80) else { break }
                all |= octet
                if octet & 0xC0 != 0x80 { label += 1 }
                guard label <= 63, label > 1 || octet != UInt8(ascii: "-") else { throw .syntax }
            }
            previous = octet
            at += 1
        }
        guard label > 0, previous != UInt8(ascii: "-"), at - start <= domainLimit else { throw fault(bytes, at, end) }
        guard all < 0x80 || UTF8Text.isValid(bytes, start..<at) else { throw .syntax }
        return lowercased(bytes, start..<at)
    }

    // address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
    // A general literal would need a registered tag; none is registered, so none is accepted.
    static func addressLiteral(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int
    ) throws(PathFault) -> String {
        let start = at
        at += 1
        while at < end, bytes[at] != UInt8(ascii: "]"), at - start < 64 { at += 1 }
        guard at < end, bytes[at] == UInt8(ascii: "]") else { throw .syntax }
        let inside = lowercased(bytes, start + 1..<at)
        at += 1
        if inside.utf8.starts(with: "ipv6:".utf8) {
            guard let address = InternetAddress(inside.dropFirst(5)), inside.dropFirst(5).contains(":") else {
                throw .syntax
            }
            return "[ipv6:\(address)]"
        }
        guard let address = InternetAddress(inside), address.isV4, !inside.contains(":") else { throw .syntax }
        return "[\(address)]"
    }

    private static func postmaster(_ bytes: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
        let word: StaticString = "<POSTMASTER>"
        guard end - at >= word.utf8CodeUnitCount else { return nil }
        for index in 0..<word.utf8CodeUnitCount where Verb.upper(bytes[at + index]) != word.utf8Start[index] {
            return nil
        }
        return at + word.utf8CodeUnitCount
    }

    /// Non-ASCII octets deserve an answer of their own.
    private static func fault(_ bytes: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> PathFault {
        at < end && bytes[at] >= 0x80 ? .notASCII : .syntax
    }

    private static func text(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String {
        bytes.withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
    }

    /// Domains compare without case (RFC 5321 §2.4). Only ASCII letters change.
    static func lowercased(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String {
        bytes.withUnsafeBufferPointer { source in
            let source = UnsafeBufferPointer(rebasing: source[range])
            return String(unsafeUninitializedCapacity: source.count) { target in
                for index in 0..<source.count {
                    let octet = source[index]
                    target[index] = octet &- 0x41 < 26 ? octet | 0x20 : octet
                }
                return source.count
            }
        }
    }

    // RFC 5322 §3.2.3 atext
    @inline(__always)
    static func isAtomText(_ octet: UInt8) -> Bool {
        isOne(octet, of: 0xA3FF_ACFA_0000_0000, 0x7FFF_FFFF_C7FF_FFFE)
    }

    // Let-dig / "-" / "_"
    @inline(__always)
    private static func isLabelText(_ octet: UInt8) -> Bool {
        isOne(octet, of: 0x03FF_2000_0000_0000, 0x07FF_FFFE_87FF_FFFE)
    }

    /// A bit for each of the first and of the second 64 octets: one test instead of many, for each octet of a path.
    @inline(__always)
    private static func isOne(_ octet: UInt8, of low: UInt64, _ high: UInt64) -> Bool {
        octet < 0x80 && (octet < 64 ? low : high) &>> UInt64(octet & 63) & 1 != 0
    }
}
