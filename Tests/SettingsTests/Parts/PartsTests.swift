// What each room gets, with the things of the machine that come in: host names, subnets, a password.

import Mail
import Testing

@testable import Settings

@Suite struct PartsTests {
    // MARK: listener

    /// an address as it is, a host name by its addresses, nothing for every address; no socket for port 0.
    @Test func portsOfTheListener() throws {
        let settings = try SettingsTests.parse(
            """
            [[listen]]
            service = "smtp"
            [[listen]]
            service = "pop3"
            address = "::1"
            [[listen]]
            service = "submission"
            address = "inside.example"
            [[listen]]
            service = "smtp"
            port = 0
            """)
        let two = ["192.0.2.1", "2001:db8::1"].compactMap { InternetAddress($0) }
        let part = try ListenerSettings(settings, addresses: { $0 == "inside.example" ? two : [] })
        #expect(part.ports.map { $0.service.port } == [25, 110, 587])
        #expect(part.ports.map { $0.addresses.map { "\($0)" } } == [[], ["::1"], ["192.0.2.1", "2001:db8::1"]])
    }

    @Test func aHostNameWithoutAnAddressIsNamedWithItsLine() throws {
        let settings = try SettingsTests.parse("[[listen]]\nservice = \"smtp\"\naddress = \"nowhere.example\"\n")
        let error = #expect(throws: SettingsError.self) { try ListenerSettings(settings, addresses: { _ in [] }) }
        #expect(error?.description == "p.toml:5: listen[1].address: the host name \"nowhere.example\" has no address")
    }

    /// Behind the walls nothing can be looked up: a reload keeps what it knew.
    @Test func aReloadDoesNotLookUpAgain() throws {
        let text = "[[listen]]\nservice = \"smtp\"\naddress = \"inside.example\"\n"
        let address = try #require(InternetAddress("192.0.2.1"))
        let old = try ListenerSettings(try SettingsTests.parse(text), addresses: { _ in [address] })
        let new = try ListenerSettings(
            try SettingsTests.parse(text + "[smtp]\nmax_errors = 7"), keeping: old, addresses: { _ in [] })
        #expect(new.ports == old.ports && new.smtp.maxErrors == 7)
    }

    @Test func theSystemKnowsItself() {
        #expect(HostAddresses.ofSystem("localhost").contains { $0.isLoopback })
        #expect(HostAddresses.ofSystem("127.0.0.1").map { "\($0)" } == ["127.0.0.1"])
        #expect(HostAddresses.ofSystem("no-such-name.invalid").isEmpty)
    }

    // MARK: router

    /// T-09: with no relay settings, loopback and the attached private subnets.
    @Test func whoIsTrusted() throws {
        let subnet = try #require(AddressRange("192.168.7.0/24"))
        let part = RouterSettings(try SettingsTests.parse("[relay]\nsafe = [\"203.0.113.9\"]"), attached: { [subnet] })
        for (text, isTrusted) in [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("192.168.7.99", true), ("192.168.8.1", false),
            ("10.0.0.1", false),
            ("203.0.113.9", false),
        ] {
            let client = try #require(InternetAddress(text))
            #expect(part.trusts(client) == isTrusted, "\(text)")
            #expect(part.isSafe(client) == (text == "203.0.113.9"), "\(text)")
        }
        #expect(!part.isOpenRelay)
    }

    /// E-07: what is written is exactly the list.
    @Test func theListReplacesTheDefault() throws {
        let subnet = try #require(AddressRange("192.168.7.0/24"))
        let part = RouterSettings(try SettingsTests.parse("[relay]\ntrusted = [\"10.1.%.%\"]"), attached: { [subnet] })
        #expect(part.trusted.map { "\($0)" } == ["10.1.%.%"])
    }

    @Test func aReloadDoesNotLookAtInterfacesAgain() throws {
        let subnet = try #require(AddressRange("192.168.7.0/24"))
        let settings = try SettingsTests.parse("")
        let old = RouterSettings(settings, attached: { [subnet] })
        #expect(RouterSettings(settings, keeping: old, attached: { [] }) == old)
    }

