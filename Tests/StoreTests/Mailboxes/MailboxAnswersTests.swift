// What the administrator is told of a mailbox: every message once, however many answers that takes; whose rights; keywords.

import GRDB
import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite(.bothEngines) struct MailboxAnswersTests {
    private static let alice = NamedAccount("alice@example.test".address)

    private func page(_ store: TestStore, from uid: UInt32) async throws -> MessagePage {
        let question = MailboxQuestion.messages(NamedMailbox(Self.alice, "INBOX"), from: uid)
        guard case .mailbox(.messages(let page)) = await store.command(.mailbox(question)) else { throw StoreFault("no page") }
        return page
    }

    /// As many messages as a page has, more of them, and such that take more octets than an answer has.
    @Test("all messages come once and in order, page by page", arguments: [(1_000, 0, 2), (2_101, 0, 3), (600, 56, 3)])
    func pages(count: Int, keywords: Int, pages: Int) async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let names = (0..<keywords).map { "k\($0)" + String(repeating: "x", count: MailboxLimits.keyword - 3) }
        let plan = Plan.appending(alice, nil, keywords: names)
        for first in stride(from: 1, through: count, by: 500) {
            let numbers = first..<min(first + 500, count + 1)
            let results = store.house.database.commitAndWait(
                numbers.map { .ingest(store.indexed(plan, size: 10, number: $0)) })
            #expect(results.allSatisfy { if case .done = $0 { true } else { false } })
        }
        // Not from every UID to the next.
        let gone = Set(count > 1_000 ? Array(900...1_000) : [])
        try await store.house.inboxes.removeMessages(gone.map { UInt32($0) }, of: alice.account)
        var (found, lengths, next) = ([UInt32](), [Int](), UInt32?(1))
        while let from = next, lengths.count < 10 {
            let page = try await page(store, from: from)
            found += page.messages.map(\.uid)
            lengths.append(page.messages.count)
            #expect(page.messages.allSatisfy { $0.keywords.count == keywords })
            next = page.next
        }
        #expect(found == (1...count).filter { !gone.contains($0) }.map { UInt32($0) })
        #expect(lengths.count == pages && lengths.allSatisfy { $0 * keywords * 64 <= MailboxCommands.answer }, "\(lengths)")
        store.stop()
    }

    @Test("the rights of an account that was removed are not told, least of all as everybody's") func removed() async throws {
        let store = try TestStore()
        store.account("alice@example.test")
        let (bob, carol) = (NamedAccount("bob@example.test".address), NamedAccount("carol@example.test".address))
        let sent = NamedMailbox(Self.alice, "Sent")
        store.account("\(bob.address)")
        let gone = store.account("\(carol.address)").account.rawValue
        for grantee in [bob, carol] {
            try await store.carryOut(.mailbox(.grant(sent, to: grantee, rights: "lrswite")))
        }
        func rights() async throws -> [RightsEntry] {
            guard case .mailbox(.rights(let all)) = await store.command(.mailbox(.listRights(sent))) else {
                throw StoreFault("no rights")
            }
            return all
        }
        let letters = try #require(MailboxRights(letters: "lrswite"))
        #expect(try await rights() == [bob, carol].map { RightsEntry(grantee: $0, rights: letters) })
        try await store.carryOut(.removeAccount(carol.address, .user))
        #expect(try await rights() == [RightsEntry(grantee: bob, rights: letters)])
        if TestEngine.current == .sqlite {
            // They go with the account; and if they did not, nobody would be told of them.
            let rest = "FROM rights WHERE grantee = \(gone)"
            #expect(try store.rows("SELECT COUNT(*) \(rest)") == 0)
            try await DatabaseQueue(path: "\(store.folder.path)/store/index.sqlite").write {
                try $0.execute(
                    sql: "INSERT INTO rights SELECT mailbox, ?, letters FROM rights", arguments: [gone])
            }
            #expect(try store.rows("SELECT COUNT(*) \(rest)") == 1)
            #expect(try await rights() == [RightsEntry(grantee: bob, rights: letters)])
        }
        try await store.carryOut(.mailbox(.grant(sent, to: nil, rights: "l")), .removeAccount(bob.address, .user))
        #expect(try await rights() == [RightsEntry(grantee: nil, rights: .lookup)])
        store.stop()
    }

    @Test("a keyword that stands twice in an order is one, also when there is room for it alone, or for none")
    func keywords() async throws {
        let road = try await CommandRoad(try TestStore())
        let (store, alice) = (road.store, road.store.account("alice@example.test"))
        let known = (0..<MailboxLimits.keywords - 1).map { "k\($0)" }
        let table: [(order: [String], kept: [String])] = [
            (["k0", "K0", "k0"], ["k0"]), (known, known), (["Last", "LAST", "more", "More", "K0", "k0"], ["k0", "Last"]),
            (["more", "More", "more"], []), (["last", "more", "last", "MORE"], ["Last"]),
        ]
        for (order, _) in table {
            let question = MailboxQuestion.append(AppendOrder(NamedMailbox(Self.alice, "INBOX"), keywords: order))
            guard case .mailbox(.appended) = try await road.ask(.mailbox(question), content: ByteBuffer(string: "x")).0 else {
                throw StoreFault("not appended")
            }
        }
        let found = try await store.messages("INBOX", of: alice.account)
        #expect(found.map(\.keywords) == table.map(\.kept) && found.allSatisfy { $0.flags == [] })
        if TestEngine.current == .sqlite {
            #expect(try store.rows("SELECT COUNT(*) FROM keywords") == MailboxLimits.keywords)
            let beyond = Int64(1) << Int64(KeywordStatements.lastBit + 1)
            #expect(try store.rows("SELECT COUNT(*) FROM placements WHERE flags < 0 OR flags >= \(beyond)") == 0)
        }
        try await road.stop()
    }
}
