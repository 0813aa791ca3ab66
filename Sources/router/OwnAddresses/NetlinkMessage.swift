// What the kernel says about addresses of interfaces, read from its bytes (rtnetlink(7), netlink(7)). Pure: bytes in,
// meaning out. Numbers are in the byte order of the machine.

import Mail

/// An address as an interface has it.
struct AttachedAddress: Hashable, Sendable {
    /// The kernel's number of the interface: two may have the same address, and each loses its own.
    let interface: UInt32
    let address: InternetAddress
    /// Of the subnet: 0…32 or 0…128 bits.
    let length: Int
}

struct NetlinkMessage: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case added(AttachedAddress)
        case removed(AttachedAddress)
        /// The last part of an answer.
        case done
        /// The answer to a question that failed.
        case failed(errno: Int32)
        /// Something was lost.
        case overrun
        /// Nothing for us.
        case other
    }

    let content: Content
    /// Of the question that this answers.
    let sequence: UInt32
    /// Whose question; the kernel gives each socket its number.
    let port: UInt32
    /// The addresses changed while the answer was put together (NLM_F_DUMP_INTR): it may be wrong.
    let isInterrupted: Bool

    /// All messages of one datagram.
    /// - Returns: nil when a length does not fit the bytes, or an address is not one.
    static func parse(_ bytes: RawSpan) -> [NetlinkMessage]? {
        var messages: [NetlinkMessage] = []
        var start = 0
        // struct nlmsghdr: length (4), type (2), flags (2), sequence (4), port (4).
        while start < bytes.byteCount {
            guard let length = bytes.number(UInt32.self, at: start), length >= 16,
                Int(length) <= bytes.byteCount - start
            else { return nil }
            let message = bytes.extracting(start..<(start + Int(length)))
            guard let parsed = NetlinkMessage(whole: message) else { return nil }
            messages.append(parsed)
            start += aligned(Int(length))
        }
        return messages
    }

    private init?(whole bytes: RawSpan) {
        guard let type = bytes.number(UInt16.self, at: 4), let flags = bytes.number(UInt16.self, at: 6),
            let sequence = bytes.number(UInt32.self, at: 8), let port = bytes.number(UInt32.self, at: 12)
        else { return nil }
        switch type {
        case 2:  // NLMSG_ERROR: the negated errno; 0 is a mere receipt.
            guard let error = bytes.number(Int32.self, at: 16) else { return nil }
            content = error == 0 ? .other : .failed(errno: 0 &- error)
        case 3: content = .done  // NLMSG_DONE
        case 4: content = .overrun  // NLMSG_OVERRUN
        case 20, 21:  // RTM_NEWADDR, RTM_DELADDR
            guard let address = NetlinkMessage.address(bytes) else { return nil }
            content = address.isUsable && type == 20 ? .added(address.attached) : .removed(address.attached)
        default: content = .other
        }
        self.sequence = sequence
        self.port = port
        isInterrupted = flags & 0x10 != 0
    }

    // struct ifaddrmsg behind the header: family (1), prefix length (1), flags (1), scope (1), interface (4); then
    // attributes: length (2), type (2), value.
    private static func address(_ bytes: RawSpan) -> (attached: AttachedAddress, isUsable: Bool)? {
        guard let family = bytes.number(UInt8.self, at: 16), let length = bytes.number(UInt8.self, at: 17),
            let flags = bytes.number(UInt8.self, at: 18), let interface = bytes.number(UInt32.self, at: 20)
        else { return nil }
        let size = family == 2 ? 4 : 16  // AF_INET; otherwise AF_INET6.
        guard family == 2 || family == 10, Int(length) <= size * 8 else { return nil }
        var found: InternetAddress?
        var start = 24
        while start < bytes.byteCount {
            guard let extent = bytes.number(UInt16.self, at: start), let type = bytes.number(UInt16.self, at: start + 2),
                extent >= 4, Int(extent) <= bytes.byteCount - start
            else { return nil }
            // IFA_LOCAL (2) is the machine's own; IFA_ADDRESS (1) on a line between two points is the other end.
            if type == 2 || type == 1 && found == nil {
                guard Int(extent) == 4 + size else { return nil }
                found = bytes.address(at: start + 4, size: size)
            }
            start += aligned(Int(extent))
        }
        guard let found else { return nil }
        // IFA_F_DADFAILED: somebody else on the subnet has this address; it is not ours.
        return (AttachedAddress(interface: interface, address: found, length: Int(length)), flags & 0x08 == 0)
    }

    /// The question for all addresses of both families (RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP).
    static func question(sequence: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { bytes += $0 } }
        put(UInt32(24))
        put(UInt16(22))
        put(UInt16(0x301))
        put(sequence)
        put(UInt32(0))
        put(UInt64(0))
        return bytes
    }
}

/// Messages and attributes begin at multiples of four.
private func aligned(_ length: Int) -> Int { (length + 3) & ~3 }

extension RawSpan {
    fileprivate func number<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Number>.size else { return nil }
        // The range was checked in the line above, and every bit pattern is an integer.
        return unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    }

    fileprivate func address(at offset: Int, size: Int) -> InternetAddress? {
        if size == 4 { return number(UInt32.self, at: offset).map { InternetAddress(v4: UInt32(bigEndian: $0)) } }
        guard let high = number(UInt64.self, at: offset), let low = number(UInt64.self, at: offset + 8) else { return nil }
        return InternetAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }
}
