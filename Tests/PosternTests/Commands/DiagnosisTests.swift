import Foundation
import IPC
import Mail
import Settings
import Testing

@testable import postern

private let plain = "[server]\nhostname = \"mail.a.org\"\n"

private func symptoms(_ text: String, _ house: HouseFacts = HouseFacts()) throws -> [Symptom] {
    Diagnosis.symptoms(try Settings.parse(plain + text, file: "test.toml"), house)
}

private func ranges(_ texts: [String]) -> [AddressRange] { texts.compactMap { AddressRange($0) } }

@Suite struct DiagnosisTests {
    @Test func aUsualHouseIsWell() throws {
        var house = HouseFacts()
        (house.users, house.unaccounted) = (3, 0)
        (house.trusted, house.safe) = (ranges(["192.168.0.0/16", "192.0.2.0/24"]), ranges(["10.1.2.%"]))
        #expect(try symptoms("", house) == [])
        #expect(Doctor.text([]) == "nothing found")
    }

    /// D1: an error, once, although a check only warns.
    @Test func anOpenRelayIsAnError() throws {
        let found = try symptoms("[relay]\npolicy = \"open\"\ni_accept_open_relay = true\n")
        #expect(found.map { $0.severity } == [.error])
        #expect(found.first?.about == "relay.policy" && found.first?.finding.hasPrefix("OPEN RELAY") == true)
    }

    ///
    @Test(arguments: [
        ("10.0.0.0/8", "is wider than a /24: no"), ("203.0.113.0/24", "is public"), ("203.0.113.7", "is public"),
        ("203.0.0.0/16", "is wider than a /24 and public"), ("2001:db8::/48", "is wider than a /64 and public"),
        ("fd00::/48", "is wider than a /64: no"), ("10.%.5.%", "is wider than a /24: no"),
    ])
    func wideOrPublicSafeRangesAreFound(range: String, words: String) throws {
        let written = try symptoms("[relay]\nsafe = [\"\(range)\"]\n")
        #expect(written.map { $0.severity } == [.warning] && written.first?.about == "relay.safe")
        #expect(written.first?.finding.hasPrefix("\(range) \(words)") == true)
        var house = HouseFacts()
        house.safe = ranges([range])
        let added = try symptoms("", house)
        #expect(added.map { $0.about } == ["safe list"] && added.first?.finding == written.first?.finding)
        #expect(added.first?.fix.contains("postern safe remove \(range)") == true)
    }

    @Test(arguments: ["10.1.2.0/24", "192.168.1.%", "127.0.0.1", "fd00::/64", "10.0.0.5-10.0.0.9"])
    func smallPrivateSafeRangesAreNot(range: String) throws {
        #expect(try symptoms("[relay]\nsafe = [\"\(range)\"]\n") == [])
    }

    @Test(arguments: [
        ("10.0.0.0/8", false), ("203.0.113.0/24", false), ("203.0.0.0/16", true), ("2001:db8::/48", true), ("fd00::/8", false),
    ])
    func trustedRangesAreFoundWhenWideAndPublic(range: String, isFound: Bool) throws {
        #expect(try symptoms("[relay]\ntrusted = [\"\(range)\"]\n").map { $0.severity } == (isFound ? [.warning] : []))
        var house = HouseFacts()
        house.trusted = ranges([range])
        #expect(try symptoms("", house).map { $0.about } == (isFound ? ["trusted list"] : []))
    }

    @Test(arguments: ["0.0.0.0/0", "%.%.%.%", "0.0.0.0-255.255.255.255", "::/0", "2000::/3"], ["trusted", "safe"])
    func aListOfEverybodyIsAnOpenRelay(range: String, list: String) throws {
        let found = try symptoms("[relay]\n\(list) = [\"\(range)\"]\n")
        #expect(found.map { $0.severity } == [.error] && found.first?.finding.contains("OPEN RELAY") == true)
    }

