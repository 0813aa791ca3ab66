// What the files of an index are called, for those who move them while no store runs.

import Glibc

enum IndexFiles {
    static let index = "index.sqlite"
    /// The log and its shared memory lie beside it.
    static let log = "-wal"
    static let besides = [log, "-shm"]
    /// A backup's copy of it, and what a crash may leave beside that.
    static let copy = "backup.sqlite"
    static let besidesCopy = ["-journal"] + besides

    static func path(_ home: String) -> String { "\(home)/\(index)" }

    static func isThere(_ home: String) -> Bool { access(path(home), F_OK) == 0 }
}
