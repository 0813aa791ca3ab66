// A backup is one moment of the store, whatever happens meanwhile, and holds nobody up. (2.9, U13)

import Crypto
import Glibc
import IPC
import Mail
import NIOCore
import Synchronization
import Testing

@testable import store

@Suite(.bothEngines) struct BackupTests {
    static let settings = "[store]\nsegment_size = \"1 MB\"\nexpunge_retention = 0\ncompact_rate = \"1 GB\"\n"

    let folder = TestFolder()
    let target = TestFolder()

    private var stream: String { "\(target.path)/stream" }

    private func start(_ options: StoreOptions = .quick) throws -> TestStore {
        try TestStore(folder, options: options, more: Self.settings)
    }

    private func exists(_ file: StoreFile) -> Bool { access("\(folder.path)/store/\(file.path)", F_OK) == 0 }

    private var hasSnapshot: Bool { access("\(folder.path)/store/backup.sqlite", F_OK) == 0 }

    private func text(_ number: Int) -> String {
        "Subject: \(number)\r\n\r\n" + String(repeating: "\(number % 10)", count: 110_000)
    }

    @Test("the journal hears of each backup how it went") func told() async throws {
        let store = try start()
        _ = try await store.accept(.to([store.account("alice@example.test")]))
        let client = try await BackupClient(store)
        @Sendable func told() -> [String] {
            store.events.all.compactMap { event in
                switch event {
                case .backupBegun(let begun): "begun \(begun.messages) \(begun.files)"
                case .backupFinished: "finished"
                case .backupGivenUp(let because): because
                default: nil
                }
            }
        }
        _ = try await client.take()
        #expect(told() == ["begun 1 2", "finished"])
        try await client.begin()
        _ = try await client.beginBackup()
        try await client.cancel()
        try await eventually { told().count == 4 }
        #expect(told().last == "its command went away")
        try await client.stop()
    }

