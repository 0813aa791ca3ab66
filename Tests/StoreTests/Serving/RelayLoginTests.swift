// the single login of the settings. It sends and does nothing else; accounts are not concerned.

import Glibc
import IPC
import Mail
import SASLClients
import Settings
import Testing

@testable import store

@Suite(.bothEngines) struct RelayLoginTests {
    private func settings(_ folder: TestFolder, _ password: String, user: String = "relay", mode: mode_t = 0o600) throws -> String
    {
        let path = "\(folder.path)/password"
        let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        let bytes = Array((password + "\n").utf8)
        #expect(write(file.descriptor, bytes, bytes.count) == bytes.count && fchmod(file.descriptor, mode) == 0)
        return "[relay]\naccounts = \"single\"\nuser = \"\(user)\"\npassword_file = \"\(path)\"\n"
    }

    private func parsed(_ folder: TestFolder, _ more: String) throws -> StoreSettings {
        let text = "[server]\nhostname = \"mail.example.test\"\nstate = \"\(folder.path)\"\n" + more
        return try StoreSettings(try Settings.parse(text, file: "test"))
    }

    private func road(_ password: String = "r3lay") async throws -> RouterRoad {
        let folder = TestFolder()
        let store = try TestStore(folder, more: try settings(folder, password))
        return try await RouterRoad(store)
    }

    @Test("PLAIN, LOGIN, SCRAM and CRAM-MD5 let it in, at the ports where mail is sent") func comesIn() async throws {
        let road = try await road()
        #expect(
            road.store.directory.policy.mechanisms == [
                "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN",
            ])
        for service in [ServiceName.smtp, .submission] {
            for (name, login) in [
                ("PLAIN", try await road.plain("relay", "r3lay", service: service)),
                ("CRAM-MD5", try await road.cram("relay", "r3lay", service: service)),
                ("SCRAM-SHA-1", try await road.scram(.sha1, "relay", "r3lay", service: service)),
                ("SCRAM-SHA-256", try await road.scram(.sha256, "relay", "r3lay", service: service)),
                ("PLUS", try await road.scram(.sha256, "relay", "r3lay", plus: [1, 2], service: service)),
                ("verify", try await road.verify("relay", "r3lay", service)),
            ] {
                let grant = try #require(login.grant, "\(name)")
                #expect(grant.account == AccountID(rawValue: 0) && grant.name == "relay")
                #expect(road.store.house.authentication.redeem(grant.ticket, for: .smtp) == grant)
            }
        }
        try await road.stop()
    }

    @Test("it opens no mailbox, and nothing but its password lets it in") func staysOut() async throws {
        let road = try await road()
        for service in [ServiceName.pop3, .lmtp] {
            #expect(try await road.verify("relay", "r3lay", service).isRefused)
            #expect(try await road.plain("relay", "r3lay", service: service).isRefused)
            #expect(try await road.scram(.sha256, "relay", "r3lay", service: service).isRefused)
        }
        for (user, password) in [("relay", "r3lay "), ("Relay", "r3lay"), ("relay@example.test", "r3lay"), ("relay", "x")] {
            #expect(try await road.plain(user, password).isRefused)
            #expect(try await road.cram(user, password).isRefused)
            #expect(try await road.scram(.sha256, user, password).isRefused)
        }
        let grant = try #require(try await road.plain("relay", "r3lay").grant)
        #expect(road.store.house.authentication.redeem(grant.ticket, for: .pop3) == nil)
        // beside it no account's login is good for sending; for reading they all are.
        try await road.store.addUser("alice@example.test")
        #expect(try await road.plain("alice@example.test", "s3cret").isRefused)
        #expect(try await road.plain("alice@example.test", "s3cret", service: .pop3).grant != nil)
        try await road.stop()
    }

    @Test("a reload reads it again: the old password and its tickets are worthless, the router hears of it")
    func reloaded() async throws {
        let road = try await road()
        let (store, folder) = (road.store, road.store.folder)
        let old = try #require(try await road.plain("relay", "r3lay").grant)
        let version = store.directory.policy.version
        try store.house.reload(try parsed(folder, try settings(folder, "r3lay")))
        #expect(store.directory.policy.version == version)
        #expect(store.house.authentication.redeem(old.ticket, for: .smtp) == old)
        let heard = Recorded<UInt64>()
        _ = store.directory.change(since: version) { heard.add($0) }
        try store.house.reload(try parsed(folder, try settings(folder, "n3w")))
        #expect(heard.all == [version + 1])
        #expect(store.house.authentication.redeem(old.ticket, for: .smtp) == nil)
        #expect(try await road.plain("relay", "r3lay").isRefused)
        #expect(try await road.cram("relay", "n3w").grant != nil)
        try store.house.reload(try parsed(folder, ""))
        #expect(try await road.plain("relay", "n3w").isRefused)
        #expect(store.directory.policy.mechanisms == [])
        try await road.stop()
    }

    @Test("a password that cannot be one is refused at the start, and at a reload the old one stays") func unusable() async throws
    {
        let road = try await road()
        let folder = road.store.folder
        let before = try #require(try await road.plain("relay", "r3lay").grant)
        #expect(throws: StoreFault.self) {
            try road.store.house.reload(try parsed(folder, try settings(folder, "a\u{7}b")))
        }
        #expect(throws: SettingsError.self) { try parsed(folder, try settings(folder, "x", mode: 0o644)) }
        #expect(road.store.house.authentication.redeem(before.ticket, for: .smtp) == before)
        #expect(try await road.plain("relay", "r3lay").grant != nil)
        try await road.stop()
        #expect(throws: StoreFault.self) { try TestStore(folder, more: try settings(folder, "a\u{7}b")) }
    }

    @Test("a file that is not used is not read") func unused() throws {
        let text = "[relay]\nuser = \"relay\"\npassword_file = \"/nowhere/at/all\"\n"
        let part = try parsed(TestFolder(), text)
        #expect(part.relayLogin == nil && part.secretFiles == ["/nowhere/at/all"])
        let error = #expect(throws: SettingsError.self) { try parsed(TestFolder(), text + "accounts = \"single\"\n") }
        #expect(error?.description.hasPrefix("test:6: relay.password_file: \"/nowhere/at/all\" cannot be read") == true)
    }
}
