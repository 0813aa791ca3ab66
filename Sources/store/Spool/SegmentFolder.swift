// The files of the segments: "0000000000000001.seg", each written by one writer and read by everybody. Those of arriving
// mail ascend from 1; those that compaction writes ascend from 2^48, so that neither stands in the way of the other.

import Glibc
import Synchronization

package final class SegmentFolder: Sendable {
    /// Files kept open for readers.
    private static let kept = 128

    package static let firstCompacted: UInt64 = 1 << 48

    private struct State {
        var opened: [UInt64: OpenFile] = [:]
        /// On their way out: not to be opened again.
        var leaving: Set<UInt64> = []
    }

    package let path: String
    private let disk: DiskCalls
    private let state = Mutex(State())

    package init(_ path: String, disk: DiskCalls = .system) throws(DiskError) {
        self.path = path
        self.disk = disk
        try Folder.make(path)
    }

    package static func isCompacted(_ number: UInt64) -> Bool { number >= firstCompacted }

    package func file(_ number: UInt64) -> String { "\(path)/\(FileNumber.text(number)).seg" }

    package func numbers() throws(DiskError) -> [UInt64] {
        try Folder.names(path).compactMap { FileNumber.read($0, ending: ".seg") }.sorted()
    }

    /// A new segment, whose name is on the disk. What a failed start left under that name is emptied.
    func create(_ number: UInt64) throws(DiskError) -> OpenFile {
        let file = try OpenFile(file(number), flags: O_RDWR | O_CREAT | O_TRUNC)
        try Folder.sync(path)
        return file
    }

    func open(_ number: UInt64) throws(DiskError) -> OpenFile { try OpenFile(file(number), flags: O_RDWR) }

    /// For reading; kept open for the next reader.
    package func reading(_ number: UInt64) throws(DiskError) -> OpenFile {
        // Opened under the lock: a removed one must not come back among those that are kept.
        try state.withLock { state -> Result<OpenFile, DiskError> in
            if let known = state.opened[number] { return .success(known) }
            guard !state.leaving.contains(number) else { return .failure(DiskError("open", file(number), ENOENT)) }
            do throws(DiskError) {
                let file = try OpenFile(file(number), flags: O_RDONLY)
                if state.opened.count >= Self.kept, let first = state.opened.keys.min() { state.opened[first] = nil }
                state.opened[number] = file
                return .success(file)
            } catch { return .failure(error) }
        }.get()
    }

    /// Whoever reads from it goes on reading; its space comes back with the last of them.
    func remove(_ number: UInt64) {
        state.withLock { state in
            state.opened[number] = nil
            state.leaving.insert(number)
        }
        _ = disk.remove(file(number))
        _ = state.withLock { $0.leaving.remove(number) }
    }
}
