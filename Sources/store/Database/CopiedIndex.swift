// A copy of the index that nobody writes to: made for a backup, read from one. Columns are asked for by their names, so that
// a copy that an older release made can be read too.

import Crypto
import GRDB
import Glibc
import Mail

extension SQLiteDatabase {
    /// SQLite's online backup from one reader's snapshot. The copy is a single file without a log.
    package func copy(to path: String) throws(DatabaseError) -> any DatabaseCopy {
        do {
            var configuration = Configuration()
            // Who crashes while it is made throws it away.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
            let copy = try DatabaseQueue(path: path, configuration: configuration)
            try pool.backup(to: copy)
            try copy.writeWithoutTransaction { database in
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
                guard mode == "delete" else { throw DatabaseError.trouble("the copy keeps a log (\(mode ?? ""))") }
            }
            try copy.close()
        } catch {
            throw DatabaseError(error)
        }
        return try CopiedIndex(path)
    }

    /// The database's file and its log.
    package var octetsOfCopy: UInt64 {
        ["", IndexFiles.log].reduce(0) { octets, ending in
            var facts = stat()
            return stat(pool.path + ending, &facts) == 0 ? octets + UInt64(facts.st_size) : octets
        }
    }
}

/// Used by one thread.
package final class CopiedIndex: DatabaseCopy {
    private let queue: DatabaseQueue

    /// - Parameter path: of a copy as `copy(to:)` makes it.
    package init(_ path: String) throws(DatabaseError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw DatabaseError(error)
        }
    }

    func look<Value>(_ body: (GRDB.Database) throws -> Value) throws(DatabaseError) -> Value {
        do { return try queue.read(body) } catch { throw DatabaseError(error) }
    }

    package func identity() throws(DatabaseError) -> String {
        try look { database in
            let decoy = try String.fetchOne(database, sql: "SELECT decoy FROM progress") ?? ""
            let digest = SHA256.hash(data: Array("postern store \(decoy)".utf8))
            return digest.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    package func messageCount() throws(DatabaseError) -> UInt64 {
        try look { UInt64(try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM messages") ?? 0) }
    }

    package func end() throws(DatabaseError) -> SpoolPosition {
        try look { database in
            let row = try Row.fetchOne(database, sql: "SELECT end_segment, end_offset FROM progress")
            return SpoolPosition(
                segment: UInt64(bitPattern: row?["end_segment"] ?? 0), offset: UInt64(bitPattern: row?["end_offset"] ?? 0))
        }
    }

    package func segments() throws(DatabaseError) -> [(number: UInt64, end: UInt64)] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: "SELECT segment, MAX(offset + length) AS reach FROM messages GROUP BY segment ORDER BY segment"
            ).map { (UInt64(bitPattern: $0["segment"]), UInt64(bitPattern: $0["reach"])) }
        }
    }

    package func unsyncedSegments() throws(DatabaseError) -> [UInt64] {
        try look { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT DISTINCT segment FROM messages WHERE spool >= (SELECT synced_spool FROM progress)"
            ).map { UInt64(bitPattern: $0) }
        }
    }

    package func ownFiles() throws(DatabaseError) -> [UInt64] {
        try look { database in
            try Int64.fetchAll(database, sql: "SELECT own_file FROM messages WHERE own_file <> 0 ORDER BY own_file")
                .map { UInt64(bitPattern: $0) }
        }
    }

    /// A page of messages from this one on, in the order of their ids.
    func messages(from spool: SpoolID, limit: Int) throws(DatabaseError) -> [IndexedRecord] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: "SELECT spool, segment, offset, length FROM messages WHERE spool >= ? ORDER BY spool LIMIT ?",
                arguments: [Int64(bitPattern: spool.rawValue), limit]
            ).map(Self.record)
        }
    }

    /// A row with spool, segment, offset and length.
    static func record(_ row: Row) -> IndexedRecord {
        let place = SpoolPosition(segment: UInt64(bitPattern: row["segment"]), offset: UInt64(bitPattern: row["offset"]))
        return IndexedRecord(
            spool: SpoolID(rawValue: UInt64(bitPattern: row["spool"])),
            location: SpoolLocation(place, length: UInt32(truncatingIfNeeded: row["length"] as Int64)))
    }
}
