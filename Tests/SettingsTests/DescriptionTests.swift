// What is generated from the declarations is what the repository holds. To write it anew:
// POSTERN_WRITE=1 swift test --filter DescriptionTests

import Foundation
import Mail
import Testing

@testable import Settings

@Suite struct DescriptionTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: [
        ("packaging/postern.toml", Settings.example), ("docs/operations/settings.md", Settings.reference),
    ])
    func theFilesAreThoseOfTheDeclarations(path: String, text: String) throws {
        let url = Self.root.appendingPathComponent(path)
        if ProcessInfo.processInfo.environment["POSTERN_WRITE"] != nil {
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: url, encoding: .utf8) == text, "\(path) is not what the declarations say")
    }

    @Test func theExampleIsRight() throws {
        let settings = try Settings.parse(Settings.example, file: "postern.toml")
        #expect(settings.warnings.isEmpty)
        #expect(settings.listen.map { $0.port } == [25, 110])
    }

    /// Every line that is commented out is right too, and says the default.
    @Test func everyDefaultOfTheExampleIsTheDefault() throws {
        let lines = Settings.example.split(separator: "\n").map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }
        let all = try Settings.parse(lines.joined(separator: "\n"), file: "postern.toml")
        let plain = try Settings.parse(Settings.example, file: "postern.toml")
        let changes = Reload(from: plain, to: all).changes.map { change in
            change.key.replacing(/\[\d+\]/, with: "")
        }
        // Keys that are absent by default have an example instead.
        let absent = Settings.keys.filter { $0.fallback == nil }.map { $0.name }
        #expect(Set(changes).isSubset(of: Set(absent)), "\(changes)")
        #expect(changes.contains("delivery.smarthost.host"))
    }

    @Test func everyKeyIsDescribed() {
        #expect(Settings.keys.count > 50)
        for key in Settings.keys {
            #expect(key.sentence.hasSuffix("."), "\(key.name)")
            #expect(!key.allowed.isEmpty && !key.rooms.isEmpty, "\(key.name)")
            #expect(key.fallback != nil || !key.without.isEmpty, "\(key.name)")
            #expect(
                Settings.example.contains("\n\(key.leaf) = ") || Settings.example.contains("\n#\(key.leaf) = "),
                "\(key.name)")
        }
        #expect(Set(Settings.keys.map { $0.name }).count == Settings.keys.count)
    }

    @Test func describe() throws {
        #expect(Settings.described(beginning: "").count == Settings.keys.count)
        #expect(
            Settings.described(beginning: "relay").map { $0.name } == [
                "relay.policy", "relay.i_accept_open_relay", "relay.trusted", "relay.safe", "relay.enabled",
                "relay.authentication", "relay.accounts", "relay.user", "relay.password_file", "relay.range_control",
                "relay.block_own", "relay.allow_own",
            ])
        #expect(Settings.described(beginning: "nothing").isEmpty && Settings.described(beginning: "rel").isEmpty)
        let key = try #require(Settings.described(beginning: "smtp.max_recipients").first)
        #expect(
            key.text == """
                smtp.max_recipients = 1000
                    Recipients of one message; the next is told to come in another one.
                    number: 100 to 100000
                    read by listener; changed by a reload
                """)
        #expect(
            try #require(Settings.described(beginning: "server.hostname").first).text.hasPrefix(
                "server.hostname   (must be set)\n"))
        #expect(
            Settings.nearest(to: "smtp.max_recipient") == "smtp.max_recipients"
                && Settings.nearest(to: "qwertz.uiopasdf") == nil)
    }

    @Test func asJSON() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let key = try #require(Settings.described(beginning: "sandbox.require").first)
        #expect(
            String(decoding: try encoder.encode(key), as: UTF8.self) == """
                {"allowed":"true, false","default":"false","example":"false","name":"sandbox.require","reload":false,\
                "rooms":["store","router","listener","delivery"],"sentence":"Do not start when this machine's kernel cannot give all \
                walls; otherwise what is missing is said loudly.","type":"true or false","when-not-set":""}
                """)
    }
}
