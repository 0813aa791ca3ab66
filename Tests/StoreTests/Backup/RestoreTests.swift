// A store out of a backup: whole or not at all, whatever ends it, and nothing of the old one is deleted. (2.9, U13)

import Glibc
import IPC
import Mail
import NIOCore
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
        spools.append(try await store.acceptLarge(.to([alice])))
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
        #expect(try await store.house.database.passwords(of: account).first?.hash.hasPrefix("$") == true)
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

    @Test("passwords with scopes, sealed ones, quotas, mailboxes, rights and keywords are those of the backup")
    func directory() async throws {
        let old = try TestStore(folder)
        try await old.addUser("alice@example.test", "s3cret")
        try await old.addUser("bob@example.test", "s3cret")
        let (alice, bob) = (NamedAccount("alice@example.test".address), NamedAccount("bob@example.test".address))
        _ = await old.command(
            .addPassword(alice.address, NewPassword(name: "till", scopes: [.pop3], password: Secret("t1ll-t1ll"))))
        for question: CommandToStore.Question in [
            .setPassword(alice.address, password: Secret("g3heim"), legacy: ["APOP"]),
            .setQuota(.account(alice.address, nil), QuotaChange(octets: .limit(1_000_000))),
            .mailbox(.create(NamedMailbox(alice, "Work/2026"), use: nil)),
            .mailbox(.grant(NamedMailbox(alice, "Work/2026"), to: bob, rights: "lrs")),
        ] { try await old.carryOut(question) }
        var placement = LocalPlacement(
            recipient: alice.address, account: try #require(old.entry("alice@example.test")?.user))
        (placement.mailbox, placement.flags, placement.keywords) = ("Work/2026", [.flagged], ["later", "$Forwarded"])
        _ = try await old.accept(.to([placement]))
        let before = await state(of: old, alice)
        for word in ["later", "Work/2026", "till", "1000000", "bob"] { #expect(before.contains(word), "\(word): \(before)") }
        let client = try await BackupClient(old)
        let taken = try await client.take()
        try await client.stop()
        let key = try #require(taken.files[.passwordKey])
        #expect(key.count == 32)
        try taken.save(stream)
        #expect(try StoreRestore.run(target, stream).files == 3)
        var facts = stat()
        #expect(stat("\(home)/passwords.key", &facts) == 0 && facts.st_mode & 0o777 == 0o600)
        let road = try await RouterRoad(try TestStore(target))
        #expect(await state(of: road.store, alice) == before)
        #expect(try await DigestLoginTests.login(road, "alice@example.test", "g3heim").grant != nil)
        try await road.stop()
    }

    /// What the directory and the mailboxes say of it, without the numbers that a restoring passes over.
    private func state(of store: TestStore, _ account: NamedAccount) async -> String {
        let work = NamedMailbox(account, "Work/2026")
        var words: [String] = []
        for question: CommandToStore.Question in [
            .listPasswords(account.address), .listQuotas(.account(account.address)), .mailbox(.listRights(work)),
            .mailbox(.list(account, after: nil)), .mailbox(.messages(work, from: 1)),
        ] {
            switch await store.command(question) {
            case .mailbox(.mailboxes(let all)):
                words += all.map { "\($0.name) \($0.id) \($0.uidValidity) \($0.messages) \($0.isSubscribed)" }
            case let answer: words.append("\(answer)")
            }
        }
        return words.joined(separator: "\n")
    }

    @Test("a backup without the key leaves that of the store in its place, one with it moves it aside")
    func keys() async throws {
        let key = { (text: String) in Array(String(repeating: text, count: 32).utf8) }
        var taken = try await backup().taken
        #expect(taken.files[.passwordKey] == nil)
        try Folder.make(home)
        let own = try OpenFile("\(home)/passwords.key", flags: O_WRONLY | O_CREAT)
        #expect(write(own.descriptor, key("o"), 32) == 32)
        try taken.save(stream)
        #expect(try StoreRestore.run(target, stream).before == nil)
        func read(_ path: String) throws -> [UInt8] { try OpenFile(path, flags: O_RDONLY).bytes(from: 0, 99) }
        #expect(try read("\(home)/passwords.key") == key("o"))
        taken.files[.passwordKey] = key("n")
        try taken.save(stream)
        let before = try #require(try StoreRestore.run(target, stream, replaces: true).before)
        #expect(try read("\(home)/passwords.key") == key("n"))
        #expect(try read("\(before)/passwords.key") == key("o"))
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

    @Test("what came twice and an index that did not come are said") func said() async throws {
        let taken = try await backup().taken
        let whole = taken.stream(isWhole: false)
        var none = taken
        none.files[.index] = nil
        var streams = [(none.stream(), "the backup has no index")]
        for file in [.index, StoreFile(.segment, 1), StoreFile(.large, 1)] {
            let again = whole + RestoreHead(file, length: 1).bytes + [0] + RestoreHead(nil).bytes
            streams.append((again, "\(file.path) came twice"))
        }
        for (bytes, because) in streams {
            let file = try OpenFile(stream, flags: O_WRONLY | O_CREAT | O_TRUNC)
            #expect(write(file.descriptor, bytes, bytes.count) == bytes.count)
            let fault = #expect(throws: StoreFault.self) { try StoreRestore.run(target, stream) }
            #expect(fault?.description == because)
            #expect(access("\(home)/index.sqlite", F_OK) != 0)
        }
    }

    @Test(
        "a part of a store is a store too: nothing is put in its place unasked",
        arguments: [
            "index.sqlite", StoreFile(.segment, 1).path, StoreFile(.large, 1).path,
        ])
    func part(name: String) async throws {
        try await backup().taken.save(stream)
        for folder in [home, "\(home)/segments", "\(home)/large"] { try Folder.make(folder) }
        _ = try OpenFile("\(home)/\(name)", flags: O_WRONLY | O_CREAT)
        let refusal = #expect(throws: StoreFault.self) { try StoreRestore.run(target, stream) }
        #expect(refusal?.description.contains("say --replace") == true)
        #expect(access("\(home)/\(name)", F_OK) == 0)
        unlink("\(home)/\(name)")
        let report = try StoreRestore.run(target, stream)
        #expect(report.messages == 7)
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
