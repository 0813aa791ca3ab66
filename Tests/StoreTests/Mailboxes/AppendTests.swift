// Messages that did not come by SMTP: into which mailbox, with what, once; and on the command's road, with their content.

import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import POP3House
import Testing

@testable import store

@Suite(.bothEngines) struct AppendTests {
    @Test("an appended message has its mailbox, flags and date, and is nobody's in the ledger") func appended() async throws {
        var store = try TestStore()
        let alice = store.account("alice@example.test")
        let spool = try await store.accept(
            .appending(alice, "Archive", flags: [.seen, .flagged], keywords: ["$Work", "$work"], date: 5_000), "From: x\n\nbody\n"
        )
        let found = try await store.messages("Archive", of: alice.account)
        #expect(found.map(\.spool) == [spool] && found[0].internalDate == 5_000 && found[0].size == 14)
        #expect(found[0].flags == [.seen, .flagged] && found[0].keywords == ["$Work"])
        #expect(try await store.text(spool) == "From: x\n\nbody\n")
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.unaccounted) == (0, 0, 0))
        let archive = try await store.mailbox("Archive", of: alice.account)
        #expect((archive.messages, archive.unseen, archive.octets) == (1, 0, 14))
        #expect(try await store.house.database.uid(of: spool, in: archive.id) == 1)
        #expect(store.house.queue.figures.first == Figure("queue-entries", 0))
        store = try store.reopened()
        #expect(try await store.messages("Archive", of: alice.account) == found)
        // It was placed when it came, whatever its date is: undelete knows that.
        let id = archive.id
        store.clock.advance(seconds: -3_600)
        try await store.done(.expunge([1], of: id))
        store.clock.advance(seconds: 7_200)
        #expect(try await store.undelete(alice.account, at: 6_000).messages == 0)
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("an identity makes a second append the first one, as long as that is there", .onlySQLite)
    func identity() async throws {
        var store = try TestStore(more: "[store]\nexpunge_retention = 0\n")
        let alice = store.account("alice@example.test")
        func append(_ mailbox: String, _ identity: String) async throws -> SpoolID {
            try await store.accept(.appending(alice, mailbox, identity: identity))
        }
        let first = try await append("Archive", "one")
        #expect(try await append("Archive", "one") == first)
        #expect(try await append("Archive", "two") != first)
        #expect(try await append("Sent", "one") != first)
        store.clock.advance(seconds: 400 * 86_400)
        store.house.upkeep.round()
        store = try store.reopened(more: "[store]\nexpunge_retention = 0\n")
        #expect(try await append("Archive", "one") == first)
        try await store.done(.rename(.of("Archive"), to: .of("Old"), of: alice.account))
        #expect(try await append("Old", "one") == first)
        let id = try await store.mailbox("Old", of: alice.account).id
        try await store.done(.expunge([1], of: id))
        let again = try await append("Old", "one")
        #expect(again != first)
        #expect(try await append("Old", "one") == again)
        #expect(try await store.messages("Old", of: alice.account).map(\.uid) == [2, 3])
        store.house.upkeep.round()
        #expect(try await append("Old", "one") == again)
        try await store.done(.expunge([2, 3], of: id))
        store.house.upkeep.round()
        #expect(try store.rows("SELECT COUNT(*) FROM identities") == 1)
        #expect(try store.recount() == [])
        store.stop()
    }

    @Test("a missing mailbox is made if that is wanted; mail that was accepted goes to INBOX otherwise", .onlySQLite)
    func missing() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        guard case .refused(let refusal) = await store.ingest(.appending(alice, "new/sub")) else { throw StoreFault("taken") }
        #expect(refusal.because.contains("there is no mailbox new/sub"))
        guard case .refused(let bad) = await store.ingest(.appending(alice, "a//b", creates: true)) else {
            throw StoreFault("taken")
        }
        #expect(bad.because.contains("is no mailbox's name"))
        #expect(try store.rows("SELECT COUNT(*) FROM messages") == 0)
        _ = try await store.accept(.appending(alice, "new/sub", creates: true))
        #expect(try await store.messages("new/sub", of: alice.account).count == 1)
        var plan = Plan.to([alice])
        plan.placements[0].mailbox = "nowhere"
        plan.placements[0].flags = .flagged
        _ = try await store.accept(plan)
        plan.placements[0].mailbox = "iNbOx"
        _ = try await store.accept(plan)
        plan.placements[0].mailbox = "Junk"
        _ = try await store.accept(plan)
        #expect(try await store.messages("INBOX", of: alice.account).map(\.flags) == [.flagged, .flagged])
        #expect(try await store.messages("Junk", of: alice.account).count == 1)
        #expect(try await store.audit().stored == 3)
        #expect(try store.recount() == [])
        store.stop()
    }

    static let faults: [(String, @Sendable (inout Plan) -> Void)] = [
        ("no identity", { $0.identity = "" }), ("long identity", { $0.identity = String(repeating: "i", count: 129) }),
        ("identity of mail", { ($0.isAppended, $0.identity) = (false, "i") }),
        ("two placements", { $0.placements += $0.placements }),
        ("relays", { $0.relays = [RelayedRecipient("x@y.test".address)] }), ("nobody", { $0.placements = [] }),
        ("keyword", { $0.placements[0].keywords = ["a b"] }),
        ("keywords", { $0.placements[0].keywords = (0..<65).map { "k\($0)" } }),
        ("mailbox", { $0.placements[0].mailbox = String(repeating: "m", count: 1_001) }),
    ]

    @Test("plans that cannot be carried out have a fault", arguments: faults.indices) func fault(index: Int) {
        let placement = LocalPlacement(recipient: "a@b.test".address, account: AccountID(rawValue: 1))
        var plan = Plan.appending(placement, "INBOX", identity: "i")
        #expect(plan.fault == nil)
        Self.faults[index].1(&plan)
        #expect(plan.fault != nil, "\(Self.faults[index].0)")
    }

    @Test("an index that is made anew has appended messages where they were put", .onlySQLite) func rebuilt() async throws {
        let folder = TestFolder()
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        let plain = try await store.accept(.to([alice]))
        let kept = try await store.accept(
            .appending(alice, "Lists/swift", flags: [.seen], keywords: ["k"], date: 7_000, identity: "one", creates: true))
        let inbox = try await store.accept(.appending(alice, nil, date: 8_000))
        let before = try await store.messages("Lists/swift", of: alice.account)
        let id = try await store.mailbox("Trash", of: alice.account).id
        store.stop()
        for ending in ["", "-wal", "-shm"] { unlink("\(folder.path)/store/index.sqlite\(ending)") }
        let report = try IndexRebuild(home: "\(folder.path)/store", now: 1_800_000_000_000, log: { _ in }).run()
        #expect((report.messages, report.repeated, report.held) == (3, 0, []))
        store = try TestStore(folder)
        let after = try await store.messages("Lists/swift", of: alice.account)
        #expect(after.map(\.spool) == [kept] && after[0].flags == before[0].flags && after[0].keywords == ["k"])
        #expect(after[0].internalDate == 7_000)
        #expect(try await store.messages("INBOX", of: alice.account).map(\.spool) == [plain, inbox])
        #expect(try await store.accept(.appending(alice, "Lists/swift", identity: "one")) == kept)
        // MAILBOXIDs are not those of the lost index.
        #expect(try await store.house.database.mailboxes(of: alice.account, after: nil, limit: 9).allSatisfy { $0.id > id })
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.unaccounted) == (1, 1, 0))
        #expect(try store.recount() == [])
        store.stop()
    }
}

