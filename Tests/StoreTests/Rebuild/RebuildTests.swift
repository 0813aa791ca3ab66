// The index is lost, and made anew from what segments say. (2.9 repair tools)

import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite struct RebuildTests {
    static let settings = "[store]\nsegment_size = \"1 MB\"\nexpunge_retention = 0\ncompact_rate = \"1 GB\"\n"
    static let now: Int64 = 1_800_000_000_000

    let folder = TestFolder()
    var home: String { "\(folder.path)/store" }

    private func rebuild() throws -> RebuildReport { try IndexRebuild(home: home, now: Self.now, log: { _ in }).run() }

    private func lose() { for ending in ["", "-wal", "-shm"] { unlink("\(home)/index.sqlite\(ending)") } }

    private func account(_ store: TestStore, _ address: String) throws -> AccountID {
        try #require(store.entry(address)?.user)
    }

    private func spools(_ store: TestStore, _ account: AccountID) async throws -> [SpoolID]? {
        try await store.house.database.inbox(of: account)?.messages.map(\.spool)
    }

    private func flip(_ segment: UInt64, _ offset: UInt64) throws {
        let file = try OpenFile("\(home)/segments/\(FileNumber.text(segment)).seg", flags: O_RDWR)
        #expect(pwrite(file.descriptor, "?", 1, off_t(offset)) == 1)
    }

    @Test("without its index a store that has mail does not start, and loses nothing") func missing() async throws {
        let store = try TestStore(folder)
        _ = try await store.accept(.to([store.account("alice@example.test")]))
        store.stop()
        lose()
        #expect(throws: StoreFault.self) { try TestStore(folder) }
        #expect(try SegmentFolder("\(home)/segments").numbers() == [1])
        #expect(access("\(home)/index.sqlite", F_OK) != 0)
        #expect(try rebuild().messages == 1)
        try TestStore(folder).stop()
    }

    @Test("messages, accounts and what waited are there again, and nothing is sent by itself") func everything() async throws {
        var store = try TestStore(folder, more: Self.settings)
        let (alice, bob) = (store.account("alice@example.test"), store.account("bob@other.test"))
        let both = try await store.accept(.to([alice, bob]), "Subject: both\r\n\r\n1\r\n")
        let tagged = LocalPlacement(recipient: "bob+x@other.test".address, account: bob.account)
        let second = try await store.accept(.to([tagged], relays: ["x@remote.test", "y@remote.test"], key: "once"))
        var third = Plan.to(relays: ["z@remote.test"], parameters: SenderParameters(envelopeID: "e", returns: .full))
        third.relays[0].parameters.notify = .failure
        let parameters = third
        let relayed = try await store.accept(parameters)
        let fourth = try await store.accept(.to([bob]))
        store.stop()
        let size = try OpenFile("\(home)/segments/0000000000000001.seg", flags: O_RDONLY).size()

        let report = try rebuild()
        #expect(report.messages == 4 && report.gaps.isEmpty && report.repeated == 0)
        #expect(report.accounts == ["alice@example.test (account 1)", "bob@other.test (account 2)"])
        #expect(
            report.held == [
                "message \(second) from <sender@remote.test> to <x@remote.test>",
                "message \(second) from <sender@remote.test> to <y@remote.test>",
                "message \(relayed) from <sender@remote.test> to <z@remote.test>",
            ])
        #expect(report.before == "\(home)/index.sqlite.before-1800000000")
        #expect(report.held.allSatisfy { report.text.contains($0) })

        store = try TestStore(folder, more: Self.settings)
        #expect(store.house.recovery.isClean)
        #expect(try OpenFile("\(home)/segments/0000000000000001.seg", flags: O_RDONLY).size() == size)
        #expect(try await spools(store, try account(store, "alice@example.test")) == [both])
        #expect(try await spools(store, try account(store, "bob@other.test")) == [both, second, fourth])
        #expect(try await store.text(both).hasSuffix("Subject: both\r\n\r\n1\r\n"))
        #expect(try store.verify().isEmpty)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (7, 4, 3, 0))
        #expect(store.house.queue.figures.first == Figure("queue-entries", 0))
        let queue = try await store.house.database.queue(after: nil, limit: 10)
        #expect(queue.count == 3 && queue.allSatisfy { $0.state == .held && $0.last?.category == "unknown" })
        let work = try await store.house.database.work([[EntryID(relayed, ordinal: 0)]])
        #expect(work[0]?.parameters == parameters.parameters && work[0]?.recipients[0].parameters.notify == .failure)
        // What was submitted once stays once, new mail has new ids, and a new start finds all that.
        #expect(try await store.accept(.to([bob], key: "once")) == second)
        let new = try await store.accept(.to([alice]))
        #expect(new > fourth)
        store = try store.reopened(more: Self.settings)
        #expect(store.house.recovery.isClean)
        #expect(try await spools(store, alice.account) == [both, new])
        store.stop()
    }

    @Test("an inbox has a later validity, so that no client takes a new message for an old one") func validity() async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        _ = try await store.accept(.to([alice]))
        let before = try #require(try await store.house.database.inbox(of: alice.account)).uidValidity
        store.stop()
        _ = try rebuild()
        store = try TestStore(folder)
        #expect(try #require(try await store.house.database.inbox(of: alice.account)).uidValidity > before)
        #expect(try await store.house.database.passwords(of: alice.account).map(\.hash) == ["*"])
        store.stop()
    }

    @Test("copies of compaction count once, large messages with their files") func compacted() async throws {
        var store = try TestStore(folder, more: Self.settings)
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        let text = String(repeating: "x", count: 110_000)
        for _ in 0..<12 { spools.append(try await store.accept(.to([alice]), text)) }
        let old = "\(home)/segments/0000000000000001.seg"
        #expect(link(old, "\(folder.path)/kept") == 0)
        try await store.house.inboxes.removeMessages(Array(3...9), of: alice.account)
        store.house.upkeep.round()
        for number in [1, 2] as [UInt64] {
            let file = try ContentFile("\(home)/large", number: number, disk: .system)
            try file.append([ByteBuffer(repeating: 0x41, count: 300_000)])
            try file.seal()
            spools.append(try #require(await store.submit(.to([alice]), .ownFile(file)).spool))
        }
        store.stop()
        unlink(ContentFile.path("\(home)/large", 2))
        // As when a crash came before the old segment was removed: what was let go of is there as well.
        #expect(rename("\(folder.path)/kept", old) == 0)
        lose()
        let report = try rebuild()
        #expect((report.messages, report.withoutContent, report.before) == (13, 1, nil))
        store = try TestStore(folder, more: Self.settings)
        #expect(try await self.spools(store, alice.account) == Array(spools.dropLast()))
        #expect(try store.verify().isEmpty)
        #expect(try await store.house.database.location(of: spools[0])?.position.segment == SegmentFolder.firstCompacted)
        store.stop()
    }

    @Test("an account that was removed and made again are two, and the older one stays out of sight") func past() async throws {
        var store = try TestStore(folder)
        let first = store.account("alice@example.test")
        let old = try await store.accept(.to([first]))
        try await store.carryOut(.removeAccount(first.recipient, .user))
        let second = store.account("alice@example.test")
        let new = try await store.accept(.to([second]))
        store.stop()
        #expect(try rebuild().accounts == ["alice@example.test (account 1, removed)", "alice@example.test (account 2)"])
        store = try TestStore(folder)
        #expect(try account(store, "alice@example.test") == second.account)
        #expect(try await spools(store, second.account) == [new])
        #expect(try await spools(store, first.account) == nil)
        #expect(try await store.text(old).hasSuffix("body\r\n"))
        #expect(try await store.audit().unaccounted == 0)
        #expect(store.account("bob@example.test").account.rawValue > 2)
        store.stop()
    }

    /// Offsets from the start of the second of five records.
    @Test("damage costs the message that it hits, and is named", arguments: [0, 12, 60, 90, 500] as [UInt64])
    func damaged(at place: UInt64) async throws {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        for number in 0..<5 {
            spools.append(
                try await store.accept(.to([alice]), "Subject: \(number)\r\n\r\n" + String(repeating: "a PSR1 b ", count: 200)))
        }
        let location = try #require(try await store.house.database.location(of: spools[1]))
        store.stop()
        try flip(1, location.position.offset + place)
        let report = try rebuild()
        #expect(
            report.gaps == ["0000000000000001.seg: \(location.length) octets from \(location.position.offset) on are no message"])
        store = try TestStore(folder)
        #expect(try await self.spools(store, alice.account) == [spools[0]] + spools[2...])
        #expect(try store.verify().isEmpty)
        store.stop()
    }

    @Test("a record inside of a stranger's content is none, also when the message around it is damaged") func forged()
        async throws
    {
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        var forged = SpoolRecordTests.record()
        let inner = forged.readString(length: forged.readableBytes)
        let text = "Subject: a\r\n\r\n" + (inner ?? "PSR1")
        let first = try await store.accept(.to([alice]), text)
        let second = try await store.accept(.to([alice]))
        let location = try #require(try await store.house.database.location(of: first))
        store.stop()
        try flip(1, location.position.offset + UInt64(SpoolRecord.headLength) + 1)
        #expect(try rebuild().messages == 1)
        store = try TestStore(folder)
        #expect(try await spools(store, alice.account) == [second])
        store.stop()
    }

    @Test("not while the store runs; a second time is as good as the first") func again() async throws {
        var store = try TestStore(folder)
        let spool = try await store.accept(.to([store.account("alice@example.test")]))
        #expect(throws: StoreFault.self) { try rebuild() }
        store.stop()
        _ = try rebuild()
        // As after a crash between the two names.
        #expect(rename("\(home)/index.sqlite", "\(home)/index.sqlite.new") == 0)
        #expect(throws: StoreFault.self) { try TestStore(folder) }
        #expect(try rebuild().messages == 1)
        #expect(try rebuild().before == "\(home)/index.sqlite.before-1800000000-2")
        store = try TestStore(folder)
        #expect(try await spools(store, try account(store, "alice@example.test")) == [spool])
        #expect(try !Folder.names(home).contains { $0.contains(".new") })
        store.stop()
    }
}

