// The system calls whose failures decide about mail. They come in from outside, so that a test can be the bad disk.

import Glibc

package struct DiskCalls: Sendable {
    /// Writes everything at this offset; 0 or errno.
    package var write: @Sendable (CInt, [iovec], UInt64) -> CInt
    /// fdatasync; 0 or errno.
    package var sync: @Sendable (CInt) -> CInt
    /// Takes the name away; 0 or errno. Who has it open reads on.
    package var remove: @Sendable (String) -> CInt
    /// Octets that an ordinary user may still write below this directory; nil when that cannot be learnt.
    package var free: @Sendable (String) -> UInt64?

    package static let system = DiskCalls(write: writeAll, sync: syncData, remove: removeName, free: freeSpace)

    package init(
        write: @escaping @Sendable (CInt, [iovec], UInt64) -> CInt, sync: @escaping @Sendable (CInt) -> CInt,
        remove: @escaping @Sendable (String) -> CInt, free: @escaping @Sendable (String) -> UInt64?
    ) {
        self.write = write
        self.sync = sync
        self.remove = remove
        self.free = free
    }

    private static func writeAll(_ file: CInt, _ pieces: [iovec], _ offset: UInt64) -> CInt {
        var pieces = pieces
        var first = 0
        var offset = off_t(offset)
        while first < pieces.count {
            let count = min(pieces.count - first, 1024)  // IOV_MAX
            var written = pieces.withUnsafeBufferPointer {
                pwritev(file, $0.baseAddress! + first, CInt(count), offset)
            }
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            offset += off_t(written)
            while first < pieces.count, written >= pieces[first].iov_len {
                written -= pieces[first].iov_len
                first += 1
            }
            if written > 0 {
                pieces[first].iov_base += written
                pieces[first].iov_len -= written
            }
        }
        return 0
    }

    private static func syncData(_ file: CInt) -> CInt { fdatasync(file) == 0 ? 0 : errno }

    private static func removeName(_ path: String) -> CInt { unlink(path) == 0 ? 0 : errno }

    private static func freeSpace(_ path: String) -> UInt64? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
    }
}

/// A system call that failed.
package struct DiskError: Error, Equatable, Sendable, CustomStringConvertible {
    package var call: String
    package var path: String
    package var number: CInt

    package init(_ call: String, _ path: String, _ number: CInt = errno) {
        self.call = call
        self.path = path
        self.number = number
    }

    /// No room, or no more room for this user.
    package var isFull: Bool { number == ENOSPC || number == EDQUOT }

    package var description: String { "\(call) \(path): \(String(cString: strerror(number)))" }
}

/// An open file, closed with its last owner.
package final class OpenFile: Sendable {
    package let descriptor: CInt
    package let path: String

    package init(_ path: String, flags: CInt, mode: mode_t = 0o600) throws(DiskError) {
        descriptor = open(path, flags | O_CLOEXEC, mode)
        self.path = path
        guard descriptor >= 0 else { throw DiskError("open", path) }
    }

    deinit { close(descriptor) }

    package func size() throws(DiskError) -> UInt64 {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw DiskError("fstat", path) }
        return UInt64(facts.st_size)
    }

    /// Fewer at the end of the file.
    func bytes(from offset: UInt64, _ count: Int) throws(DiskError) -> [UInt8] {
        var failed: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset) + off_t(done))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failed = errno }
                if got <= 0 { break }
                done += got
            }
        }
        guard failed == 0 else { throw DiskError("read", path, failed) }
        return bytes
    }

    package func truncate(to size: UInt64) throws(DiskError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw DiskError("ftruncate", path) }
    }

    package func sync() throws(DiskError) {
        guard fsync(descriptor) == 0 else { throw DiskError("fsync", path) }
    }
}

/// Directories of the store.
package enum Folder {
    /// Makes it if it does not exist; only its owner may look into it.
    package static func make(_ path: String) throws(DiskError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DiskError("mkdir", path) }
    }

    /// Makes new names and removals in it durable.
    package static func sync(_ path: String) throws(DiskError) {
        try OpenFile(path, flags: O_RDONLY | O_DIRECTORY).sync()
    }

    /// Names in it, in no order.
    package static func names(_ path: String) throws(DiskError) -> [String] {
        guard let folder = opendir(path) else { throw DiskError("opendir", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
