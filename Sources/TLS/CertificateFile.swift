// Reads the files of certificates, and tells whether they have changed.

import Glibc

/// What tells one state of a file from the next without reading it.
struct FileStamp: Equatable, Sendable {
    /// `errno` of the look at the file, 0 when it could be looked at.
    private(set) var failure: Int32 = 0
    private(set) var mode: UInt32 = 0
    private(set) var owner: UInt32 = 0
    private(set) var group: UInt32 = 0
    private(set) var size: Int64 = 0
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    private var modified: [Int] = []
    /// Also moves when a copy into the same file keeps the time of modification (rsync --inplace, cp -p).
    private var changed: [Int] = []

    init(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            self.init(failure: errno)
            return
        }
        self.init(status)
    }

    private init(failure: Int32) { self.failure = failure }

    init(_ status: stat) {
        (mode, owner, group) = (status.st_mode, status.st_uid, status.st_gid)
        (size, device, inode) = (Int64(status.st_size), UInt64(status.st_dev), UInt64(status.st_ino))
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    var isFile: Bool { failure == 0 && mode & S_IFMT == S_IFREG }
    var isReadableByEverybody: Bool { failure == 0 && mode & S_IROTH != 0 }
}

/// A file as it was at one moment.
struct CertificateFile: Sendable {
    /// Of the opened file, taken before its octets: a change in between shows at the next look.
    let stamp: FileStamp
    let content: Result<[UInt8], CertificateFault>

    /// Certificates are a few kilobytes; whatever is larger is something else.
    static let sizeLimit = 1 << 20

    init(_ path: String) {
        // Without O_NONBLOCK a FIFO in the place of the file would hold the caller for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let failure = errno
            stamp = FileStamp(path: path)
            content = .failure(CertificateFault(path, .opening(failure, stamp)))
            return
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let failure = errno
            stamp = FileStamp(path: path)
            content = .failure(CertificateFault(path, .opening(failure, stamp)))
            return
        }
        stamp = FileStamp(status)
        guard stamp.isFile else {
            content = .failure(CertificateFault(path, .notAFile))
            return
        }
        content = CertificateFile.read(descriptor).mapError { CertificateFault(path, $0) }
    }

    private static func read(_ descriptor: Int32) -> Result<[UInt8], CertificateFault.Problem> {
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while octets.count <= sizeLimit {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count == 0 { return octets.isEmpty ? .failure(.empty) : .success(octets) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .failure(.unreadable(because: errno, rights: nil)) }
            octets += piece.prefix(count)
        }
        return .failure(.tooLarge)
    }
}
