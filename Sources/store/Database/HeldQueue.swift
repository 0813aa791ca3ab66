// Nothing is sent a second time: when nobody knows what became of the queue since, all of it waits for an administrator.

import GRDB

enum HeldQueue {
    /// - Parameters:
    ///   - because: what `postern queue list` shows as the reason.
    ///   - now: milliseconds since 1970.
    static func hold(_ database: GRDB.Database, because: String, now: Int64) throws {
        try database.execute(
            sql: """
                UPDATE queue SET state = 'held', last_at = ?, last_category = 'unknown', last_remote = '', last_text = ?,
                    last_status = ''
                """,
            arguments: [now, because])
    }
}
