// The private networks of this machine: whom a server trusts that nobody has configured (T-09, D1).

import Glibc
import Mail

package enum PrivateNetworks {
    /// RFC 1918, RFC 4193 and link-local IPv6 (RFC 4291 §2.5.6).
    private static let ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"]
        .compactMap { AddressRange($0) }
    package static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    package static func contains(_ address: InternetAddress) -> Bool { ranges.contains { $0.contains(address) } }

    /// The subnets of addresses and prefix lengths that are private; an attached public subnet does not count.
    package static func among(_ attached: [(address: InternetAddress, length: Int)]) -> [AddressRange] {
        var subnets: [AddressRange] = []
        for (address, length) in attached where contains(address) {
            let bits = address.isV4 ? length + 96 : length
            guard (0...128).contains(bits) else { continue }
            let high: UInt64 = bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
            let low: UInt64 = bits >= 128 ? .max : bits <= 64 ? 0 : ~(UInt64.max >> UInt64(bits - 64))
            let base = InternetAddress(high: address.high & high, low: address.low & low)
            guard let subnet = AddressRange("\(base)/\(length)"), !subnets.contains(subnet) else { continue }
            subnets.append(subnet)
        }
        return subnets
    }

    /// The private subnets of this machine's interfaces as they are now. Needs a netlink socket: ask before the walls.
    package static func attached() -> [AddressRange] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [(InternetAddress, Int)] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = octets(entry.pointee.ifa_addr), let mask = octets(entry.pointee.ifa_netmask) else {
                continue
            }
            let length = mask.reduce(0) { $0 + $1.nonzeroBitCount }
            found.append((InternetAddress(octets: address), length))
        }
        return among(found)
    }

    private static func octets(_ pointer: UnsafeMutablePointer<sockaddr>?) -> [UInt8]? {
        guard let pointer else { return nil }
        return SocketAddress.octets(pointer)
    }
}

enum SocketAddress {
    /// The 4 or 16 octets of an Internet address.
    static func octets(_ pointer: UnsafePointer<sockaddr>) -> [UInt8]? {
        switch CInt(pointer.pointee.sa_family) {
        case AF_INET:
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
            }
        default: nil
        }
    }
}

extension InternetAddress {
    /// 4 or 16 octets in network order.
    init(octets: [UInt8]) {
        if octets.count == 4 {
            self.init(v4: octets.reduce(0) { $0 << 8 | UInt32($1) })
        } else {
            let halves = [octets.prefix(8), octets.dropFirst(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            self.init(high: halves[0], low: halves[1])
        }
    }
}
