// The engine is killed hundreds of times, at every step that it takes: what it acknowledged is there exactly once, what it
// let go of stays away, every checksum is right, and the ledger has no recipient too few. (F-4)

import GRDB
import Glibc
import Mail
import Testing

@testable import store

@Suite struct CrashTests {
    /// Of each of two stores side by side; POSTERN_KILLS says another number.
    static let kills = getenv("POSTERN_KILLS").flatMap { Int(String(cString: $0)) } ?? 260

    @Test("F-4: killed while mail comes, goes, is purged and compacted", arguments: [1, 2] as [UInt64])
    func killed(lane: UInt64) async throws {
        let folder = TestFolder()
        for number in 0..<Self.kills {
            let seed = lane << 32 | UInt64(number)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String, seed = seed as UInt64] in
                await CrashedLife.run(path, seed)
            }
            if let because = Self.broken(folder) {
                Issue.record("\(because)")
                return
            }
        }
        try await expectAlive(folder)
    }

    @Test("F-4, F-9: killed while mail is appended, flagged, removed with its mailbox and brought back") func shelf() async throws
    {
        let folder = TestFolder()
        for number in 0..<(Self.kills / 3) {
            let seed = 9 << 32 | UInt64(number)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String, seed = seed as UInt64] in
                await CrashShelf.run(path, seed)
            }
            if let because = Self.broken(folder) {
                Issue.record("\(because)")
                return
            }
        }
        let last = try CrashShelf(folder.path, 1)
        try await last.check()
        last.stop()
    }

    private static func broken(_ folder: TestFolder) -> String? {
        guard let file = try? OpenFile("\(folder.path)/broken", flags: O_RDONLY) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(file.descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// A house as any other, that has seen much.
    private func expectAlive(_ folder: TestFolder) async throws {
        let store = try TestStore(folder, more: CrashedLife.settings)
        let account = try #require(store.entry("alice@example.test")?.user)
        let (present, _) = try await CrashHistory(folder.path).check(store, account)
        #expect(!present.isEmpty)
        #expect(try await store.audit().accepted > UInt64(Self.kills))
        for _ in 0..<3 { store.house.upkeep.round() }
        _ = try await CrashHistory(folder.path).check(store, account)
        store.stop()
    }

    static let migrations = 40

    @Test("killed while an index of the first version becomes one of today") func migration() async throws {
        let folder = TestFolder()
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        for number in 0..<200 { spools.append(try await store.accept(.to([alice], relays: ["\(number)@remote.test"]))) }
        store.stop()
        try MigrationTests.giveBack(folder)
        let (index, old) = ("\(folder.path)/store/index.sqlite", "\(folder.path)/old")
        try Self.copy(index, old)
        var untouched = 0
        for number in 0..<Self.migrations {
            for ending in ["-wal", "-shm"] { unlink(index + ending) }
            try Self.copy(old, index)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String, number = number as Int] in
                let doom = Doom(.anyTime, call: 0, microseconds: number * 1_000)
                doom.arm()
                let store = try TestStore(TestFolder(kept: path))
                while true { store.house.upkeep.round() }
            }
            let database = try DatabaseQueue(path: index)
            if try await database.read({ try Int.fetchOne($0, sql: "PRAGMA user_version") }) == 1 { untouched += 1 }
            try database.close()
            store = try TestStore(folder)
            #expect(try await store.house.database.inbox(of: alice.account)?.messages.map(\.spool) == spools)
            let audit = try await store.audit()
            #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (400, 200, 200, 0))
            #expect(try store.verify().isEmpty)
            store.stop()
        }
        #expect(untouched > 0 && untouched < Self.migrations)
    }

    @Test("killed while the index is made anew: the old one is kept, and another try makes it") func rebuilding() async throws {
        let folder = TestFolder()
        var store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        var spools: [SpoolID] = []
        for number in 0..<300 { spools.append(try await store.accept(.to([alice], relays: ["\(number)@remote.test"]))) }
        store.stop()
        let index = "\(folder.path)/store/index.sqlite"
        func isMade() throws -> Bool { try Folder.names("\(folder.path)/store").contains { $0.contains(".before-") } }
        var number = 0
        // At least once the new one was made: a slow machine is given longer.
        while try number < 30 || (number < 40 && !isMade()) {
            let microseconds = number < 30 ? number * 5_000 : 150_000 << (number - 29)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = folder.path as String, microseconds = microseconds as Int] in
                let doom = Doom(.anyTime, call: 0, microseconds: microseconds)
                doom.arm()
                while true { _ = try IndexRebuild(home: "\(path)/store", now: StoreClock.now(), log: { _ in }).run() }
            }
            #expect(try Folder.names("\(folder.path)/store").contains { $0.hasPrefix("index.sqlite") && !$0.contains(".new") })
            number += 1
        }
        #expect(try isMade())
        let report = try IndexRebuild(home: "\(folder.path)/store", now: StoreClock.now(), log: { _ in }).run()
        #expect((report.messages, report.held.count) == (300, 300))
        #expect(access(index, F_OK) == 0)
        store = try TestStore(folder)
        #expect(try await store.house.database.inbox(of: alice.account)?.messages.map(\.spool) == spools)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (600, 300, 300, 0))
        #expect(try store.verify().isEmpty)
        store.stop()
    }

    private static func copy(_ from: String, _ to: String) throws {
        let source = try OpenFile(from, flags: O_RDONLY)
        let bytes = try source.bytes(from: 0, Int(try source.size()))
        let target = try OpenFile(to, flags: O_WRONLY | O_CREAT | O_TRUNC)
        #expect(write(target.descriptor, bytes, bytes.count) == bytes.count)
    }
}
