// A backup is read again without a store: what is damaged is named, what is whole is told. (2.9, U13)

import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite struct BackupCheckTests {
    let folder = TestFolder()
    let target = TestFolder()

    private func check(_ list: String) throws -> (found: BackupCheck.Found, damaged: [String]) {
        var damaged: [String] = []
        let found = try BackupCheck(try BackupFiles("\(target.path)/b", list: list)).run { damaged.append($0) }
        return (found, damaged)
    }

    @Test("every message that is damaged is named, and no other") func damaged() async throws {
        let store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        for number in 1...4 { spools.append(try await store.accept(.to([alice]), "Subject: \(number)\r\n\r\nx\r\n")) }
        spools.append(try await store.acceptLarge(.to([alice])))
        let location = try #require(try await store.house.database.location(of: spools[1]))
        let client = try await BackupClient(store)
        var taken = try await client.take()
        try await client.stop()
        let list = try taken.lay("\(target.path)/b")
        #expect(try check(list).found.checked == 5 && check(list).damaged.isEmpty)
        #expect(try check(list).found.octets > 300_000)

        let (segment, large) = (StoreFile(.segment, 1), StoreFile(.large, 1))
        let without = list.split(separator: "\n").filter { !$0.hasPrefix("large") }.joined(separator: "\n")
        #expect(try check(without).damaged.last == "message \(spools[4]): \(large.path) is missing, or of another length")
        taken.files[segment]?[Int(location.position.offset) + 100] ^= 1
        taken.files[large]?[250_000] ^= 1
        _ = try taken.lay("\(target.path)/b")
        #expect(
            try check(list).damaged == [
                "message \(spools[1]): wrongChecksum", "message \(spools[4]): \(large.path): wrong checksum",
            ])
        taken.files[large]?.removeLast()
        taken.files[segment]?.removeLast(20)
        let short = try taken.lay("\(target.path)/b")
        #expect(try check(short).damaged.count == 2)
    }

    @Test("what lies beyond the length that a backup names is not of it; without an index there is none")
    func lengths() async throws {
        let store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        let spools = [
            try await store.accept(.to([alice])), try await store.accept(.to([alice])), try await store.acceptLarge(.to([alice])),
        ]
        let end = try #require(try await store.house.database.location(of: spools[2])).end.offset
        let client = try await BackupClient(store)
        let list = try await client.take().lay("\(target.path)/b")
        try await client.stop()
        /// - Parameter length: nil: the file is not named.
        func naming(_ file: StoreFile, _ length: UInt64?) -> String {
            let others = list.split(separator: "\n").filter { !$0.hasPrefix("\(file.path) ") }.map(String.init)
            return (others + (length.map { ["\(file.path) \(file.path) \($0)"] } ?? [])).joined(separator: "\n")
        }
        let (segment, large) = (StoreFile(.segment, 1), StoreFile(.large, 1))
        #expect(try check(naming(segment, end)).damaged == [])
        let short = "\(segment.path) is missing, or too short"
        #expect(try check(naming(segment, end - 1)).damaged == ["message \(spools[2]): \(short)"])
        #expect(try check(naming(segment, nil)).damaged == spools.map { "message \($0): \(short)" })
        for length in [299_999, 300_001, nil] as [UInt64?] {
            let damaged = try check(naming(large, length)).damaged
            #expect(damaged == ["message \(spools[2]): \(large.path) is missing, or of another length"])
        }
        let fault = #expect(throws: StoreFault.self) { try check(naming(.index, nil)) }
        #expect(fault?.description == "the backup has no index")
    }

    @Test(
        "a list of files that leads elsewhere is refused",
        arguments: [
            "index.sqlite /etc/passwd 5", "index.sqlite ../../x 5", "index.sqlite index.sqlite", "x x 1", "index.sqlite a -1",
        ])
    func list(text: String) { #expect(throws: StoreFault.self) { try BackupFiles("/b", list: text) } }

    @Test("mailboxes and messages of one account are told, damaged ones by name") func listing() async throws {
        let store = try TestStore(folder)
        let (alice, bob) = (store.account("alice@example.test"), store.account("bob@example.test"))
        var spools: [SpoolID] = []
        for number in 1...3 { spools.append(try await store.accept(.to([alice]), "Subject: \(number)\r\n\r\nx\r\n")) }
        _ = try await store.accept(.to([bob]))
        let id = try #require(try await store.house.database.mailbox(.inbox, of: alice.account)).id
        let marks = FlagChange(.add, [3], [.seen, .flagged], keywords: ["later", "$Forwarded"])
        try await store.done(.flags(marks, of: id))
        // Of everybody, of one who is there, of one who is not.
        let carol = store.account("carol@example.test")
        for (rights, grantee) in [
            (MailboxRights.lookup, Grantee.anyone), ([.lookup, .read], .account(bob.account)), (.all, .account(carol.account)),
        ] { try await store.done(.grant(rights, .inbox, of: alice.account, to: grantee)) }
        try await store.carryOut(.removeAccount(carol.recipient, .user))
        spools.append(try await store.acceptLarge(.to([alice])))
        try await store.house.inboxes.removeMessages([1], of: alice.account)
        let location = try #require(try await store.house.database.location(of: spools[1]))
        let text = try await store.text(spools[2])
        let client = try await BackupClient(store)
        var taken = try await client.take()
        try await client.stop()
        taken.files[StoreFile(.segment, 1)]?[Int(location.position.offset) + 100] ^= 1
        let listing = BackupListing(
            try BackupRecords(try BackupFiles("\(target.path)/b", list: try taken.lay("\(target.path)/b"))))
        func frames(_ body: ((ByteBuffer) throws -> Void) throws -> Void) throws -> [ByteBuffer] {
            var frames: [ByteBuffer] = []
            try body { frames.append($0) }
            return frames
        }
        func item(_ frame: ByteBuffer) throws -> BackedUp {
            try BinaryDecoder.decode(BackedUp.self, from: try #require(frame.getSlice(at: 4, length: frame.readableBytes - 4)))
        }
        let mailboxes = try frames(listing.mailboxes).map(item)
        guard case .mailbox(let inbox) = mailboxes[0] else { throw StoreFault("no mailbox") }
        #expect((inbox.address, inbox.name, inbox.messages) == (alice.recipient, "INBOX", 3))
        #expect(inbox.account == alice.account && inbox.kind == "user" && !inbox.isRemoved)
        #expect(mailboxes.last == .end)
        #expect(
            mailboxes.dropLast().suffix(2) == [
                .rights(RightsEntry(grantee: nil, rights: .lookup), mailbox: inbox.number),
                .rights(RightsEntry(grantee: NamedAccount(bob.recipient), rights: [.lookup, .read]), mailbox: inbox.number),
            ])
        let names = try mailboxes.dropLast(3).map { frame -> String in
            guard case .mailbox(let mailbox) = frame else { throw StoreFault("no mailbox") }
            return "\(mailbox.address) \(mailbox.name)"
        }
        #expect(
            names.filter { $0.hasSuffix(" INBOX") } == [
                "alice@example.test INBOX", "bob@example.test INBOX", "carol@example.test INBOX",
            ])
        #expect(names.contains("alice@example.test Sent"))
        #expect(mailboxes.contains { if case .mailbox(let mailbox) = $0 { mailbox.use == .sent } else { false } })
        let told = try frames { try listing.messages(of: inbox.number, $0) }
        #expect(try item(told[0]) == .damaged(uid: 2, because: "wrongChecksum"))
        guard case .message(let third) = try item(told[1]), case .message(let large) = try item(told[3]) else {
            throw StoreFault("no message")
        }
        #expect(third.uid == 3 && third.spool == spools[2] && third.octets == UInt64(text.utf8.count))
        #expect(third.flags == [.seen, .flagged] && third.keywords == ["later", "$Forwarded"] && large.keywords == [])
        #expect(inbox.isSubscribed && inbox.use == nil)
        #expect(third.trace == TraceID(high: 1, low: 2) && String(buffer: told[2]) == text)
        let rest = told[4..<told.count - 1].reduce(0) { $0 + $1.readableBytes }
        #expect(large.uid == 4 && large.octets == UInt64(rest) && rest > 300_000)
        #expect(try item(told[told.count - 1]) == .end)
        #expect(try frames { try listing.messages(of: 999, $0) }.count == 1)
    }

    @Test("the words of the store's own program") func words() async throws {
        let store = try TestStore(folder)
        _ = try await store.accept(.to([store.account("alice@example.test")]))
        let client = try await BackupClient(store)
        let taken = try await client.take()
        try await client.stop()
        for folder in ["state", "state/store"] { try Folder.make("\(target.path)/\(folder)") }
        try taken.save("\(target.path)/stream")
        let settings = try OpenFile("\(target.path)/postern.toml", flags: O_WRONLY | O_CREAT)
        let text = "[server]\nhostname = \"mail.example.test\"\nstate = \"\(target.path)/state\"\n"
        #expect(write(settings.descriptor, text, text.utf8.count) == text.utf8.count)
        let done = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [path = target.path as String] in
            dup2(open("\(path)/stream", O_RDONLY), STDIN_FILENO)
            RestoreMain.run(["--config", "\(path)/postern.toml"])
        }
        #expect(String(decoding: done.standardOutputContent, as: UTF8.self).hasPrefix("The store has the 1 messages"))
        let refused = try await #require(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            [path = target.path as String] in
            dup2(open("\(path)/stream", O_RDONLY), STDIN_FILENO)
            RestoreMain.run(["--config", "\(path)/postern.toml"])
        }
        #expect(String(decoding: refused.standardErrorContent, as: UTF8.self).contains("say --replace"))
        let list = try OpenFile("\(target.path)/list", flags: O_WRONLY | O_CREAT)
        let lines = try taken.lay("\(target.path)/b")
        #expect(write(list.descriptor, lines, lines.utf8.count) == lines.utf8.count)
        let checked = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [path = target.path as String] in
            dup2(open("\(path)/list", O_RDONLY), STDIN_FILENO)
            BackupCheckMain.run(["\(path)/b"])
        }
        #expect(String(decoding: checked.standardOutputContent, as: UTF8.self).hasPrefix("checked 1 "))
        let again = try TestStore(TestFolder(kept: "\(target.path)/state"))
        #expect(try again.verify().isEmpty)
        again.stop()
    }
}
