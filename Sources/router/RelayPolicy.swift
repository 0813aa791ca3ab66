// The relay rule: may this client send to strangers through us? A pure function of its address and the settings, in the
// order of FEATURES 1.0 as far as this release goes: safe, trusted, open, refused.

import Mail

struct RelayPolicy: Sendable {
    /// Which rule decided; named in the decision record.
    enum Rule: String, Sendable {
        /// a safe host overrules every restriction.
        case safe = "relay-safe"
        /// T-09, T-10: a trusted host.
        case trusted = "relay-trusted"
        /// D1: the administrator has said `open`.
        case open = "relay-open"
        /// E-03: mail from the house itself.
        case ours = "relay-ours"
        /// T-08: nobody vouches for the client.
        case denied = "relay-denied"
    }

    private let trusted: [AddressRange]
    private let safe: [AddressRange]
    private let isOpen: Bool

    /// - Parameters:
    ///   - trusted: The settings' words are ranges by now.
    ///   - isOpen: Said explicitly by the administrator.
    init(trusted: [AddressRange], safe: [AddressRange] = [], isOpen: Bool = false) {
        self.trusted = trusted
        self.safe = safe
        self.isOpen = isOpen
    }

    /// IPv4 in IPv6 form (`::ffff:192.0.2.1`) is the same address as in its own form: `InternetAddress` knows but one.
    func rule(for client: InternetAddress) -> Rule {
        if safe.contains(where: { $0.contains(client) }) { return .safe }
        if trusted.contains(where: { $0.contains(client) }) { return .trusted }
        return isOpen ? .open : .denied
    }
}
