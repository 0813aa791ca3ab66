// Two databases that get the same changes, and what differs between them.

import IPC
import Mail
import NIOPosix

@testable import store

/// A database and what somebody learns who only hears its news.
final class Side {
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

/// SQLite in a file and the model in memory.
final class Trial {
    private static let grace: Int64 = 500

    /// What SQLite has said, by the first word.
    private(set) var words: Set<Substring> = []
    private let folder = TestFolder()
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private var sqlite: Side
    private let memory: Side
    private var before = MemoryModel()

    init() throws {
        threads.start()
        sqlite = Side(try Self.open(folder, threads))
        let quick = MemoryDatabase.Pace(commit: .nanoseconds(0), read: .nanoseconds(0))
        memory = Side(MemoryDatabase(folder.disk, quotaGrace: Self.grace, pace: quick))
    }

    private static func open(_ folder: TestFolder, _ threads: NIOThreadPool) throws -> SQLiteDatabase {
        try SQLiteDatabase(path: IndexFiles.path(folder.path), readers: threads, quotaGrace: grace, log: { _ in })
    }

    var model: MemoryModel { folder.disk.model }

    /// Closes SQLite's file and opens it again.
    func restart() throws {
        let tables = sqlite.tables
        sqlite.database.close()
        sqlite = Side(try Self.open(folder, threads))
        sqlite.tables = tables
    }

    func close() async throws {
        for side in [sqlite, memory] { side.database.close() }
        try await threads.shutdownGracefully()
    }

    /// nil: both say and show the same.
    func differ(after changes: [Change], _ number: Int) async throws -> String? {
        let said = (sqlite.carryOut(changes), memory.carryOut(changes))
        words.formUnion(said.0.compactMap { $0.split(separator: "(").first })
        if let difference = Self.difference(said.0, said.1) { return "answers: \(difference)" }
        let known = number % 20 == 19 ? nil : before
        let shown = (
            try await Readable(sqlite.database, like: model, before: known, number: number).lines,
            try await Readable(memory.database, like: model, before: known, number: number).lines
        )
        before = model
        if let difference = Self.difference(shown.0, shown.1) { return "what is there: \(difference)" }
        let loaded = Readable.lines(try sqlite.database.load().directory)
        return Self.difference(loaded, Readable.lines(sqlite.tables)).map {
            "what is loaded (SQLite) and learned (memory): \($0)"
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
}
