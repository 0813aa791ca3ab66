// What the router keeps of the settings.

import Mail

package struct RouterSettings: Sendable, Equatable {
    package let hostname: String
    package let maxMessageSize: Int
    package let isOpenRelay: Bool
    /// Who may relay, with the words of `relay.trusted` replaced by what they mean on this machine.
    package let trusted: [AddressRange]
    /// Who may relay whatever else is said.
    package let safe: [AddressRange]
    /// What `private-subnets` meant when the settings were read.
    package let privateSubnets: [AddressRange]

    /// - Parameters:
    ///   - old: at a reload, what was there before: the walls forbid to look at the interfaces again.
    ///   - attached: gives the private subnets of this machine.
    package init(
        _ settings: Settings, keeping old: RouterSettings? = nil,
        attached: () -> [AddressRange] = PrivateNetworks.attached
    ) {
        let subnets = old?.privateSubnets ?? attached()
        hostname = settings.server.hostname
        maxMessageSize = settings.smtp.maxMessageSize
        isOpenRelay = settings.relay.policy == .open
        privateSubnets = subnets
        trusted = settings.relay.trusted.flatMap { network in
            switch network {
            case .loopback: PrivateNetworks.loopback
            case .privateSubnets: subnets
            case .range(let range): [range]
            }
        }
        safe = settings.relay.safe
    }

    package func trusts(_ client: InternetAddress) -> Bool { trusted.contains { $0.contains(client) } }
    package func isSafe(_ client: InternetAddress) -> Bool { safe.contains { $0.contains(client) } }
}
