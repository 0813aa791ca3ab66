// Which database a store has: how one is opened, and the only place that says SQLite to the rest of the room.

import Mail
import NIOPosix

/// An engine behind `protocol Database`.
package struct Engine: Sendable {
    /// What the store hands to its database.
    package struct Surroundings: Sendable {
        /// The store's own folder.
        package let home: String
        /// Threads on which a read may block.
        package let readers: NIOThreadPool
        /// Octets that the last message of an account or a domain may go over its limit.
        package let quotaGrace: Int64
        package let log: @Sendable (StoreEvent) -> Void
    }

    /// For sentences: what is missing when there is no index.
    package let name: String
    /// Whether the folder has an index already.
    package let isThere: @Sendable (_ home: String) -> Bool
    /// Opens the folder's index or makes it. Blocks; throws a `DatabaseError`.
    package let open: @Sendable (Surroundings) throws -> any Database

    package init(
        name: String, isThere: @escaping @Sendable (_ home: String) -> Bool,
        open: @escaping @Sendable (Surroundings) throws -> any Database
    ) {
        self.name = name
        self.isThere = isThere
        self.open = open
    }
}

extension Engine {
    package static let sqlite = Engine(
        name: IndexFiles.index, isThere: { IndexFiles.isThere($0) },
        open: { around in
            try SQLiteDatabase(
                path: IndexFiles.path(around.home), readers: around.readers, quotaGrace: around.quotaGrace, log: around.log)
        })
}
