// What the router judges by: its part of the settings, and what follows from them. Values only; a transaction keeps what
// was in force when it began to ask.

import IPC
import Mail
import Settings

struct RouterPolicy: Sendable {
    /// T-18: named in Received.
    let hostname: String
    /// A message as it is counted after dot-unstuffing. The listener announces it; it is held to here too.
    var messageSize = 50 << 20
    var headerSize = 1 << 20
    var headerFields = 2_000
    /// R-05, D7: of a single attachment, decoded; nil: no limit.
    var attachmentSize: Int?
    /// Received leaves out the address of a client that has logged in.
    var hidesClient = false
    /// What a sender is told whose message finds a mailbox full.
    var overQuota = Settings.Store.OverQuota.temporary
    var access = AccessPolicy()
    /// The name of the only login that may relay.
    var singleLogin: String?
    /// What is trusted beside the machine's private subnets.
    var trusted: [AddressRange]
    /// T-09: whether they are trusted, as they are now.
    var trustsPrivateSubnets = false
    var safe: [AddressRange] = []
    /// By number of `[[listen]]`; 0 for a default port.
    var ports = [PortPolicy()]
    var defence = DefenceRules()

    /// Recipients of one message: the settings' own maximum. A listener in its right mind stays below.
    static let recipientLimit = 100_000

    init(hostname: String, trusted: [AddressRange] = []) {
        self.hostname = hostname
        self.trusted = trusted
    }

    init(_ settings: RouterSettings) {
        self.init(hostname: settings.hostname, trusted: settings.trusted)
        messageSize = settings.maxMessageSize
        headerSize = settings.maxHeaderSize
        headerFields = settings.maxHeaderFields
        attachmentSize = settings.attachment.maxSize > 0 ? settings.attachment.maxSize : nil
        hidesClient = settings.hidesClient
        overQuota = settings.overQuota
        access = AccessPolicy(settings.relay)
        singleLogin = settings.relay.accounts == .single ? settings.relay.user : nil
        trustsPrivateSubnets = settings.trustsPrivateSubnets
        safe = settings.safe
        ports = settings.listeners.map(PortPolicy.init)
        defence = DefenceRules(settings.defence)
    }

    func port(_ number: UInt16, _ service: ServiceName) -> PortPolicy {
        if number > 0, Int(number) < ports.count { return ports[Int(number)] }
        // A default port, or one of settings that are not read yet.
        var port = ports[0]
        if service == .submission { port.role = .outgoing }
        if service == .lmtp { port.role = .incoming }
        return port
    }

    /// settings and run-time list together.
    func isSafe(_ client: InternetAddress, _ lists: DirectoryPolicy?) -> Bool {
        safe.contains { $0.contains(client) } || lists?.safe.contains { $0.contains(client) } ?? false
    }

    /// T-10, E-07, A-17: one list.
    func isTrusted(_ client: InternetAddress, _ lists: DirectoryPolicy?, _ addresses: MachineAddresses) -> Bool {
        trusted.contains { $0.contains(client) } || lists?.trusted.contains { $0.contains(client) } ?? false
            || trustsPrivateSubnets && addresses.isPrivateNeighbour(client)
    }
}

/// One port of SMTP as the access rule sees it.
struct PortPolicy: Sendable {
    var role = AccessFacts.Role.both
    var accept = AccessFacts.Accept.local
    var processor: EmailAddress?
    var isReachableFromOutside = true

    init() {}

    init(_ listen: ListenService) {
        role =
            switch listen.role {
            case .both: .both
            case .incoming: .incoming
            case .outgoing: .outgoing
            }
        accept = listen.accept == .any ? .any : .local
        processor = listen.acceptAccount
        if let address = InternetAddress(listen.address) {
            isReachableFromOutside = !address.isLoopback && !PrivateNetworks.contains(address)
        } else {
            isReachableFromOutside = listen.socketPath == nil
        }
    }
}

extension AccessPolicy {
    init(_ relay: Settings.Relay) {
        self.init()
        isOutgoingEnabled = relay.enabled
        openness = relay.policy == .closed ? .closed : relay.acceptsOpenRelay ? .openToAll : .openInside
        authentication =
            switch relay.authentication {
            case .accepted: .accepted
            case .required: .required
            case .off: .off
            }
        relayLogins = relay.accounts == .any ? .anyAccount : .onlySingle
        hasRangeControl = relay.rangeControl
        blocksOwn = relay.blockOwn
        allowsOwn = relay.allowOwn
    }
}
