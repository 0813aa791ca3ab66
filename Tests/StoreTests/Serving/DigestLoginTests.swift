// APOP (RFC 1939 §7) over the router's road: for accounts that were given it, and for nobody else.

import Glibc
import IPC
import Mail
import POP3House
import SASLClients
import Testing

@testable import SASL
@testable import store

@Suite(.bothEngines) struct DigestLoginTests {
    static func login(
        _ road: RouterRoad, _ user: String, _ password: String, _ service: ServiceName = .pop3
    ) async throws -> LoginAnswer {
        let said = SASLClients.apop(user: user, password: password, timestamp: "<1.2@mail.example.test>")
        return try await road.sasl("APOP", initial: said, service: service)
    }

    @Test("who was given it comes in, with the right password alone, and for POP3 alone") func comesIn() async throws {
        let road = try await LoginTests.road(["APOP"])
        let grant = try #require(try await Self.login(road, "Alice@example.test", "s3cret").grant)
        #expect(road.store.house.authentication.redeem(grant.ticket, for: .pop3) == grant)
        for (user, password) in [
            ("alice@example.test", "wrong"), ("nobody@example.test", "s3cret"), ("info@example.test", "s3cret"),
        ] { #expect(try await Self.login(road, user, password).isRefused, "\(user) \(password)") }
        for service in [ServiceName.smtp, .submission, .lmtp] {
            #expect(try await Self.login(road, "alice@example.test", "s3cret", service).isRefused)
        }
        // Passwords of single devices take no part.
        let made = try await road.store.made(NewPassword(name: "phone"))
        #expect(try await Self.login(road, "alice@example.test", made).isRefused)
        try await road.store.carryOut(.setPasswordScopes("alice@example.test".address, [.imap]))
        #expect(try await Self.login(road, "alice@example.test", "s3cret").isRefused)
        try await road.stop()
    }

    @Test("it is heard of while somebody has it, and no longer") func announced() async throws {
        let road = try await LoginTests.road([])
        let (store, alice) = (road.store, "alice@example.test".address)
        #expect(!store.directory.policy.mechanisms.contains("APOP"))
        #expect(try await Self.login(road, "alice@example.test", "s3cret").isRefused)
        try await store.carryOut(.setPassword(alice, password: Secret("n3w"), legacy: ["apop"]))
        #expect(store.directory.policy.mechanisms.contains("APOP"))
        #expect(try await Self.login(road, "alice@example.test", "n3w").grant != nil)
        // Named no more, it is gone, and so is the password from the index.
        try await store.carryOut(.setPassword(alice, password: Secret("n3w"), legacy: []))
        #expect(!store.directory.policy.mechanisms.contains("APOP"))
        #expect(try await Self.login(road, "alice@example.test", "n3w").isRefused)
        try await road.stop()
    }

    @Test("the password is nowhere on the disk; with another key it is our own trouble") func sealed() async throws {
        var road = try await LoginTests.road(["APOP"])
        let store = road.store
        try await store.carryOut(
            .setPassword("alice@example.test".address, password: Secret("unmistakable-words"), legacy: ["APOP"]))
        #expect(try await Self.login(road, "alice@example.test", "unmistakable-words").grant != nil)
        try await road.stop()
        let home = store.folder.path + "/store"
        for name in try Folder.names(home) where name.hasPrefix("index") || name.hasSuffix(".key") {
            let file = try OpenFile("\(home)/\(name)", flags: O_RDONLY)
            let octets = try file.bytes(from: 0, Int(try file.size()))
            #expect(!String(decoding: octets, as: UTF8.self).contains("unmistakable-words"), "\(name)")
        }
        road = try await RouterRoad(try TestStore(store.folder, clock: store.clock))
        #expect(try await Self.login(road, "alice@example.test", "unmistakable-words").grant != nil)
        try await road.stop()
        #expect(unlink("\(home)/passwords.key") == 0)
        road = try await RouterRoad(try TestStore(store.folder, clock: store.clock))
        guard case .unavailable = try await Self.login(road, "alice@example.test", "unmistakable-words") else {
            throw StoreFault("opened without a key")
        }
        #expect(try await road.plain("alice@example.test", "unmistakable-words").grant != nil)
        try await road.stop()
    }
}
