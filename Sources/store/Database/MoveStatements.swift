// Where messages lie in the segments: the first of each segment, and messages that change their places.

import GRDB
import IPC
import Mail

/// Which rows of `messages` lie in segment ?1. Messages of a segment of arriving mail are found by their ids, which ascend
/// with their places; those that were moved, by an index.
enum SegmentRows {
    static func condition(_ segment: UInt64) -> String {
        guard !SegmentFolder.isCompacted(segment) else { return "segment = ?1 AND segment >= 281474976710656" }
        return """
            spool >= (SELECT first_spool FROM segments WHERE number = ?1)
            AND spool < COALESCE((SELECT first_spool FROM segments WHERE number > ?1 ORDER BY number LIMIT 1), \(Int64.max))
            AND segment = ?1
            """
    }

    /// The column by which they are in order without sorting.
    static func order(_ segment: UInt64) -> String { SegmentFolder.isCompacted(segment) ? "offset" : "spool" }
}

/// Notes the first message of each segment of arriving mail.
final class SegmentStarts {
    private let insert: IndexStatement
    private let remove: IndexStatement
    private var known: UInt64?

    init(_ database: GRDB.Database) throws {
        insert = try IndexStatement(database, "INSERT OR IGNORE INTO segments VALUES (?1, ?2)")
        remove = try IndexStatement(database, "DELETE FROM segments WHERE number = ?1")
    }

    /// To be called for messages of a segment in the order of their places.
    func note(_ segment: UInt64, _ spool: SpoolID) throws {
        guard segment != known else { return }
        insert.bind(1, segment)
        insert.bind(2, spool.rawValue)
        try insert.run()
        known = segment
    }

    func drop(_ segment: UInt64) throws {
        remove.bind(1, segment)
        try remove.run()
        if known == segment { known = nil }
    }

    /// The transaction did not happen.
    func forget() { known = nil }
}

final class MoveStatements {
    private let database: GRDB.Database
    private let place: IndexStatement

    init(_ database: GRDB.Database) throws {
        self.database = database
        place = try IndexStatement(
            database,
            "UPDATE messages SET segment = ?4, offset = ?5 WHERE spool = ?1 AND segment = ?2 AND offset = ?3")
    }

    func move(_ messages: [MovedMessage]) throws {
        for message in messages {
            place.bind(1, message.spool.rawValue)
            place.bind(2, message.from.segment)
            place.bind(3, message.from.offset)
            place.bind(4, message.to.position.segment)
            place.bind(5, message.to.position.offset)
            try place.run()
        }
    }

    func isEmpty(_ segment: UInt64) throws -> Bool {
        let anybody = try IndexStatement(
            cached: database, "SELECT 1 FROM messages WHERE \(SegmentRows.condition(segment)) LIMIT 1")
        var isEmpty = true
        anybody.bind(1, segment)
        try anybody.rows { isEmpty = false }
        return isEmpty
    }
}