/// An administrator's command before a store.
final class CommandRoad: Sendable {
    let store: TestStore
    private let server: Server<CommandToStore>
    let asker: Asker<CommandToStore>

    init(_ store: TestStore) async throws {
        self.store = store
        let path = try freshSocketPath()
        let house = store.house
        let (servings, group) = (house.servings(on: store.group), store.group)
        let commanding = house.commandServing { _, eventLoop in eventLoop.makeFailedFuture(StoreFault("no room")) }
        server = Server(
            CommandToStore.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: .store, release: "test"), rule: PeerRule(uids: [geteuid()]), on: group, log: { _ in }
        ) { _, eventLoop in CommandConversation(commanding, house.contentServing(servings[eventLoop].uploads)) }
        try await server.start().get()
        asker = Asker(
            CommandToStore.self, path: path, identity: Identity(room: .command, release: "test"),
            on: MultiThreadedEventLoopGroup.singleton.next(), log: { _ in })
        asker.start()
        let asker = asker
        try await eventually { asker.isConnected }
    }

    /// The content goes in front of the question; what comes in front of the answer is handed back.
    func ask(
        _ question: CommandToStore.Question, content: ByteBuffer = ByteBuffer()
    ) async throws -> (CommandToStore.Answer, ByteBuffer) {
        let asker = asker
        return try await asker.eventLoop.flatSubmit {
            let promise = asker.eventLoop.makePromise(of: (CommandToStore.Answer, ByteBuffer).self)
            do {
                let conversation = try asker.open()
                var content = content
                var received = ByteBuffer()
                conversation.onContent = { [unowned conversation] piece in
                    received.writeImmutableBuffer(piece)
                    conversation.consumed(piece.readableBytes)
                }
                while let piece = content.readSlice(length: min(content.readableBytes, 200_000)), piece.readableBytes > 0 {
                    conversation.send(piece)
                }
                conversation.ask(question, last: true, deadline: .seconds(60)) { result in
                    promise.completeWith(result.map { ($0, received) }.mapError { $0 as any Error })
                }
            } catch { promise.fail(error) }
            return promise.futureResult
        }.get()
    }

    func stop() async throws {
        try await asker.close().get()
        try await server.stop().get()
        store.stop()
    }
}

