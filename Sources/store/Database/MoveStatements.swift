// Messages change their places in the segments.

import GRDB
import IPC
import Mail

final class MoveStatements {
    private let place: IndexStatement
    private let anybody: IndexStatement

    init(_ database: GRDB.Database) throws {
        place = try IndexStatement(
            database,
            "UPDATE messages SET segment = ?4, offset = ?5 WHERE spool = ?1 AND segment = ?2 AND offset = ?3")
        anybody = try IndexStatement(database, "SELECT 1 FROM messages INDEXED BY messages_place WHERE segment = ?1 LIMIT 1")
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
        var isEmpty = true
        anybody.bind(1, segment)
        try anybody.rows { isEmpty = false }
        return isEmpty
    }
}
