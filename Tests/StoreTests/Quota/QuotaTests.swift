// Quotas against a real index: what is counted, who is refused before the 250, and who hears of it. (FEATURES 2.9, RFC 9208)

import GRDB
import IPC
import Mail
import NIOCore
import Synchronization
import Testing

@testable import store

@Suite(.bothEngines) struct QuotaTests {
    static let grace = "[store]\nquota_grace = 100\n"

    /// So many octets in a mailbox: with the header fields that Plan.to puts in front.
    static func text(_ octets: Int) -> String { String(repeating: "x", count: octets - 19 - 17) }

    /// alice and bob in one domain.
    static func furnished(_ options: StoreOptions = .quick, more: String = grace) async throws -> TestStore {
        let store = try TestStore(options: options, more: more)
        for address in ["alice@example.test", "bob@example.test"] { try await store.addUser(address) }
        return store
    }

    @Test("a mailbox takes messages until it is full, and one over by the grace") func fills() async throws {
        let store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", octets: 1_000)
        #expect(await store.ingest(.to([alice]), Self.text(1_101)).code == 452)
        _ = try await store.accept(.to([alice]), Self.text(999))
        #expect(store.isFull("alice@example.test") == false)
        #expect(await store.ingest(.to([alice]), Self.text(102)).code == 452)
        _ = try await store.accept(.to([alice]), Self.text(101))
        #expect(store.isFull("alice@example.test") == true)
        #expect(await store.ingest(.to([alice]), Self.text(40)).code == 452)
        let entry = try #require(try await store.quota("alice@example.test"))
        #expect((entry.octets, entry.messages, entry.limits.octets, entry.isFull) == (1_100, 2, 1_000, true))
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.unaccounted) == (2, 2, 0))
        #expect(store.crossings == ["alice@example.test nearlyFull", "alice@example.test full"])
        store.stop()
    }

    @Test("a number of messages is a limit too, and expunging gives room") func messages() async throws {
        let store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 2)
        for _ in 1...2 { _ = try await store.accept(.to([alice])) }
        #expect(await store.ingest(.to([alice])).code == 452)
        _ = store.house.database.commitAndWait([.expunge([1], of: alice.account, at: 0)])
        #expect(store.isFull("alice@example.test") == false)
        _ = try await store.accept(.to([alice]))
        #expect(await store.ingest(.to([alice])).code == 452)
        // The same message twice does not give room twice, and one that is not there gives none.
        _ = store.house.database.commitAndWait([.expunge([1, 7], of: alice.account, at: 0)])
        #expect(await store.ingest(.to([alice])).code == 452)
        #expect(store.crossings.suffix(2) == ["alice@example.test room", "alice@example.test full"])
        store.stop()
    }

    @Test("a message for several is taken for all or for none, and says who is short") func several() async throws {
        let store = try await Self.furnished()
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        try await store.limit("alice@example.test", messages: 1)
        _ = try await store.accept(.to([alice]))
        let cases: [(Plan, Bool)] = [
            (.to([alice]), true), (.to([alice, alice]), true), (.to([alice, bob]), false),
            (.to([alice], relays: ["x@y.test"]), false),
        ]
        for (plan, isEverybody) in cases {
            let results = store.house.database.commitAndWait([.ingest(store.indexed(plan, size: 100))])
            guard case .overQuota(let shortage)? = results.first else {
                Issue.record("\(results)")
                continue
            }
            #expect(shortage.accounts == [alice.account] && shortage.isEverybody == isEverybody)
            #expect(shortage.because == "alice@example.test has no room for 117 octets")
        }
        #expect(try await store.quota("bob@example.test")?.messages == 0)
        // Nobody would send a report of ours again.
        var report = Plan.to([alice], sender: nil)
        report.isOwnReport = true
        _ = try await store.accept(report)
        #expect(try await store.quota("alice@example.test")?.messages == 2)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.unaccounted) == (2, 0))
        store.stop()
    }

    @Test("two addresses of one account need room once") func oneAccountTwice() async throws {
        let store = try await Self.furnished()
        var other = store.placement("alice@example.test")
        other.recipient = "second@example.test".address
        try await store.limit("alice@example.test", messages: 1)
        _ = try await store.accept(.to([store.placement("alice@example.test"), other]))
        #expect(try await store.quota("alice@example.test")?.messages == 1)
        store.stop()
    }

    @Test("messages of one group commit do not share the last room") func oneGroup() async throws {
        let store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 3)
        let changes = (0..<10).map { Change.ingest(store.indexed(.to([alice]), size: 10, number: 1_000 + $0)) }
        let results = store.house.database.commitAndWait(changes)
        let taken = results.filter { if case .done = $0 { true } else { false } }
        #expect(taken.count == 3 && results.count == 10)
        #expect(try await store.quota("alice@example.test")?.messages == 3)
        #expect(store.isFull("alice@example.test") == true)
        store.stop()
    }

    @Test("twenty senders at once fill a mailbox to its limit and no further") func concurrently() async throws {
        let store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 7)
        let receipts = await withTaskGroup(of: Receipt.self) { group in
            for _ in 0..<20 { group.addTask { await store.ingest(.to([alice])) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(receipts.compactMap(\.spool).count == 7 && receipts.compactMap(\.code) == Array(repeating: 452, count: 13))
        #expect(try store.verify().isEmpty)
        store.stop()
    }

    @Test("what a failed group would have used is free, and nobody hears of it") func aborted() async throws {
        let store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 1)
        let message = store.indexed(.to([alice]), size: 10, number: 2_000)
        // The second has the number of the first: SQLite refuses the row, and the transaction with it.
        let results = store.house.database.commitAndWait([.ingest(message), .reserve(SpoolID(rawValue: 9)), .ingest(message)])
        // The account is full for the second before its row is tried.
        guard case .overQuota? = results.last else {
            Issue.record("\(results)")
            return
        }
        try await store.limit("alice@example.test", messages: 5)
        let broken = store.indexed(.to([alice]), size: 10, number: 2_000)
        let failed = store.house.database.commitAndWait([
            .ingest(store.indexed(.to([alice]), size: 10, number: 2_001)), .ingest(broken),
        ])
        guard case .failed? = failed.first else {
            Issue.record("\(failed)")
            return
        }
        #expect(try await store.quota("alice@example.test")?.messages == 1)
        for number in 2...5 { #expect(await store.ingest(.to([alice])).spool != nil, "message \(number)") }
        #expect(await store.ingest(.to([alice])).code == 452)
        store.stop()
    }

    @Test("what a bad disk takes back is free again") func withdrawn() async throws {
        let store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 1)
        let spool = try await store.accept(.to([alice]))
        #expect(store.isFull("alice@example.test") == true)
        _ = store.house.database.commitAndWait([.withdraw([spool])])
        #expect(store.isFull("alice@example.test") == false)
        _ = try await store.accept(.to([alice]))
        store.stop()
    }

    @Test("a restart knows who is full") func restarted() async throws {
        var store = try await Self.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", octets: 500)
        _ = try await store.accept(.to([alice]), Self.text(400))
        store = try store.reopened(more: Self.grace)
        #expect(store.isFull("alice@example.test") == false)
        _ = try await store.accept(.to([alice]), Self.text(200))
        store = try store.reopened(more: Self.grace)
        #expect(store.isFull("alice@example.test") == true)
        #expect(await store.ingest(.to([alice]), Self.text(40)).code == 452)
        store.stop()
    }

    /// Statements of 100 messages to a@a.test with these limits in the house: those about quotas, and the others.
    private func counting(_ limits: DirectoryChange...) throws -> (quotas: Int, others: Int) {
        let statements = Recorded<String>()
        try DatabaseQueue(path: ":memory:").writeWithoutTransaction { database in
            for version in IndexSchema.versions { try database.execute(sql: version) }
            let transaction = try IndexTransaction(database, quotaGrace: 0)
            let address = "a@a.test".address
            for change in [.addDomain("a.test"), .addDomain("b.test"), .addAccount(address, .user, nil)] + limits {
                guard case .directory = try transaction.apply(.directory(change, at: 0)) else { throw StoreFault("\(change)") }
            }
            database.trace { statements.add("\($0)") }
            let plan = Plan.to([LocalPlacement(recipient: address, account: AccountID(rawValue: 1))])
            for number in 1...100 {
                let place = SpoolLocation(SpoolPosition(segment: 1, offset: UInt64(number) << 10), length: 100)
                let message = IndexedMessage(
                    spool: SpoolID(rawValue: UInt64(number)), location: place, plan: plan, acceptedAt: 0, size: 10, ownFile: 0)
                guard case .done = try transaction.apply(.ingest(message)) else { throw StoreFault("message \(number)") }
            }
            try transaction.finish()
        }
        let quotas = statements.all.count { $0.contains("quota") || $0.contains("SUM(") }
        return (quotas, statements.all.count - quotas)
    }

    @Test("without limits nothing is asked of the index, and with them once for an account, not for a message")
    func costs() throws {
        let none = try counting()
        #expect(none.quotas == 0 && none.others >= 300)
        let cases: [(DirectoryChange, Int)] = [
            (.setQuota(.domain("b.test"), QuotaChange(octets: .limit(1))), 1),
            (.setQuota(.domain("a.test"), QuotaChange(accountOctets: .limit(1 << 40))), 2),
            (.setQuota(.domain("a.test"), QuotaChange(octets: .limit(1 << 40))), 2),
        ]
        for (limit, quotas) in cases {
            let counted = try counting(limit)
            #expect(counted.quotas == quotas && counted.others == none.others, "\(limit)")
        }
    }

    @Test("a router hears who has no room, and a look-up says who is full") func roads() async throws {
        let store = try await Self.furnished()
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        try await store.limit("alice@example.test", messages: 1)
        let road = try await RouterRoad(store)
        guard case .receipt(.accepted) = try await road.ask(.commit(.to([alice, bob]))) else {
            throw StoreFault("the message was refused")
        }
        guard case .overQuota(let shortage) = try await road.ask(.commit(.to([alice, bob]))) else {
            throw StoreFault("the message was taken")
        }
        #expect(shortage.accounts == [alice.account] && !shortage.isEverybody)
        guard case .entries(let entries, _) = try await road.ask(.lookUp([alice.recipient, bob.recipient])) else {
            throw StoreFault("another word")
        }
        let full = entries.map { entry in if case .local(let local) = entry { local.full } else { [] as [AccountID] } }
        #expect(full == [[alice.account], []])
        try await road.stop()
    }

    @Test("what recovery finds before anybody listens is told to the first who does") func earlyNews() {
        let watch = QuotaWatch()
        let heard = Recorded<QuotaNews>()
        let news = QuotaNews.counted(domain: "a.test", isFull: true, full: [])
        watch.tell([news])
        watch.begin { for one in $0 { heard.add(one) } }
        #expect(heard.all == [news])
        watch.tell([news])
        #expect(heard.all == [news, news])
    }
}