@Suite(.bothEngines) struct MailboxRoadTests {
    static let alice = NamedAccount("alice@example.test".address)

    static func mailbox(_ name: String) -> NamedMailbox { NamedMailbox(alice, name) }

    @Test("what is appended is read again octet for octet, whatever its size", arguments: [0, 1, 70_000, 300_000, 3_500_000])
    func content(size: Int) async throws {
        let road = try await CommandRoad(try TestStore())
        road.store.account("alice@example.test")
        var bytes = ByteBuffer()
        for number in 0..<size { bytes.writeInteger(UInt8(truncatingIfNeeded: number &* 31 >> 3)) }
        let order = AppendOrder(Self.mailbox("Import"), flags: .seen, internalDate: 9, identity: "i", createsMailbox: true)
        guard case .mailbox(.appended(let first)) = try await road.ask(.mailbox(.append(order)), content: bytes).0 else {
            throw StoreFault("not appended")
        }
        guard case .mailbox(.appended(let second)) = try await road.ask(.mailbox(.append(order)), content: bytes).0 else {
            throw StoreFault("not appended")
        }
        #expect(first.isNew && second == AppendedMessage(spool: first.spool, isNew: false))
        let (answer, read) = try await road.ask(.mailbox(.read(Self.mailbox("Import"), uid: 1)))
        guard case .mailbox(.content(let octets)) = answer else { throw StoreFault("\(answer)") }
        #expect(octets == UInt64(size) && read == bytes)
        #expect(road.store.house.figures.contains(Figure("octets-under-way", 0)))
        #expect(try Folder.names("\(road.store.folder.path)/store/large").count == (size > 256 << 10 ? 1 : 0))
        #expect(try road.store.verify().isEmpty)
        try await road.stop()
    }

