// What an administrator does to entries of the queue.

import GRDB
import IPC
import Mail

final class QueueStatements {
    private let find: IndexStatement
    private let release: IndexStatement
    private let remove: IndexStatement
    private let note: IndexStatement
    private let letGo: IndexStatement

    init(_ database: GRDB.Database) throws {
        find = try IndexStatement(database, "SELECT destination FROM queue WHERE entry = ?1")
        release = try IndexStatement(database, "UPDATE queue SET state = 'ready', next_attempt = ?2 WHERE entry = ?1")
        remove = try IndexStatement(database, "DELETE FROM queue WHERE entry = ?1")
        note = try IndexStatement(database, "UPDATE recipients SET fate = ?2, at = ?3 WHERE entry = ?1 AND fate = 0")
        letGo = try IndexStatement(database, "UPDATE messages SET refs = refs - 1 WHERE spool = ?1")
    }

    func release(_ entries: [EntryID], _ now: Int64) throws -> [(entry: EntryID, destination: String)] {
        try entries.compactMap { entry in
            guard let destination = try destination(of: entry) else { return nil }
            release.bind(1, entry.rawValue)
            release.bind(2, now)
            try release.run()
            return (entry, destination)
        }
    }

    /// The fate of each is bounced.
    func drop(_ entries: [EntryID], _ now: Int64) throws -> [(entry: EntryID, destination: String)] {
        try entries.compactMap { entry in
            guard let destination = try destination(of: entry) else { return nil }
            remove.bind(1, entry.rawValue)
            try remove.run()
            note.bind(1, entry.rawValue)
            note.bind(2, LedgerFate.bounced)
            note.bind(3, now)
            try note.run()
            letGo.bind(1, entry.spool.rawValue)
            try letGo.run()
            return (entry, destination)
        }
    }

    private func destination(of entry: EntryID) throws -> String? {
        var found: String?
        find.bind(1, entry.rawValue)
        try find.rows { found = find.text(0) }
        return found
    }
}
