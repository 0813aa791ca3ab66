// F-9: what was removed comes back as it was at a time, and nothing is there twice.

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct UndeleteTests {
    @Test(
        "F-9: messages that were there come back with new UIDs, their flags but \\Deleted, and only once", arguments: [1, 2, 500])
    func messages(limit: Int) async throws {
        var store = try TestStore()
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        for _ in 0..<6 { spools.append(try await store.accept(.to([alice]))) }
        let id = try await store.mailbox("INBOX", of: alice.account).id
        try await store.done(.flags(FlagChange(.add, [2, 3], [.seen, .deleted, .flagged], keywords: ["k"]), of: id))
        store.clock.advance(seconds: 10)
        try await store.done(.expunge([1], of: id))
        store.clock.advance(seconds: 10)
        let time = store.clock.now
        store.clock.advance(seconds: 10)
        let late = try await store.accept(.to([alice]))
        try await store.done(.expunge([2, 3, 5, 7], of: id))
        #expect(try await store.undelete(alice.account, at: time, limit: limit).messages == 3)
        store = try store.reopened()
        let found = try await store.messages("INBOX", of: alice.account)
        #expect(found.map(\.uid) == [4, 6, 8, 9, 10])
        #expect(found.map(\.spool) == [spools[3], spools[5], spools[1], spools[2], spools[4]])
        #expect(found.map(\.flags) == [[], [], [.seen, .flagged], [.seen, .flagged], []])
        #expect(found.map(\.keywords) == [[], [], ["k"], ["k"], []] && found.allSatisfy { $0.internalDate < time })
        #expect(try store.recount() == [])
        #expect(try await store.undelete(alice.account, at: time, limit: limit).messages == 0)
        #expect(try await store.undelete(alice.account, at: store.clock.now - 1).messages == 0)
        #expect(!(try await store.messages("INBOX", of: alice.account)).map(\.spool).contains(late))
        // Removed again, it comes back again.
        try await store.done(.expunge([8], of: id))
        #expect(try await store.undelete(alice.account, .inbox, at: time).messages == 1)
        #expect(try await store.text(spools[1]).hasSuffix("body\r\n"))
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("a deleted mailbox is there again, with its id and in steps", arguments: [2, 500]) func mailbox(limit: Int) async throws
    {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        try await store.done(.create(.of("a/b"), of: alice.account, nil))
        for number in 0..<5 { _ = try await store.accept(.appending(alice, "a/b", flags: number == 1 ? .seen : [])) }
        let before = try await store.mailbox("a/b", of: alice.account)
        store.clock.advance(seconds: 5)
        let time = store.clock.now
        store.clock.advance(seconds: 5)
        try await store.done(.delete(.of("a/b"), of: alice.account))
        try await store.done(.delete(.of("Trash"), of: alice.account))
        if limit == 2 { store.house.upkeep.round() }
        let result = try await store.undelete(alice.account, at: time, limit: limit)
        #expect(result.messages == 5 && result.mailboxes == ["a/b"] && (result.steps > 2) == (limit == 2))
        let after = try await store.mailbox("a/b", of: alice.account)
        #expect(after.id == before.id && after.uidValidity == before.uidValidity && after.uidNext == before.uidNext + 5)
        #expect((after.messages, after.unseen, after.octets) == (5, 4, before.octets))
        // Trash had nothing in it.
        #expect(try await store.names(of: alice.account).contains("Trash") == false)
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("what was in a mailbox whose name is another's now comes into that one") func takenName() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let old = try await store.mailbox("Sent", of: alice.account).id
        _ = try await store.accept(.appending(alice, "Sent", keywords: ["x", "y"], identity: "i"))
        try await store.done(.flags(FlagChange(.remove, [1], keywords: ["x"]), of: old))
        store.clock.advance(seconds: 5)
        let time = store.clock.now
        store.clock.advance(seconds: 5)
        try await store.done(.delete(.of("Sent"), of: alice.account))
        try await store.done(.create(.of("Sent"), of: alice.account, .sent))
        _ = try await store.accept(.appending(alice, "Sent", keywords: ["z"]))
        let result = try await store.undelete(alice.account, .of("Sent"), at: time)
        #expect(result.messages == 1 && result.mailboxes.isEmpty)
        let found = try await store.messages("Sent", of: alice.account)
        #expect(found.map(\.keywords) == [["z"], ["y"]])
        // And an import of it goes on where it was.
        #expect(try await store.accept(.appending(alice, "Sent", identity: "i")) == found[1].spool)
        #expect(try await store.mailbox("Sent", of: alice.account).use == .sent)
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("what is past does not come back, and other accounts keep theirs") func past() async throws {
        let store = try TestStore(more: "[store]\nexpunge_retention = \"1h\"\n")
        let (alice, bob) = (store.account("alice@example.test"), store.account("bob@example.test"))
        for _ in 0..<2 { _ = try await store.accept(.to([alice, bob])) }
        store.clock.advance(seconds: 1)
        let time = store.clock.now
        store.clock.advance(seconds: 1)
        for account in [alice, bob] { try await store.house.inboxes.removeMessages([1], of: account.account) }
        store.clock.advance(seconds: 3_601)
        try await store.house.inboxes.removeMessages([2], of: alice.account)
        store.house.upkeep.round()
        #expect(try await store.undelete(alice.account, at: time).messages == 1)
        #expect(try await store.undelete(bob.account, at: time).messages == 0)
        #expect(try await store.messages("INBOX", of: bob.account).map(\.uid) == [2])
        #expect(await store.rejection(.undelete(Undeletion(AccountID(rawValue: 99), at: time), limit: 5)) == nil)
        #expect(try store.recount() == [])
        store.stop()
    }
}
