// Passwords for single devices: who comes in with which of them, and what ends one.

import IPC
import Mail
import SASLClients
import Testing

@testable import SASL
@testable import store

@Suite(.bothEngines) struct NamedPasswordTests {
    static let alice = "alice@example.test".address

    /// A store with alice, whose own password is "s3cret".
    static func road() async throws -> RouterRoad { try await LoginTests.road() }

    static func journal(_ road: RouterRoad) -> [String] {
        road.store.events.all.compactMap { if case .loginRefused(_, _, let because) = $0 { because } else { nil } }
    }

    @Test("a made password lets in by every way that shows it, beside the own one") func comesIn() async throws {
        let road = try await Self.road()
        let made = try await road.store.made(NewPassword(name: "phone"))
        for (name, login) in LoginTests.ways {
            let shows = ["POP3", "verify", "PLAIN", "LOGIN"].contains(name)
            #expect(try await login(road, "Alice@example.test", made).isRefused == !shows, "\(name)")
            #expect(try await login(road, "alice@example.test", "s3cret").grant != nil, "\(name)")
        }
        #expect(try await road.plain("alice@example.test", made + "x").isRefused)
        #expect(try await road.plain("bob@example.test", made).isRefused)
        let names = road.store.events.all.compactMap { event -> String? in
            if case .loginGranted(let granted, _) = event { granted.password } else { nil }
        }
        #expect(names == ["phone", "phone", "phone", "phone"])
        #expect(!"\(road.store.events.all)".contains(made))
        try await road.stop()
    }

