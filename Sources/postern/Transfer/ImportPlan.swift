// Finds out what somebody wants to have imported: which folders or files there are, and which mailbox each becomes.

import Archive
import ArgumentParser
import IPC

/// How mail is kept in files.
enum ArchiveFormat: String, CaseIterable, ExpressibleByArgument, Encodable {
    case maildir, mbox
}

struct ImportPlan {
    struct Source: Equatable {
        var mailbox: String
        /// A Maildir's folder, or a file; nil: standard input.
        var path: DiskPath?
    }

    var format: ArchiveFormat
    /// Those of one mailbox behind each other.
    var sources: [Source] = []
    /// Mailboxes that are to be subscribed to.
    var subscriptions: [String] = []
    /// What stands there and does not come in, with the reason.
    var leftOut: [(item: String, reason: String)] = []
    /// Files that are no mail.
    var passedOver: [String] = []
    /// `postern export` wrote it: its dialect and its times are known.
    var isExport = false

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - format: nil: guessed.
    ///   - below: The mailbox that gets it all; nil: the account's own INBOX and mailboxes.
    ///   - user: The local part of the account, which a system's mbox is called by.
    /// - Throws: `Failure` when there is nothing that can be imported.
    static func make(_ path: String, format: ArchiveFormat?, below: String?, user: String) throws -> ImportPlan {
        if path == "-" {
            guard format != .maildir else { throw Failure("a Maildir cannot come by standard input: name its folder") }
            return ImportPlan(format: .mbox, sources: [Source(mailbox: below ?? ImportNames.inbox, path: nil)])
        }
        let root = DiskPath(path)
        let entries: [DiskEntry]
        do { entries = try DiskFolder.entries(root, followsLink: true) } catch {
            if let real = root.real, (try? ReadFile(real)) != nil { return try ofFile(real, format, below, user) }
            throw Failure("cannot read \(root.text): \(error)")
        }
        let guess = format ?? (MaildirSearch.isMaildir(root, entries) ? .maildir : .mbox)
        var plan: ImportPlan
        switch guess {
        case .maildir: plan = MaildirSearch(below).plan(root)
        case .mbox: plan = MboxSearch(below).plan(root)
        }
        plan.isExport = entries.contains { $0.name.elementsEqual(ExportJournal.name.utf8) }
        plan.sources = plan.sources.enumerated().sorted { ($0.element.mailbox, $0.offset) < ($1.element.mailbox, $1.offset) }
            .map(\.element)
        guard !plan.sources.isEmpty || !plan.leftOut.isEmpty else {
            throw Failure(
                "there is no mail in \(root.text): name a Maildir (it has cur and new), an mbox file, or a folder of mbox files")
        }
        return plan
    }

    private static func ofFile(_ root: DiskPath, _ format: ArchiveFormat?, _ below: String?, _ user: String) throws -> ImportPlan
    {
        guard format != .maildir else { throw Failure("\(root.text) is a file, and a Maildir is a folder") }
        guard format == .mbox || MboxSearch.isMbox(root) else {
            throw Failure("\(root.text) does not begin like an mbox (From …): say --format mbox if it is one")
        }
        let name = MboxSearch.level(root.name)
        let isInbox = name == nil || [ImportNames.inbox.lowercased(), "mbox", user].contains(name?.lowercased())
        do {
            let mailbox = try below ?? ImportNames.mailbox(isInbox ? [] : [name ?? ""])
            return ImportPlan(format: .mbox, sources: [Source(mailbox: mailbox, path: root)])
        } catch { throw Failure("\(root.text): \(error); or name the mailbox: --mailbox NAME") }
    }
}
