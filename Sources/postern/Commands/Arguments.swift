// What an administrator types, read before any room is asked. A wrong word is wrong usage: the parser names the argument
// in front of these sentences, and the command ends with status 2.

import ArgumentParser
import IDNA
import IPC
import Mail

enum Typed {
    /// Ends a choice; on the road it is the empty text.
    static let none = "none"

    static func domain(_ text: String) throws -> String {
        guard EmailAddress.isDomain(text), let name = IDNA.ascii(text) else {
            throw ValidationError("it is not a domain name, such as example.org")
        }
        return name.lowercased()
    }

    static func address(_ text: String) throws -> EmailAddress {
        guard let address = EmailAddress(text).flatMap({ IDNA.ascii($0) }) else {
            throw ValidationError("it is not an address; write it as name@example.org")
        }
        return address
    }

    /// One address, CIDR, first-last, or IPv4 with a wildcard for a whole octet (E-15).
    static func range(_ text: String) throws -> AddressRange {
        if let range = AddressRange(text) { return range }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, let base = InternetAddress(parts[0]), let length = UInt8(parts[1]),
            length <= (base.isV4 ? 32 : 128)
        {
            throw ValidationError("it has bits set behind the prefix; write the network's first address")
        }
        throw ValidationError(
            "it is not a range; write 192.0.2.7, 10.0.0.0/8, 10.0.0.5-10.0.0.9, 192.168.1.% or 2001:db8::/32")
    }

    static func client(_ text: String) throws -> InternetAddress {
        guard let address = InternetAddress(text) else {
            throw ValidationError("it is not an Internet address, such as 192.0.2.7 or 2001:db8::7")
        }
        return address
    }

    /// A number that a listing shows, from 1.
    static func number(_ text: String) throws -> UInt64 {
        guard let number = UInt64(text), number > 0 else {
            throw ValidationError("it is not a number from 1 on")
        }
        return number
    }

    /// Percent with at most one digit behind the point, as thousandths.
    static func thousandths(_ text: String) throws -> UInt16 {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let tenths = parts.count == 2 && parts[1].utf8.count == 1 ? UInt16(parts[1]) : parts.count == 1 ? 0 : nil
        guard let whole = UInt16(parts[0]), whole <= 100, let tenths, (1...1_000).contains(whole * 10 + tenths) else {
            throw ValidationError("it is not a number of percent from 0.1 to 100")
        }
        return whole * 10 + tenths
    }

    static func user(_ text: String) throws -> String {
        guard (1...320).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ValidationError("it is not the name of a user")
        }
        return text
    }
}

// A domain's choices.
extension Typed {
    static func aliasTarget(_ text: String) throws -> String {
        guard text != none else {
            throw ValidationError("an alias domain ends with postern domain remove; then add it as a domain")
        }
        return try domain(text)
    }

    static func catchAll(_ text: String) throws -> String {
        text == none ? "" : try address(text).description
    }