    @Test(
        arguments: [
            ("10.1.2.3", 8, "10.0.0.0/8"), ("192.168.1.77", 24, "192.168.1.0/24"), ("172.16.5.4", 30, "172.16.5.4/30"),
            ("172.31.0.9", 32, "172.31.0.9/32"), ("fd12:3456::1", 64, "fd12:3456::/64"), ("fe80::1", 10, "fe80::/10"),
            ("fd00::ff", 121, "fd00::80/121"), ("203.0.113.5", 24, nil), ("172.32.0.1", 16, nil),
            ("2001:db8::1", 64, nil), ("127.0.0.1", 8, nil),
            ("::1", 128, nil), ("100.64.0.1", 10, nil),
        ] as [(String, Int, String?)])
    func onlyPrivateSubnetsCount(address: String, length: Int, subnet: String?) throws {
        let attached = (address: try #require(InternetAddress(address)), length: length)
        #expect(PrivateNetworks.among([attached]).map { "\($0)" } == (subnet.map { [$0] } ?? []))
    }

    @Test func eachSubnetOnce() throws {
        let two = try ["10.0.0.1", "10.0.0.2"].map { (address: try #require(InternetAddress($0)), length: 24) }
        #expect(PrivateNetworks.among(two).count == 1)
    }

    @Test func theInterfacesOfThisMachineCanBeRead() {
        for range in PrivateNetworks.attached() { #expect(PrivateNetworks.contains(range.lowest), "\(range)") }
    }

    // MARK: store and delivery

    @Test func theStoreGetsItsOwn() throws {
        let part = try StoreSettings(
            try SettingsTests.parse(
                "state = \"/srv/m\"\n[store]\nsegment_size = \"16 MB\"\n[pop3]\nidle_timeout = \"12m\""))
        #expect(part.state == "/srv/m" && part.segmentSize == 16 << 20 && part.idleTimeout == .seconds(720))
    }

    @Test func retries() throws {
        let part = try DeliverySettings(try SettingsTests.parse("[delivery]\nretry = [\"1m\", \"5m\"]"))
        #expect([0, 1, 2, 3, 99].map { part.wait(after: $0) } == [60, 60, 300, 300, 300].map { .seconds($0) })
        #expect(part.smarthost == nil)
    }

    static func smartHost(_ password: String) -> String {
        """
        [delivery]
        route = "smarthost"
        [delivery.smarthost]
        host = "smtp.example.net:587"
        user = "alice"
        password_file = "\(password)"
        """
    }

    /// T-25: the first line of the file, never shown.
    @Test(arguments: [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("a b \r\nrest", "a b ")])
    func thePasswordIsTheFirstLine(content: String, password: String) throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = try folder.file("password", Array(content.utf8), mode: 0o640)
        let part = try DeliverySettings(try SettingsTests.parse(Self.smartHost(path)))
        let host = try #require(part.smarthost)
        #expect(host.password?.bytes == Array(password.utf8))
        #expect(host.user == "alice" && host.address.port == 587 && host.tls == .required)
        #expect(!"\(part)".contains("s3cret") && !String(reflecting: part).contains("s3cret"))
    }

    /// T-25: not world-readable.
    @Test(
        arguments: [
            ("s3cret", 0o604, "can be read by everybody; make it safe: chmod o-rwx "),
            ("", 0o600, "has no password in its first line"),
            ("\nx", 0o600, "has no password in its first line"),
            (String(repeating: "x", count: 5_000), 0o600, "is larger than 4 KB"),
        ] as [(String, UInt32, String)])
    func passwordFilesThatAreNotTaken(content: String, mode: UInt32, trouble: String) throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = try folder.file("password", Array(content.utf8), mode: mode)
        let settings = try SettingsTests.parse(Self.smartHost(path))
        let error = #expect(throws: SettingsError.self) { try DeliverySettings(settings) }
        let line = try #require(error?.description)
        #expect(line.hasPrefix("p.toml:8: delivery.smarthost.password_file: \"\(path)\" \(trouble)"), "\(line)")
        #expect(!line.contains("s3cret"))
        #expect(Settings.findings(of: settings).map { "\($0)" } == [line])
    }

    /// A password that is not used is not read.
    @Test func onlyTheRouteInUseIsRead() throws {
        let text = Self.smartHost("/nowhere/at/all").replacing("route = \"smarthost\"", with: "route = \"mx\"")
        #expect(try DeliverySettings(try SettingsTests.parse(text)).smarthost == nil)
    }
}
