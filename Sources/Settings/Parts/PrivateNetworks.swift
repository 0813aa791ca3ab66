// Private networks: what can never be reached from outside (D1).

import Glibc
import Mail

package enum PrivateNetworks {
    /// RFC 1918, RFC 4193 and link-local IPv6 (RFC 4291 §2.5.6).
    private static let ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"]
        .compactMap { AddressRange($0) }
    package static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    package static func contains(_ address: InternetAddress) -> Bool { ranges.contains { $0.contains(address) } }
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