    /// a list that gives no right by itself opens nothing; safe clients are dangerous all the same.
    @Test(arguments: ["authentication = \"required\"", "enabled = false"])
    func aTrustedListWithoutRightsIsHarmless(setting: String) throws {
        #expect(try symptoms("[relay]\ntrusted = [\"0.0.0.0/0\"]\n\(setting)\n") == [])
        #expect(try symptoms("[relay]\nsafe = [\"0.0.0.0/0\"]\n\(setting)\n").count == 1)
    }

    ///
    @Test(arguments: [
        ("port = 2525", true), ("port = 2525\nrole = \"incoming\"", true), ("port = 25", false), ("", false),
        ("port = 2525\nrole = \"outgoing\"", false), ("port = 0", false), ("port = 2525\naddress = \"127.0.0.1\"", false),
        ("port = 2525\nproxies = [\"10.0.0.1\"]", false),
        ("port = 2525\n[[listen]]\nservice = \"smtp\"\nport = 25", false),
    ])
    func mailFromOtherServersComesToPort25(listen: String, isFound: Bool) throws {
        let found = try symptoms("[[listen]]\nservice = \"smtp\"\n\(listen)\n")
        #expect(found.map { $0.about } == (isFound ? ["listen[1].port"] : []))
        #expect(!isFound || found.first?.fix.contains("forward its port 25 to this machine's port 2525") == true)
    }

    /// E-20.
    @Test(arguments: [
        (1, "[[listen]]\nservice = \"smtp\"\n", "there is 1 account, and no port"),
        (30, "[[listen]]\nservice = \"smtp\"\n[[listen]]\nservice = \"pop3\"\nport = 0\n", "there are 30 accounts, and no port"),
        (0, "[[listen]]\nservice = \"smtp\"\n", nil), (nil, "[[listen]]\nservice = \"smtp\"\n", nil), (30, "", nil),
        (30, "[[listen]]\nservice = \"smtp\"\n[[listen]]\nservice = \"pop3\"\nport = 1110\n", nil),
    ])
    func accountsNeedAPortToBeRead(users: Int?, listen: String, finding: String?) throws {
        var house = HouseFacts()
        house.users = users
        let found = try symptoms(listen, house)
        #expect(found.count == (finding == nil ? 0 : 1))
        #expect(found.first?.finding.hasPrefix(finding ?? "") == (finding == nil ? nil : true))
    }

    private static let pop3 = "[[listen]]\nservice = \"smtp\"\n[[listen]]\nservice = \"pop3\"\n"

    private static let ports: [(accounts: Int?, listen: String, isFound: Bool)] = [
        (1, "", false), (0, pop3 + "port = 0\n", false), (nil, pop3 + "port = 0\n", false), (2, pop3, false),
        (2, pop3 + "port = 0\n", true), (1, pop3 + "auth = false\n", true),
        (2, pop3 + "mechanisms = [\"PLAIN\", \"SCRAM-SHA-256\"]\n", true), (2, pop3 + "mechanisms = [\"CRAM-MD5\"]\n", false),
        (1, "[[listen]]\nservice = \"smtp\"\n", true), (2, pop3 + "tls = \"none\"\n", false),
    ]

    /// APOP: passwords that can be read are kept for a use.
    @Test(arguments: ports)
    func passwordsForAPOPNeedAPortThatTakesIt(accounts: Int?, listen: String, isFound: Bool) throws {
        var house = HouseFacts()
        (house.apopAccounts, house.passwordKey) = (accounts, .there(mode: 0o600))
        let found = try symptoms(listen, house)
        #expect(found.map { $0.about } == (isFound ? ["listen"] : []) && found.allSatisfy { $0.severity == .warning })
        #expect(!isFound || found[0].finding.contains("no port of POP3 takes APOP"))
    }

    private static let keys: [(accounts: Int?, key: PasswordKey?, finding: String?)] = [
        (0, .missing, nil), (2, .there(mode: 0o600), nil), (2, nil, nil), (nil, .missing, nil),
        (1, .missing, "the password of 1 account is kept for APOP, and the key"),
        (3, .missing, "the passwords of 3 accounts are kept for APOP, and the key"),
        (1, .there(mode: 0o640), "others than the store"), (0, .there(mode: 0o604), "others than the store"),
        (nil, .there(mode: 0o620), "others than the store"), (1, .there(mode: 0o400), nil),
    ]

