// The same changes in the same groups, made by chance: SQLite and the plain model say the same to each of them, tell the same
// news, and show the same afterwards.

import IPC
import Mail
import NIOCore
import NIOPosix
import Testing

@testable import store

@Suite struct DifferentialTests {
    private static let grace: Int64 = 500

    /// A database and what somebody learns who only hears its news.
    private final class Side {
        let database: any Database
        let heard = Recorded<QuotaNews>()
        var tables = DirectoryTables()
        private var told = 0

        init(_ database: any Database) {
            self.database = database
            let heard = heard
            database.watchQuotas { news in for one in news { heard.add(one) } }
        }

        /// Lines with the results and the news, in an order of their own where there is none.
        func carryOut(_ changes: [Change]) -> [String] {
            let results = database.commitAndWait(changes)
            for case .directory(let news) in results { tables.learn(news) }
            let news = Array(heard.all.dropFirst(told))
            told += news.count
            for one in news { tables.learn(one) }
            return results.map(Self.shown) + news.map(Self.shown).sorted()
        }

        private static func shown(_ result: ChangeResult) -> String {
            switch result {
            case .failed: "failed"
            case .directory(.account(let id, let address, let kind, let kinds)):
                "account \(id) \(address) \(kind) \(kinds.map(\.rawValue).sorted())"
            case .directory(.password(let id, let kinds)): "password \(id) \(kinds.map(\.rawValue).sorted())"
            case .directory(.accountRemoved(let id, let address, let kind, let kinds)):
                "removed \(id) \(address) \(kind) \(kinds.map(\.rawValue).sorted())"
            default: "\(result)"
            }
        }

        private static func shown(_ news: QuotaNews) -> String {
            guard case .counted(let domain, let isFull, let full) = news else { return "\(news)" }
            return "counted \(domain) \(isFull) \(full.map(\.rawValue).sorted())"
        }
    }

    /// The first lines that only one side has.
    private static func difference(_ sqlite: [String], _ memory: [String]) -> String? {
        guard sqlite != memory else { return nil }
        let (left, right) = (Set(sqlite), Set(memory))
        let only = (sqlite.filter { !right.contains($0) }.prefix(4), memory.filter { !left.contains($0) }.prefix(4))
        if only.0.isEmpty, only.1.isEmpty { return "the lines are in another order" }
        return "SQLite: \(only.0.joined(separator: "\n        "))\nmemory: \(only.1.joined(separator: "\n        "))"
    }

    @Test("both engines do, tell and show the same", arguments: [1, 2, 3, 4] as [UInt64])
    func changes(seed: UInt64) async throws {
        let folder = TestFolder()
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let path = IndexFiles.path(folder.path)
        var sqlite = Side(try SQLiteDatabase(path: path, readers: threads, quotaGrace: Self.grace, log: { _ in }))
        let quick = MemoryDatabase.Pace(commit: .nanoseconds(0), read: .nanoseconds(0))
        let memory = Side(MemoryDatabase(folder.disk, quotaGrace: Self.grace, pace: quick))
        var maker = ChangeMaker(seed: seed)
        var changes = ChangeMaker.beginning.map { Change.directory($0, at: maker.now) }
        var before = MemoryModel()
        for number in 0..<100 {
            let said = (sqlite.carryOut(changes), memory.carryOut(changes))
            if let difference = Self.difference(said.0, said.1) {
                Issue.record("group \(number), answers: \(difference)")
                break
            }
            if number % 40 == 39 {
                sqlite.database.close()
                let tables = sqlite.tables
                sqlite = Side(try SQLiteDatabase(path: path, readers: threads, quotaGrace: Self.grace, log: { _ in }))
                sqlite.tables = tables
            }
            let model = folder.disk.model
            let known = number % 10 == 9 ? nil : before
            let shown = (
                try await Readable(sqlite.database, like: model, before: known, number: number).lines,
                try await Readable(memory.database, like: model, before: known, number: number).lines
            )
            before = model
            if let difference = Self.difference(shown.0, shown.1) {
                Issue.record("group \(number), what is there: \(difference)")
                break
            }
            let loaded = try sqlite.database.load()
            if let difference = Self.difference(Readable.lines(loaded.directory), Readable.lines(sqlite.tables)) {
                Issue.record("group \(number), loaded (SQLite) and learned (memory): \(difference)")
                break
            }
            changes = maker.group(model)
        }
        for side in [sqlite, memory] { side.database.close() }
        try await threads.shutdownGracefully()
    }
}
