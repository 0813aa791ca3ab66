// A file of an export or of a backup while it is written.

import Glibc

/// Readable by its owner alone. Closed with the object; durable after `sync`.
final class WrittenFile {
    enum Start {
        case new
        /// What is behind so many octets is cut off; they must be there.
        case behind(UInt64)
        /// Behind all that is there.
        case end
    }

    let path: DiskPath
    private let descriptor: Int32
    private(set) var octets: UInt64 = 0

    init(_ path: DiskPath, _ start: Start) throws(Failure) {
        self.path = path
        descriptor = path.withCString { open($0, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw Self.trouble(path, errno) }
        try begin(start)
    }

    private func begin(_ start: Start) throws(Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.trouble(path, errno) }
        let size = UInt64(max(0, status.st_size))
        switch start {
        case .new: try cut(to: 0)
        case .end:
            guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw Self.trouble(path, errno) }
            octets = size
        case .behind(let length):
            guard size >= length else {
                throw Failure("\(path.text) is shorter than it was: somebody changed the folder; name another one")
            }
            try cut(to: length)
        }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) { try check(put(bytes)) }

    func write(_ bytes: [UInt8]) throws(Failure) { try check(bytes.withUnsafeBytes { put($0) }) }

    /// 0 or errno.
    private func put(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var offset = 0
        while offset < bytes.count {
            let count = DiskFiles.again { Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset) }
            guard count >= 0 else { return errno }
            offset += count
            octets += UInt64(count)
        }
        return 0
    }

    private func check(_ number: Int32) throws(Failure) { if number != 0 { throw Self.trouble(path, number) } }

    /// What is behind is gone.
    func cut(to length: UInt64) throws(Failure) {
        guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw Self.trouble(path, errno)
        }
        octets = length
    }

    /// - Parameter modified: Seconds since 1970, for the file's time.
    func sync(modified: Int64? = nil) throws(Failure) {
        if let modified {
            let moment = timespec(tv_sec: time_t(modified), tv_nsec: 0)
            let times = [moment, moment]
            guard futimens(descriptor, times) == 0 else { throw Self.trouble(path, errno) }
        }
        guard fsync(descriptor) == 0 else { throw Self.trouble(path, errno) }
    }

    static func trouble(_ path: DiskPath, _ number: Int32) -> Failure {
        Failure("cannot write \(path.text): \(errorText(number))")
    }

    // MARK: - Folders

    /// For its owner alone, unless it is there already.
    /// - Returns: whether it is new.
    @discardableResult
    static func makeFolder(_ path: DiskPath) throws(Failure) -> Bool {
        guard path.withCString({ mkdir($0, 0o700) }) == 0 else {
            if errno == EEXIST { return false }
            throw trouble(path, errno)
        }
        // Whatever the process leaves away from new files.
        guard path.withCString({ chmod($0, 0o700) }) == 0 else { throw trouble(path, errno) }
        return true
    }

    static func syncFolder(_ path: DiskPath) throws(Failure) {
        let descriptor = path.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw trouble(path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw trouble(path, errno) }
    }

    static func rename(_ path: DiskPath, to new: DiskPath) throws(Failure) {
        guard path.withCString({ old in new.withCString { Glibc.rename(old, $0) } }) == 0 else { throw trouble(new, errno) }
    }

    static func remove(_ path: DiskPath) throws(Failure) {
        guard path.withCString({ unlink($0) }) == 0 || errno == ENOENT else { throw trouble(path, errno) }
    }

    /// A small file that is there in whole or not at all.
    static func replace(_ path: DiskPath, with octets: [UInt8]) throws(Failure) {
        let draft = DiskPath(path.octets + ".new".utf8)
        let file = try WrittenFile(draft, .new)
        try file.write(octets)
        try file.sync()
        try rename(draft, to: path)
    }
}