    @Test("a made password needs no slow hash, right or wrong; only what people think up does") func fast() async throws {
        let road = try await Self.road()
        var made: [String] = []
        for number in 0..<DirectoryLimits.namedPasswords {
            made.append(try await road.store.made(NewPassword(name: "device \(number)")))
        }
        // Nobody can hash any more.
        road.store.house.hashes.stop()
        for password in made { #expect(try await road.plain("alice@example.test", password).grant != nil) }
        try await road.stop()
    }

    @Test("a wrong password costs a slow hash for the own one and for each that was given, and no more")
    func bounded() async throws {
        let hashes = PasswordHashes(StoreOptions.quick.hashes)
        let own = try PasswordHashes.hash(Secret("own"), cost: 1)
        let made = (0..<32).map { _ in MadePassword.hash(MadePassword.make()) }
        func check(_ password: String, _ all: [String]) async throws -> Int? {
            try await withCheckedContinuation { continuation in
                hashes.check(Secret(password), against: all) { continuation.resume(returning: $0) }
            }.get()
        }
        #expect(try await check("own", made + [own]) == 32)
        #expect(try await check("own", [own] + made) == 0)
        #expect(try await check("own", ["", "*", own]) == 2)
        for all in [[own] + made, [], [""]] { #expect(try await check("x", all) == nil) }
        let clock = ContinuousClock()
        let few = try await clock.measure { for _ in 0..<20 { _ = try await check("x", [own]) } }
        let many = try await clock.measure { for _ in 0..<20 { _ = try await check("x", [own] + made) } }
        // 32 slow ones would take 33 times as long.
        #expect(many < few * 10 + .milliseconds(500), "\(many) against \(few)")
        hashes.stop()
    }

    static let scopes: [(PasswordScope, [ServiceName])] = [
        (.submission, [.smtp, .submission, .lmtp]), (.pop3, [.pop3]), (.imap, []),
    ]

    @Test("a right password outside its scope is a failed login, and the journal says why", arguments: scopes.indices)
    func scope(row: Int) async throws {
        let (scope, services) = Self.scopes[row]
        let road = try await Self.road()
        let made = try await road.store.made(NewPassword(name: "till", scopes: [scope]))
        try await road.store.carryOut(
            .addPassword(Self.alice, NewPassword(name: "typed", scopes: [scope], password: Secret("w0rds"))))
        for service in ServiceName.allCases {
            for password in [made, "w0rds"] {
                let isIn = try await road.plain("alice@example.test", password, service: service).grant != nil
                #expect(isIn == services.contains(service), "\(service)")
                #expect(try await (road.verify("alice@example.test", password, service).grant != nil) == isIn, "\(service)")
            }
            #expect(try await road.plain("alice@example.test", "s3cret", service: service).grant != nil)
        }
        let refused = ServiceName.allCases.filter { !services.contains($0) }
        let lines = Self.journal(road)
        for service in refused {
            let text = "the password \"till\" is right, and not good for \(service.rawValue): only for \(scope.rawValue)"
            #expect(lines.contains(text) && lines.contains("PLAIN: " + text), "\(lines)")
        }
        #expect(lines.count == refused.count * 4)
        try await road.stop()
    }

    @Test("the own password can be limited too, by every way to log in, also while it is remembered")
    func ownScope() async throws {
        let road = try await Self.road()
        for (_, login) in LoginTests.ways { #expect(try await login(road, "alice@example.test", "s3cret").grant != nil) }
        try await road.store.carryOut(.setPasswordScopes(Self.alice, [.pop3]))
        for (name, login) in LoginTests.ways where name != "POP3" {
            #expect(try await login(road, "alice@example.test", "s3cret").isRefused, "\(name)")
        }
        #expect(Self.journal(road).allSatisfy { $0.contains("the account's own password is right, and not good for") })
        #expect(try await road.verify("alice@example.test", "s3cret").grant != nil)
        #expect(try await road.scram(.sha256, "alice@example.test", "s3cret", service: .pop3).grant != nil)
        try await road.store.carryOut(.setPasswordScopes(Self.alice, nil))
        for (name, login) in LoginTests.ways {
            #expect(try await login(road, "alice@example.test", "s3cret").grant != nil, "\(name)")
        }
        try await road.stop()
    }

    @Test("of two that are the same words, the one that is good for it counts") func sameWords() async throws {
        let road = try await Self.road()
        try await road.store.carryOut(
            .setPasswordScopes(Self.alice, [.imap]),
            .addPassword(Self.alice, NewPassword(name: "a", scopes: [.pop3], password: Secret("s3cret"))),
            .addPassword(Self.alice, NewPassword(name: "b", scopes: [.submission], password: Secret("s3cret"))))
        for _ in 0..<2 {
            #expect(try await road.verify("alice@example.test", "s3cret", .pop3).grant != nil)
            #expect(try await road.verify("alice@example.test", "s3cret", .submission).grant != nil)
        }
        try await road.stop()
    }

    @Test("it ends on its day: for new logins, for what is remembered, and for tickets that are out")
    func expires() async throws {
        let road = try await Self.road()
        let end = road.store.clock.now + 200_000
        let made = try await road.store.made(NewPassword(name: "guest", expiresAt: end))
        try await road.store.carryOut(
            .addPassword(Self.alice, NewPassword(name: "typed", expiresAt: end, password: Secret("w0rds"))))
        var tickets: [Ticket] = []
        for password in [made, "w0rds"] {
            tickets.append(try #require(try await road.plain("alice@example.test", password).grant).ticket)
        }
        let own = try #require(try await road.plain("alice@example.test", "s3cret").grant).ticket
        road.store.clock.advance(seconds: 199)
        for ticket in tickets { #expect(road.store.house.authentication.redeem(ticket, for: .submission) != nil) }
        road.store.clock.advance(seconds: 1)
        for ticket in tickets { #expect(road.store.house.authentication.redeem(ticket, for: .submission) == nil) }
        #expect(road.store.house.authentication.redeem(own, for: .submission) != nil)
        for password in [made, "w0rds"] { #expect(try await road.plain("alice@example.test", password).isRefused) }
        let day = Day.text(Day.number(end))
        #expect(
            Self.journal(road) == [
                "PLAIN: the password \"guest\" is right, and expired on \(day)",
                "PLAIN: the password \"typed\" is right, and expired on \(day)",
            ])
        try await road.stop()
    }

    @Test("removed, it ends at once, with its tickets and what was remembered; the others stay") func removed() async throws {
        let road = try await Self.road()
        let phone = try await road.store.made(NewPassword(name: "phone"))
        let tablet = try await road.store.made(NewPassword(name: "tablet"))
        try await road.store.carryOut(.addPassword(Self.alice, NewPassword(name: "typed", password: Secret("w0rds"))))
        var tickets: [Ticket] = []
        for password in [phone, "w0rds"] {
            tickets.append(try #require(try await road.plain("alice@example.test", password).grant).ticket)
        }
        // One more password ends nobody's session.
        _ = try await road.store.made(NewPassword(name: "watch"))
        for ticket in tickets { #expect(road.store.house.authentication.redeem(ticket, for: .submission) != nil) }
        try await road.store.carryOut(
            .removePassword(Self.alice, name: "phone"), .removePassword(Self.alice, name: "typed"))
        for password in [phone, "w0rds"] { #expect(try await road.plain("alice@example.test", password).isRefused) }
        for ticket in tickets { #expect(road.store.house.authentication.redeem(ticket, for: .submission) == nil) }
        for password in [tablet, "s3cret"] { #expect(try await road.plain("alice@example.test", password).grant != nil) }
        try await road.stop()
    }

    @Test("a new own password leaves them; an account that goes takes them with it") func account() async throws {
        let road = try await Self.road()
        let made = try await road.store.made(NewPassword(name: "phone"))
        try await road.store.carryOut(.setPassword(Self.alice, password: Secret("n3w"), legacy: []))
        #expect(try await road.plain("alice@example.test", made).grant != nil)
        try await road.store.carryOut(.removeAccount(Self.alice, .user))
        #expect(try await road.plain("alice@example.test", made).isRefused)
        try await road.store.addUser("alice@example.test")
        #expect(try await road.plain("alice@example.test", made).isRefused)
        #expect(try await road.store.passwords().map(\.name) == [nil])
        try await road.stop()
    }

    @Test("one alone makes a user who can log in") func withoutOwn() async throws {
        let road = try await Self.road()
        try await road.store.carryOut(.addUserWithoutPassword("bob@example.test".address))
        let made = try await road.store.made(NewPassword(name: "phone"), "bob@example.test")
        #expect(try await road.plain("bob@example.test", made).grant != nil)
        #expect(try await road.plain("bob@example.test", "").isRefused)
        guard case .accounts(let entries) = await road.store.command(.listAccounts(after: Self.alice)) else {
            throw StoreFault("another word")
        }
        #expect(entries.first?.hasPassword == true && entries.first?.mechanisms == ["PLAIN", "LOGIN"])
        try await road.stop()
    }

    @Test("listed with what each is for, and the day on which it was used last, once a day") func listed() async throws {
        let road = try await LoginTests.road(["APOP"])
        let (store, clock) = (road.store, road.store.clock)
        _ = try await store.made(NewPassword(name: "phone", scopes: [.pop3, .submission], expiresAt: clock.now + 1))
        let tablet = try await store.made(NewPassword(name: "tablet"))
        let day = Day.number(clock.now)
        _ = try await road.plain("alice@example.test", tablet)
        _ = try await road.scram(.sha256, "alice@example.test", "s3cret")
        try await eventually { try await store.passwords().map(\.usedOn) == [day, nil, day] }
        let version = store.directory.policy.version
        clock.advance(seconds: 86_400)
        _ = try await road.plain("alice@example.test", tablet)
        try await eventually { try await store.passwords().map(\.usedOn) == [day, nil, day + 1] }
        #expect(store.directory.policy.version == version, "a login is no change of the directory")
        let all = try await store.passwords()
        #expect(all.map(\.name) == [nil, "phone", "tablet"] && all.map(\.scopes) == [nil, [.submission, .pop3], nil])
        #expect(all[0].mechanisms == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "APOP", "PLAIN", "LOGIN"])
        #expect(all[1].mechanisms == ["PLAIN", "LOGIN"] && all[1].expiresAt == all[1].madeAt.map { $0 + 1 })
        try await road.stop()
    }

    @Test(
        "T-23: a verifier that lets its reader in is there where it was asked for, and with the next password no longer",
        arguments: [([], []), (["CRAM-MD5"], [.cramMD5]), (["ntlm", "APOP"], [.ntHash, .apop])] as [([String], [VerifierKind])])
    func verifiers(legacy: [String], kinds: [VerifierKind]) async throws {
        let store = try TestStore()
        try await store.addUser("alice@example.test", legacy: legacy)
        let account = try #require(store.entry("alice@example.test")?.user)
        func kept() async throws -> [VerifierKind] {
            var kept: [VerifierKind] = []
            for kind in VerifierKind.allCases where try await store.house.database.verifier(kind, of: account) != nil {
                kept.append(kind)
            }
            return kept
        }
        _ = try await store.made(NewPassword(name: "phone"))
        try await store.carryOut(.addPassword(Self.alice, NewPassword(name: "typed", password: Secret("w0rds"))))
        #expect(try await kept() == [.scramSHA256, .scramSHA1] + kinds)
        try await store.carryOut(.setPassword(Self.alice, password: Secret("n3w"), legacy: []))
        #expect(try await kept() == [.scramSHA256, .scramSHA1])
        store.stop()
    }

    @Test("they are there after a restart") func restart() async throws {
        var road = try await Self.road()
        let made = try await road.store.made(NewPassword(name: "phone", scopes: [.submission]))
        try await road.store.carryOut(.setPasswordScopes(Self.alice, [.pop3]))
        let store = road.store
        try await road.stop()
        road = try await RouterRoad(try TestStore(store.folder, clock: store.clock))
        #expect(try await road.plain("alice@example.test", made).grant != nil)
        #expect(try await road.plain("alice@example.test", "s3cret").isRefused)
        #expect(try await road.verify("alice@example.test", "s3cret").grant != nil)
        try await road.stop()
    }

    static let refusals: [(CommandToStore.Question, String)] = [
        (
            .addPassword(alice, NewPassword(name: "phone")),
            "alice@example.test has a password \"phone\" already: remove it first, or choose another name"
        ),
        (.addPassword("no@example.test".address, NewPassword(name: "x")), "there is no account no@example.test"),
        (
            .addPassword("info@example.test".address, NewPassword(name: "x")),
            "info@example.test is a folder: nobody logs in to it"
        ),
        (
            .addPassword(alice, NewPassword(name: "x", expiresAt: 1)),
            "the password would have expired: choose a later day"
        ),
        (
            .addPassword(alice, NewPassword(name: "x", scopes: [])),
            "a password must be good for something: name submission, pop3, imap, or all"
        ),
        (
            .addPassword(alice, NewPassword(name: "x", password: Secret("a\u{7}b"))),
            "the password is empty, longer than 511 octets, not UTF-8, or holds control characters: choose another"
        ),
        (
            .addPassword(alice, NewPassword(name: "d", password: Secret("w"))),
            "alice@example.test has 3 passwords that were given, and more there cannot be: let postern make this one"
        ),
        (
            .removePassword(alice, name: "x"),
            "alice@example.test has no password \"x\": postern password list alice@example.test shows those there are"
        ),
        (.setPasswordScopes("no@example.test".address, nil), "there is no account no@example.test"),
        (.setPasswordScopes(alice, []), "a password must be good for something: name submission, pop3, imap, or all"),
        (.listPasswords("info@example.test".address), "there is no account info@example.test"),
    ]

    @Test("each refusal is one sentence with the reason and the fix, and changes nothing") func refused() async throws {
        let road = try await Self.road()
        let store = road.store
        _ = try await store.made(NewPassword(name: "phone"))
        for name in ["a", "b", "c"] {
            try await store.carryOut(.addPassword(Self.alice, NewPassword(name: name, password: Secret("w"))))
        }
        let version = store.directory.policy.version
        for (question, sentence) in Self.refusals { #expect(await store.refusal(question) == sentence) }
        for name in ["", " a", "a ", "a\u{7}", String(repeating: "a", count: 65)] {
            let because = await store.refusal(.addPassword(Self.alice, NewPassword(name: name)))
            #expect(because?.hasPrefix("a password's name has 1 to 64 octets") == true)
        }
        #expect(store.directory.policy.version == version)
        for number in 4..<DirectoryLimits.namedPasswords { _ = try await store.made(NewPassword(name: "\(number)")) }
        #expect(
            await store.refusal(.addPassword(Self.alice, NewPassword(name: "more")))
                == "alice@example.test has 32 passwords beside the own one, and more there cannot be: remove one")
        try await road.stop()
    }
}

extension TestStore {
    /// Made by the store.
    func made(_ new: NewPassword, _ address: String = "alice@example.test") async throws -> String {
        let answer = await command(.addPassword(address.address, new))
        guard case .madePassword(let made) = answer else { throw StoreFault("\(answer)") }
        return String(decoding: made.bytes, as: UTF8.self)
    }

    func passwords(_ address: String = "alice@example.test") async throws -> [PasswordEntry] {
        let answer = await command(.listPasswords(address.address))
        guard case .passwords(let all) = answer else { throw StoreFault("\(answer)") }
        return all
    }
}
