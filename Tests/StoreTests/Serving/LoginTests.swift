// Logins over the router's road: every mechanism, everybody who must not come in, and what becomes of a grant (D8, T-23).

import IPC
import Mail
import POP3House
import SASLClients
import Testing

@testable import SASL
@testable import store

@Suite(.bothEngines) struct LoginTests {
    static func road(_ legacy: [String] = ["CRAM-MD5", "NTLM"]) async throws -> RouterRoad {
        let store = try TestStore()
        try await store.addUser("Alice@example.test", "s3cret", legacy: legacy)
        try await store.carryOut(
            .addDomainAlias("other.test", target: "example.test"),
            .addAccount("info@example.test".address, .folder, password: nil, legacy: []))
        return try await RouterRoad(store)
    }

    static let certificate = [UInt8](repeating: 0x5A, count: 32)

    static func ntlm(_ road: RouterRoad, _ user: String, _ password: String) async throws -> LoginAnswer {
        guard case .ntHash(let hash) = try Verifier.make(.ntHash, password: Secret(password), salt: []) else {
            throw StoreFault("no hash")
        }
        let (name, domain) = (user.address.localPart, user.address.domain)
        let bytes = hash.bytes
        @Sendable func client() -> NTLMClient { NTLMClient(user: name, domain: domain, ntHash: bytes) }
        return try await road.sasl("NTLM", initial: client().negotiate, [{ client().authenticate(answering: $0) }])
    }

    /// Every way in, by its name.
    static let ways: [(String, @Sendable (RouterRoad, String, String) async throws -> LoginAnswer)] = [
        ("POP3", { try await $0.verify($1, $2) }), ("verify", { try await $0.verify($1, $2, .submission) }),
        ("PLAIN", { try await $0.plain($1, $2) }),
        (
            "LOGIN",
            { road, user, password in
                try await road.sasl("LOGIN", [{ _ in Array(user.utf8) }, { _ in Array(password.utf8) }])
            }
        ),
        ("CRAM-MD5", { try await $0.cram($1, $2) }), ("NTLM", { try await ntlm($0, $1, $2) }),
        ("SCRAM-SHA-1", { try await $0.scram(.sha1, $1, $2) }), ("SCRAM-SHA-256", { try await $0.scram(.sha256, $1, $2) }),
        ("SCRAM-SHA-256-PLUS", { try await $0.scram(.sha256, $1, $2, plus: certificate) }),
    ]

