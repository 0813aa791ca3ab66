// The relay rule, row by row: who the client is × what is configured (FEATURES 1.0, T-08, T-09, T-10, A-21, D1).

import Mail
import Settings
import Testing

@testable import router

@Suite struct RelayPolicyTests {
    /// The policy of a settings file, on a machine with these addresses.
    static func policy(_ relay: String) throws -> RelayPolicy {
        let text = "[server]\nhostname = \"mail.example.org\"\n[[listen]]\nservice = \"smtp\"\naddress = \"127.0.0.1\"\n[relay]\n"
        let settings = try Settings.parse(text + relay, file: "postern.toml")
        let attached = [("127.0.0.1", 8), ("10.1.2.3", 16), ("198.51.100.7", 24), ("fd00:1::5", 64), ("2001:db8::5", 64)]
        let part = RouterSettings(
            settings, attached: { PrivateNetworks.among(attached.map { (InternetAddress($0.0)!, $0.1) }) })
        return RouterPolicy(part).relay
    }

    /// T-09: nothing configured.
    @Test(arguments: [
        ("127.0.0.1", RelayPolicy.Rule.trusted), ("127.9.9.9", .trusted), ("::1", .trusted),
        ("::ffff:127.0.0.1", .trusted), ("10.1.200.1", .trusted), ("::ffff:10.1.200.1", .trusted),
        ("10.2.0.1", .denied), ("192.168.1.1", .denied), ("198.51.100.8", .denied), ("::ffff:198.51.100.8", .denied),
        ("fd00:1::77", .trusted), ("fd00:2::77", .denied), ("2001:db8::77", .denied), ("203.0.113.1", .denied),
        ("::2", .denied), ("::127.0.0.1", .denied),
    ])
    func byDefaultLoopbackAndAttachedPrivateSubnetsRelay(client: String, rule: RelayPolicy.Rule) throws {
        #expect(try Self.policy("").rule(for: InternetAddress(client)!) == rule)
    }

    struct Row: Sendable {
        let relay: String
        let client: String
        let rule: RelayPolicy.Rule
    }

    @Test(arguments: [
        Row(relay: #"trusted = []\#nsafe = []"#, client: "127.0.0.1", rule: .denied),
        Row(relay: #"trusted = ["192.168.1.%"]\#nsafe = []"#, client: "192.168.1.200", rule: .trusted),
        Row(relay: #"trusted = ["192.168.1.%"]\#nsafe = []"#, client: "::ffff:192.168.1.200", rule: .trusted),
        Row(relay: #"trusted = ["192.168.1.%"]\#nsafe = []"#, client: "192.168.2.200", rule: .denied),
        Row(relay: #"trusted = ["192.168.1.%"]\#nsafe = ["192.168.1.7"]"#, client: "192.168.1.7", rule: .safe),
        Row(relay: #"trusted = []\#nsafe = ["203.0.113.0/24"]"#, client: "203.0.113.255", rule: .safe),
        Row(relay: #"policy = "open"\#ntrusted = []\#nsafe = []"#, client: "203.0.113.1", rule: .open),
        Row(relay: #"policy = "open"\#ntrusted = ["203.0.113.1"]\#nsafe = []"#, client: "203.0.113.1", rule: .trusted),
        Row(relay: #"trusted = ["private-subnets"]\#nsafe = []"#, client: "10.1.0.9", rule: .trusted),
        Row(relay: #"trusted = ["private-subnets"]\#nsafe = []"#, client: "198.51.100.8", rule: .denied),
        Row(relay: #"trusted = ["loopback"]\#nsafe = []"#, client: "10.1.0.9", rule: .denied),
        Row(relay: #"trusted = ["10.0.0.5-10.0.0.9"]\#nsafe = []"#, client: "10.0.0.9", rule: .trusted),
        Row(relay: #"trusted = ["10.0.0.5-10.0.0.9"]\#nsafe = []"#, client: "10.0.0.10", rule: .denied),
        Row(relay: #"trusted = ["2001:db8::/32"]\#nsafe = []"#, client: "2001:db8:ffff::1", rule: .trusted),
    ])
    func asConfigured(row: Row) throws {
        #expect(try Self.policy(row.relay).rule(for: InternetAddress(row.client)!) == row.rule)
    }
}
