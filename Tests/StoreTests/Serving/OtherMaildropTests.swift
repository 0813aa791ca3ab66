// A login that asks for the maildrop of somebody else: whose password counts, what it may do there, and what it is told. T-27.

import IPC
import Mail
import POP3House
import SASLClients
import Testing

@testable import SASL
@testable import store

@Suite(.bothEngines) struct OtherMaildropTests {
    static let alice = "alice@example.test"
    static let bob = "bob@example.test"
    static let info = "info@example.test"

    /// Two users, and a folder that alice may read.
    static func road() async throws -> RouterRoad {
        let road = try await LoginTests.road(["CRAM-MD5", "NTLM", "APOP"])
        try await road.store.addUser(bob, "b0b")
        try await share(road, "lr")
        return road
    }

    static func share(
        _ road: RouterRoad, _ rights: String, of mailbox: NamedAccount = NamedAccount(info.address, .folder),
        to grantee: NamedAccount? = NamedAccount(alice.address)
    ) async throws {
        try await road.store.carryOut(.mailbox(.grant(NamedMailbox(mailbox, "INBOX"), to: grantee, rights: rights)))
    }

    /// What a session would get for it.
    static func visit(_ road: RouterRoad, _ answer: LoginAnswer) -> MaildropVisit? {
        answer.grant.flatMap { road.store.house.authentication.redeemMaildrop($0.ticket) }
    }

    static func isForbidden(_ answer: LoginAnswer) -> Bool {
        if case .forbidden(alice) = answer { true } else { false }
    }

    /// Every way to ask for a mailbox.
    static let ways: [(String, @Sendable (RouterRoad, String, String, String) async throws -> LoginAnswer)] = [
        ("PASS", { try await $0.verify("\($1)*\($2)", $3) }),
        (
            "PLAIN",
            { road, other, user, password in
                let message = SASLClients.plain(user: user, password: password, authorization: other)
                return try await road.sasl("PLAIN", initial: message, service: .pop3)
            }
        ),
        ("PLAIN by name", { try await $0.plain("\($1)*\($2)", $3, service: .pop3) }),
        ("CRAM-MD5", { try await $0.cram("\($1)*\($2)", $3, service: .pop3) }),
        ("APOP", { try await DigestLoginTests.login($0, "\($1)*\($2)", $3) }),
        ("SCRAM by name", { try await $0.scram(.sha256, "\($1)*\($2)", $3, service: .pop3) }),
        (
            "SCRAM",
            { road, other, user, password in
                @Sendable func client() -> SCRAMClient {
                    var client = SCRAMClient(.sha1, user: user, password: password)
                    client.header = "n,a=\(other),"
                    return client
                }
                return try await road.sasl(
                    "SCRAM-SHA-1", initial: client().first, service: .pop3,
                    [
                        { challenge in
                            var client = client()
                            return client.final(answering: challenge)
                        }, { _ in [] },
                    ])
            }
        ),
    ]

