// What the router keeps of the settings.

import Mail

package struct RouterSettings: Sendable, Equatable {
    package let hostname: String
    package let maxMessageSize: Int
    package let maxHeaderSize: Int
    package let maxHeaderFields: Int
    /// What a sender is told whose message finds a mailbox full.
    package let overQuota: Settings.Store.OverQuota
    package let hidesClient: Bool
    /// By number, as the listener counts them; [0] is what a default port has.
    package let listeners: [ListenService]
    package let relay: Settings.Relay
    package let auth: Settings.Auth
    package let attachment: Settings.Attachment
    package let defence: Settings.Defence
    /// Who may relay, without the private subnets.
    package let trusted: [AddressRange]
    /// Whether the private subnets of this machine may relay, as they are at any time (T-09).
    package let trustsPrivateSubnets: Bool
    /// Who may relay whatever else is said.
    package let safe: [AddressRange]

    package init(_ settings: Settings) {
        hostname = settings.server.hostname
        maxMessageSize = settings.smtp.maxMessageSize
        maxHeaderSize = settings.smtp.maxHeaderSize
        maxHeaderFields = settings.smtp.maxHeaderFields
        overQuota = settings.store.overQuota
        hidesClient = settings.smtp.hideClient
        listeners = [ListenService.usual] + settings.listen.filter { $0.path != "listen" }
        relay = settings.relay
        auth = settings.auth
        attachment = settings.attachment
        defence = settings.defence
        trustsPrivateSubnets = settings.relay.trusted.contains(.privateSubnets)
        trusted = settings.relay.trusted.flatMap { network -> [AddressRange] in
            switch network {
            case .loopback: PrivateNetworks.loopback
            case .privateSubnets: []
            case .range(let range): [range]
            }
        }
        safe = settings.relay.safe
    }
}
