// The addresses of this machine, followed live (A-20, A-22, T-09). The socket must be opened before the room's walls
// stand; afterwards only recvfrom and sendto on it are used. Who owns this waits until the descriptor is readable and
// calls `drain`. Confined to one thread at a time.

import Glibc
import Mail

final class OwnAddresses {
    struct Failure: Error, Hashable, CustomStringConvertible {
        let call: String
        let errno: Int32
        var description: String { "\(call): errno \(errno)" }
    }

    /// The kernel makes no part of a list longer than this.
    private static let datagramSize = 32_768
    /// So many datagrams are taken in at once; after a storm of changes the rest waits for the next time.
    private static let datagramsAtOnce = 256

    /// Readable when there is news. Belongs to this object.
    let descriptor: Int32
    private(set) var attached: AttachedAddresses
    private var buffer = [UInt8](repeating: 0, count: OwnAddresses.datagramSize)

    /// Opens the socket and reads the addresses as they are. Does not wait: the kernel answers at once.
    init() throws(Failure) {
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, kind, 0)  // NETLINK_ROUTE
        guard descriptor >= 0 else { throw Failure(call: "socket", errno: errno) }
        // RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR; the kernel chooses the port.
        var own = NetlinkAddress(groups: 0x10 | 0x100)
        var failure: Failure?
        if own.with({ bind(descriptor, $0, $1.pointee) }) != 0 {
            failure = Failure(call: "bind", errno: errno)
        } else if own.with({ getsockname(descriptor, $0, $1) }) != 0 {
            failure = Failure(call: "getsockname", errno: errno)
        }
        self.descriptor = descriptor
        attached = AttachedAddresses(port: own.port)
        if let failure { throw failure }
        // Subscribed before the list is asked for: nothing falls between the two.
        for _ in 0..<8 where !attached.isComplete || attached.needsList { drain() }
        guard attached.isComplete else { throw Failure(call: "RTM_GETADDR", errno: EAGAIN) }
    }

    deinit { close(descriptor) }

    func contains(_ address: InternetAddress) -> Bool { attached.contains(address) }
    var privateSubnets: [AddressRange] { attached.privateSubnets }

    /// A list was needed and could not be asked for. Where this is so after `drain`, it is to be called again a little
    /// later, readable or not.
    var isBehind: Bool { attached.needsList }

    /// Takes in what the kernel has said, and asks for a whole list when something was missed. Never waits.
    /// - Returns: whether the addresses are others than before.
    @discardableResult func drain() -> Bool {
        for _ in 0..<OwnAddresses.datagramsAtOnce {
            askIfNeeded()
            guard receive() else { break }
        }
        return attached.refresh()
    }

    /// - Returns: false when there is nothing more to read.
    private func receive() -> Bool {
        var sender = NetlinkAddress()
        // With MSG_TRUNC the result is the datagram's true length.
        let count = buffer.withUnsafeMutableBytes { bytes in
            sender.with { recvfrom(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_TRUNC), $0, $1) }
        }
        if count < 0 {
            switch errno {
            case EINTR: return true
            case ENOBUFS:
                attached.lose()
                return true
            default: return false
            }
        }
        // Port 0 is the kernel; nobody else is believed.
        guard sender.port == 0 else { return true }
        guard count <= buffer.count else {
            attached.lose()
            return true
        }
        buffer.withUnsafeBytes { bytes in
            attached.receive(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[..<count])))
        }
        return true
    }

    private func askIfNeeded() {
        guard attached.needsList, !attached.isListing else { return }
        let question = NetlinkMessage.question(sequence: attached.beginList())
        var kernel = NetlinkAddress()
        let sent = kernel.with { sendto(descriptor, question, question.count, 0, $0, $1.pointee) }
        if sent != question.count { attached.failList() }
    }
}

/// `struct sockaddr_nl`, as long as a `sockaddr`.
private struct NetlinkAddress {
    private var family = UInt16(AF_NETLINK)
    private var padding: UInt16 = 0
    private(set) var port: UInt32 = 0
    private let groups: UInt32
    private var unused: UInt32 = 0

    init(groups: UInt32 = 0) { self.groups = groups }

    mutating func with<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        var length: socklen_t = 12
        return withUnsafeMutablePointer(to: &self) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
    }
}
