// The folder of a backup. A backup is there when its manifest is, and stays whole until the next one's manifest has taken its
// place; a run that was not finished leaves notes, with which the next one goes on.
//
//  state           manifest   notes     files                       what the next run does
//  B1              –          –         –                           copies all
//  B2 copying      old or –   growing   those of both               copies what neither has
//  B3 made         new        old       those of both               removes what the manifest does not name
//  B4              new        –         those of the new            –
//
//  B1,B4→B2 note()   B2→B3 finish(): one rename   B3→B4 tidy()

import FoundationEssentials
import Glibc
import IPC

struct BackupFolder {
    private static let notes = "postern-backup.notes"
    private static let folders = ["segments", "large"]
    /// Octets of a manifest or of notes: more files than any disk has.
    private static let longest = 4 << 30

    let path: String
    /// nil: there is no backup yet.
    let manifest: BackupManifest?
    /// Of a run that was not finished.
    let noted: [BackupManifest.File]

    /// Looks, and changes nothing.
    /// - Parameter isFull: a manifest that cannot be read is as good as none.
    init(_ path: String, isFull: Bool = false) throws(Failure) {
        self.path = path
        do throws(Failure) { manifest = try Self.readManifest(path) } catch {
            guard isFull else { throw error }
            manifest = nil
        }
        // The last line may be torn.
        let lines = try Self.read("\(path)/\(Self.notes)")?.split(separator: UInt8(ascii: "\n")) ?? []
        let decoder = JSONDecoder()
        noted = lines.compactMap { try? decoder.decode(BackupManifest.File.self, from: Data($0)) }.filter { entry in
            StoreFile(path: entry.file).map { BackupPlace.isFor($0, entry.path) } ?? false
        }
    }

    private static func readManifest(_ path: String) throws(Failure) -> BackupManifest? {
        guard let bytes = try read("\(path)/\(BackupManifest.name)") else { return nil }
        guard let manifest = try? JSONDecoder().decode(BackupManifest.self, from: bytes) else {
            throw Failure("\(path)/\(BackupManifest.name) is damaged: name another folder, or say --full")
        }
        try manifest.check()
        return manifest
    }

    /// A folder that must have a backup.
    static func existing(_ path: String) throws(Failure) -> (folder: BackupFolder, manifest: BackupManifest) {
        let folder = try BackupFolder(path)
        guard let manifest = folder.manifest else {
            throw Failure("\(path) has no \(BackupManifest.name): it is no backup, or its first run was not finished")
        }
        return (folder, manifest)
    }

    private static func read(_ path: String) throws(Failure) -> Data? {
        guard access(path, F_OK) == 0 else {
            if errno == ENOENT { return nil }
            throw Failure("cannot read \(path): \(errorText(errno))")
        }
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_size <= longest, let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw Failure("cannot read \(path): \(errorText(errno))")
        }
        return data
    }

    /// Octets of a file of it; nil: there is none.
    func size(_ file: String) -> UInt64? {
        var facts = stat()
        guard lstat("\(path)/\(file)", &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(facts.st_size)
    }
}

// Writing.
extension BackupFolder {
    /// Makes it ready. A folder that has something else in it is refused.
    func prepare() throws(Failure) {
        try Self.make(path)
        let isOurs = manifest != nil || size(Self.notes) != nil || size(BackupManifest.name) != nil
        if !isOurs, let stranger = try Self.names(path).first {
            throw Failure("\(path) has no backup and is not empty (\(printable(stranger))): name an empty folder")
        }
        for folder in Self.folders { try Self.make("\(path)/\(folder)") }
        // The first sign that the folder is ours.
        try open(Self.notes, O_WRONLY | O_CREAT).close()
        try Self.sync(path)
    }

