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
        try WrittenFile.makeFolder(DiskPath(path))
        let isOurs = manifest != nil || size(Self.notes) != nil || size(BackupManifest.name) != nil
        if !isOurs, let stranger = try Self.names(path).first {
            throw Failure("\(path) has no backup and is not empty (\(printable(stranger))): name an empty folder")
        }
        for folder in Self.folders { try WrittenFile.makeFolder(place(folder)) }
        // The first sign that the folder is ours.
        _ = try openNotes()
        try WrittenFile.syncFolder(DiskPath(path))
    }

    func place(_ file: String) -> DiskPath { DiskPath(path) / file }

    /// The file is on the disk; a run that is not finished need not copy it again.
    func note(_ entry: BackupManifest.File, in notes: WrittenFile) throws(Failure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let line = try? encoder.encode(entry) else { throw Failure("a note cannot be written") }
        try notes.write(Array(line) + [UInt8(ascii: "\n")])
    }

    func openNotes() throws(Failure) -> WrittenFile { try WrittenFile(place(Self.notes), .end) }

    /// B2→B3.
    func finish(_ manifest: BackupManifest) throws(Failure) {
        for folder in Self.folders { try WrittenFile.syncFolder(place(folder)) }
        try WrittenFile.syncFolder(DiskPath(path))
        let text: String
        do { text = try json(manifest) } catch { throw Failure("the manifest cannot be written: \(error)") }
        try WrittenFile.replace(place(BackupManifest.name), with: Array(text.utf8) + [UInt8(ascii: "\n")])
        try WrittenFile.syncFolder(DiskPath(path))
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
}
