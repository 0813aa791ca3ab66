// What a backup has: `postern-backup.json` in its folder. What it does not name does not belong to the backup.

import FoundationEssentials
import IPC

struct BackupManifest: Codable, Equatable {
    static let name = "postern-backup.json"
    static let currentFormat = 1

    struct File: Codable, Equatable {
        /// The path in the store.
        var file: String
        /// The path below the backup's folder: that of the store, with an ending when the place was taken.
        var path: String
        /// Octets from the start on; what lies behind them belongs to a backup that was not finished.
        var length: UInt64
        /// Of these octets; 64 hexadecimal digits.
        var sha256: String
        /// As the store gave it; nil: it was too young.
        var stamp: String?
    }

    var format = currentFormat
    var release: String
    /// In UTC.
    var madeAt: String
    /// Tells stores apart.
    var store: String
    var messages: UInt64
    /// Of the store, when the backup was made.
    var missing: [String]
    var files: [File]

    var octets: UInt64 { files.reduce(0) { $0 + $1.length } }

    /// One that was read is not believed: every path stays in the folder, every file is there once.
    func check() throws(Failure) {
        guard format == Self.currentFormat else {
            throw Failure("the backup has format \(format) and this release knows \(Self.currentFormat): take a newer release")
        }
        var names: Set<String> = []
        for file in files {
            guard let known = StoreFile(path: file.file), BackupPlace.isFor(known, file.path),
                file.sha256.utf8.count == 64, file.length <= RestoreHead.longest, names.insert(file.file).inserted
            else { throw Failure("\(Self.name) is damaged at \(printable(String(file.file.prefix(100))))") }
        }
        guard names.contains(StoreFile.index.path) else { throw Failure("\(Self.name) names no index") }
    }
}

/// The two places that a file may have in a backup: a changed one must not be written over that of the backup before.
enum BackupPlace {
    private static let ending = ".1"

    static func isFor(_ file: StoreFile, _ path: String) -> Bool { path == file.path || path == file.path + ending }

    /// One that is not taken.
    static func free(for file: StoreFile, taken: Set<String>) -> String {
        taken.contains(file.path) ? file.path + ending : file.path
    }

    /// The file whose place this is; nil: it is nobody's.
    static func file(at path: String) -> StoreFile? {
        StoreFile(path: path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path)
    }
}

/// What is to be done for one file.
enum CopyStep: Equatable {
    /// It is there as it is.
    case keep(BackupManifest.File)
    /// Its beginning is there, if the store's has the same sum.
    case compare(BackupManifest.File)
    case copy

    /// - Parameters:
    ///   - known: the entries of it, the newest first: of a run that was not finished, of the last backup.
    ///   - there: octets of the file at a path of the backup; nil: there is none.
    static func first(
        for listed: ListedFile, known: [BackupManifest.File], there: (String) -> UInt64?
    ) -> CopyStep {
        // An index is never the same again.
        guard listed.file != .index else { return .copy }
        for entry in known {
            guard let size = there(entry.path), size >= entry.length else { continue }
            if let stamp = listed.stamp, stamp == entry.stamp, entry.length >= listed.length { return .keep(entry) }
            if entry.length <= listed.length, entry.length > 0 { return .compare(entry) }
        }
        return .copy
    }
}