    private static func make(_ path: String) throws(Failure) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure("cannot make \(path): \(errorText(errno))") }
    }

    func open(_ file: String, _ flags: CInt) throws(Failure) -> BackedUpFile { try BackedUpFile("\(path)/\(file)", flags) }

    /// The file is on the disk; a run that is not finished need not copy it again.
    func note(_ entry: BackupManifest.File, in notes: BackedUpFile) throws(Failure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let line = try? encoder.encode(entry) else { throw Failure("a note cannot be written") }
        try notes.append(Array(line) + [UInt8(ascii: "\n")])
    }

    func openNotes() throws(Failure) -> BackedUpFile { try open(Self.notes, O_WRONLY | O_CREAT | O_APPEND) }

    /// B2→B3.
    func finish(_ manifest: BackupManifest) throws(Failure) {
        for folder in Self.folders { try Self.sync("\(path)/\(folder)") }
        try Self.sync(path)
        let text: String
        do { text = try json(manifest) } catch { throw Failure("the manifest cannot be written: \(error)") }
        let new = try open("\(BackupManifest.name).new", O_WRONLY | O_CREAT | O_TRUNC)
        try new.append(Array(text.utf8) + [UInt8(ascii: "\n")])
        try new.sync()
        new.close()
        guard rename("\(path)/\(BackupManifest.name).new", "\(path)/\(BackupManifest.name)") == 0 else {
            throw Failure("cannot write \(path)/\(BackupManifest.name): \(errorText(errno))")
        }
        try Self.sync(path)
    }

    /// B3→B4. Returns how many files were removed.
    func tidy(_ manifest: BackupManifest) throws(Failure) -> Int {
        let wanted = Set(manifest.files.map(\.path))
        var removed = 0
        for folder in [""] + Self.folders.map({ "\($0)/" }) {
            for name in try Self.names("\(path)/\(folder)") where BackupPlace.file(at: folder + name) != nil {
                guard !wanted.contains(folder + name) else { continue }
                guard unlink("\(path)/\(folder)\(name)") == 0 else {
                    throw Failure("cannot remove \(path)/\(folder)\(name): \(errorText(errno))")
                }
                removed += 1
            }
        }
        unlink("\(path)/\(Self.notes)")
        return removed
    }

    private static func names(_ path: String) throws(Failure) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw Failure("cannot read \(path): \(error)")
        }
    }

    private static func sync(_ path: String) throws(Failure) {
        let folder = try BackedUpFile(path, O_RDONLY | O_DIRECTORY)
        try folder.sync()
        folder.close()
    }
}

/// An open file of a backup. Errors name it.
final class BackedUpFile {
    let path: String
    private var descriptor: CInt

    init(_ path: String, _ flags: CInt) throws(Failure) {
        self.path = path
        descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure("cannot open \(path): \(errorText(errno))") }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Writes everything behind what was written last.
    func append(_ bytes: some Sequence<UInt8>) throws(Failure) {
        let wrong = bytes.withContiguousStorageIfAvailable { append($0) } ?? Array(bytes).withUnsafeBufferPointer { append($0) }
        if wrong != 0 { throw Failure("cannot write \(path): \(errorText(wrong))") }
    }

    /// 0 or errno.
    private func append(_ buffer: UnsafeBufferPointer<UInt8>) -> CInt {
        var done = 0
        while done < buffer.count {
            let count = write(descriptor, buffer.baseAddress! + done, buffer.count - done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return errno }
            done += count
        }
        return 0
    }

    /// The next octets; empty at the end.
    func read(atMost count: Int) throws(Failure) -> [UInt8] {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            repeat { got = Glibc.read(descriptor, buffer.baseAddress, count) } while got < 0 && errno == EINTR
            done = max(0, got)
        }
        guard got >= 0 else { throw Failure("cannot read \(path): \(errorText(errno))") }
        return bytes
    }

    /// Cuts it there, and goes on there.
    func cut(at length: UInt64) throws(Failure) {
        guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
            throw Failure("cannot cut \(path): \(errorText(errno))")
        }
    }

    func sync() throws(Failure) {
        guard fsync(descriptor) == 0 else { throw Failure("cannot sync \(path): \(errorText(errno))") }
    }
}
