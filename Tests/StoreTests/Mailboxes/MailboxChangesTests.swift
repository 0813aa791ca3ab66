// Mailboxes are made, renamed, shared and deleted, and their figures stay true.

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct MailboxChangesTests {
    @Test("T-27: a user begins with the usual mailboxes, folders and processors with an INBOX") func beginning() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let all = try await store.house.database.mailboxes(of: alice.account, after: nil, limit: 10)
        #expect(all.map(\.name.text) == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"])
        #expect(all.compactMap(\.use) == [.archive, .drafts, .junk, .sent, .trash] && all.allSatisfy(\.isSubscribed))
        #expect(Set(all.map(\.id)).count == 6 && Set(all.map(\.uidValidity)).count == 6)
        #expect(
            try await store.house.database.mailboxes(of: alice.account, after: "INBOX", limit: 2).map(\.name.text) == [
                "Junk", "Sent",
            ])
        for kind in [AccountKind.folder, .processor] {
            let other = store.account("\(kind.rawValue)@example.test", kind)
            #expect(try await store.names(of: other.account) == ["INBOX"])
        }
        store.stop()
    }

    @Test("a mailbox is made with those above it; names, uses and accounts must be right") func create() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test").account
        guard case .created(let id) = try await store.done(.create(.of("a/b/c"), of: alice, nil)) else {
            throw StoreFault("what")
        }
        #expect(try await store.mailbox("a/b/c", of: alice).id == id)
        #expect(try await store.names(of: alice).filter { $0.hasPrefix("a") } == ["a", "a/b", "a/b/c"])
        #expect(try await store.mailbox("a", of: alice).isSubscribed == false)
        #expect(
            await store.rejection(.create(.of("a/b"), of: alice, nil)) == "there is a mailbox a/b already: choose another name")
        #expect(await store.rejection(.create(.of("Other"), of: alice, .sent))?.contains("\\Sent already") == true)
        #expect(
            await store.rejection(.create(.of("x"), of: AccountID(rawValue: 99), nil)) == "the account does not exist any more")
        try await store.done(.setUse(nil, .of("Sent"), of: alice))
        try await store.done(.create(.of("Other"), of: alice, .sent))
        #expect(try await store.mailbox("Other", of: alice).use == .sent)
        #expect(await store.rejection(.setUse(.sent, .of("Sent"), of: alice))?.hasPrefix("Other is for \\Sent already") == true)
        try await store.done(.setUse(.sent, .of("Other"), of: alice))
        #expect(await store.rejection(.setUse(.junk, .inbox, of: alice))?.contains("INBOX has no special use") == true)
        #expect(await store.rejection(.setUse(nil, .of("nobody"), of: alice))?.contains("there is no mailbox nobody") == true)
        store.stop()
    }

    @Test("renaming takes those below along and keeps UIDs, validity and MAILBOXID") func rename() async throws {
        let store = try TestStore()
        let placement = store.account("alice@example.test")
        let alice = placement.account
        for name in ["a/b/c", "ab", "z"] { try await store.done(.create(.of(name), of: alice, nil)) }
        try await store.done(.subscribe(.of("a/b"), of: alice))
        _ = try await store.accept(.appending(placement, "a/b"))
        let before = try await store.mailbox("a/b", of: alice)
        try await store.done(.rename(.of("a"), to: .of("n/m"), of: alice))
        let names = try await store.names(of: alice).filter { $0.first!.isLowercase }
        #expect(names == ["ab", "n", "n/m", "n/m/b", "n/m/b/c", "z"])
        var after = before
        after.name = .of("n/m/b")
        #expect(try await store.mailbox("n/m/b", of: alice) == after && after.isSubscribed)
        #expect(try await store.messages("n/m/b", of: alice).map(\.uid) == [1])
        for (old, new, because) in [
            ("n", "n/x", "same or below"), ("n", "n", "same or below"), ("n/m", "z", "there is a mailbox z already"),
            ("no", "x", "there is no mailbox no"), ("INBOX", "x", "INBOX keeps"), ("z", "INBOX", "INBOX keeps"),
            ("n", Array(repeating: "d", count: 30).joined(separator: "/"), "too many levels"),
            ("n", Array(repeating: String(repeating: "y", count: 249), count: 4).joined(separator: "/"), "too long"),
        ] {
            #expect(await store.rejection(.rename(.of(old), to: .of(new), of: alice))?.contains(because) == true, "\(old) \(new)")
        }
        #expect(try await store.names(of: alice).filter { $0.first!.isLowercase } == names)
        store.stop()
    }

    @Test("a deleted mailbox is gone at once; the next one of its name is another") func delete() async throws {
        let store = try TestStore()
        let placement = store.account("alice@example.test")
        let alice = placement.account
        try await store.done(.create(.of("a/b"), of: alice, nil))
        for _ in 0..<3 { _ = try await store.accept(.appending(placement, "a")) }
        let old = try await store.mailbox("a", of: alice)
        try await store.done(.delete(.of("a"), of: alice))
        #expect(try await store.names(of: alice).contains("a") == false)
        #expect(try await store.names(of: alice).contains("a/b"))
        #expect(try await store.house.database.messages(of: old.id, from: 1, limit: 9) == nil)
        #expect(try await store.house.database.changes(of: old.id, since: 0) == nil)
        #expect(await store.rejection(.expunge([1], of: old.id))?.contains("does not exist any more") == true)
        #expect(await store.rejection(.delete(.of("a"), of: alice))?.contains("there is no mailbox a") == true)
        #expect(await store.rejection(.delete(.inbox, of: alice))?.contains("INBOX stays") == true)
        guard case .created(let new) = try await store.done(.create(.of("a"), of: alice, nil)) else { throw StoreFault("what") }
        let again = try await store.mailbox("a", of: alice)
        #expect(new > old.id && again.uidValidity > old.uidValidity && again.messages == 0)
        store.house.upkeep.round()
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("RFC 3501 §6.3.6: subscriptions are names, and stay when the mailbox goes", .onlySQLite)
    func subscriptions() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test").account
        try await store.done(.subscribe(.of("later"), of: alice))
        try await store.done(.create(.of("later"), of: alice, nil))
        #expect(try await store.mailbox("later", of: alice).isSubscribed)
        try await store.done(.delete(.of("later"), of: alice))
        #expect(try store.rows("SELECT COUNT(*) FROM subscriptions WHERE name = 'later'") == 1)
        try await store.done(.unsubscribe(.of("later"), of: alice))
        try await store.done(.unsubscribe(.of("later"), of: alice))
        #expect(try store.rows("SELECT COUNT(*) FROM subscriptions WHERE name = 'later'") == 0)
        store.stop()
    }

    @Test("T-07: a folder is seen by those who have rights on it, and by nobody else") func rights() async throws {
        let store = try TestStore()
        let (alice, bob) = (store.account("alice@example.test").account, store.account("bob@example.test").account)
        let sales = store.account("sales@example.test", .folder).account
        let inbox = try await store.mailbox("INBOX", of: sales).id
        func shared(_ account: AccountID) async throws -> [String] {
            try await store.house.database.sharedMailboxes(with: account, after: nil, limit: 10)
                .map { "\($0.owner.address)/\($0.mailbox.name) \($0.rights)" }
        }
        #expect(try await shared(alice) == [])
        #expect(try await store.house.database.rights(of: alice, on: inbox) == [])
        #expect(try await store.house.database.rights(of: sales, on: inbox) == .all)
        try await store.done(.grant([.lookup, .read], .inbox, of: sales, to: .anyone))
        try await store.done(.grant(.all, .inbox, of: sales, to: .account(alice)))
        try await store.done(.grant([.lookup, .insert], .inbox, of: sales, to: .account(alice)))
        #expect(try await shared(alice) == ["sales@example.test/INBOX lri"])
        #expect(try await shared(bob) == ["sales@example.test/INBOX lr"])
        #expect(try await shared(sales) == [])
        #expect(try await store.house.database.rights(of: alice, on: inbox).description == "lri")
        let granted = try await store.house.database.rights(on: inbox)
        #expect(
            granted.map(\.rights.description) == ["lr", "li"]
                && granted.map { $0.name?.address } == [nil, "alice@example.test".address])
        try await store.done(.revoke(.inbox, of: sales, from: .anyone))
        #expect(try await shared(bob) == [])
        #expect(await store.rejection(.grant(.all, .inbox, of: sales, to: .account(sales)))?.contains("owner") == true)
        #expect(await store.rejection(.grant(.all, .inbox, of: sales, to: .account(AccountID(rawValue: 99)))) != nil)
        try await store.carryOut(.removeAccount("alice@example.test".address, .user))
        #expect(try await store.house.database.rights(on: inbox).isEmpty)
        store.stop()
    }
}
