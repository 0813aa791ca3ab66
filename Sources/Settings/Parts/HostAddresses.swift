// The addresses of a host name that a port is to be bound to.

import Glibc
import Mail

package enum HostAddresses {
    /// Asks the system's resolver (files, DNS). Opens sockets and files: ask before the walls.
    /// - Returns: each address once, in the resolver's order; empty when the name has none.
    package static func ofSystem(_ name: String) -> [InternetAddress] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: [InternetAddress] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ai_next
            guard let pointer = entry.pointee.ai_addr, let octets = SocketAddress.octets(pointer) else { continue }
            let address = InternetAddress(octets: octets)
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}
