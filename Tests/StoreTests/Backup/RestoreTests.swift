// A store out of a backup: whole or not at all, whatever ends it, and nothing of the old one is deleted. (2.9, U13)

import GRDB
import Glibc
import IPC
import Mail
import NIOCore
import POP3House
import Testing

@testable import store

@Suite struct RestoreTests {
    let folder = TestFolder()
    let target = TestFolder()

    private var stream: String { "\(target.path)/stream" }
    private var home: String { "\(target.path)/store" }

    /// A store with two accounts, a large message, and mail that waits to leave.
    private func backup() async throws -> (taken: TakenBackup, spools: [SpoolID], validity: UInt32) {
        let store = try TestStore(folder)
        try await store.addUser("alice@example.test", "s3cret")
        let alice = LocalPlacement(
            recipient: "alice@example.test".address, account: try #require(store.entry("alice@example.test")?.user))
        var spools: [SpoolID] = []
        for number in 1...5 { spools.append(try await store.accept(.to([alice]), "Subject: \(number)\r\n\r\nx\r\n")) }
        let file = try ContentFile("\(folder.path)/store/large", number: 1, disk: .system)
        try file.append([ByteBuffer(repeating: 0x41, count: 300_000)])
        try file.seal()
        spools.append(try #require(await store.submit(.to([alice]), .ownFile(file)).spool))
        try await store.house.inboxes.removeMessages([2], of: alice.account)
        _ = try await store.accept(.to(relays: ["x@remote.test", "y@remote.test"]))
        let validity = try #require(try await store.house.database.inbox(of: alice.account)).uidValidity
        let client = try await BackupClient(store)
        let taken = try await client.take()
        try await client.stop()
        return (taken, spools, validity)
    }

    @Test("messages, UIDs and passwords are those of the backup; what waited is held") func everything() async throws {
        let (taken, spools, validity) = try await backup()
        try taken.save(stream)
        let report = try StoreRestore.run(target, stream)
        #expect(report == RestoreReport(files: 3, messages: 7, held: 2, before: nil))
        #expect(report.text.contains("2 recipients that mail was to be sent to are held"))
        var store = try TestStore(target)
        #expect(store.house.recovery.isClean)
        let account = try #require(store.entry("alice@example.test")?.user)
        let inbox = try #require(try await store.house.database.inbox(of: account))
        #expect(inbox.uidValidity == validity && inbox.messages.map(\.uid) == [1, 3, 4, 5, 6])
        #expect(inbox.messages.map(\.spool) == [0, 2, 3, 4, 5].map { spools[$0] })
        #expect(try store.verify().isEmpty)
        #expect(try await store.house.database.credential(of: account)?.hasPrefix("$") == true)
        let queue = try await store.house.database.queue(after: nil, limit: 10)
        #expect(queue.count == 2 && queue.allSatisfy { $0.state == .held && $0.last?.text.hasPrefix("restored") == true })
        #expect(store.house.queue.figures.first == Figure("queue-entries", 0))
        #expect(try await store.audit().unaccounted == 0)
        // A client that saw a message 7 after the backup must not take this one for it.
        let new = try await store.accept(.to([LocalPlacement(recipient: "alice@example.test".address, account: account)]))
        #expect(new.rawValue > spools.last!.rawValue + UInt64(RestoredIndex.unknown))
        let last = try #require(try await store.house.database.inbox(of: account)?.messages.last)
        #expect(last.spool == new && last.uid == 7 + UInt32(RestoredIndex.unknown))
        store = try store.reopened()
        #expect(store.house.recovery.isClean)
        store.stop()
        #expect(
            try Folder.names(home).sorted()
                == ["index.sqlite", "index.sqlite-shm", "index.sqlite-wal", "large", "lock", "segments"].filter {
                    access("\(home)/\($0)", F_OK) == 0
                })
    }

    @Test("a store that is there is not touched, or moved aside whole") func replaced() async throws {
        try await backup().taken.save(stream)
        var old = try TestStore(target)
        let bob = old.account("bob@example.test")
        let spool = try await old.accept(.to([bob]))
        #expect(throws: StoreFault.self, "it runs") { try StoreRestore.run(target, stream, replaces: true) }
        old.stop()
        #expect(throws: StoreFault.self) { try StoreRestore.run(target, stream) }
        let report = try StoreRestore.run(target, stream, replaces: true)
        #expect(report.before == "\(home)/before-20270115-080000")
        #expect(report.text.contains("The old store is in \(home)/before-20270115-080000"))
        #expect(try StoreRestore.run(target, stream, replaces: true).before == "\(home)/before-20270115-080000-2")
        let new = try TestStore(target)
        #expect(new.entry("bob@example.test")?.user == nil && new.entry("alice@example.test")?.user != nil)
        new.stop()
        let aside = TestFolder()
        #expect(rename("\(home)/before-20270115-080000", "\(aside.path)/store") == 0)
        old = try TestStore(aside)
        #expect(try await old.house.database.inbox(of: bob.account)?.messages.map(\.spool) == [spool])
        #expect(try old.verify().isEmpty)
        old.stop()
    }

    @Test("a stream that ends early, says something twice or is no backup changes nothing") func incomplete() async throws {
        let taken = try await backup().taken
        let whole = taken.stream()
        let index = RestoreHead(.index, length: 4).bytes + Array("abcd".utf8)
        var damaged = taken
        for place in 4_096..<9_000 { damaged.files[.index]?[place] = 0x55 }
        var newer = taken
        newer.files[.index]?.replaceSubrange(60..<64, with: [0, 0, 1, 0])
        var streams: [[UInt8]] = [
            [], taken.stream(isWhole: false), Array(whole.prefix(whole.count / 2)), Array("MAIL FROM:<a@b.example>\r\n".utf8),
            index + index + RestoreHead(nil).bytes, RestoreHead(nil).bytes, index + RestoreHead(nil).bytes,
            damaged.stream(), newer.stream(),
        ]
        streams += (1..<40).map { Array(whole.prefix(whole.count * $0 / 40)) }
        for (number, bytes) in streams.enumerated() {
            let file = try OpenFile(stream, flags: O_WRONLY | O_CREAT | O_TRUNC)
            #expect(bytes.isEmpty || write(file.descriptor, bytes, bytes.count) == bytes.count)
            #expect(throws: (any Error).self, "\(number)") { try StoreRestore.run(target, stream) }
            #expect(access("\(home)/index.sqlite", F_OK) != 0 && access("\(home)/restoring", F_OK) != 0)
        }
        try taken.save(stream)
        #expect(try StoreRestore.run(target, stream).messages == 7)
        #expect(access("\(home)/restored.new", F_OK) != 0)
    }

    @Test("a start in the middle is refused, and a second restoring ends it") func interrupted() async throws {
        try await backup().taken.save(stream)
        // As after a crash in W4: segments are in place, the index is not.
        try Folder.make(home)
        try Folder.make("\(home)/segments")
        _ = try OpenFile("\(home)/restoring", flags: O_WRONLY | O_CREAT)
        #expect(throws: StoreFault.self) { try TestStore(target) }
        let report = try StoreRestore.run(target, stream)
        #expect(report.before != nil)
        let store = try TestStore(target)
        #expect(try store.verify().isEmpty)
        store.stop()
    }

    @Test("killed at any time: the old store, or none that starts; then the new one", arguments: [1, 2])
    func killed(lane: Int) async throws {
        let (taken, spools, _) = try await backup()
        try taken.save(stream)
        let old = try TestStore(target)
        let bob = old.account("bob@example.test")
        let kept = try await old.accept(.to([bob]))
        old.stop()
        for number in 0..<40 {
            let delay = number * 700 + lane * 350
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = target.path as String, stream = stream as String, delay = delay as Int] in
                Doom(.anyTime, call: 0, microseconds: delay).arm()
                while true { _ = try StoreRestore.run(TestFolder(kept: path), stream, replaces: true) }
            }
            guard let store = try? TestStore(target) else {
                #expect(access("\(home)/restoring", F_OK) == 0)
                continue
            }
            #expect(try store.verify().isEmpty)
            let hasBob = store.entry("bob@example.test")?.user != nil
            #expect(hasBob != (store.entry("alice@example.test")?.user != nil))
            store.stop()
        }
        // Nothing of bob's is lost: his store is in its place, or in one of the folders that were put aside.
        _ = try StoreRestore.run(target, stream, replaces: true)
        var found = 0
        for name in try Folder.names(home) where name.hasPrefix("before-") {
            let index = "\(home)/\(name)/index.sqlite"
            guard access(index, F_OK) == 0, access("\(home)/\(name)/segments", F_OK) == 0 else { continue }
            let aside = TestFolder()
            #expect(rename("\(home)/\(name)", "\(aside.path)/store") == 0)
            let store = try TestStore(aside)
            if try await store.house.database.inbox(of: bob.account)?.messages.map(\.spool) == [kept] { found += 1 }
            store.stop()
        }
        #expect(found == 1)
        let new = try TestStore(target)
        let account = try #require(new.entry("alice@example.test")?.user)
        #expect(try await new.house.database.inbox(of: account)?.messages.map(\.spool) == [0, 2, 3, 4, 5].map { spools[$0] })
        new.stop()
    }
}

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
        let file = try ContentFile("\(folder.path)/store/large", number: 1, disk: .system)
        try file.append([ByteBuffer(repeating: 0x41, count: 300_000)])
        try file.seal()
        spools.append(try #require(await store.submit(.to([alice]), .ownFile(file)).spool))
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
        let file = try ContentFile("\(folder.path)/store/large", number: 1, disk: .system)
        try file.append([ByteBuffer(repeating: 0x41, count: 300_000)])
        try file.seal()
        spools.append(try #require(await store.submit(.to([alice]), .ownFile(file)).spool))
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
        #expect(mailboxes.count == 3 && mailboxes[2] == .end)
        let told = try frames { try listing.messages(of: inbox.number, $0) }
        #expect(try item(told[0]) == .damaged(uid: 2, because: "wrongChecksum"))
        guard case .message(let third) = try item(told[1]), case .message(let large) = try item(told[3]) else {
            throw StoreFault("no message")
        }
        #expect(third.uid == 3 && third.spool == spools[2] && third.octets == UInt64(text.utf8.count))
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