    static func transport(_ text: String) throws -> String {
        if text == none { return "" }
        let colon = text.utf8.lastIndex(of: UInt8(ascii: ":"))
        guard let colon, let port = UInt16(text[text.index(after: colon)...]), port > 0, isHost(text[..<colon]) else {
            throw ValidationError("it is not HOST:PORT, such as mail.example.net:25 or [2001:db8::1]:25; none ends it")
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

    /// Every sign that a local part may have without quotes (RFC 5321 §4.1.2), but for letters and digits.
    static func delimiters(_ text: String) throws -> String {
        if text == none { return "" }
        let signs = Array(text.utf8)
        guard !signs.isEmpty, signs.allSatisfy("!#$%&'*+-/=?^_`{|}~.".utf8.contains), Set(signs).count == signs.count
        else {
            throw ValidationError("these are not signs of a local part, each once, such as + or +-; none ends it")
        }
        return text
    }
}

// The patterns of a receive rule (T-03).
extension Typed {
    /// `*` and `?` in the local part; a domain or `*` behind the `@`.
    static func recipientPattern(_ text: String) throws -> String {
        let form = "write sales-*@example.org, *@example.org or orders@*"
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else {
            throw ValidationError("it has no @; \(form)")
        }
        let (local, domain) = (text[..<at], text[text.index(after: at)...])
        guard (1...64).contains(local.utf8.count), local.utf8.allSatisfy(isPatternOctet), !local.contains("@") else {
            throw ValidationError("what is left of the @ is not a pattern of a local part; \(form)")
        }
        guard domain == "*" || EmailAddress.isDomain(domain) else {
            throw ValidationError("what is right of the @ must be a whole domain, or * for any; \(form)")
        }
        return "\(local)@\(domain.lowercased())"
    }

    /// A pattern of the whole address, in which a `*` may stand for the `@` too. `<>` is the null sender.
    static func senderPattern(_ text: String) throws -> String {
        if text == "<>" { return "" }
        guard (1...320).contains(text.utf8.count), text.utf8.allSatisfy(isPatternOctet),
            text.contains("@") || text.contains("*")
        else {
            throw ValidationError("it is not a pattern of an address; write *@example.org, or '<>' for the null sender")
        }
        return text
    }

    private static func isPatternOctet(_ octet: UInt8) -> Bool {
        octet > 0x20 && octet != 0x7F && !"\"\\<>()[],;:".utf8.contains(octet)
    }
}

// An envelope's sender and a length of time.
extension Typed {
    /// The null sender is `<>`.
    struct ReversePath: Equatable {
        var address: EmailAddress?
    }

    static func reversePath(_ text: String) throws -> ReversePath {
        text == "<>" ? ReversePath() : ReversePath(address: try address(text))
    }

    private static let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]

    /// Digits and a unit, in seconds; `.max` when it is more than that. nil: it is no length of time.
    static func length(_ text: String) -> UInt64? {
        guard let unit = text.last.flatMap({ units[$0] }), text.utf8.count > 1,
            text.utf8.dropLast().allSatisfy({ (48...57).contains($0) })
        else { return nil }
        guard let count = UInt64(text.dropLast()) else { return .max }
        let product = count.multipliedReportingOverflow(by: unit)
        return product.overflow ? .max : product.partialValue
    }

    /// Seconds; from a second to a year.
    static func seconds(_ text: String) throws -> UInt32 {
        guard let seconds = length(text), (1...365 * 86_400).contains(seconds) else {
            throw ValidationError("it is not a time from 1s to 365d, such as 30m, 12h or 7d")
        }
        return UInt32(seconds)
    }
}

// What a password is good for, and how long.
extension Typed {
    /// What a choice of scopes is: nil in it is everything.
    struct Scopes: Equatable {
        var list: [PasswordScope]?
    }

    static func scopes(_ text: String) throws -> Scopes {
        if text == "all" { return Scopes() }
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
        let scopes = names.compactMap { PasswordScope(rawValue: $0.lowercased()) }
        guard scopes.count == names.count, Set(scopes).count == scopes.count else {
            let known = PasswordScope.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("name some of \(known) with commas between them, each once, or all")
        }
        return Scopes(list: PasswordScope.allCases.filter(scopes.contains))
    }

    /// Milliseconds since 1970 at the day's beginning in UTC.
    static func day(_ text: String) throws -> Int64 {
        guard let number = GregorianDay.number(text) else {
            throw ValidationError("it is not a day, such as 2027-01-31")
        }
        return Int64(number) * 86_400_000
    }

    static func passwordName(_ text: String) throws -> String {
        guard NewPassword.isName(text) else {
            throw ValidationError("it must have 1 to 64 octets without control characters, such as phone")
        }
        return text
    }
}

/// A way to log in for old clients, which needs a verifier that is weaker than the others (T-23).
enum LegacyMechanism: String, CaseIterable, ExpressibleByArgument {
    case cramMD5 = "CRAM-MD5"
    case ntlm = "NTLM"
    case apop = "APOP"

    init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
