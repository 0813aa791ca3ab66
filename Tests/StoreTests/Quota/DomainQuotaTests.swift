// Limits of whole domains, defaults for their accounts, and what changes of them do. (FEATURES 2.9)

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct DomainQuotaTests {
    static let domain = QuotaOwner.domain("example.test")

    @Test("a full domain refuses for all its accounts, and no others") func whole() async throws {
        let store = try await QuotaTests.furnished()
        try await store.addUser("carol@other.test")
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        let carol = store.placement("carol@other.test")
        try await store.carryOut(.setQuota(Self.domain, QuotaChange(messages: .limit(3))))
        _ = try await store.accept(.to([alice, bob]))
        #expect(store.isFull("alice@example.test") == false)
        // One more is free, and this needs two.
        #expect(await store.ingest(.to([alice, bob])).code == 452)
        _ = try await store.accept(.to([bob]))
        #expect(store.isFull("alice@example.test") == true && store.isFull("bob@example.test") == true)
        #expect(store.isFull("carol@other.test") == false)
        #expect(await store.ingest(.to([alice])).code == 452)
        _ = try await store.accept(.to([carol]))
        let entry = try #require(try await store.quota(domain: "example.test"))
        #expect((entry.messages, entry.limits.messages, entry.isFull) == (3, 3, true))
        #expect(try await store.quota("alice@example.test")?.isFull == true)
        #expect(store.crossings == ["example.test full"])
        _ = store.house.database.commitAndWait([.expunge([1], of: bob.account, at: 0)])
        #expect(store.isFull("alice@example.test") == false)
        store.stop()
    }

    @Test("octets of a domain are the sum of what its accounts get") func octets() async throws {
        let store = try await QuotaTests.furnished()
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        try await store.carryOut(.setQuota(Self.domain, QuotaChange(octets: .limit(1_000))))
        // 2 · 551 is more than 1,000 and the grace of 100.
        #expect(await store.ingest(.to([alice, bob]), QuotaTests.text(551)).code == 452)
        _ = try await store.accept(.to([alice, bob]), QuotaTests.text(550))
        #expect(try await store.quota(domain: "example.test")?.octets == 1_100)
        #expect(await store.ingest(.to([alice]), QuotaTests.text(40)).code == 452)
        store.stop()
    }

    @Test("an account has its own limit, the domain's, or none") func defaults() async throws {
        let store = try await QuotaTests.furnished()
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        try await store.carryOut(
            .setQuota(Self.domain, QuotaChange(accountMessages: .limit(1))),
            .setQuota(.account(alice.recipient, .user), QuotaChange(messages: .limit(2))))
        for _ in 1...2 { _ = try await store.accept(.to([alice])) }
        #expect(await store.ingest(.to([alice])).code == 452)
        _ = try await store.accept(.to([bob]))
        #expect(await store.ingest(.to([bob])).code == 452)
        try await store.carryOut(.setQuota(.account(bob.recipient, nil), QuotaChange(messages: .some(.none))))
        #expect(store.isFull("bob@example.test") == false)
        for _ in 1...3 { _ = try await store.accept(.to([bob])) }
        #expect(try await store.quota("bob@example.test")?.limits == QuotaLimits())
        try await store.carryOut(.setQuota(.account(bob.recipient, nil), QuotaChange(messages: .usual)))
        #expect(store.isFull("bob@example.test") == true)
        #expect(try await store.quota("bob@example.test")?.limits == QuotaLimits(messages: 1))
        try await store.carryOut(.setQuota(Self.domain, QuotaChange(accountMessages: .some(.none))))
        #expect(store.isFull("bob@example.test") == false && store.isFull("alice@example.test") == true)
        store.stop()
    }

    @Test("a lower limit makes full at once, a higher one gives room, and both are news for routers")
    func changed() async throws {
        let store = try await QuotaTests.furnished()
        let alice = store.placement("alice@example.test")
        for _ in 1...3 { _ = try await store.accept(.to([alice])) }
        for (limit, isFull) in [(3, true), (4, false), (2, true), (10, false)] as [(UInt64, Bool)] {
            let version = store.directory.policy.version
            try await store.limit("alice@example.test", messages: limit)
            #expect(store.isFull("alice@example.test") == isFull)
            #expect(store.directory.policy.version > version)
            #expect(await store.ingest(.to([alice])).code == (isFull ? 452 : nil))
        }
        #expect(try await store.quota("alice@example.test")?.messages == 5)
        #expect(
            store.crossings.map { $0.split(separator: " ")[1] } == ["full", "room", "full", "room"])
        store.stop()
    }

    @Test("an account that goes leaves its room in the domain to the others") func removed() async throws {
        let store = try await QuotaTests.furnished()
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        try await store.carryOut(.setQuota(Self.domain, QuotaChange(messages: .limit(2))))
        _ = try await store.accept(.to([alice, bob]))
        #expect(store.isFull("bob@example.test") == true)
        try await store.carryOut(.removeAccount(alice.recipient, .user))
        #expect(store.isFull("bob@example.test") == false)
        _ = try await store.accept(.to([bob]))
        #expect(await store.ingest(.to([bob])).code == 452)
        // Whoever has the address next begins with nothing.
        try await store.addUser("alice@example.test")
        #expect(try await store.quota("alice@example.test")?.messages == 0)
        #expect(try await store.quota(domain: "example.test")?.messages == 2)
        store.stop()
    }

    @Test("a crossing is told to routers by a new version, many crossings by few") func versions() async throws {
        let store = try await QuotaTests.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 1)
        let (version, begun) = (store.directory.policy.version, ContinuousClock.now)
        for _ in 1...50 {
            let spool = try await store.accept(.to([alice]))
            #expect(store.isFull("alice@example.test") == true)
            _ = store.house.database.commitAndWait([.expunge([UInt32(spool.rawValue)], of: alice.account, at: 0)])
            let uids = try await store.house.database.inbox(of: alice.account)?.messages.map(\.uid) ?? []
            _ = store.house.database.commitAndWait([.expunge(uids, of: alice.account, at: 0)])
        }
        try await eventually { store.directory.policy.version > version }
        // At most two a second.
        let seconds = UInt64((ContinuousClock.now - begun).components.seconds)
        #expect(store.directory.policy.version <= version + 4 + 2 * seconds)
        #expect(store.crossings.count == 100)
        store.stop()
    }

    @Test("accounts of rules that are full stand in what routers keep") func rules() async throws {
        let store = try await QuotaTests.furnished()
        try await store.carryOut(
            DirectoryCommandsTests.rule("w-*@*"), DirectoryCommandsTests.rule("v-*@*", "bob@example.test"))
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 1)
        #expect(store.directory.policy.full.isEmpty)
        _ = try await store.accept(.to([alice]))
        #expect(store.directory.policy.full == [alice.account])
        store.stop()
    }

    static let refusals: [(QuotaOwner, QuotaChange, String)] = [
        (domain, QuotaChange(), "nothing was said about a limit: give a size or a number of messages"),
        (domain, QuotaChange(octets: .limit(0)), "0 cannot be a limit: write 1 to 2^60, or none"),
        (domain, QuotaChange(messages: .limit(.max)), "\(UInt64.max) cannot be a limit: write 1 to 2^60, or none"),
        (
            .domain("nowhere.test"), QuotaChange(octets: .limit(1)),
            "the domain nowhere.test is not ours: add it first (postern domain add nowhere.test)"
        ),
        (
            .domain("alias.test"), QuotaChange(octets: .limit(1)),
            "alias.test is only another name of the domain example.test: say example.test instead"
        ),
        (
            .account("nobody@example.test".address, nil), QuotaChange(octets: .limit(1)),
            "there is no account nobody@example.test"
        ),
        (
            .account("alice@example.test".address, .processor), QuotaChange(octets: .limit(1)),
            "there is no processor alice@example.test"
        ),
        (
            .account("alice@example.test".address, nil), QuotaChange(octets: .limit(1)),
            "alice@example.test is a folder and a user: say which is meant (--kind)"
        ),
        (
            .account("bob@example.test".address, nil), QuotaChange(accountOctets: .limit(1)),
            "bob@example.test is one account: limits for each account are a domain's"
        ),
    ]

    @Test("what cannot be set is refused with a sentence") func refused() async throws {
        let store = try await QuotaTests.furnished()
        try await store.carryOut(
            .addDomainAlias("alias.test", target: "example.test"),
            .addAccount("alice@example.test".address, .folder, password: nil, legacy: []))
        for (owner, change, because) in Self.refusals {
            #expect(await store.refusal(.setQuota(owner, change)) == because)
        }
        store.stop()
    }

    @Test("quotas are listed, page by page, and stand in the directory's own lists") func listed() async throws {
        let store = try await QuotaTests.furnished()
        try await store.addUser("carol@other.test")
        try await store.carryOut(
            .setQuota(Self.domain, QuotaChange(octets: .limit(5_000), accountMessages: .limit(7))),
            .setQuota(.account("bob@example.test".address, nil), QuotaChange(octets: .limit(900), messages: .some(.none))))
        let database = store.house.database
        #expect(try await database.quotas(.domains(after: nil), limit: 1).map(\.domain) == ["example.test"])
        #expect(try await database.quotas(.domains(after: "example.test"), limit: 9).map(\.domain) == ["other.test"])
        let all = try await database.quotas(.accounts(of: nil, after: nil), limit: 2)
        #expect(all.compactMap { $0.account?.localPart } == ["alice", "bob"])
        #expect(all.map(\.limits) == [QuotaLimits(messages: 7), QuotaLimits(octets: 900)])
        let rest = try await database.quotas(.accounts(of: nil, after: all.last?.account), limit: 2)
        #expect(rest.compactMap { $0.account?.localPart } == ["carol"])
        #expect(try await database.quotas(.accounts(of: "other.test", after: nil), limit: 9).count == 1)
        #expect(try await database.quotas(.account("x@example.test".address), limit: 9).isEmpty)
        let domains = try await database.domains(after: nil, limit: 9)
        #expect(domains[0].quotas == DomainQuotas(whole: QuotaLimits(octets: 5_000), account: QuotaLimits(messages: 7)))
        #expect(domains[1].quotas == DomainQuotas())
        let accounts = try await database.accounts(after: nil, limit: 9)
        #expect(accounts.map(\.quota) == [QuotaLimits(), QuotaLimits(octets: 900, messages: 0), QuotaLimits()])
        store.stop()
    }
}
