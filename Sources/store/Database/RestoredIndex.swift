// A copied index on its way back into use: what happened since it was copied is not known, and nothing of it must be taken
// for something else.

import GRDB
import Mail

enum RestoredIndex {
    /// Messages that may have been given numbers since the backup: in each mailbox, and of the store. Clients remember
    /// numbers; a new message must not get one that they saw on another.
    static let unknown = 1 << 16

    /// Checks that it is whole and of a release that this one knows, holds the queue, and passes numbers over.
    static func prepare(_ path: String, now: Int64) throws(DatabaseError) -> (messages: UInt64, held: Int) {
        do {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            return try queue.write { database in
                try check(database)
                try HeldQueue.hold(
                    database, because: "restored from a backup: whether this was sent since is not known", now: now)
                let held = changedRows(database)
                try database.execute(
                    sql: "UPDATE mailboxes SET uidnext = MAX(uidnext, MIN(uidnext + ?, 4294967295))", arguments: [unknown])
                try database.execute(
                    sql: "UPDATE mailboxes SET highestmodseq = highestmodseq + ?", arguments: [unknown])
                try database.execute(
                    sql: "UPDATE progress SET next_spool = next_spool + ?, directory_version = directory_version + ?",
                    arguments: [unknown * 16, unknown])
                return (UInt64(try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM messages") ?? 0), held)
            }
        } catch {
            throw DatabaseError(error)
        }
    }

    private static func check(_ database: GRDB.Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= IndexSchema.current else { throw DatabaseError.newer(found: found, known: IndexSchema.current) }
        let said = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
        guard said == "ok" else { throw DatabaseError.trouble("the index of the backup is damaged: \(said ?? "")") }
    }
}