    @Test(arguments: keys)
    func theKeyOfPasswordsForAPOP(accounts: Int?, key: PasswordKey?, finding: String?) throws {
        var house = HouseFacts()
        (house.apopAccounts, house.passwordKey) = (accounts, key)
        let found = try symptoms("", house)
        #expect(found.count == (finding == nil ? 0 : 1))
        if let finding {
            #expect(found[0].severity == .error && found[0].about.hasSuffix("/store/passwords.key"))
            #expect(found[0].finding.hasPrefix(finding))
        }
    }

    @Test func theKeyIsLookedAtWhereItLies() throws {
        let state = "/tmp/postern-key-\(UInt32.random(in: 0 ... .max))"
        #expect(PasswordKey(state: state) == .missing)
        try FileManager.default.createDirectory(atPath: state + "/store", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: state) }
        #expect(PasswordKey(state: state) == .missing)
        for mode in [0o600, 0o644] as [UInt32] {
            try Data(count: 32).write(to: URL(fileURLWithPath: PasswordKey.path(state)))
            #expect(chmod(PasswordKey.path(state), mode) == 0)
            #expect(PasswordKey(state: state) == .there(mode: mode))
        }
    }

    @Test func passwordsInTheClearAreFound() throws {
        let found = try symptoms("[auth]\nplaintext_without_tls = true\n")
        #expect(found.map { $0.about } == ["auth.plaintext_without_tls"] && found.first?.severity == .warning)
    }

    @Test func silentRoomsMissingWallsAndAnOpenLedgerAreFound() throws {
        var house = HouseFacts()
        house.silent = [(.delivery, "the delivery does not answer")]
        house.missingWalls = [(.router, "landlock: no bind")]
        house.unaccounted = -2
        let found = try symptoms("", house)
        #expect(found.map { $0.about } == ["delivery", "ledger", "router"])
        #expect(found.map { $0.severity } == [.error, .error, .warning])
        #expect(found[1].finding == "-2 recipients are unaccounted for")
    }

    /// What `check` warns about, with the key to look at; errors stand before warnings.
    @Test func theChecksFindingsAreAmongThem() throws {
        let text = "[relay]\nblock_own = true\nallow_own = true\nsafe = [\"0.0.0.0/0\"]\n"
        let found = try symptoms(text)
        #expect(found.map { $0.severity } == [.error, .warning])
        #expect(found.last?.about.hasPrefix("test.toml:") == true && found.last?.about.hasSuffix(": relay.block_own") == true)
        #expect(found.last?.fix.hasSuffix("postern describe relay.block_own") == true)
    }

    @Test func wrongSettingsAreErrors() throws {
        let error = #expect(throws: SettingsError.self) {
            try Settings.parse("[[listen]]\nservice = \"smtp\"\nport = 70000\n", file: "test.toml")
        }
        let found = Diagnosis.findings(try #require(error).findings)
        #expect(found.allSatisfy { $0.severity == .error } && found.count == 2)
        #expect(found.contains { $0.fix.hasSuffix("postern describe listen.port") })
    }

    @Test(arguments: [
        ("[relay]\nx = 1\n", "postern describe relay"), ("[nonsense]\nx = 1\n", "postern describe"),
        ("x = = 1\n", "postern describe"), ("[relay]\npolicy = \"on\"\n", "postern describe relay.policy"),
    ])
    func theFixNamesWhatCanBeDescribed(text: String, end: String) throws {
        let error = #expect(throws: SettingsError.self) { try Settings.parse(plain + text, file: "test.toml") }
        let found = Diagnosis.findings(try #require(error).findings)
        #expect(found.map { $0.fix } == ["change it in the settings; \(end)"])
    }

    @Test func bothFormsSayTheSame() throws {
        let symptom = Symptom(severity: .error, about: "store", finding: "is\u{1B} silent", fix: "start it")
        #expect(symptom.text == "error: store: is. silent\n  fix: start it")
        let text = try json([symptom])
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: String]])
        #expect(whole == [["severity": "error", "about": "store", "finding": "is\u{1B} silent", "fix": "start it"]])
    }
}