    @Test("every mechanism lets in who knows the password, and nobody else", arguments: ways.indices)
    func everyMechanism(way: Int) async throws {
        let (name, login) = Self.ways[way]
        let road = try await Self.road()
        for user in ["Alice@example.test", "alice@EXAMPLE.test", "alice@other.test"] {
            let grant = try #require(try await login(road, user, "s3cret").grant, "\(name) \(user)")
            #expect(grant.name == "alice@example.test" && grant.account == road.store.entry("alice@example.test")?.user)
        }
        for (user, password) in [
            ("alice@example.test", "S3cret"), ("alice@example.test", "s3cret "), ("nobody@example.test", "s3cret"),
            ("info@example.test", "s3cret"), ("alice@foreign.test", "s3cret"),
        ] { #expect(try await login(road, user, password).isRefused, "\(name) \(user) \(password)") }
        try await road.stop()
    }

    @Test("an account without such a verifier is like one that is not there") func withoutVerifier() async throws {
        let road = try await Self.road([])
        #expect(try await road.cram("alice@example.test", "s3cret").isRefused)
        #expect(try await Self.ntlm(road, "alice@example.test", "s3cret").isRefused)
        #expect(try await road.scram(.sha256, "alice@example.test", "s3cret").grant != nil)
        try await road.stop()
    }

    @Test("who cannot come in by a password takes the way of who has another one: through the slow hash")
    func sameWay() async throws {
        let road = try await Self.road()
        // Nobody can hash any more: who is refused without that would be answered sooner than others.
        road.store.house.hashes.stop()
        for user in ["alice@example.test", "nobody@example.test", "info@example.test", "a@foreign.test", "nobody", "a\u{7}"] {
            guard case .unavailable = try await road.verify(user, "wrong") else { throw StoreFault("\(user) was not hashed") }
        }
        for user in ["alice@example.test", "nobody@example.test", "info@example.test", "a@foreign.test", "nobody"] {
            guard case .unavailable = try await road.plain(user, "wrong") else { throw StoreFault("\(user) was not hashed") }
        }
        guard case .unavailable = try await road.verify("alice@example.test", "s3cret\u{7}") else {
            throw StoreFault("a password that nobody can have was not hashed")
        }
        try await road.stop()
    }

    @Test("unknown users are shown a salt of their own, the same one also after a restart") func decoys() async throws {
        var road = try await Self.road()
        func shown(_ user: String) async throws -> String {
            let client = SCRAMClient(.sha256, user: user, password: "x")
            let opening = SASLOpening(
                facts: SessionHouse.facts(.submission), mechanism: "SCRAM-SHA-256", initial: Secret(client.first),
                channelBinding: nil)
            guard case .challenge(let octets) = try await road.ask(.sasl(opening)) else { throw StoreFault("no challenge") }
            return String(decoding: octets, as: UTF8.self).split(separator: ",").dropFirst().joined(separator: ",")
        }
        let (nobody, alice) = (try await shown("nobody@example.test"), try await shown("alice@example.test"))
        #expect(try await shown("nobody@example.test") == nobody)
        #expect(try await shown("noone@example.test") != nobody)
        // However a real user's name is spelled, it is shown one salt: so is nobody's.
        for (name, salt) in [("alice", alice), ("nobody", nobody)] {
            for spelling in ["\(name)@EXAMPLE.test", "\(name.capitalized)@example.test", "\(name)@other.test"] {
                #expect(try await shown(spelling) == salt, "\(spelling)")
            }
        }
        #expect(nobody.count == alice.count && nobody.hasSuffix(",i=4096"))
        let store = road.store
        try await road.stop()
        road = try await RouterRoad(try TestStore(store.folder, clock: store.clock))
        #expect(try await shown("nobody@example.test") == nobody)
        try await road.stop()
    }

    @Test("the iterations of the settings are those of new passwords") func iterations() async throws {
        let store = try TestStore(more: "[auth]\nscram_iterations = 8192\n")
        try await store.addUser("alice@example.test")
        let account = try #require(store.entry("alice@example.test")?.user)
        guard case .scram(let keys) = try await store.house.database.verifier(.scramSHA256, of: account) else {
            throw StoreFault("no verifier")
        }
        #expect(keys.iterations == 8_192 && keys.salt.count == 16)
        store.stop()
    }

    @Test("a client that could have bound the channel, and did not see that it can, is told no") func downgrade() async throws {
        let road = try await Self.road()
        func login(_ header: String) async throws -> LoginAnswer {
            @Sendable func client() -> SCRAMClient {
                var client = SCRAMClient(.sha256, user: "alice@example.test", password: "s3cret")
                client.header = header
                return client
            }
            return try await road.sasl(
                "SCRAM-SHA-256", initial: client().first, binding: Self.certificate,
                [
                    { challenge in
                        var client = client()
                        return client.final(answering: challenge)
                    }, { _ in [] },
                ])
        }
        #expect(try await login("n,,").grant != nil)
        #expect(try await login("y,,").isRefused)
        #expect(try await road.scram(.sha256, "alice@example.test", "s3cret", plus: Self.certificate, shown: [1]).isRefused)
        try await road.stop()
    }

    /// Mechanism, initial response, answers.
    static let rubbish: [(String, [UInt8]?, [[UInt8]])] = [
        ("GSSAPI", nil, []), ("", nil, []), ("plain", [0], []), ("PLAIN", [], []),
        ("PLAIN", [UInt8](repeating: 0, count: 12_289), []), ("LOGIN", nil, [[UInt8](repeating: 0x61, count: 12_289)]),
        ("CRAM-MD5", [0x61], []), ("SCRAM-SHA-256", Array("n,,n=alice@example.test,r=x".utf8), [Array("c=biws,r=x,p=".utf8)]),
        ("NTLM", Array("NTLMSSP".utf8), []), ("SCRAM-SHA-256-PLUS", Array("n,,n=alice@example.test,r=x".utf8), []),
    ]

    @Test("rubbish is refused, and the next login is not the worse for it", arguments: rubbish.indices)
    func refusesRubbish(row: Int) async throws {
        let (mechanism, initial, answers) = Self.rubbish[row]
        let road = try await Self.road()
        let says = answers.map { answer in { @Sendable (_: [UInt8]) in answer } }
        #expect(try await road.sasl(mechanism, initial: initial, says).isRefused)
        #expect(try await road.plain("alice@example.test", "s3cret").grant != nil)
        try await road.stop()
    }

    @Test("what comes behind the end, or without a beginning, is not heard") func outOfTurn() async throws {
        let road = try await Self.road()
        await #expect(throws: IPCError.self) { _ = try await road.ask(.saslResponse(Secret("x"))) }
        let opening = SASLOpening(
            facts: SessionHouse.facts(.smtp), mechanism: "PLAIN",
            initial: Secret(SASLClients.plain(user: "a@b.test", password: "x")),
            channelBinding: nil)
        await #expect(throws: IPCError.self) { _ = try await road.converse(.sasl(opening)) { _ in .sasl(opening) } }
        let asked = Recorded<Int>()
        let last = try await road.converse(.sasl(opening)) { _ in
            asked.add(1)
            return asked.all.count < 4 ? .saslResponse(Secret("x")) : nil
        }
        guard case .login(.refused) = last else { throw StoreFault("\(last)") }
        // SCRAM's last word is ours: the client's must be empty.
        let answer = try await road.sasl(
            "SCRAM-SHA-256", initial: SCRAMClient(.sha256, user: "alice@example.test", password: "s3cret").first,
            [
                { challenge in
                    var client = SCRAMClient(.sha256, user: "alice@example.test", password: "s3cret")
                    return client.final(answering: challenge)
                }, { _ in [0] },
            ])
        #expect(answer.isRefused)
        try await road.stop()
    }

    @Test("passwords beyond ASCII are prepared, on both sides") func prepared() async throws {
        let road = try await Self.road()
        try await road.store.addUser("bob@example.test", "I\u{AD}X\u{2168}\u{A0}é", legacy: ["CRAM-MD5"])
        for password in ["IXIX é", "I\u{AD}X\u{2168}\u{A0}e\u{301}"] {
            #expect(try await road.verify("bob@example.test", password).grant != nil)
            #expect(try await road.plain("bob@example.test", password).grant != nil)
        }
        #expect(try await road.scram(.sha256, "bob@example.test", "IXIX é").grant != nil)
        #expect(try await road.verify("bob@example.test", "IXIX\u{7}é").isRefused)
        try await road.stop()
    }

    @Test("the journal says who, from where and how, and no password") func journal() async throws {
        let road = try await Self.road()
        _ = try await road.plain("alice@example.test", "s3cret")
        _ = try await road.plain("alice@example.test", "wr0ng")
        let said = road.store.events.all.compactMap { event -> String? in
            switch event {
            case .loginGranted(let granted, let facts):
                "\(granted.user) \(facts.service) \(granted.mechanism?.rawValue ?? "")"
            case .loginRefused(let user, _, let because): "\(user): \(because)"
            default: nil
            }
        }
        #expect(
            said == [
                "alice@example.test submission PLAIN", "alice@example.test: PLAIN: wrong user or password: alice@example.test",
            ])
        #expect(!"\(road.store.events.all)".contains("s3cret") && !"\(road.store.events.all)".contains("wr0ng"))
        try await road.stop()
    }
}

