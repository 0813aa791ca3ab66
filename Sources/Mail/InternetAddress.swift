// Addresses of hosts and the ranges of them that settings name. Text in, text out; nothing is resolved here.

/// An IPv4 or IPv6 address in 16 octets; IPv4 is held in its mapped form (RFC 4291 §2.5.5.2).
package struct InternetAddress: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// The first and the last eight octets, in network order.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(v4 value: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(value)) }

    package var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }
    package var isLoopback: Bool { isV4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1 }

    package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }

    /// Reads dotted quads and RFC 4291 §2.2 text, with an embedded IPv4 tail; no zone, no prefix.
    package init?(_ text: some StringProtocol) {
        if let value = InternetAddress.dottedQuad(text) {
            self.init(v4: value)
        } else if let groups = InternetAddress.groups(text) {
            let halves = [groups[0..<4], groups[4..<8]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
            self.init(high: halves[0], low: halves[1])
        } else {
            return nil
        }
    }

    /// Dotted quad, or RFC 5952 text.
    package var description: String {
        if isV4 {
            let octets: [UInt64] = [24, 16, 8, 0].map { (low >> $0) & 0xFF }
            return octets.map { String($0) }.joined(separator: ".")
        }
        let shifts: [UInt64] = [48, 32, 16, 0]
        let groups: [UInt64] = shifts.map { (high >> $0) & 0xFFFF } + shifts.map { (low >> $0) & 0xFFFF }
        guard let gap = InternetAddress.longestGap(groups) else {
            return groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        let before = groups[..<gap.lowerBound].map { String($0, radix: 16) }.joined(separator: ":")
        let after = groups[gap.upperBound...].map { String($0, radix: 16) }.joined(separator: ":")
        return "\(before)::\(after)"
    }

    private static func dottedQuad(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                let octet = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(octet)
        }
        return value
    }

    private static func groups(_ text: some StringProtocol) -> [UInt16]? {
        let string = String(text)
        guard string.utf8.contains(UInt8(ascii: ":")), string.utf8.count <= 45 else { return nil }
        var sides: [[UInt16]] = []
        var rest = Substring(string)
        var hasGap = false
        if let gap = firstDoubleColon(rest) {
            hasGap = true
            guard let left = side(rest[..<gap]) else { return nil }
            sides.append(left)
            rest = rest[rest.index(gap, offsetBy: 2)...]
            guard firstDoubleColon(rest) == nil else { return nil }
        }
        guard let right = side(rest) else { return nil }
        sides.append(right)
        let known = sides.reduce(0) { $0 + $1.count }
        guard hasGap ? known <= 7 : known == 8 else { return nil }
        guard hasGap else { return sides[0] }
        return sides[0] + [UInt16](repeating: 0, count: 8 - known) + sides[1]
    }

    private static func firstDoubleColon(_ text: Substring) -> Substring.Index? {
        var previous: Substring.Index?
        for index in text.indices {
            if text[index] == ":", let previous, text[previous] == ":" { return previous }
            previous = index
        }
        return nil
    }

    private static func side(_ text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains("."), let tail = dottedQuad(part) {
                groups += [UInt16(tail >> 16), UInt16(tail & 0xFFFF)]
            } else {
                guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16) else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    private static func longestGap(_ groups: [UInt64]) -> Range<Int>? {
        var best: Range<Int>?
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > max(best?.count ?? 0, 1) { best = first..<index }
                start = nil
            }
        }
        return best
    }
}

