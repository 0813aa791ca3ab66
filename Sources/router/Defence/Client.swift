// Who is counted as one when strangers are counted.

import Mail

/// An IPv4 address, or the /64 of an IPv6 address: whoever has one address of a /64 has them all (RFC 4291 §2.5.4).
struct Client: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address itself (IPv4, and ::1 and its neighbours), or the first of its /64.
    let lowest: InternetAddress

    init(_ address: InternetAddress) {
        // IPv4 lies in ::/64 in its mapped form, so nothing in there may be taken together.
        lowest = address.high == 0 ? address : InternetAddress(high: address.high, low: 0)
    }

    /// One of the halves is always the same.
    func hash(into hasher: inout Hasher) { hasher.combine(lowest.high | lowest.low) }

    private var highest: InternetAddress {
        lowest.high == 0 ? lowest : InternetAddress(high: lowest.high, low: .max)
    }

    /// Whether any address of the client lies in the range.
    func overlaps(_ range: AddressRange) -> Bool { lowest <= range.highest && range.lowest <= highest }

    static func < (left: Self, right: Self) -> Bool { left.lowest < right.lowest }

    /// An address, or `2001:db8::/64`.
    var description: String { lowest.high == 0 ? "\(lowest)" : "\(lowest)/64" }
}