    @Test("what a backup names stays until it ends, and then goes") func pinned() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        for number in 0..<12 { _ = try await store.accept(.to([alice]), text(number)) }
        _ = try await store.acceptLarge(.to([alice]))
        let client = try await BackupClient(store)
        let begun = try await client.beginBackup()
        #expect((begun.messages, begun.files, begun.missing) == (13, 4, []))
        try await store.house.inboxes.removeMessages(Array(1...9) + [13], of: alice.account)
        for _ in 0..<3 { store.house.upkeep.round() }
        let files = try await client.list()
        #expect(files.map(\.file) == [.index, StoreFile(.segment, 1), StoreFile(.segment, 2), StoreFile(.large, 1)])
        for listed in files.dropFirst() {
            #expect(exists(listed.file))
            let bytes = try await client.read(listed.file, listed.length)
            #expect(try await client.sum(listed.file, listed.length) == Array(SHA256.hash(data: bytes)))
        }
        // Mail is taken meanwhile.
        _ = try await store.accept(.to([alice]))
        try await client.end()
        for _ in 0..<2 { store.house.upkeep.round() }
        #expect(!exists(StoreFile(.segment, 1)) && !exists(StoreFile(.large, 1)) && !hasSnapshot)
        #expect(try store.verify().isEmpty)
        try await client.stop()
    }

    @Test("a step of purging that was under way when the backup began removes its files at the end") func stepUnderWay() {
        let pin = BackupPin()
        let removed = Recorded<String>()
        var disk = DiskCalls.system
        disk.remove = { path in
            removed.add(path)
            return 0
        }
        pin.remove("a", disk)
        #expect(pin.hold() && !pin.hold() && pin.isHeld)
        pin.remove("b", disk)
        #expect(!pin.unlessHeld { removed.add("never") })
        #expect(removed.all == ["a"])
        pin.release(disk)
        #expect(removed.all == ["a", "b"] && pin.unlessHeld { removed.add("c") } && removed.all == ["a", "b", "c"])
    }

    @Test("one at a time; a command that is killed holds nothing") func oneAtATime() async throws {
        let store = try start()
        _ = try await store.accept(.to([store.account("alice@example.test")]))
        let client = try await BackupClient(store)
        _ = try await client.beginBackup()
        let other = try await BackupClient(store)
        await #expect(throws: StoreFault.self) { try await other.beginBackup() }
        try await client.cancel()
        try await eventually { !store.house.backups.pin.isHeld }
        #expect(!hasSnapshot)
        _ = try await other.beginBackup()
        #expect(hasSnapshot)
        try await other.end()
        #expect(!hasSnapshot)
        // In the middle of the snapshot, too.
        try await other.begin()
        async let never = other.ask(.begin)
        try await other.cancel()
        _ = try? await never
        try await eventually { !store.house.backups.pin.isHeld }
        #expect(!hasSnapshot)
        // Nor does one whose last question was another.
        for last in [.begin, .list(from: 0), .read(.index, from: 0, count: 100), .sum(.index, count: 100)] as [BackupQuestion] {
            try await client.begin()
            if case .begin = last {} else { _ = try await client.beginBackup() }
            _ = try? await client.ask(last, last: true)
            try await eventually { !store.house.backups.pin.isHeld }
        }
        #expect(!hasSnapshot)
        try await client.stop()
    }

    @Test(
        "words at the wrong time and files that are not listed are refused",
        arguments: [
            .list(from: 0), .read(.index, from: 0, count: 1), .sum(.index, count: 1), .end,
        ] as [BackupQuestion])
    func wrongTime(question: BackupQuestion) async throws {
        let store = try start()
        let client = try await BackupClient(store)
        await #expect(throws: StoreFault.self) { try await client.ask(question) }
        _ = try await client.beginBackup()
        let size = try #require(try await client.list().first).length
        for wrong in [
            .begin, .read(StoreFile(.segment, 9), from: 0, count: 0), .read(.index, from: 0, count: size + 1),
            .read(.index, from: .max, count: .max), .read(.index, from: 0, count: BackupLimits.piece + 1),
            .sum(StoreFile(.large, 1), count: 0), .sum(.index, count: .max),
        ] as [BackupQuestion] {
            await #expect(throws: StoreFault.self, "\(wrong)") { try await client.ask(wrong) }
        }
        let head = TestEngine.current == .sqlite ? Array("SQLite format 3\0".utf8) : [UInt8](repeating: 0x2E, count: 16)
        #expect(try await client.read(.index, from: 0, 16) == head)
        if case .files(let none) = try await client.ask(.list(from: .max)) { #expect(none.isEmpty) }
        try await client.end()
        try await client.stop()
    }

    @Test("a reading ends where the file does, and is no longer than a piece") func limits() async throws {
        let store = try start()
        _ = try await store.acceptLarge(.to([store.account("alice@example.test")]), octets: Int(BackupLimits.piece) + 100)
        let client = try await BackupClient(store)
        _ = try await client.beginBackup()
        let (file, length, piece) = (StoreFile(.large, 1), BackupLimits.piece + 100, BackupLimits.piece)
        for (from, count) in [(0, piece), (100, piece), (piece, 100), (length - 1, 1), (length, 0)] {
            #expect(try await client.read(file, from: from, count).count == Int(count), "\(from), \(count)")
        }
        for wrong in [
            .read(file, from: 0, count: piece + 1), .read(file, from: 101, count: piece), .read(file, from: length - 1, count: 2),
            .read(file, from: length, count: 1), .read(file, from: length + 1, count: 0), .sum(file, count: length + 1),
        ] as [BackupQuestion] {
            let refusal = await #expect(throws: StoreFault.self, "\(wrong)") { try await client.ask(wrong) }
            #expect(refusal?.description == "\(file.path) is not of this backup, or shorter", "\(wrong)")
        }
        #expect(try await client.sum(file, length).count == 32)
        try await client.end()
        try await client.stop()
    }

    @Test("a file that is missing in the store is named, and the rest is backed up") func missing() async throws {
        let store = try start()
        let alice = store.account("alice@example.test")
        _ = try await store.acceptLarge(.to([alice]))
        _ = try await store.acceptLarge(.to([alice]), number: 2)
        unlink("\(folder.path)/store/\(StoreFile(.large, 1).path)")
        let client = try await BackupClient(store)
        let begun = try await client.beginBackup()
        #expect((begun.missing, begun.missingCount, begun.files) == ([StoreFile(.large, 1).path], 1, 3))
        try await client.stop()
    }

    @Test("no room for the snapshot: refused, and nothing is held") func full() async throws {
        var options = StoreOptions.quick
        let free = Recorded<UInt64>()
        options.disk.free = { _ in free.all.last }
        let store = try start(options)
        let client = try await BackupClient(store)
        free.add(SpoolLimits().reserve)
        await #expect(throws: StoreFault.self) { try await client.beginBackup() }
        free.add(1 << 40)
        _ = try await client.beginBackup()
        try await client.end()
        try await client.stop()
    }

    @Test("a stamp is the same for the same file and no other, and a young file has none") func stamps() throws {
        let path = "\(folder.path)/x"
        let file = try OpenFile(path, flags: O_RDWR | O_CREAT)
        func facts() -> stat {
            var facts = stat()
            stat(path, &facts)
            return facts
        }
        let now = Int64(facts().st_ctim.tv_sec) * 1_000 + 10_000
        let first = try #require(FileStamp.text(facts(), now: now))
        #expect(FileStamp.text(facts(), now: now) == first)
        #expect(FileStamp.text(facts(), now: now - 9_000) == nil)
        #expect(write(file.descriptor, "x", 1) == 1)
        #expect(FileStamp.text(facts(), now: now + 10_000) != first)
    }
}