@Suite(.bothEngines) struct GrantTests {
    private func redeem(_ road: RouterRoad, _ ticket: Ticket, _ service: ServiceName = .smtp) async throws -> LoginAnswer {
        guard case .login(let answer) = try await road.ask(.redeem(ticket, service)) else { throw StoreFault("another word") }
        return answer
    }

    @Test("a ticket for sending proves the same grant again and again; one for a mailbox once") func redeemed() async throws {
        let road = try await LoginTests.road()
        let grant = try #require(try await road.plain("alice@other.test", "s3cret").grant)
        for service in [ServiceName.smtp, .submission, .smtp] {
            #expect(try await redeem(road, grant.ticket, service).grant == grant)
        }
        #expect(try await redeem(road, grant.ticket, .pop3).isRefused)
        let mailbox = try #require(try await road.verify("alice@example.test", "s3cret").grant)
        #expect(road.store.house.authentication.redeem(mailbox.ticket, for: .pop3) == mailbox)
        #expect(road.store.house.authentication.redeem(mailbox.ticket, for: .pop3) == nil)
        try await road.stop()
    }

    @Test("not when the password is another one, also not after a second change back") func otherPassword() async throws {
        let road = try await LoginTests.road()
        let address = "alice@example.test".address
        let grant = try #require(try await road.plain("alice@example.test", "s3cret").grant)
        try await road.store.addUser("bob@example.test")
        #expect(try await redeem(road, grant.ticket).grant == grant)
        for password in ["n3w", "s3cret"] {
            try await road.store.carryOut(.setPassword(address, password: Secret(password), legacy: []))
            #expect(try await redeem(road, grant.ticket).isRefused)
            #expect(
                try await redeem(road, try #require(try await road.plain("alice@example.test", password).grant).ticket).grant
                    != nil)
        }
        try await road.stop()
    }

