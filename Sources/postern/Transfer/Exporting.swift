// An export from its mailboxes to its report: each message is read ahead of its turn, and written in the order of the UIDs.

import Archive
import IPC
import Mail

struct ExportReport: Encodable {
    var format: ArchiveFormat
    /// Written now; what an earlier run has written is not counted.
    var messages: UInt64 = 0
    var octets: UInt64 = 0
    var mailboxes: [String: UInt64] = [:]
    /// Those for which the format has no room.
    var keywordsLost: UInt64 = 0
    var problems = TransferProblems()

    func lines(_ folder: String) -> [String] {
        var words = "\(messages) messages (\(postern.octets(octets))) of "
        words += mailboxes.count == 1 ? "1 mailbox" : "\(mailboxes.count) mailboxes"
        words += " written to \(folder)"
        if problems.leftOut > 0 { words += ", \(problems.leftOut) left out" }
        var lines = problems.lines
        if keywordsLost > 0 { lines.append("\(keywordsLost) keywords left out: a folder of a Maildir has room for 26") }
        return lines + [words]
    }
}

/// Used by one task.
final class Exporting {
    /// Messages that are read ahead.
    private static let ahead = 16

    private let store: StoreConversation
    private let account: NamedAccount
    private let journal: ExportJournal
    private var progress: TransferProgress
    private(set) var report: ExportReport
    private var whole: UInt64 = 0

    init(
        _ account: NamedAccount, of store: StoreConversation, to journal: ExportJournal, _ format: ArchiveFormat,
        progress: TransferProgress
    ) {
        (self.account, self.store, self.journal, self.progress) = (account, store, journal, progress)
        report = ExportReport(format: format)
    }

    /// - Parameter mailbox: nil: all of them.
    /// - Throws: `Failure` when store or disk do not go on.
    func run(_ mailbox: String?) async throws {
        let all = try await store.mailboxes(of: account)
        let chosen = all.filter { MailboxChoice(mailbox).takes($0.name) }
        guard !chosen.isEmpty else {
            throw Failure(
                "\(account.address) has no mailbox \(printable(mailbox ?? "")): postern mailbox list \(account.address)")
        }
        whole = chosen.reduce(0) { $0 + $1.octets }
        do {
            for entry in chosen { try await write(entry) }
            if report.format == .maildir { try subscriptions(all) }
        } catch let failure as Failure {
            progress.end()
            throw Failure(
                "the export stopped after \(report.messages) messages: \(printable(failure.description)); "
                    + "when that is mended, run the same command again: it goes on there")
        }
        progress.end()
    }

    private func write(_ mailbox: MailboxEntry) async throws {
        let sink: any MailboxSink
        do { sink = try await self.sink(mailbox) } catch let trouble as DiskTrouble {
            return report.problems.leave(printable(mailbox.name), trouble.description)
        }
        report.mailboxes[mailbox.name] = 0
        let last = try journal.mark(mailbox).uid
        var next: UInt32? = last == .max ? nil : last + 1
        while let from = next {
            let page = try await page(mailbox, from)
            try await write(page.messages, of: mailbox, to: sink)
            next = page.next
        }
        try sink.checkpoint()
        report.keywordsLost += sink.keywordsLost
    }

    private func sink(_ mailbox: MailboxEntry) async throws -> any MailboxSink {
        if report.format == .maildir { return try MaildirExport(journal, mailbox) }
        var keywords: [String] = []
        var next: UInt32? = try journal.mark(mailbox).octets == 0 ? 1 : nil
        // The first message of the file names the keywords of all.
        while let from = next {
            let page = try await page(mailbox, from)
            for keyword in page.messages.lazy.flatMap(\.keywords) where !keywords.contains(keyword) { keywords.append(keyword) }
            next = page.next
        }
        return try MboxExport(journal, mailbox, keywords: keywords)
    }

    private func page(_ mailbox: MailboxEntry, _ from: UInt32) async throws -> MessagePage {
        let page = try await store.messages(of: NamedMailbox(account, mailbox.name), from: from)
        guard page.uidValidity == mailbox.uidValidity else {
            throw Failure("\(printable(mailbox.name)) was deleted and made anew meanwhile")
        }
        return page
    }

    private func write(_ messages: [MessageEntry], of mailbox: MailboxEntry, to sink: any MailboxSink) async throws {
        var ahead: [StoreDownload] = []
        var begun = messages.startIndex
        defer { for download in ahead { download.cancel() } }
        for message in messages {
            while begun < messages.endIndex, ahead.count < Self.ahead {
                let name = NamedMailbox(account, mailbox.name)
                ahead.append(store.download(.mailbox(.read(name, uid: messages[begun].uid))))
                begun += 1
            }
            try await write(message, ahead.removeFirst(), of: mailbox, to: sink)
        }
    }

    private func write(
        _ message: MessageEntry, _ download: StoreDownload, of mailbox: MailboxEntry, to sink: any MailboxSink
    ) async throws {
        try sink.begin(message)
        var count: UInt64 = 0
        while true {
            let piece: StoreDownload.Piece
            do { piece = try await download.next() } catch let refusal as StoreRefusal {
                try sink.drop()
                return try await miss(message, mailbox, refusal)
            }
            guard case .content(let content) = piece else { break }
            try content.withUnsafeReadableBytes { try sink.write($0) }
            count += UInt64(content.readableBytes)
        }
        try sink.finish()
        report.messages += 1
        report.octets += count
        report.mailboxes[mailbox.name, default: 0] += 1
        progress.show(
            messages: report.messages, octets: report.octets,
            fraction: whole > 0 ? Double(report.octets) / Double(whole) : nil)
    }

    /// A message that was removed after it was listed is not missed.
    private func miss(_ message: MessageEntry, _ mailbox: MailboxEntry, _ refusal: StoreRefusal) async throws {
        guard try await page(mailbox, message.uid).messages.first?.uid == message.uid else { return }
        report.problems.leave("\(printable(mailbox.name)), UID \(message.uid)", refusal.description)
    }

    /// As Dovecot keeps them for Maildir++.
    private func subscriptions(_ all: [MailboxEntry]) throws {
        let names = all.filter { $0.isSubscribed && $0.name != ImportNames.inbox }.compactMap { entry in
            try? MaildirExport.folder(entry.name, in: DiskPath("")).name.dropFirst()
        }
        try WrittenFile.replace(journal.folder / "subscriptions", with: Array(names.map { $0 + [0x0A] }.joined()))
    }
}
