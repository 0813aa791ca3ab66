// What each room gets, with the things of the machine that come in: host names, subnets, a password.

import Mail
import Testing

@testable import Settings

@Suite struct PartsTests {
    // MARK: listener

    /// E-12, R-12: an address as it is, a host name by its addresses, nothing for every address; no socket for port 0.
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

    /// T-09: with no relay settings, loopback and the attached private subnets, which the router looks for itself.
    @Test func whoIsTrusted() throws {
        let part = RouterSettings(try SettingsTests.parse("[relay]\nsafe = [\"203.0.113.9\"]"))
        #expect(part.trusted.map { "\($0)" } == ["127.0.0.0/8", "::1"])
        #expect(part.trustsPrivateSubnets)
        #expect(part.safe.map { "\($0)" } == ["203.0.113.9"])
        #expect(part.relay.policy == .closed)
    }

    /// E-07: what is written is exactly the list.
    @Test func theListReplacesTheDefault() throws {
        let part = RouterSettings(try SettingsTests.parse("[relay]\ntrusted = [\"10.1.%.%\"]"))
        #expect(part.trusted.map { "\($0)" } == ["10.1.%.%"])
        #expect(!part.trustsPrivateSubnets)
    }

    /// A port is known by its number: 0 is what a file without ports has.
    @Test func portsOfTheRouter() throws {
        let part = RouterSettings(
            try SettingsTests.parse(
                """
                [[listen]]
                service = "smtp"
                [[listen]]
                service = "smtp"
                port = 2525
                role = "outgoing"
                """))
        #expect(part.listeners.map(\.role) == [.both, .both, .outgoing])
        #expect(RouterSettings(try SettingsTests.parse("")).listeners.map(\.role) == [.both])
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
