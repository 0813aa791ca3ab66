// The SQLite engine: one thread commits whatever waits in one transaction, WAL with synchronous=FULL, so that a commit
// has survived a power cut when it is answered. Readers see snapshots and hold nobody up.

import GRDB
import Mail
import NIOPosix
import Synchronization

package final class SQLiteDatabase: Database {
    private struct Work: Sendable {
        let changes: [Change]
        let done: @Sendable ([ChangeResult]) -> Void
    }

    /// Changes of one transaction; more wait for the next.
    private static let group = 4_096

    let pool: DatabasePool
    let readers: NIOThreadPool
    private let waiting = WorkQueue<Work>()
    private let thread = Mutex<RoomThread?>(nil)
    private let quotaWatch = QuotaWatch()

    /// Opens or makes the database file and brings it to this release's version.
    /// - Parameter quotaGrace: octets that the last message of an account or a domain may go over its limit.
    package init(
        path: String, readers: NIOThreadPool, quotaGrace: Int64 = 0, log: @escaping @Sendable (StoreEvent) -> Void
    ) throws(DatabaseError) {
        self.readers = readers
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration)
            try pool.writeWithoutTransaction { try Self.prepare($0) }
        } catch {
            throw DatabaseError(error)
        }
        let writer = GroupWriter(pool: pool, quotaGrace: quotaGrace, log: log) { [quotaWatch] in quotaWatch.tell($0) }
        let waiting = waiting
        let running = RoomThread("store-index") {
            while case let works = waiting.take(upTo: Self.group, weight: Self.group, of: { $0.changes.count }),
                !works.isEmpty
            {
                let results = writer.commit(works.map(\.changes))
                for (work, results) in zip(works, results) { work.done(results) }
            }
            writer.close()
        }
        thread.withLock { $0 = running }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;
                    PRAGMA journal_size_limit = 67108864;
                    """)
        }
        return configuration
    }

    private static func prepare(_ database: GRDB.Database) throws {
        // GRDB sets NORMAL when it switches a database to WAL: what it is set to before is lost.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
        let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode")
        guard synchronous == 2, journal == "wal" else {
            throw DatabaseError.trouble("SQLite does not do what is durable: \(synchronous ?? -1), \(journal ?? "")")
        }
        try migrate(database)
        try makeDecoy(database)
    }

    /// Once for all time, by the system's randomness.
    private static func makeDecoy(_ database: GRDB.Database) throws {
        guard try Row.fetchOne(database, sql: "SELECT 1 FROM progress WHERE decoy IS NULL") != nil else { return }
        let digits = (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 16) }
        try database.execute(sql: "UPDATE progress SET decoy = ?", arguments: [digits.joined()])
    }

    /// Forwards only, each version in a transaction of its own.
    private static func migrate(_ database: GRDB.Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= IndexSchema.current else {
            throw DatabaseError.newer(found: found, known: IndexSchema.current)
        }
        for version in found..<IndexSchema.current {
            try database.inTransaction(.immediate) {
                try database.execute(sql: IndexSchema.versions[version])
                try database.execute(sql: "PRAGMA user_version = \(version + 1)")
                return .commit
            }
        }
    }

    package func commit(_ changes: [Change], _ done: @escaping @Sendable ([ChangeResult]) -> Void) {
        guard waiting.put(Work(changes: changes, done: done)) else {
            return done(changes.map { _ in .failed(.trouble("the store is stopping")) })
        }
    }

    package func watchQuotas(_ body: @escaping @Sendable ([QuotaNews]) -> Void) { quotaWatch.begin(body) }

    package func close() {
        waiting.close()
        let running = thread.withLock { running in
            defer { running = nil }
            return running
        }
        running?.join()
        try? pool.close()
    }

    /// The writer's level of durability, for the test that holds it to FULL.
    package var synchronous: Int? {
        try? pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    }
}

extension DatabaseError {
    init(_ error: any Error) {
        switch error {
        case let error as DatabaseError: self = error
        case let error as GRDB.DatabaseError where error.resultCode == .SQLITE_FULL: self = .full
        case let error as GRDB.DatabaseError:
            self = .trouble("SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "")")
        default: self = .trouble("\(error)")
        }
    }
}