extension TestStore {
    func placement(_ address: String) -> LocalPlacement {
        let entry = entry(address)
        return LocalPlacement(recipient: address.address, account: (entry?.user ?? entry?.folder)!)
    }

    func limit(_ address: String, octets: UInt64? = nil, messages: UInt64? = nil) async throws {
        try await carryOut(
            .setQuota(
                .account(address.address, nil),
                QuotaChange(octets: octets.map { .limit($0) }, messages: messages.map { .limit($0) })))
    }

    /// nil: there is no such account.
    func isFull(_ address: String) -> Bool? {
        guard let entry = entry(address), let account = entry.user ?? entry.folder else { return nil }
        return entry.full.contains(account)
    }

    func quota(_ address: String) async throws -> QuotaEntry? {
        guard case .quotas(let entries) = await command(.listQuotas(.account(address.address))) else { return nil }
        return entries.first
    }

    func quota(domain: String) async throws -> QuotaEntry? {
        guard case .quotas(let entries) = await command(.listQuotas(.domain(domain))) else { return nil }
        return entries.first
    }

    /// A message that is only a row.
    func indexed(_ plan: Plan, size: UInt64, number: Int = 500) -> IndexedMessage {
        IndexedMessage(
            spool: SpoolID(rawValue: UInt64(number)),
            location: SpoolLocation(SpoolPosition(segment: 1, offset: UInt64(number) << 20), length: 100), plan: plan,
            acceptedAt: 0, size: size, ownFile: 0)
    }

    /// As the journal hears of them.
    var crossings: [String] {
        events.all.compactMap { event in
            guard case .quotaCrossed(let step) = event else { return nil }
            return "\(step.name) \(step.to)"
        }
    }
}
