// What the settings say, in the form in which the room uses it.

import Mail
import NIOCore
import SMTP
import TLS

struct DeliveryPolicy: Sendable {
    /// Where everything goes.
    enum Route: Sendable {
        /// To the exchanges of the recipient's domain, on this port.
        case mx(port: UInt16, tls: TLSMode)
        /// T-26: everything to one server; the domain's exchanges are not even asked for.
        case smartHost(SmartHost)
    }

    struct SmartHost: Sendable {
        /// A name or an address.
        var host: String
        var port: UInt16
        var tls: TLSMode
        /// nil: no AUTH (P-04).
        var credentials: SMTPClientCredentials?
    }

    /// T-18: our name in EHLO and in reports; a domain whose exchange it is does not get its mail from us.
    var hostname: String
    /// off, nothing is claimed.
    var isEnabled = true
    var route: Route
    /// T-21; none: the system's.
    var dnsServers: [String] = []
    var dnsTimeout = TimeAmount.seconds(30)
    var retry = RetrySchedule()
    /// Connections to all destinations together.
    var connections = 100
    /// To one destination.
    var connectionsPerDestination = 10
    /// A connection is replaced after so many messages, or when it has lasted so long: corrected DNS records and
    /// settings reach busy destinations too, and no server is clung to.
    var messagesPerConnection = 100
    var connectionAge = TimeAmount.minutes(5)
    /// A connection without work is kept so long.
    var idle = TimeAmount.seconds(5)
    /// Addresses of one destination that one attempt connects to.
    var addressesPerAttempt = 10
    /// Leases held at the same time, and how many one claim asks for.
    var leases = 1000
    var leasesPerClaim = 64
    var times = DeliveryTimes()

    init(hostname: String, route: Route) {
        self.hostname = hostname
        self.route = route
    }

    var resolverLimits: UnboundResolver.Limits {
        var limits = UnboundResolver.Limits()
        limits.deadline = dnsTimeout
        return limits
    }

    /// With so many leases in hand a destination gets no more for the time being.
    var leasesPerDestination: Int { connectionsPerDestination * 4 }
}