    @Test("the words: list, make, rename, share, messages, delete, bring back") func words() async throws {
        let store = try TestStore()
        let placement = store.account("alice@example.test")
        store.account("bob@example.test")
        let mailbox = Self.mailbox("w\u{308}/x")
        try await store.carryOut(
            .mailbox(.create(mailbox, use: nil)), .mailbox(.subscribe(mailbox)), .mailbox(.unsubscribe(Self.mailbox("Junk"))),
            .mailbox(.setUse(Self.mailbox("Junk"), nil)), .mailbox(.rename(mailbox, to: "y")),
            .mailbox(.grant(Self.mailbox("y"), to: NamedAccount("bob@example.test".address), rights: "lrs")),
            .mailbox(.grant(Self.mailbox("y"), to: nil, rights: "l")))
        guard case .mailbox(.mailboxes(let all)) = await store.command(.mailbox(.list(Self.alice, after: "Drafts"))) else {
            throw StoreFault("no list")
        }
        #expect(all.map(\.name) == ["INBOX", "Junk", "Sent", "Trash", "y", "\u{1E85}"])
        #expect(all.first { $0.name == "Junk" }.map { $0.use == nil && !$0.isSubscribed } == true)
        #expect(all.first { $0.name == "y" }?.isSubscribed == true && all.allSatisfy { $0.id.hasPrefix("F") })
        guard case .mailbox(.rights(let rights)) = await store.command(.mailbox(.listRights(Self.mailbox("y")))) else {
            throw StoreFault("no rights")
        }
        #expect(
            rights.map(\.rights.description) == ["l", "lrs"]
                && rights.map { $0.grantee?.address } == [nil, "bob@example.test".address])
        for number in 0..<1_001 { _ = try await store.accept(.appending(placement, "y", date: Int64(number))) }
        guard case .mailbox(.messages(let first)) = await store.command(.mailbox(.messages(Self.mailbox("y"), from: 1))),
            case .mailbox(.messages(let second)) = await store.command(
                .mailbox(.messages(Self.mailbox("y"), from: first.next ?? 0)))
        else { throw StoreFault("no messages") }
        #expect(first.messages.map(\.uid) == Array(1...1_000) && first.next == 1_001)
        #expect(second.messages.map(\.internalDate) == [1_000] && second.next == nil)
        store.clock.advance(seconds: 1)
        let time = store.clock.now
        store.clock.advance(seconds: 1)
        try await store.carryOut(.mailbox(.revoke(Self.mailbox("y"), from: nil)), .mailbox(.delete(Self.mailbox("y"))))
        var order = UndeleteOrder(Self.alice, mailbox: "y", at: time)
        var count: UInt32 = 0
        repeat {
            guard case .mailbox(.undeleted(let step)) = await store.command(.mailbox(.undelete(order))) else {
                throw StoreFault("what")
            }
            count += step.messages
            order.after = step.next
        } while order.after != nil
        #expect(count == 1_001)
        #expect(try store.recount() == [])
        store.stop()
    }

    static let refusals: [(CommandToStore.Question, String)] = [
        (.mailbox(.list(NamedAccount("nobody@example.test".address), after: nil)), "there is no account nobody@example.test"),
        (
            .mailbox(.list(NamedAccount("alice@example.test".address, .folder), after: nil)),
            "there is no folder alice@example.test"
        ),
        (.mailbox(.create(mailbox("a//b"), use: nil)), "is no mailbox's name"),
        (.mailbox(.create(mailbox("Sent"), use: nil)), "there is a mailbox Sent already"),
        (.mailbox(.messages(mailbox("no"), from: 1)), "there is no mailbox no"),
        (.mailbox(.grant(mailbox("Sent"), to: nil, rights: "lz")), "are no rights"),
        (.mailbox(.grant(mailbox("Sent"), to: nil, rights: "")), "revoke them"),
        (.mailbox(.revoke(mailbox("Sent"), from: NamedAccount("x@example.test".address))), "there is no account x@example.test"),
        (.mailbox(.undelete(UndeleteOrder(alice, mailbox: "..", at: 0))), "is no mailbox's name"),
        (.releaseEntries(Array(repeating: 1, count: 1_001)), "name fewer"),
    ]

    @Test("a word that cannot be carried out is answered with the reason and the fix") func refused() async throws {
        let store = try TestStore()
        store.account("alice@example.test")
        for (question, because) in Self.refusals {
            #expect(await store.refusal(question)?.contains(because) == true, "\(question)")
        }
        let road = try await CommandRoad(store)
        let reading = try await road.ask(.mailbox(.read(Self.mailbox("INBOX"), uid: 7))).0
        guard case .refused(let text) = reading else { throw StoreFault("\(reading)") }
        #expect(text.contains("no message with the UID 7"))
        // Content that no word takes ends the conversation, and nothing of it is kept.
        await #expect(throws: IPCError.self) { try await road.ask(.audit, content: ByteBuffer(string: "x")) }
        #expect(road.store.house.figures.contains(Figure("octets-under-way", 0)))
        try await road.stop()
    }
}
