// What the router keeps of the settings.

import Mail

package struct RouterSettings: Sendable, Equatable {
    package let hostname: String
    package let maxMessageSize: Int
    package let maxHeaderSize: Int
    package let maxHeaderFields: Int
    package let hidesClient: Bool
    /// By number, as the listener counts them; [0] is what a default port has.
    package let listeners: [ListenService]
    package let relay: Settings.Relay
    package let auth: Settings.Auth
    package let attachment: Settings.Attachment
    package let defence: Settings.Defence
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
        maxHeaderSize = settings.smtp.maxHeaderSize
        maxHeaderFields = settings.smtp.maxHeaderFields
        hidesClient = settings.smtp.hideClient
        listeners = [ListenService.usual] + settings.listen.filter { $0.path != "listen" }
        relay = settings.relay
        auth = settings.auth
        attachment = settings.attachment
        defence = settings.defence
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
