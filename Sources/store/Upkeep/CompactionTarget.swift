// Where compaction writes: a segment of its own, which grows until it is full. What is behind its end as the index knows it
// is a copy that nobody refers to; the next start cuts it off.

import Glibc
import NIOCore

/// Used by one thread.
final class CompactionTarget {
    private let folder: SegmentFolder
    private let disk: DiskCalls
    private let limit: UInt64
    private var current: (file: OpenFile, number: UInt64)?
    private var end: UInt64 = 0

    /// - Parameter limit: a new segment is begun when one would become longer.
    init(_ folder: SegmentFolder, disk: DiskCalls, limit: UInt64) {
        self.folder = folder
        self.disk = disk
        self.limit = limit
    }

    /// The segment that still gets something.
    var number: UInt64? { current?.number }

    /// Goes on with a segment of the last run, which ends where the index says.
    func resume(_ number: UInt64, end: UInt64) throws(DiskError) {
        current = (try folder.open(number), number)
        self.end = end
    }

    /// The copies are on the disk when it returns.
    /// - Returns: where the first lies; the others follow.
    func append(_ bytes: ByteBuffer) throws(DiskError) -> SpoolPosition {
        let count = UInt64(bytes.readableBytes)
        let (file, number) = try open(for: count)
        do throws(DiskError) {
            var error = withExtendedLifetime(bytes) { disk.write(file.descriptor, [bytes.place], end) }
            guard error == 0 else { throw DiskError("write", file.path, error) }
            error = disk.sync(file.descriptor)
            guard error == 0 else { throw DiskError("fdatasync", file.path, error) }
        } catch {
            // After a failed sync nobody knows what of the file is on the disk: it gets nothing more.
            current = nil
            throw error
        }
        defer { end += count }
        return SpoolPosition(segment: number, offset: end)
    }

    private func open(for count: UInt64) throws(DiskError) -> (file: OpenFile, number: UInt64) {
        if let current, end == 0 || end + count <= limit { return current }
        let highest = try folder.numbers().last { SegmentFolder.isCompacted($0) } ?? SegmentFolder.firstCompacted - 1
        let number = max(highest, current?.number ?? 0) + 1
        let new = (try folder.create(number), number)
        current = new
        end = 0
        return new
    }
}
