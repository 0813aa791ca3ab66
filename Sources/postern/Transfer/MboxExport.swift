// Writes a mailbox as an mbox file: mboxrd, so that each message can be had back as it was, with flags, keywords and UIDs
// in the fields that UW IMAP and Dovecot use. Levels lie as Thunderbird has them: `Work`, `Work.sbd/2026`.

import Archive
import Glibc
import IPC

final class MboxExport: MailboxSink {
    private static let between: UInt64 = 64 << 20

    private let journal: ExportJournal
    private let mailbox: MailboxEntry
    private let file: WrittenFile
    private var writer = MboxWriter()
    private var mark: ExportJournal.Mark
    private var folder: MboxFolder?
    /// The message that is being written, where it begins, and the folder's record if it stands in it.
    private var current: (entry: MessageEntry, start: UInt64, folder: MboxFolder?)?
    private var buffer: [UInt8] = []
    let keywordsLost: UInt64 = 0

    /// - Parameter keywords: All that messages of the mailbox have.
    init(_ journal: ExportJournal, _ mailbox: MailboxEntry, keywords: [String]) throws {
        (self.journal, self.mailbox) = (journal, mailbox)
        mark = try journal.mark(mailbox)
        let names = try Self.names(mailbox.name)
        var path = journal.folder
        for name in names.dropLast() {
            path = path / name
            try WrittenFile.makeFolder(path)
        }
        file = try WrittenFile(path / (names.last ?? ""), mark.octets == 0 ? .new : .behind(mark.octets))
        // A program that reads the file gives new messages the UIDs behind.
        if mark.octets == 0 {
            folder = MboxFolder(uidValidity: mailbox.uidValidity, lastUID: max(1, mailbox.uidNext) - 1, keywords: keywords)
        }
    }

    /// The folders of a mailbox's file, and the file.
    /// - Throws: `DiskTrouble` when a file cannot be called so.
    static func names(_ mailbox: String) throws -> [String] {
        let levels = mailbox.split(separator: "/").map { name(String($0)) }
        let names = levels.dropLast().map { $0 + ".sbd" } + levels.suffix(1)
        guard names.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw DiskTrouble("its name is too long for a file: export it with --format maildir")
        }
        return names
    }

    /// A dot that would hide the file, or that begins an ending with a meaning, is written as Dovecot escapes it.
    private static func name(_ level: String) -> String {
        var name = level.replacing("\\", with: "\\5c")
        if name.hasPrefix(".") { name = "\\2e" + name.dropFirst() }
        if MboxSearch.hasEnding(name), let dot = name.lastIndex(of: ".") {
            name = name[..<dot] + "\\2e" + name[name.index(after: dot)...]
        }
        return name
    }

    func begin(_ message: MessageEntry) throws {
        current = (message, file.octets + UInt64(buffer.count), folder)
        writer.begin(
            sender: "", date: message.internalDate / 1_000, message: ArchivedMessage(message), folder: folder, into: &buffer)
        folder = nil
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        writer.append(bytes.bindMemory(to: UInt8.self).span, into: &buffer)
        if buffer.count >= 256 << 10 { try flush() }
    }

    func finish() throws {
        guard let (entry, _, _) = current else { return }
        current = nil
        writer.finish(into: &buffer)
        mark.uid = entry.uid
        if file.octets + UInt64(buffer.count) - mark.octets >= Self.between { try checkpoint() }
    }

    func drop() throws {
        guard let (_, start, first) = current else { return }
        current = nil
        (writer, folder) = (MboxWriter(), first)
        if start >= file.octets {
            buffer.removeLast(buffer.count - Int(start - file.octets))
        } else {
            buffer.removeAll(keepingCapacity: true)
            try file.cut(to: start)
        }
    }

    func checkpoint() throws {
        try flush()
        try file.sync()
        try WrittenFile.syncFolder(journal.folder)
        mark.octets = file.octets
        try journal.note(mark, mailbox.name)
    }

    private func flush() throws {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
