// What may stand in the directory: words of the administrator brought into the form in which they are kept, or refused with
// a sentence that says what to write instead.

import IPC
import Mail
import SASL

/// One sentence with the reason and the fix.
struct FormFault: Error, Equatable {
    let because: String

    init(_ because: String) { self.because = because }
}

enum DirectoryForm {
    static func domain(_ text: String) throws(FormFault) -> String {
        let name = text.lowercased()
        guard EmailAddress.isDomain(name) else {
            throw FormFault("\"\(text.printable)\" is not the name of a domain: write it as example.org")
        }
        return name
    }

    /// An address that can be typed, and that `EmailAddress` reads again from the database.
    static func address(_ address: EmailAddress) throws(FormFault) -> EmailAddress {
        guard EmailAddress(address.stored) == address else {
            throw FormFault(
                "\"\(address.stored.printable)\" cannot stand in the directory: write local-part@domain without quotes")
        }
        return address
    }

    static func targets(_ targets: [EmailAddress]) throws(FormFault) -> [EmailAddress] {
        var all: [EmailAddress] = []
        for target in targets { all.append(try address(target)) }
        return all
    }

    /// `DomainChoices` as the words of a change.
    static func choices(_ choices: DomainChoices) throws(FormFault) -> DomainChoices {
        var kept = choices
        if let text = choices.catchAll, !text.isEmpty {
            guard let address = EmailAddress(text) else {
                throw FormFault("\"\(text.printable)\" is not an address: write the catch-all as name@example.org")
            }
            kept.catchAll = address.stored
        }
        if let text = choices.transport, !text.isEmpty { kept.transport = try transport(text) }
        if let text = choices.delimiters { try delimiters(text) }
        return kept
    }

    /// `host:port` in small letters; an IPv6 address in brackets.
    private static func transport(_ text: String) throws(FormFault) -> String {
        let colon = text.utf8.lastIndex(of: UInt8(ascii: ":"))
        let digits = colon.map { text[text.index(after: $0)...] } ?? ""
        guard text.utf8.count <= 300, let colon, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(digits), port > 0, isHost(text[..<colon])
        else {
            throw FormFault("\"\(text.printable)\" is not HOST:PORT: write mail.example.net:25 or [2001:db8::1]:25")
        }
        return "\(text[..<colon].lowercased()):\(port)"
    }

    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("[") {
            return text.hasSuffix("]") && text.contains(":") && InternetAddress(text.dropFirst().dropLast()) != nil
        }
        // Digits and dots alone are an address, or a mistyped one.
        if text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) { return InternetAddress(text) != nil }
        return EmailAddress.isDomain(text)
    }

    private static func delimiters(_ text: String) throws(FormFault) {
        let signs = Array(text.utf8)
        guard signs.count <= 8, signs.allSatisfy("!#$%&'*+-/=?^_`{|}~.".utf8.contains), Set(signs).count == signs.count else {
            throw FormFault("\"\(text.printable)\" are not signs that divide a local part: write each once, such as + or +-")
        }
    }

    /// The kinds of verifiers that these mechanisms need.
    static func legacy(_ names: [String]) throws(FormFault) -> Set<VerifierKind> {
        var kinds: Set<VerifierKind> = []
        for name in names {
            let known = VerifierKind(rawValue: name.uppercased())
            guard let known, [.cramMD5, .ntHash, .apop].contains(known) else {
                throw FormFault("\"\(name.printable)\" needs nothing of its own: name CRAM-MD5, NTLM, APOP, or nothing")
            }
            kinds.insert(known)
        }
        return kinds
    }
}

// Receive rules (T-03).
extension DirectoryForm {
    static func rule(_ rule: NamedRule) throws(FormFault) -> RuleWords {
        let text = rule.recipient
        let at = text.utf8.lastIndex(of: UInt8(ascii: "@"))
        guard let at, isPattern(text[..<at], longest: 64), !text[..<at].contains("@") else {
            throw FormFault(
                "\"\(text.printable)\" is not a pattern of recipients: write sales-*@example.org, *@example.org or orders@*")
        }
        let domain = String(text[text.utf8.index(after: at)...])
        guard text.utf8.count + (rule.sender?.utf8.count ?? 0) <= DirectoryLimits.patterns else {
            throw FormFault("the patterns of a rule have \(DirectoryLimits.patterns) octets at most: write shorter ones")
        }
        return RuleWords(
            localPart: String(text[..<at]), domain: domain == "*" ? nil : try self.domain(domain),
            sender: try sender(rule.sender), source: rule.source)
    }

    /// "" is the null sender.
    private static func sender(_ text: String?) throws(FormFault) -> String? {
        guard let text, !text.isEmpty else { return text }
        guard isPattern(text[...], longest: 320), text.contains("@") || text.contains("*") else {
            throw FormFault("\"\(text.printable)\" is not a pattern of senders: write *@example.org or alice@example.org")
        }
        return text
    }

    private static func isPattern(_ text: Substring, longest: Int) -> Bool {
        (1...longest).contains(text.utf8.count)
            && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F || "\"\\<>()[],;:".utf8.contains($0) }
    }
}

extension String {
    /// For a sentence on a terminal: no control characters, not endless.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.prefix(320).map { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "." : $0 }))
    }
}