    @Test("every way leads there, by the login's own password alone", arguments: ways.indices)
    func everyWay(way: Int) async throws {
        let (name, login) = Self.ways[way]
        let road = try await Self.road()
        let (folder, user) = (road.store.entry(Self.info)?.folder, road.store.entry(Self.alice)?.user)
        for other in [Self.info, "INFO@example.TEST", "info@other.test"] {
            let answer = try await login(road, other, Self.alice, "s3cret")
            #expect(answer.grant?.name == Self.alice && answer.grant?.account == user, "\(name) \(other)")
            let visit = try #require(Self.visit(road, answer))
            #expect(visit == MaildropVisit(login: user!, user: Self.alice, maildrop: folder!, isReadOnly: true))
        }
        // Right password: there is no such mailbox, or it is bob's.
        for other in [Self.bob, "nobody@example.test", "info@foreign.test"] {
            #expect(Self.isForbidden(try await login(road, other, Self.alice, "s3cret")), "\(name) \(other)")
        }
        // Wrong password: all the same, whatever there is, and whoever's password it is.
        for (other, user, password) in [
            (Self.info, Self.alice, "wrong"), (Self.bob, Self.alice, "b0b"), ("nobody@example.test", Self.alice, "wrong"),
            (Self.info, "nobody@example.test", "s3cret"), (Self.alice, Self.info, "s3cret"),
        ] { #expect(try await login(road, other, user, password).isRefused, "\(name) \(other) \(user)") }
        try await road.stop()
    }

    /// Rights on the INBOX: may it be opened, may messages be deleted there?
    static let rights: [(letters: String, opens: Bool, removes: Bool)] = [
        ("l", false, false), ("lswite", false, true), ("r", true, false), ("lr", true, false), ("lrst", true, false),
        ("lrse", true, false), ("rte", true, true), ("lrswite", true, true), ("lrswipkxtea", true, true), ("rd", true, true),
        ("rc", true, false), ("a", false, false),
    ]

    @Test("RFC 4314 §4: r opens it, t and e together delete", arguments: rights)
    func decides(row: (letters: String, opens: Bool, removes: Bool)) async throws {
        let rights = try #require(MailboxRights(letters: row.letters))
        #expect(rights.openMaildrop == row.opens && rights.removeMessages == row.removes)
        let road = try await Self.road()
        try await Self.share(road, row.letters)
        let answer = try await road.verify("\(Self.info)*\(Self.alice)", "s3cret")
        #expect(row.opens ? Self.visit(road, answer)?.isReadOnly == !row.removes : Self.isForbidden(answer))
        try await road.stop()
    }

    @Test("rights of everybody count for everybody with an account; one's own mailbox by its name is one's own")
    func anyone() async throws {
        let road = try await Self.road()
        #expect(!(try await road.verify("\(Self.info)*\(Self.bob)", "b0b").isRefused))
        #expect(try await road.verify("\(Self.info)*\(Self.bob)", "b0b").grant == nil)
        try await Self.share(road, "rte", to: nil)
        #expect(Self.visit(road, try await road.verify("\(Self.info)*\(Self.bob)", "b0b"))?.isReadOnly == false)
        // Together with those of alice's own: r of both, te of everybody's.
        #expect(Self.visit(road, try await road.verify("\(Self.info)*\(Self.alice)", "s3cret"))?.isReadOnly == false)
        for own in [Self.alice, "\(Self.alice)*\(Self.alice)", "Alice@other.test*\(Self.alice)"] {
            let visit = try #require(Self.visit(road, try await road.verify(own, "s3cret")), "\(own)")
            #expect(visit.maildrop == visit.login && !visit.isReadOnly)
        }
        try await road.stop()
    }

    @Test("of one address, the user goes before the folder and the processor, as far as they are open") func kinds() async throws
    {
        let road = try await Self.road()
        let (store, name) = (road.store, "\(Self.info)*\(Self.alice)")
        try await store.carryOut(
            .addAccount(Self.info.address, .user, password: Secret("x"), legacy: []),
            .addAccount(Self.info.address, .processor, password: nil, legacy: []))
        let entry = try #require(store.entry(Self.info))
        #expect(Self.visit(road, try await road.verify(name, "s3cret"))?.maildrop == entry.folder)
        try await Self.share(road, "lr", of: NamedAccount(Self.info.address))
        #expect(Self.visit(road, try await road.verify(name, "s3cret"))?.maildrop == entry.user)
        for kind in [AccountKind.user, .folder] {
            let mailbox = NamedMailbox(NamedAccount(Self.info.address, kind), "INBOX")
            try await store.carryOut(.mailbox(.revoke(mailbox, from: NamedAccount(Self.alice.address))))
        }
        #expect(Self.isForbidden(try await road.verify(name, "s3cret")))
        try await Self.share(road, "r", of: NamedAccount(Self.info.address, .processor))
        #expect(Self.visit(road, try await road.verify(name, "s3cret"))?.maildrop == entry.processor)
        try await road.stop()
    }

    @Test("what was decided holds for the ticket; a right that is taken away for the next login") func revoked() async throws {
        let road = try await Self.road()
        let name = "\(Self.info)*\(Self.alice)"
        let grant = try #require(try await road.verify(name, "s3cret").grant)
        let mailbox = NamedMailbox(NamedAccount(Self.info.address, .folder), "INBOX")
        try await road.store.carryOut(.mailbox(.revoke(mailbox, from: NamedAccount(Self.alice.address))))
        #expect(Self.isForbidden(try await road.verify(name, "s3cret")))
        let authentication = road.store.house.authentication
        #expect(authentication.redeemMaildrop(grant.ticket)?.maildrop == road.store.entry(Self.info)?.folder)
        #expect(authentication.redeemMaildrop(grant.ticket) == nil)
        // The login's own password ends it, as ever.
        let own = try #require(try await road.verify(Self.alice, "s3cret").grant)
        try await road.store.carryOut(.setPassword(Self.alice.address, password: Secret("n3w"), legacy: []))
        #expect(authentication.redeemMaildrop(own.ticket) == nil)
        try await road.stop()
    }

    @Test("where mail is sent nobody asks for a mailbox", arguments: [ServiceName.smtp, .submission, .lmtp])
    func sending(service: ServiceName) async throws {
        let road = try await Self.road()
        let name = "\(Self.info)*\(Self.alice)"
        #expect(try await road.verify(name, "s3cret", service).isRefused)
        #expect(try await road.plain(name, "s3cret", service: service).isRefused)
        #expect(try await road.cram(name, "s3cret", service: service).isRefused)
        for (other, isIn) in [(Self.info, false), (Self.bob, false), (Self.alice, true)] {
            let message = SASLClients.plain(user: Self.alice, password: "s3cret", authorization: other)
            let answer = try await road.sasl("PLAIN", initial: message, service: service)
            #expect(isIn ? answer.grant != nil : answer.isRefused)
        }
        try await road.stop()
    }

    @Test("a password that is not for POP3 opens nobody's mailbox, and who cannot come in goes through the slow hash")
    func scopes() async throws {
        let road = try await Self.road()
        let made = try await road.store.made(NewPassword(name: "scanner", scopes: [.submission]))
        #expect(try await road.verify("\(Self.info)*\(Self.alice)", made).isRefused)
        road.store.house.hashes.stop()
        for other in [Self.info, Self.bob, "nobody@example.test"] {
            for user in [Self.alice, "nobody@example.test", Self.info] {
                guard case .unavailable = try await road.verify("\(other)*\(user)", "wrong") else {
                    throw StoreFault("\(other)*\(user) was not hashed")
                }
            }
        }
        try await road.stop()
    }

    @Test("the journal names both, and the command that opens it") func journal() async throws {
        let road = try await Self.road()
        _ = try await road.verify("\(Self.info)*\(Self.alice)", "s3cret")
        for other in [Self.bob, "nobody@example.test"] { _ = try await road.verify("\(other)*\(Self.alice)", "s3cret") }
        _ = try await road.verify("\(Self.info)*\(Self.bob)", "b0b")
        let said = road.store.events.all.compactMap { event -> String? in
            switch event {
            case .loginGranted(let granted, _):
                "\(granted.user) \(granted.maildrop?.name ?? "") \(granted.maildrop?.mayRemove == false)"
            case .loginRefused(let user, _, let because): "\(user): \(because)"
            default: nil
            }
        }
        let right = "right password, but"
        #expect(
            said == [
                "\(Self.alice) \(Self.info) true",
                "\(Self.alice): \(right) no right to read the INBOX of \(Self.bob): "
                    + "grant it (postern mailbox share \(Self.bob) INBOX \(Self.alice) read)",
                "\(Self.alice): \(right) nobody here is nobody@example.test, whose mailbox it asked for",
                "\(Self.bob): \(right) no right to read the INBOX of \(Self.info): "
                    + "grant it (postern mailbox share \(Self.info) INBOX \(Self.bob) read --kind folder)",
            ])
        try await road.stop()
    }
}
