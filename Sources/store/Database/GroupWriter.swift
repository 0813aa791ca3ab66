// The thread of the index at work: a group of changes becomes one transaction. What stands in the way of one change of
// a group does not take the others with it.

import GRDB

/// Used by the index thread alone.
final class GroupWriter: @unchecked Sendable {
    // Unchecked: only touched by the index thread, inside the writer's connection.
    private let pool: DatabasePool
    private let quotaGrace: Int64
    private let log: @Sendable (StoreEvent) -> Void
    private let tell: @Sendable ([QuotaNews]) -> Void
    private var transaction: IndexTransaction?
    /// The log of SQLite may hold frames of a commit that failed half-way.
    private var mustClean = false

    /// - Parameter tell: called with what a commit has made full or not full any more, before its changes are answered.
    init(
        pool: DatabasePool, quotaGrace: Int64, log: @escaping @Sendable (StoreEvent) -> Void,
        tell: @escaping @Sendable ([QuotaNews]) -> Void
    ) {
        self.pool = pool
        self.quotaGrace = quotaGrace
        self.tell = tell
        self.log = log
    }

    /// One result a change, in the same order.
    func commit(_ works: [[Change]]) -> [[ChangeResult]] {
        do {
            return try transact(works)
        } catch {
            let failure = DatabaseError(error)
            log(.indexFailed(because: failure.description, changes: works.reduce(0) { $0 + $1.count }))
            mustClean = mustClean || Self.isDiskTrouble(error)
            if works.count > 1, !Self.isDiskTrouble(error) { return works.map { alone($0) } }
            return works.map { Self.failed($0, failure) }
        }
    }

    /// Each by itself: the one that SQLite does not take must not hold the others back for ever.
    private func alone(_ changes: [Change]) -> [ChangeResult] {
        do {
            return try transact([changes])[0]
        } catch {
            mustClean = mustClean || Self.isDiskTrouble(error)
            return Self.failed(changes, DatabaseError(error))
        }
    }

    private static func failed(_ changes: [Change], _ error: DatabaseError) -> [ChangeResult] {
        changes.map { _ in .failed(error) }
    }

    private static func isDiskTrouble(_ error: any Error) -> Bool {
        guard let error = error as? GRDB.DatabaseError else { return false }
        return error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR
    }

    private func transact(_ works: [[Change]]) throws -> [[ChangeResult]] {
        try pool.writeWithoutTransaction { database in
            try clean(database)
            let transaction = try self.transaction ?? IndexTransaction(database, quotaGrace: quotaGrace)
            self.transaction = transaction
            var results: [[ChangeResult]] = []
            results.reserveCapacity(works.count)
            do {
                try database.inTransaction(.immediate) {
                    for changes in works { results.append(try changes.map { try transaction.apply($0) }) }
                    try transaction.finish()
                    return .commit
                }
            } catch {
                transaction.forget()
                throw error
            }
            let news = transaction.quotas.takeNews()
            if !news.isEmpty { tell(news) }
            return results
        }
    }

    /// After an I/O error nobody knows which frames of the log are on the disk, and later ones would be lost with a
    /// missing one. So the log is emptied into the database before anything new is taken.
    private func clean(_ database: GRDB.Database) throws {
        guard mustClean else { return }
        let row = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        guard row?[0] as Int? == 0 else { throw DatabaseError.trouble("the index waits for its readers") }
        mustClean = false
    }

    func close() {
        // Statements are given back where their connection is held.
        pool.writeWithoutTransaction { _ in transaction = nil }
    }
}
