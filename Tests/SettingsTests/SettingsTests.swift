// What settings mean: defaults, every form of a value, the file itself, what a reload changes.

import Glibc
import Mail
import Testing

@testable import Settings

@Suite struct SettingsTests {
    static let minimal = "[server]\nhostname = \"mail.example.org\"\n"

    static func parse(_ text: String) throws -> Settings { try Settings.parse(minimal + text, file: "p.toml") }

    @Test func defaults() throws {
        let settings = try Self.parse("")
        #expect(settings.warnings.isEmpty)
        #expect(settings.server.hostname == "mail.example.org")
        #expect(settings.server.state == "/var/lib/postern" && settings.server.runtime == "/run/postern")
        #expect(
            settings.listen.map { "\($0.service) \($0.address) \($0.port) \($0.tls)" } == [
                "smtp  25 none", "pop3  110 none",
            ])
        #expect(settings.smtp.maxMessageSize == 52_428_800 && settings.smtp.maxRecipients == 1_000)
        #expect(settings.smtp.commandTimeout == .seconds(300) && settings.smtp.maxErrors == 20)
        #expect(settings.relay.policy == .closed && settings.relay.trusted == [.loopback, .privateSubnets])
        #expect(settings.delivery.route == .mx && settings.delivery.tls == .wanted && settings.delivery.port == 25)
        #expect(settings.delivery.retry == [60, 300, 900, 3_600, 14_400].map { .seconds($0) })
        #expect(settings.delivery.lifetime == .seconds(432_000))
        #expect(settings.dns.servers.isEmpty && !settings.sandbox.require)
        #expect(
            settings.rooms.uidBase == 64_100 && settings.admin.group == "postern-admin" && settings.log.level == .info)
        #expect(settings.store.segmentSize == 128 << 20 && settings.store.largeMessage == 256 << 10)
    }

    /// The sockets lie beside the state, unless it is the usual one; then where systemd makes their directory.
    @Test(arguments: [
        ("", "/run/postern"), ("state = \"/var/lib/postern\"", "/run/postern"), ("state = \"/srv/m\"", "/srv/m/run"),
        ("state = \"/srv/m\"\nruntime = \"/tmp/r\"", "/tmp/r"),
    ])
    func theRuntimeDirectoryFollowsTheState(text: String, runtime: String) throws {
        #expect(try Self.parse(text).server.runtime == runtime)
    }

    /// T-15, T-16: ports by service, 0 for no socket.
    @Test(arguments: [
        ("service = \"smtp\"", 25), ("service = \"submission\"", 587), ("service = \"pop3\"", 110),
        ("service = \"smtp\"\nport = 2525", 2_525), ("service = \"smtp\"\nport = 0", 0),
    ])
    func portsOfServices(text: String, port: UInt16) throws {
        let service = try #require(try Self.parse("[[listen]]\n" + text).listen.first)
        #expect(service.port == port && service.isDisabled == (port == 0) && service.isEveryAddress)
    }

    /// Different addresses, different ports, and ports without a socket do not collide.
    @Test(arguments: [
        "service = \"smtp\"\naddress = \"127.0.0.1\"|service = \"smtp\"\naddress = \"127.0.0.2\"",
        "service = \"smtp\"\naddress = \"127.0.0.1\"|service = \"smtp\"\naddress = \"::1\"",
        "service = \"smtp\"|service = \"smtp\"\nport = 26",
        "service = \"smtp\"\nport = 0|service = \"pop3\"\nport = 0",
        "service = \"smtp\"\naddress = \"localhost\"|service = \"smtp\"\naddress = \"mail.example.org\"",
    ])
    func portsThatDoNotCollide(text: String) throws {
        let services = text.split(separator: "|").map { "[[listen]]\n\($0)\n" }.joined()
        #expect(try Self.parse(services).listen.count == 2)
    }

    @Test(arguments: [
        ("\"250ms\"", Duration.milliseconds(250)), ("\"30s\"", .seconds(30)), ("\"5m\"", .seconds(300)),
        ("\"4h\"", .seconds(14_400)),
        ("\"2d\"", .seconds(172_800)), ("\"1h30m\"", .seconds(5_400)), ("45", .seconds(45)),
    ])
    func durations(text: String, duration: Duration) throws {
        let settings = try Self.parse(
            "[delivery]\nlifetime = \"5d\"\nconnect_timeout = \"30s\"\n[store]\nexpunge_retention = \(text)")
        #expect(settings.store.expungeRetention == duration)
    }

    @Test(arguments: [
        "", "s", "5", "5x", "-5s", "5s ", "5 s", "1.5h", "s5", "5S", "99999999999999999999d", "1000000000000d", "٣s",
    ])
    func textsThatAreNoDuration(text: String) { #expect(Quantity.duration(text) == nil) }

    @Test(arguments: [
        ("\"64 KB\"", 65_536), ("\"1MB\"", 1 << 20), ("\"2 GB\"", 2 << 30), ("\"70000 B\"", 70_000),
        ("\"70000\"", 70_000), ("70000", 70_000),
        ("\"1 mb\"", 1 << 20), ("\"1M\"", 1 << 20),
    ])
    func sizes(text: String, octets: Int) throws {
        #expect(try Self.parse("[smtp]\nmax_message_size = \(text)").smtp.maxMessageSize == octets)
    }

    @Test(arguments: ["", "MB", "-1 MB", "1.5 MB", "1 TB", "1 MiB", "99999999999999999999 B", "9999999999999 GB"])
    func textsThatAreNoSize(text: String) { #expect(Quantity.octets(text) == nil) }

    /// What is written for a value reads back as the value.
    @Test func quantitiesReadBack() {
        for seconds in [0, 1, 59, 60, 61, 3_600, 5_400, 86_400, 90_000, 432_000] {
            #expect(Quantity.duration(Quantity.write(.seconds(seconds))) == .seconds(seconds))
        }
        #expect(Quantity.write(.milliseconds(250)) == "250ms" && Quantity.write(.seconds(90)) == "90s")
        for octets in [0, 1, 1_023, 1_024, 1 << 20, (1 << 20) + 1, 5 << 30] {
            #expect(Quantity.octets(Quantity.write(octets: octets)) == octets)
        }
    }

    /// T-24 … T-26, as the example of the design has it.
    @Test func aSmartHost() throws {
        let settings = try Self.parse(
            """
            [delivery]
            route = "smarthost"
            [delivery.smarthost]
            host = "smtp.example.net:465"
            tls = "implicit"
            user = "alice"
            password_file = "/etc/postern/secrets/smarthost"
            mechanisms = ["SCRAM-SHA-256", "LOGIN"]
            """)
        let host = settings.delivery.smarthost
        #expect(host.host == SmartHostAddress(host: "smtp.example.net", port: 465) && host.tls == .implicit)
        #expect(host.user == "alice" && host.passwordFile == "/etc/postern/secrets/smarthost")
        #expect(host.mechanisms == [.scramSHA256, .login])
        #expect(settings.warnings.isEmpty)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:53"), ("127.0.0.1:5353", "127.0.0.1:5353"), ("::1", "[::1]:53"),
        ("[::1]:5353", "[::1]:5353"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
    ])
    func serversOfNames(text: String, endpoint: String) throws {
        #expect(try Self.parse("[dns]\nservers = [\"\(text)\"]").dns.servers.map { "\($0)" } == [endpoint])
    }

    /// The same settings in every notation of TOML.
    @Test(arguments: [
        "[delivery]\nroute = \"mx\"\n[delivery.smarthost]\nhost = \"a:1\"",
        "[delivery]\nroute = 'mx'\nsmarthost.host = \"a:1\"",
        "[delivery]\nroute = \"mx\"\nsmarthost = { host = \"a:1\" }",
        "[delivery.smarthost]\nhost = \"a:1\"\n[delivery]\nroute = \"mx\"",
    ])
    func tablesInEveryNotation(text: String) throws {
        #expect(try Self.parse(text).delivery.smarthost.host == SmartHostAddress(host: "a", port: 1))
    }

    @Test func listenAsAnArrayOfInlineTables() throws {
        let settings = try Settings.parse(
            "listen = [{ service = \"smtp\", port = 2525 }]\nserver.hostname = \"m\"", file: "p")
        #expect(settings.listen.map { $0.port } == [2_525])
    }

    /// `--config`, then the environment, then the standard place.
    @Test(
        arguments: [
            ("/a", ["POSTERN_CONFIG": "/b"], "/a"), (nil, ["POSTERN_CONFIG": "/b"], "/b"),
            ("", ["POSTERN_CONFIG": ""], "/etc/postern/postern.toml"),
            (nil, [:], "/etc/postern/postern.toml"),
        ] as [(String?, [String: String], String)])
    func wherTheSettingsAre(option: String?, environment: [String: String], path: String) {
        #expect(SettingsPath.resolve(option: option, environment: environment) == path)
    }

    @Test func filesThatCannotBeRead() throws {
        let folder = try Folder()
        defer { folder.remove() }
        #expect(
            Self.failure(folder.path + "/none") == "\(folder.path)/none:1: cannot be read: No such file or directory")
        #expect(Self.failure(folder.path) == "\(folder.path):1: is not a file")
        let rubbish = try folder.file("rubbish", [0x61, 0xFF])
        #expect(Self.failure(rubbish) == "\(rubbish):1: is not UTF-8")
        let large = try folder.file("large", [UInt8](repeating: 0x20, count: (1 << 20) + 1))
        #expect(Self.failure(large) == "\(large):1: is larger than 1 MB")
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(Self.failure(folder.path + "/pipe") == "\(folder.path)/pipe:1: is not a file")
        let good = try folder.file("good", Array(Self.minimal.utf8))
        #expect(try Settings.load(good).server.hostname == "mail.example.org")
    }

    static func failure(_ path: String) -> String {
        do {
            _ = try Settings.load(path)
            return ""
        } catch {
            return "\(error)"
        }
    }
}

/// A folder of a test's own.
struct Folder {
    let path: String

    init() throws {
        var name = Array("/tmp/postern-settings-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&name).map { String(cString: $0) })
    }

    func file(_ name: String, _ octets: [UInt8], mode: mode_t = 0o600) throws -> String {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fwrite(octets, 1, octets.count, file)
        fclose(file)
        chmod("\(path)/\(name)", mode)
        return "\(path)/\(name)"
    }

    func remove() {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink("\(path)/\(name)")
        }
        closedir(directory)
        rmdir(path)
    }
}