@Suite struct RebuildCommandTests {
    @Test("the word of the store's own program makes it, says so, and says what is wrong") func word() async throws {
        let folder = TestFolder()
        let store = try TestStore(folder)
        _ = try await store.accept(.to([store.account("alice@example.test")], relays: ["x@remote.test"]))
        store.stop()
        let settings = try OpenFile("\(folder.path)/postern.toml", flags: O_WRONLY | O_CREAT)
        let text = "[server]\nhostname = \"mail.example.test\"\nstate = \"\(folder.path)\"\n"
        #expect(write(settings.descriptor, text, text.utf8.count) == text.utf8.count)
        let done = try await #require(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) { [path = settings.path as String] in RebuildMain.run(["--config", path]) }
        let said = String(decoding: done.standardOutputContent, as: UTF8.self)
        #expect(said.contains("The index has 1 messages of 1 accounts again."))
        #expect(said.contains("  alice@example.test (account 1)\n") && said.contains("to <x@remote.test>"))
        let refused = try await #require(
            processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
        ) { [path = settings.path as String] in RebuildMain.run(["--config", path, "--now"]) }
        #expect(String(decoding: refused.standardErrorContent, as: UTF8.self).hasPrefix("postern-store: the index cannot"))
        let again = try TestStore(folder)
        #expect(try again.verify().isEmpty)
        again.stop()
    }
}
