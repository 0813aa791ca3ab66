// The PROXY protocol, versions 1 and 2 (haproxy's proxy-protocol.txt): what a load balancer that we trust says of the
// connection it hands over, before the client's first octet. Pure: octets in, one outcome.
//
// Guarantees: nothing is decided before it is certain; at most `ProxyHeader.limit` octets are ever looked at; what is not
// exactly the text of the specification is malformed, and the connection is to be closed without a byte. Only for
// connections from addresses that the settings name: from anybody else a header is a lie.
import Mail

/// What stands at the front of a connection.
package enum ProxyHeader: Equatable, Sendable {
    /// Both ends of the client's connection, as the proxy saw them. Behind the header, at `length`, the client begins.
    case header(source: Endpoint, destination: Endpoint, length: Int)
    /// The proxy speaks for itself (LOCAL, a health check), or for a connection without Internet addresses (UNKNOWN,
    /// UNSPEC, UNIX): the addresses of this very connection hold.
    case local(length: Int)
    /// Pass what there is again, with more behind it. Whatever the client sends, this comes for less than `limit` octets.
    case needsMore
    /// No header, or a broken one. The reason is for the journal.
    case malformed(String)

    package struct Endpoint: Hashable, Sendable {
        package let address: InternetAddress
        package let port: UInt16

        package init(_ address: InternetAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// The longest header that is read: 16 octets and this many of addresses and TLVs. The specification lets a sender
    /// announce 65,535; no proxy that we know of sends 1,000 unless it passes a client's certificate on.
    package static let limit = 16 + 4096

    /// Reads the header at the front of `bytes`. It may be called for every read anew: nothing is kept in between.
    package static func read(_ bytes: borrowing Span<UInt8>) -> ProxyHeader {
        guard bytes.count > 0 else { return .needsMore }
        if bytes[0] == VersionTwo.signature[0] { return VersionTwo.read(bytes) }
        return VersionOne.read(bytes)
    }
}
