// The files of the segments: "0000000000000001.seg", ascending, each written by one writer and read by everybody.

import Glibc
import Synchronization

package final class SegmentFolder: Sendable {
    /// Files kept open for readers.
    private static let kept = 128

    package let path: String
    private let opened = Mutex<[UInt64: OpenFile]>([:])

    package init(_ path: String) throws(DiskError) {
        self.path = path
        try Folder.make(path)
    }

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
        if let known = opened.withLock({ $0[number] }) { return known }
        let file = try OpenFile(file(number), flags: O_RDONLY)
        opened.withLock { opened in
            if opened.count >= Self.kept, let first = opened.keys.min() { opened[first] = nil }
            opened[number] = file
        }
        return file
    }

    func remove(_ number: UInt64) { unlink(file(number)) }
}
