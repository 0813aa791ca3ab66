// Writes a mailbox as a folder of a Maildir++, as Dovecot keeps them: flags in the names, keywords by `dovecot-keywords`,
// the internal date as the file's time, UIDs in `dovecot-uidlist`.
//
// Messages go to `tmp`; so many at a time are made durable, get their names in `cur` and their lines in the list, and then
// the journal says so. What got its name and not its mark before a crash is removed, and written again.

import Archive
import Glibc
import IPC

/// Where an export puts the messages of one mailbox, one after the other in the order of their UIDs.
protocol MailboxSink: AnyObject {
    func begin(_ message: MessageEntry) throws
    func write(_ bytes: UnsafeRawBufferPointer) throws
    func finish() throws
    /// The message that was begun is not to be there.
    func drop() throws
    /// Makes all of it durable, and says so in the journal.
    func checkpoint() throws
    /// Keywords that the format has no room for.
    var keywordsLost: UInt64 { get }
}

final class MaildirExport: MailboxSink {
    private static let batch = (messages: 128, octets: UInt64(64 << 20))

    private struct Message {
        var file: WrittenFile
        var name: MaildirFileName
        var uid: UInt32
        var date: Int64
    }

    private let journal: ExportJournal
    private let mailbox: MailboxEntry
    private let folder: DiskPath
    private let list: WrittenFile
    private var mark: ExportJournal.Mark
    private var keywords: MaildirKeywords
    private var savedKeywords: MaildirKeywords
    private var batch: [Message] = []
    private var batchOctets: UInt64 = 0
    private var current: (entry: MessageEntry, file: WrittenFile)?
    private(set) var keywordsLost: UInt64 = 0

    init(_ journal: ExportJournal, _ mailbox: MailboxEntry) throws {
        (self.journal, self.mailbox) = (journal, mailbox)
        mark = try journal.mark(mailbox)
        folder = try Self.folder(mailbox.name, in: journal.folder)
        for path in [folder, folder / "cur", folder / "new", folder / "tmp"] { try WrittenFile.makeFolder(path) }
        if mailbox.name != ImportNames.inbox { _ = try WrittenFile(folder / "maildirfolder", .new) }
        keywords = ReadFile.whole(folder / "dovecot-keywords").map { MaildirKeywords(file: $0) } ?? MaildirKeywords()
        savedKeywords = keywords
        list = try WrittenFile(folder / "dovecot-uidlist", mark.octets == 0 ? .new : .behind(mark.octets))
        if mark.octets == 0 {
            try list.write(UIDList.heading(uidValidity: mailbox.uidValidity, nextUID: max(1, mailbox.uidNext)))
        }
        try removeUnmarked()
    }

    /// - Throws: `DiskTrouble` when a directory cannot be called so.
    static func folder(_ mailbox: String, in root: DiskPath) throws -> DiskPath {
        if mailbox == ImportNames.inbox { return root }
        let levels = mailbox.split(separator: "/").map { ImportNames.escaped(String($0)) }
        do { return root / (try MaildirFolders().directory(of: levels)) } catch {
            throw DiskTrouble("its name is too long for a folder of a Maildir: export it by itself with --format mbox")
        }
    }

    private func unique(_ entry: MessageEntry) -> [UInt8] {
        Array("\(max(0, entry.internalDate / 1_000)).U\(entry.uid)V\(mailbox.uidValidity).postern".utf8)
    }

    /// The UID in a name that `unique` made for this mailbox.
    static func uid(_ name: [UInt8], uidValidity: UInt32) -> UInt32? {
        guard let parts = MaildirFileName(name)?.unique.split(separator: 0x2E), parts.count == 3,
            parts[2].elementsEqual("postern".utf8), parts[1].first == UInt8(ascii: "U")
        else { return nil }
        let numbers = parts[1].dropFirst().split(separator: UInt8(ascii: "V")).map { UInt32(String(decoding: $0, as: UTF8.self)) }
        return numbers.count == 2 && numbers[1] == uidValidity ? numbers[0] : nil
    }

    private func removeUnmarked() throws {
        for place in ["cur", "new", "tmp"] {
            for entry in (try? DiskFolder.entries(folder / place)) ?? [] {
                guard let uid = Self.uid(entry.name, uidValidity: mailbox.uidValidity), uid > mark.uid else { continue }
                try WrittenFile.remove(folder / place / entry.name)
            }
        }
    }

    func begin(_ message: MessageEntry) throws {
        current = (message, try WrittenFile(folder / "tmp" / unique(message), .new))
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try current?.file.write(bytes) }

    func finish() throws {
        guard let (entry, file) = current else { return }
        current = nil
        var archived = ArchivedMessage(entry)
        archived.size = file.octets
        let (_, name, lost) = archived.maildirName(unique: unique(entry), fileSize: file.octets, keywords: &keywords)
        keywordsLost += UInt64(lost.count)
        batch.append(Message(file: file, name: name, uid: entry.uid, date: entry.internalDate / 1_000))
        batchOctets += file.octets
        if batch.count >= Self.batch.messages || batchOctets >= Self.batch.octets { try checkpoint() }
    }

    func drop() throws {
        guard let (_, file) = current else { return }
        current = nil
        try WrittenFile.remove(file.path)
    }

    /// Names come after the bytes, the list after the names, the mark after all of them.
    func checkpoint() throws {
        for message in batch { try message.file.sync(modified: message.date) }
        if keywords != savedKeywords {
            try WrittenFile.replace(folder / "dovecot-keywords", with: keywords.file)
            savedKeywords = keywords
        }
        for message in batch {
            try WrittenFile.rename(message.file.path, to: folder / "cur" / message.name.octets)
            try list.write(UIDList.line(uid: message.uid, name: message.name))
        }
        try list.sync()
        for path in [folder / "cur", folder] { try WrittenFile.syncFolder(path) }
        (mark.uid, mark.octets) = (batch.last?.uid ?? mark.uid, list.octets)
        try journal.note(mark, mailbox.name)
        batch = []
        batchOctets = 0
    }
}

extension ArchivedMessage {
    /// The house keeps no \Recent: a client has been told of every message.
    init(_ entry: MessageEntry) {
        self.init(flags: .old, internalDate: entry.internalDate / 1_000, uid: entry.uid)
        let known: [(MessageFlags, ArchivedFlags)] = [
            (.seen, .seen), (.answered, .answered), (.flagged, .flagged), (.draft, .draft), (.deleted, .deleted),
        ]
        for (flag, archived) in known where entry.flags.contains(flag) { flags.insert(archived) }
        for keyword in entry.keywords { add(keyword: keyword.utf8) }
    }
}