    @Test("not when the account is gone, also not when there is another of its name") func otherAccount() async throws {
        let road = try await LoginTests.road()
        let address = "alice@example.test".address
        let grant = try #require(try await road.plain("alice@example.test", "s3cret").grant)
        let mailbox = try #require(try await road.verify("alice@example.test", "s3cret").grant)
        try await road.store.carryOut(.removeAccount(address, .user))
        #expect(try await redeem(road, grant.ticket).isRefused)
        #expect(road.store.house.authentication.redeem(mailbox.ticket, for: .pop3) == nil)
        #expect(try await road.plain("alice@example.test", "s3cret").isRefused)
        try await road.store.addUser("alice@example.test")
        #expect(try await redeem(road, grant.ticket).isRefused)
        try await road.stop()
    }

    @Test("a new password replaces the old one everywhere: hash, verifiers, and what is remembered") func replaced() async throws
    {
        let road = try await LoginTests.road()
        for (_, login) in LoginTests.ways { #expect(try await login(road, "alice@example.test", "s3cret").grant != nil) }
        try await road.store.carryOut(
            .setPassword("Alice@Example.test".address, password: Secret("n3w"), legacy: ["NTLM", "CRAM-MD5"]))
        for (name, login) in LoginTests.ways {
            #expect(try await login(road, "alice@example.test", "s3cret").isRefused, "\(name)")
            #expect(try await login(road, "alice@example.test", "n3w").grant != nil, "\(name)")
        }
        // Named no more, they are gone.
        try await road.store.carryOut(.setPassword("alice@example.test".address, password: Secret("n3w"), legacy: []))
        #expect(try await road.cram("alice@example.test", "n3w").isRefused)
        try await road.stop()
    }

    @Test("a right password is remembered, a wrong one never") func remembered() async throws {
        let road = try await LoginTests.road()
        let clock = ContinuousClock()
        #expect(try await road.plain("alice@example.test", "s3cret").grant != nil)
        // Nobody can hash any more: only what is remembered still gets in.
        road.store.house.hashes.stop()
        let start = clock.now
        #expect(try await road.plain("alice@example.test", "s3cret").grant != nil)
        #expect(clock.now - start < .seconds(20))
        guard case .unavailable = try await road.plain("alice@example.test", "wrong") else {
            throw StoreFault("a wrong password was not hashed")
        }
        road.store.clock.advance(seconds: 301)
        guard case .unavailable = try await road.plain("alice@example.test", "s3cret") else {
            throw StoreFault("remembered for longer than five minutes")
        }
        try await road.stop()
    }
}
