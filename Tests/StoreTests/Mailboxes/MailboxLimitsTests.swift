// The limits of an account's mailboxes, at them and one beyond: mailboxes, subscriptions, grantees, octets of an answer.

import GRDB
import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct MailboxLimitsTests {
    private func refusal(_ change: MailboxChange, _ store: TestStore) async -> String? {
        if case .rejected(let because) = await store.make(change) { because } else { nil }
    }

    @Test(
        "mailboxes: the last that is allowed is made, and no other, by name, by what is above it, or by bringing back",
        .onlySQLite)
    func mailboxes() async throws {
        let store = try TestStore()
        let account = store.account("alice@example.test").account
        _ = try await store.accept(.appending(LocalPlacement(recipient: "alice@example.test".address, account: account), "Junk"))
        store.clock.advance(seconds: 1)
        let time = store.clock.now
        store.clock.advance(seconds: 1)
        try await store.done(.delete(.of("Junk"), of: account))
        try store.fill(account, upTo: MailboxName.ofAccount - 1)
        #expect(await refusal(.create(.of("a/b"), of: account, nil), store)?.contains("more than 10000 mailboxes") == true)
        #expect(await refusal(.rename(.of("m1"), to: .of("a/b/c"), of: account), store)?.contains("more than 10000") == true)
        try await store.done(.create(.of("a"), of: account, nil))
        #expect(await refusal(.create(.of("b"), of: account, nil), store)?.contains("more than 10000 mailboxes") == true)
        try await store.done(.rename(.of("m1"), to: .of("a/m1"), of: account))
        let undeletion = Undeletion(account, mailbox: nil, at: time, after: nil)
        let brought = await refusal(.undelete(undeletion, limit: 10), store)
        #expect(brought?.contains("and Junk would be another") == true, "\(brought ?? "it was taken")")
        try await store.done(.delete(.of("m2"), of: account))
        try await store.done(.undelete(undeletion, limit: 10))
        #expect(try await store.messages("Junk", of: account).count == 1)
        store.stop()
    }

    @Test("subscriptions: to as many names as there may be mailboxes", .onlySQLite) func subscriptions() async throws {
        let store = try TestStore()
        let account = store.account("alice@example.test").account
        let few = try store.rows("SELECT COUNT(*) FROM subscriptions")
        try await DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite").write {
            try $0.execute(
                sql: """
                    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
                    INSERT INTO subscriptions SELECT ?1, 'm' || n FROM numbers
                    """, arguments: [account.rawValue, MailboxName.ofAccount - few - 1])
        }
        try await store.done(.subscribe(.of("last"), of: account))
        #expect(await refusal(.subscribe(.of("more"), of: account), store)?.contains("10000 subscriptions") == true)
        try await store.done(.unsubscribe(.of("m1"), of: account))
        try await store.done(.subscribe(.of("more"), of: account))
        store.stop()
    }

    @Test("a mailbox is shared with so many, and theirs can still be changed", .onlySQLite) func grantees() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test").account
        let (bob, carol) = (store.account("bob@example.test").account, store.account("carol@example.test").account)
        let mailbox = try await store.mailbox("Sent", of: alice)
        try await DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite").write {
            try $0.execute(
                sql: """
                    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
                    INSERT INTO rights SELECT ?1, 1000000 + n, 'l' FROM numbers
                    """, arguments: [mailbox.id.rawValue, MailboxLimits.grantees - 1])
        }
        try await store.done(.grant(.lookup, .of("Sent"), of: alice, to: .account(bob)))
        let refused = await refusal(.grant(.lookup, .of("Sent"), of: alice, to: .account(carol)), store)
        #expect(refused?.contains("shared with 1000 accounts") == true, "\(refused ?? "it was taken")")
        try await store.done(.grant([.lookup, .read], .of("Sent"), of: alice, to: .account(bob)))
        #expect(try await store.house.database.rights(of: bob, on: mailbox.id) == [.lookup, .read])
        store.stop()
    }

    @Test("names that are too long for one answer come in more, and none is missing", .onlySQLite) func longNames() async throws {
        let store = try TestStore()
        let account = store.account("alice@example.test").account
        let few = try await store.house.database.mailboxes(of: account, after: nil, limit: 100).count
        let level = String(repeating: "x", count: 240)
        try store.fill(account, upTo: few + 1_000, named: "\(level)/\(level)/\(level)/\(level)/")
        var (names, pages): ([String], [Int]) = ([], [])
        while case .mailbox(.mailboxes(let page)) = await store.command(
            .mailbox(.list(NamedAccount("alice@example.test".address), after: names.last))), !page.isEmpty
        {
            #expect(page.reduce(0) { $0 + $1.name.utf8.count } <= MailboxCommands.answer)
            names += page.map(\.name)
            pages.append(page.count)
        }
        #expect(names.count == few + 1_000 && Set(names).count == names.count && pages.count == 2, "\(pages)")
        store.stop()
    }
}
