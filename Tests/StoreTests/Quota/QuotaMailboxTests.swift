// Quotas where a message goes into named mailboxes. (FEATURES 2.9, RFC 9208)

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct QuotaMailboxTests {
    @Test("a message for two mailboxes of one account takes the room of two") func twice() async throws {
        let store = try await QuotaTests.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 3)
        _ = try await store.accept(.to([alice]))
        _ = try await store.accept(.to([alice]))
        var archive = alice
        archive.mailbox = "Archive"
        let message = store.indexed(.to([alice, archive]), size: 10, number: 3_000)
        guard case .overQuota(let shortage)? = store.house.database.commitAndWait([.ingest(message)]).first else {
            throw StoreFault("it was taken")
        }
        #expect(shortage.accounts == [alice.account] && shortage.isEverybody)
        #expect(await store.ingest(.to([archive])).spool != nil)
        #expect(try await store.quota("alice@example.test")?.messages == 3)
        store.stop()
    }

    @Test("who has no room is named once, in the order of the recipients, however many limits stand in the way")
    func named() async throws {
        let store = try await QuotaTests.furnished()
        let (alice, bob) = (store.placement("alice@example.test"), store.placement("bob@example.test"))
        for name in ["alice@example.test", "bob@example.test"] { try await store.limit(name, messages: 1) }
        for account in [alice, bob] { _ = try await store.accept(.to([account])) }
        let message = store.indexed(.to([bob, alice, bob]), size: 10, number: 3_000)
        guard case .overQuota(let shortage)? = store.house.database.commitAndWait([.ingest(message)]).first else {
            throw StoreFault("it was taken")
        }
        #expect(shortage.accounts == [bob.account, alice.account] && shortage.isEverybody)
        #expect(shortage.because.hasPrefix("bob@example.test has no room"))
        store.stop()
    }

    @Test("a message that finds no room makes no mailbox, and the next one does") func made() async throws {
        let store = try await QuotaTests.furnished()
        let alice = store.placement("alice@example.test")
        try await store.limit("alice@example.test", messages: 1)
        _ = try await store.accept(.to([alice]))
        let before = try await store.names(of: alice.account)
        #expect(await store.ingest(.appending(alice, "New/below", creates: true)).spool == nil)
        #expect(try await store.names(of: alice.account) == before)
        try await store.limit("alice@example.test", messages: 9)
        _ = try await store.accept(.appending(alice, "Other", keywords: ["k"], creates: true))
        _ = try await store.accept(.appending(alice, "New/below", creates: true))
        #expect(try await store.names(of: alice.account) == (before + ["New", "New/below", "Other"]).sorted())
        for name in ["Other", "New/below"] { #expect(try await store.messages(name, of: alice.account).count == 1, "\(name)") }
        #expect(try store.recount() == [])
        store.stop()
    }
}