@Suite struct BackupConsistencyTests {
    let folder = TestFolder()
    let target = TestFolder()

    @Test("taken while mail comes, goes and is compacted, a backup has all that was acknowledged before it", arguments: 0..<4)
    func underLoad(round: Int) async throws {
        var options = StoreOptions.quick
        options.upkeep.interval = .milliseconds(1)
        let store = try TestStore(folder, options: options, more: CrashedLife.settings)
        let alice = store.account("alice@example.test")
        let history = try CrashHistory(folder.path)
        let client = try await BackupClient(store)
        store.house.upkeep.start()
        let isOver = SharedFlag()
        let load = Task {
            var spools: [SpoolID] = []
            var number = 0
            while !isOver.isSet {
                number += 1
                let spool = try await store.accept(
                    .to([alice], relays: number % 3 == 0 ? ["\(number)@remote.test"] : []), CrashHistory.text(number))
                history.note("A \(number) \(spool)")
                spools.append(spool)
                if number % 20 == 0 {
                    let inbox = try await store.house.database.inbox(of: alice.account)?.messages ?? []
                    try await store.house.inboxes.removeMessages(inbox.prefix(15).map(\.uid), of: alice.account)
                }
            }
            return spools
        }
        for backup in 0..<3 {
            try await client.begin()
            try await eventually { try history.read().accepted.count > 40 * (backup + 1) }
            let before = try history.read().accepted
            let inbox = try await store.house.database.inbox(of: alice.account)?.messages.map(\.spool) ?? []
            let restored = TestFolder()
            try await client.take().save("\(target.path)/stream")
            let report = try StoreRestore.run(restored, "\(target.path)/stream")
            let copy = try TestStore(restored, more: CrashedLife.settings)
            #expect(try copy.verify().isEmpty)
            let audit = try await copy.audit()
            #expect(audit.unaccounted == 0 && audit.accepted >= UInt64(before.count) && report.messages > 0)
            let there = try await copy.house.database.inbox(of: alice.account)?.messages ?? []
            // UIDs are those of the backup, and what was there before it and is there still was not removed meanwhile.
            let now = try #require(try await store.house.database.inbox(of: alice.account))
            #expect(try await copy.house.database.inbox(of: alice.account)?.uidValidity == now.uidValidity)
            let uids = Dictionary(uniqueKeysWithValues: now.messages.map { ($0.spool, $0.uid) })
            for message in there { if let uid = uids[message.spool] { #expect(message.uid == uid) } }
            let still = Set(inbox).intersection(uids.keys)
            #expect(still.isSubset(of: Set(there.map(\.spool))))
            for message in there.prefix(5) { _ = try CrashHistory.number(try await copy.text(message.spool).content) }
            copy.stop()
        }
        isOver.set()
        #expect(try await load.value.count > 120)
        #expect(try store.verify().isEmpty)
        try await client.stop()
    }

    @Test("killed while a backup is taken: no snapshot stays, nothing is lost", arguments: 0..<25) func killed(number: Int)
        async throws
    {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String, number = number as Int] in
            await BackedUpLife.run(path, number)
        }
        let store = try TestStore(folder, more: CrashedLife.settings)
        #expect(access("\(folder.path)/store/backup.sqlite", F_OK) != 0)
        let account = try #require(store.entry("alice@example.test")?.user)
        _ = try await CrashHistory(folder.path).check(store, account)
        store.house.upkeep.round()
        let client = try await BackupClient(store)
        #expect(try await client.beginBackup().messages > 0)
        try await client.stop()
    }
}

private final class SharedFlag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

/// A store that is backed up without end, until it is killed.
enum BackedUpLife {
    static func run(_ path: String, _ number: Int) async {
        do {
            let point = Doom.Point.allCases[number % Doom.Point.allCases.count]
            let doom = Doom(point, call: number, microseconds: 20_000 + number * 2_500)
            var options = StoreOptions.quick
            options.disk = doom.disk
            options.upkeep.interval = .milliseconds(1)
            let store = try TestStore(TestFolder(kept: path), options: options, more: CrashedLife.settings)
            let alice = store.account("alice@example.test")
            let history = try CrashHistory(path)
            let client = try await BackupClient(store)
            let first = try await store.accept(.to([alice]), CrashHistory.text(1))
            history.note("A 1 \(first)")
            doom.arm()
            store.house.upkeep.start()
            _ = Task {
                for number in 2... {
                    let spool = try await store.accept(.to([alice]), CrashHistory.text(number))
                    history.note("A \(number) \(spool)")
                }
            }
            while true {
                try await client.begin()
                _ = try await client.take()
            }
        } catch {
            exit(1)
        }
    }
}

extension String {
    /// Without the header fields that the house has put before it.
    var content: String {
        guard let start = range(of: "Subject: ")?.lowerBound else { return self }
        return String(self[start...])
    }
}
