// A whole store out of a backup, which comes file by file from the command. The store does not run meanwhile.
//
//  state          restored.new   home              `restoring`   what a store's start does   what a second restoring does
//  W1             growing        old or nothing    –             starts with the old         begins again
//  W2 marked      complete       old or nothing    there         refuses                     begins again
//  W3 aside       complete       nothing           there         refuses                     begins again
//  W4 moved       growing less   part of the new   there         refuses                     begins again, keeps the part aside
//  W5             none           new               –             starts with the new         –
//
//  Guarantees: nothing of the old store is deleted, no store starts with a part of one, and nothing is sent again by itself.

import Glibc
import IPC
import Mail

package struct RestoreReport: Equatable, Sendable {
    package var files = 0
    package var messages: UInt64 = 0
    /// Recipients that were to be sent to, and are held.
    package var held = 0
    /// Where the old store is; nil: there was none.
    package var before: String?
}

enum RestoredStore {
    static func marker(_ home: String) -> String { "\(home)/restoring" }

    /// A start in the middle of a restoring would take part of a store for all of it.
    static func mustBeWhole(_ home: String) throws(StoreFault) {
        guard access(marker(home), F_OK) == 0 else { return }
        throw StoreFault("\(home) is only partly restored: run postern restore again, to its end")
    }
}

/// Blocks; for a process that does nothing else.
package struct StoreRestore {
    private static let parts = [IndexFiles.index] + IndexFiles.besides.map { IndexFiles.index + $0 } + ["segments", "large"]
    private static let key = StoreFile.passwordKey.path

    private let home: String
    private let now: Int64
    private var new: String { "\(home)/restored.new" }

    /// - Parameters:
    ///   - home: the store's own folder.
    ///   - now: milliseconds since 1970.
    package init(home: String, now: Int64) {
        self.home = home
        self.now = now
    }

    /// - Parameters:
    ///   - input: what `RestoreHead` describes.
    ///   - replaces: a store that is there is moved aside; otherwise there must be none.
    package func run(_ input: CInt, replaces: Bool) throws -> RestoreReport {
        let lock = try Household.lock("\(home)/lock")
        defer { flock(lock.descriptor, LOCK_UN) }
        let isInterrupted = access(RestoredStore.marker(home), F_OK) == 0
        guard try replaces || isInterrupted || isEmpty() else {
            throw StoreFault("there is a store in \(home): say --replace to have it moved aside, nothing of it is deleted")
        }
        try FolderTree.remove(new)
        for folder in [new, "\(new)/segments", "\(new)/large"] { try Folder.make(folder) }
        var report = RestoreReport()
        report.files = try receive(RestoreInput(input))
        let index = try RestoredIndex.prepare(IndexFiles.path(new), now: now)
        (report.messages, report.held) = (index.messages, index.held)
        for folder in ["\(new)/segments", "\(new)/large", new] { try Folder.sync(folder) }
        report.before = try exchange()
        return report
    }

    private func isEmpty() throws(DiskError) -> Bool {
        if IndexFiles.isThere(home) { return false }
        for folder in ["\(home)/segments", "\(home)/large"] where access(folder, F_OK) == 0 {
            guard try Folder.names(folder).isEmpty else { return false }
        }
        return true
    }
}

// What comes.
extension StoreRestore {
    /// W1. Returns the number of files.
    private func receive(_ input: RestoreInput) throws -> Int {
        var seen: Set<StoreFile> = []
        while let (file, length) = try input.head() {
            guard seen.insert(file).inserted else { throw StoreFault("\(file.path) came twice") }
            let made = try OpenFile("\(new)/\(file.path)", flags: O_WRONLY | O_CREAT | O_EXCL)
            var offset: UInt64 = 0
            while offset < length {
                let bytes = try input.bytes(atMost: length - offset)
                let error = bytes.withUnsafeBytes { buffer in
                    DiskCalls.system.write(
                        made.descriptor,
                        [iovec(iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress), iov_len: buffer.count)],
                        offset)
                }
                guard error == 0 else { throw DiskError("write", made.path, error) }
                offset += UInt64(bytes.count)
            }
            try made.sync()
        }
        guard seen.contains(.index) else { throw StoreFault("the backup has no index") }
        return seen.count
    }
}

// W2 to W5.
extension StoreRestore {
    private func exchange() throws -> String? {
        try OpenFile(RestoredStore.marker(home), flags: O_WRONLY | O_CREAT).sync()
        try Folder.sync(home)
        // A backup of an older release has no key: that of the store stays, and may be the right one.
        let keys = access("\(new)/\(Self.key)", F_OK) == 0 ? [Self.key] : []
        var before: String?
        for part in Self.parts + keys where access("\(home)/\(part)", F_OK) == 0 {
            let folder = try before ?? makeAside()
            before = folder
            try rename("\(home)/\(part)", "\(folder)/\(part)")
        }
        if let before { try Folder.sync(before) }
        for part in keys + ["segments", "large", IndexFiles.index] { try rename("\(new)/\(part)", "\(home)/\(part)") }
        try Folder.sync(home)
        try FolderTree.remove(new)
        unlink(RestoredStore.marker(home))
        try Folder.sync(home)
        return before
    }

    /// A folder with today's date that nobody had before.
    private func makeAside() throws(DiskError) -> String {
        var seconds = time_t(now / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y%m%d-%H%M%S", &parts)
        let name = "\(home)/before-" + String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for number in 1...1_000 {
            let candidate = number == 1 ? name : "\(name)-\(number)"
            if mkdir(candidate, 0o700) == 0 { return candidate }
            guard errno == EEXIST else { throw DiskError("mkdir", candidate) }
        }
        throw DiskError("mkdir", name, EEXIST)
    }

    private func rename(_ old: String, _ new: String) throws(DiskError) {
        guard Glibc.rename(old, new) == 0 else { throw DiskError("rename", old) }
    }
}

/// A folder with everything in it, without following a link.
enum FolderTree {
    static func remove(_ path: String) throws(DiskError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in try Folder.names(path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 else { throw DiskError("rmdir", path) }
    }
}
