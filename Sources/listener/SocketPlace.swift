// Addresses between the three forms that they have here: ours, NIO's and the kernel's.

import Glibc
import Mail
import NIOCore

/// An address and a port, as a socket has them.
struct SocketPlace: Hashable, Sendable, CustomStringConvertible {
    var address: InternetAddress
    var port: UInt16

    /// `192.0.2.1:25` or `[2001:db8::1]:25`.
    var description: String { address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

extension SocketPlace {
    /// IPv4 addresses that come to a socket for both families are IPv4 addresses here.
    init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let place): self.init(place.address)
        case .v6(let place): self.init(place.address)
        case .unixDomainSocket, nil: return nil
        }
    }

    private init(_ place: sockaddr_in) {
        address = InternetAddress(v4: UInt32(bigEndian: place.sin_addr.s_addr))
        port = UInt16(bigEndian: place.sin_port)
    }

    private init(_ place: sockaddr_in6) {
        address = withUnsafeBytes(of: place.sin6_addr) { octets in
            InternetAddress(
                high: UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
        port = UInt16(bigEndian: place.sin6_port)
    }

    /// What the kernel says about a socket's own end.
    init?(ofSocket descriptor: CInt) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let found = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard found == 0 else { return nil }
        switch CInt(storage.ss_family) {
        case AF_INET:
            self.init(withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in.self) })
        case AF_INET6:
            self.init(withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in6.self) })
        default: return nil
        }
    }

    /// Calls `body` with the kernel's form; an IPv4 address has the IPv4 form.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if address.isV4 {
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port.bigEndian
            place.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
            return SocketPlace.pass(&place, body)
        }
        var place = sockaddr_in6()
        place.sin6_family = sa_family_t(AF_INET6)
        place.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &place.sin6_addr) { octets in
            octets.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
            octets.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return SocketPlace.pass(&place, body)
    }

    private static func pass<Place, Result>(
        _ place: inout Place, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Place>.size))
            }
        }
    }
}
