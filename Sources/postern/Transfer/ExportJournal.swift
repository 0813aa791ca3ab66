// What an export has written down in its folder: whose it is, in which format, and how far each mailbox is durable. An
// export that was broken off, or that is done again later, goes on behind that.
//
//   postern export 1<TAB>maildir<TAB>user<TAB>alice@example.org
//   1276528487<TAB>25006<TAB>409600<TAB>Work/2026        UIDVALIDITY, the last UID, octets of mbox or uidlist, the mailbox

import Glibc
import IPC
import Mail

/// The folder of an export, which nobody else exports to while this is there.
final class ExportJournal {
    static let name = ".postern-export"
    private static let heading = "postern export 1"

    struct Mark: Equatable {
        var uidValidity: UInt32
        var uid: UInt32 = 0
        var octets: UInt64 = 0
    }

    let folder: DiskPath
    private let descriptor: Int32
    private var marks: [String: Mark] = [:]

    /// Makes the folder, or finds one that an export of this account in this format has begun.
    /// - Throws: `Failure`; and then nothing was changed.
    init(_ folder: DiskPath, _ account: NamedAccount, _ format: ArchiveFormat) throws {
        self.folder = folder
        let first = [Self.heading, format.rawValue, account.kind.rawValue, "\(account.address)"].joined(separator: "\t")
        try Self.prepare(folder)
        let path = folder / Self.name
        descriptor = path.withCString { open($0, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw Failure("cannot write \(path.text): \(errorText(errno))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("another export writes to \(folder.text) just now: wait for its end")
        }
        try take(ReadFile(path), first)
    }

    deinit { close(descriptor) }

    /// Empty, or an export's.
    private static func prepare(_ folder: DiskPath) throws {
        if try WrittenFile.makeFolder(folder) { return }
        let entries: [DiskEntry]
        do { entries = try DiskFolder.entries(folder, followsLink: true) } catch {
            throw Failure("cannot read \(folder.text): \(error)")
        }
        guard entries.isEmpty || entries.contains(where: { $0.kind == .file && $0.name.elementsEqual(name.utf8) }) else {
            throw Failure("\(folder.text) has files in it and is no export: name a folder that is new or empty")
        }
    }

    private func take(_ file: ReadFile, _ first: String) throws {
        let text = String(decoding: try file.read(Int(min(file.size, 256 << 20)), at: 0), as: UTF8.self)
        let whole = text.utf8.lastIndex(of: 0x0A).map { text[...$0] } ?? ""
        let lines = whole.split(separator: "\n")
        // What is behind the last whole line was being written when the export ended.
        guard ftruncate(descriptor, off_t(whole.utf8.count)) == 0 else { throw trouble(errno) }
        guard let heading = lines.first else { return try write(first) }
        guard heading == first else {
            let words = heading.split(separator: "\t").map { printable(String($0)) }
            let whose =
                words.count == 4 && words[0] == Self.heading ? "is an export of \(words[3]) as \(words[1])" : "is no export"
            throw Failure("\(folder.text) \(whose): name another folder")
        }
        for line in lines.dropFirst() {
            let words = line.split(separator: "\t", maxSplits: 3)
            guard words.count == 4, let validity = UInt32(words[0]), let uid = UInt32(words[1]), let octets = UInt64(words[2])
            else { throw Failure("\((folder / Self.name).text) is damaged: name another folder") }
            marks[String(words[3])] = Mark(uidValidity: validity, uid: uid, octets: octets)
        }
    }

    /// How far a mailbox is.
    /// - Throws: `Failure` when the mailbox is not the one that was exported, though it has its name.
    func mark(_ mailbox: MailboxEntry) throws -> Mark {
        let mark = marks[mailbox.name] ?? Mark(uidValidity: mailbox.uidValidity)
        guard mark.uidValidity == mailbox.uidValidity else {
            throw Failure(
                "\(printable(mailbox.name)) was made anew since \(folder.text) was begun, and its messages cannot be told from "
                    + "those of the old one: name another folder")
        }
        return mark
    }

    /// All up to there is durable.
    func note(_ mark: Mark, _ mailbox: String) throws {
        guard marks[mailbox] != mark else { return }
        try write("\(mark.uidValidity)\t\(mark.uid)\t\(mark.octets)\t\(mailbox)")
        marks[mailbox] = mark
    }

    private func write(_ line: String) throws {
        let octets = Array("\(line)\n".utf8)
        let count = octets.withUnsafeBytes { bytes in
            DiskFiles.again { Glibc.write(descriptor, bytes.baseAddress!, bytes.count) }
        }
        guard count == octets.count, fsync(descriptor) == 0 else { throw trouble(count < 0 ? errno : ENOSPC) }
    }

    private func trouble(_ number: Int32) -> Failure {
        Failure("cannot write \((folder / Self.name).text): \(errorText(number))")
    }
}