/// A set of addresses, as settings and run-time lists name it (E-15): neighbours, or IPv4 addresses that are equal in
/// some of their octets. It holds addresses of one family only: `::/0` is every IPv6 address and no IPv4 one.
package struct AddressRange: Hashable, Sendable, Codable, CustomStringConvertible {
    package let lowest: InternetAddress
    package let highest: InternetAddress
    /// As it was written.
    package let description: String
    /// The bits of an IPv4 address that wildcards leave fixed; 0 when everything between the two ends belongs to it.
    private let fixed: UInt64

    /// Reads one address, CIDR (`10.0.0.0/8`, `2001:db8::/32`), a range (`10.0.0.5-10.0.0.9`), or IPv4 with `%` or `*`
    /// for one whole octet each, anywhere (`192.168.1.%`, `10.%.5.%`). The mapped form of IPv4 is the same as IPv4;
    /// its prefix counts all 128 bits (`::ffff:10.0.0.0/104` is `10.0.0.0/8`).
    /// - Returns: nil for anything else, and for CIDR with bits set behind the prefix (a likely slip of the hand).
    package init?(_ text: String) {
        description = text
        if let address = InternetAddress(text) {
            (lowest, highest, fixed) = (address, address, 0)
        } else if let bounds = AddressRange.prefix(text) ?? AddressRange.span(text) {
            (lowest, highest) = bounds
            fixed = 0
        } else if let (low, open) = AddressRange.wildcard(text) {
            lowest = InternetAddress(v4: low)
            highest = InternetAddress(v4: low | open)
            fixed = UInt64(~open)
        } else {
            return nil
        }
    }

    package func contains(_ address: InternetAddress) -> Bool {
        // Most ranges lie within one /64, all of IPv4 too: four comparisons of words decide, for each entry of a long list.
        if lowest.high == highest.high {
            guard address.high == lowest.high, address.low >= lowest.low, address.low <= highest.low else { return false }
            return (address.low ^ lowest.low) & fixed == 0 && address.isV4 == lowest.isV4
        }
        return lowest <= address && address <= highest && address.isV4 == lowest.isV4
    }

    private static func prefix(_ text: String) -> (InternetAddress, InternetAddress)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let base = InternetAddress(parts[0]),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let written = UInt8(parts[1])
        else { return nil }
        let isDottedQuad = !parts[0].utf8.contains(UInt8(ascii: ":"))
        guard written <= (isDottedQuad ? 32 : 128) else { return nil }
        let length = isDottedQuad ? Int(written) + 96 : Int(written)
        let high: UInt64 = length >= 64 ? 0 : UInt64.max >> UInt64(length)
        let low: UInt64 = length >= 128 ? 0 : length <= 64 ? UInt64.max : UInt64.max >> UInt64(length - 64)
        guard base.high & high == 0, base.low & low == 0 else { return nil }
        return (base, InternetAddress(high: base.high | high, low: base.low | low))
    }

    private static func span(_ text: String) -> (InternetAddress, InternetAddress)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = InternetAddress(parts[0]), let last = InternetAddress(parts[1]),
            first.isV4 == last.isV4, first <= last
        else { return nil }
        return (first, last)
    }

    /// - Returns: the address with 0 in place of the wildcards, and the bits that they leave open.
    private static func wildcard(_ text: String) -> (low: UInt32, open: UInt32)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let stars = parts.map { $0 == "%" || $0 == "*" }
        let open = stars.reduce(UInt32(0)) { $0 << 8 | ($1 ? 0xFF : 0) }
        let zeroed = zip(parts, stars).map { $1 ? "0" : String($0) }.joined(separator: ".")
        guard open != 0, let lowest = InternetAddress(zeroed), lowest.isV4 else { return nil }
        return (UInt32(truncatingIfNeeded: lowest.low), open)
    }
}

// What the findings about dangerous lists ask.
extension AddressRange {
    /// Whether it is more than one network of usual size: more than 256 IPv4 addresses (a /24), or more than an IPv6 /64.
    package var isWide: Bool {
        guard lowest.isV4 else {
            let borrow: UInt64 = highest.low < lowest.low ? 1 : 0
            return highest.high - lowest.high - borrow > 0
        }
        return fixed == 0 ? highest.low - lowest.low > 0xFF : UInt32(truncatingIfNeeded: ~fixed).nonzeroBitCount > 8
    }

    /// Whether an address in it can be a stranger's: it does not lie within one loopback, private (RFC 1918, RFC 4193) or
    /// link-local network. Addresses that a provider shares among its customers (100.64.0.0/10) are strangers' too.
    package var isPublic: Bool {
        !AddressRange.inside.contains { $0.contains(lowest) && $0.contains(highest) }
    }

    private static let inside = [
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1", "fc00::/7", "fe80::/10",
    ].compactMap { AddressRange($0) }
}
