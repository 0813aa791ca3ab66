// The addresses of this machine, kept up to date from what the kernel says (A-20, A-22, T-09). Pure: datagrams in, a set
// out. Changes are applied as they are heard; whenever something may have been missed, a whole list is asked for.

import Mail

struct AttachedAddresses: Sendable {
    /// As of the last `refresh`.
    private(set) var addresses: Set<InternetAddress> = []
    /// The attached subnets that are private as a whole, as of the last `refresh`.
    private(set) var privateSubnets: [AddressRange] = []
    /// A whole list has to be asked for with `beginList`.
    private(set) var needsList = true
    /// A whole list was heard at least once.
    private(set) var isComplete = false
    private let port: UInt32
    private let limit: Int
    private var attached: Set<AttachedAddress> = []
    /// What `addresses` was made of.
    private var shown: Set<AttachedAddress> = []
    /// The list that is being heard.
    private var list: Set<AttachedAddress>?
    private var sequence: UInt32 = 0

    /// - Parameters:
    ///   - port: the number that the kernel gave our socket.
    ///   - limit: a machine with more addresses is not followed beyond it.
    init(port: UInt32, limit: Int = 65_536) {
        self.port = port
        self.limit = limit
    }

    /// Every loopback address is the machine's own, whether an interface names it or not.
    func contains(_ address: InternetAddress) -> Bool { address.isLoopback || addresses.contains(address) }

    /// Whether a list is being heard: another cannot be asked for before its end.
    var isListing: Bool { list != nil }

    /// A list is asked for.
    /// - Returns: the number that the question must carry.
    mutating func beginList() -> UInt32 {
        (list, needsList) = ([], false)
        sequence &+= 1
        return sequence
    }

    /// The question could not be asked: it is still to be asked.
    mutating func failList() { (list, needsList) = (nil, true) }

    /// Something was missed.
    mutating func lose() { needsList = true }

    /// Takes in one datagram of the kernel's. To be followed by `refresh`, once for all that there are.
    mutating func receive(_ datagram: RawSpan) {
        guard let messages = NetlinkMessage.parse(datagram) else { return lose() }
        for message in messages {
            let isAnswer = message.port == port && message.sequence == sequence
            if isAnswer { hearAnswer(message) } else { hearNews(message) }
        }
    }

    /// Shows what was taken in. Costs a look at every address if there was a change.
    /// - Returns: whether there was.
    mutating func refresh() -> Bool {
        guard attached != shown else { return false }
        shown = attached
        addresses = Set(attached.map(\.address))
        privateSubnets = PrivateSubnets.among(attached)
        return true
    }

    private mutating func hearAnswer(_ message: NetlinkMessage) {
        if message.isInterrupted { lose() }
        switch message.content {
        case .added(let address):
            if let count = list?.count, count < limit { list?.insert(address) }
        case .done:
            guard let heard = list else { return }
            (attached, list, isComplete) = (heard, nil, true)
        case .failed: failList()
        case .overrun: lose()
        case .removed, .other: break
        }
    }

    private mutating func hearNews(_ message: NetlinkMessage) {
        switch message.content {
        case .added(let address):
            if attached.count < limit { attached.insert(address) }
        case .removed(let address): attached.remove(address)
        case .overrun: return lose()
        case .done, .failed, .other: return
        }
        // The list may be from before the change or from after it.
        if isListing { lose() }
    }
}

/// Which attached subnets may be trusted without being named (T-09).
enum PrivateSubnets {
    /// RFC 1918 and RFC 4193. Not link-local IPv6: on a rented machine those are its neighbours, whoever they are.
    private static let ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
        .compactMap { AddressRange($0) }

    /// In the order of their addresses, each once. A subnet counts only if all of it is private: the address 10.1.2.3/7
    /// must not make anybody trust 11.0.0.0/8.
    static func among(_ attached: some Sequence<AttachedAddress>) -> [AddressRange] {
        let subnets = Set(attached.compactMap(subnet))
        return subnets.sorted { ($0.lowest, $0.highest) < ($1.lowest, $1.highest) }
    }

    private static func subnet(of attached: AttachedAddress) -> AddressRange? {
        let address = attached.address
        let bits = address.isV4 ? attached.length + 96 : attached.length
        guard (0...128).contains(bits) else { return nil }
        let high: UInt64 = bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
        let low: UInt64 = bits >= 128 ? .max : bits <= 64 ? 0 : ~(UInt64.max >> UInt64(bits - 64))
        let base = InternetAddress(high: address.high & high, low: address.low & low)
        guard let subnet = AddressRange("\(base)/\(attached.length)"),
            ranges.contains(where: { $0.contains(subnet.lowest) && $0.contains(subnet.highest) })
        else { return nil }
        return subnet
    }
}
