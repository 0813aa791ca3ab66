// The engine is killed hundreds of times, at every step that it takes: what it acknowledged is there exactly once, what it
// let go of stays away, every checksum is right, and the ledger has no recipient too few. (F-4)

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
}
