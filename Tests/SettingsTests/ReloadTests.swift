// New settings in place of old ones: what changed, what needs a restart, and that wrong ones change nothing.

import Testing

@testable import Settings

@Suite struct ReloadTests {
    static let first = """
        [server]
        hostname = "a.example"
        [[listen]]
        service = "smtp"
        port = 2525
        [relay]
        trusted = ["10.0.0.0/8"]
        """

    static func changes(_ text: String) throws -> [String] {
        let old = try Settings.parse(first, file: "p.toml")
        return try Reload(from: old, to: text, file: "p.toml").changes.map {
            "\($0.key): \($0.old) -> \($0.new)\($0.needsRestart ? " restart" : "")"
        }
    }

    @Test(arguments: [
        (first, []),
        (first + "\n[smtp]\nmax_errors = 20\n# the default", []),
        (first.replacing("a.example", with: "b.example"), ["server.hostname: \"a.example\" -> \"b.example\""]),
        (first.replacing("2525", with: "2526"), ["listen[1].port: 2525 -> 2526 restart"]),
        (first.replacing("\"10.0.0.0/8\"", with: ""), ["relay.trusted: [\"10.0.0.0/8\"] -> []"]),
        (
            first + "\n[smtp]\nmax_errors = 5\n[server.x]".replacing("\n[server.x]", with: ""),
            ["smtp.max_errors: 20 -> 5"]
        ),
        (
            first + "\n[dns]\nservers = [\"127.0.0.1\"]\ntimeout = 3",
            ["dns.servers: [] -> [\"127.0.0.1:53\"] restart", "dns.timeout: \"10s\" -> \"3s\""]
        ),
        (first.replacing("port = 2525\n", with: ""), ["listen[1].port: 2525 ->  restart"]),
    ])
    func whatChanged(text: String, changes: [String]) throws {
        #expect(try Self.changes(text) == changes)
    }

    /// A port that is new has all its keys, and each needs a restart.
    @Test func aPortMore() throws {
        let changes = try Self.changes(Self.first + "\n[[listen]]\nservice = \"pop3\"")
        #expect(changes.contains("listen[2].service:  -> \"pop3\" restart"))
        #expect(changes.contains("listen[2].tls:  -> \"none\" restart"))
        #expect(changes.allSatisfy { $0.hasPrefix("listen[2].") && $0.hasSuffix(" restart") })
    }

    @Test func wrongSettingsChangeNothing() throws {
        let old = try Settings.parse(Self.first, file: "p.toml")
        let error = #expect(throws: SettingsError.self) {
            try Reload(from: old, to: "[server]\nhostname = \"\"", file: "p.toml")
        }
        #expect(error?.findings.map { $0.key } == ["server.hostname"])
    }
}
