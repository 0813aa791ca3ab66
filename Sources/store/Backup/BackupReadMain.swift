// `postern-store read-backup DIR [MAILBOX]`: the mailboxes of a backup, or the messages of one of them, as `BackedUp` says it.
// For the command, which knows the manifest, writes the list of files to standard input, and hears the rest.

import Glibc
import IPC
import NIOCore

enum BackupReadMain {
    static let word = "read-backup"

    /// - Parameter words: the folder of the backup, and the number of a mailbox.
    static func run(_ words: [String]) -> Never {
        StandAlone.run("the backup cannot be read") {
            guard let folder = words.first, words.count <= 2, words.count == 1 || Int64(words[1]) != nil else {
                throw StoreFault("usage: read-backup DIR [MAILBOX]")
            }
            let listing = BackupListing(try BackupRecords(try BackupFiles(folder, list: FileLines.all(STDIN_FILENO))))
            if let mailbox = words.dropFirst().first.flatMap({ Int64($0) }) {
                try listing.messages(of: mailbox, send)
            } else {
                try listing.mailboxes(send)
            }
        }
    }

    private static func send(_ bytes: ByteBuffer) throws {
        let count = bytes.readableBytes
        var done = 0
        while done < count {
            let wrote = bytes.withUnsafeReadableBytes { write(STDOUT_FILENO, $0.baseAddress! + done, count - done) }
            if wrote < 0, errno == EINTR { continue }
            // The command has ended, and said why.
            if wrote < 0, errno == EPIPE { exit(1) }
            guard wrote > 0 else { throw DiskError("write", "standard output") }
            done += wrote
        }
    }
}

/// What is told, piece by piece.
struct BackupListing {
    private static let page = 500

    private let records: BackupRecords

    init(_ records: BackupRecords) { self.records = records }

    func mailboxes(_ send: (ByteBuffer) throws -> Void) throws {
        for mailbox in try records.index.mailboxes() { try send(try BackedUp.mailbox(mailbox).frame()) }
        for (mailbox, entry) in try records.index.rights() { try send(try BackedUp.rights(entry, mailbox: mailbox).frame()) }
        try send(try BackedUp.end.frame())
    }

    /// In the order of their UIDs; a damaged one is named instead.
    func messages(of mailbox: Int64, _ send: (ByteBuffer) throws -> Void) throws {
        var uid: UInt32 = 0
        while true {
            let page = try records.index.placements(in: mailbox, after: uid, limit: Self.page)
            guard let last = page.last else { return try send(try BackedUp.end.frame()) }
            for placement in page { try tell(placement, send) }
            uid = last.uid
        }
    }

    private func tell(_ placement: CopiedPlacement, _ send: (ByteBuffer) throws -> Void) throws {
        let message: StoredMessage
        let file: OpenFile?
        do {
            message = try records.message(placement.record)
            file = try records.largeFile(message.record)
        } catch {
            return try send(try BackedUp.damaged(uid: placement.uid, because: "\(error)").frame())
        }
        let outside = file == nil ? 0 : message.record.contentLength
        let head = BackedUpMessage(
            uid: placement.uid, flags: placement.flags, keywords: placement.keywords, receivedAt: placement.receivedAt,
            spool: placement.record.spool, trace: message.record.trace, octets: UInt64(message.local.readableBytes) + outside)
        try send(try BackedUp.message(head).frame())
        try send(message.local)
        try file?.forEachPiece(outside) { try send(ByteBuffer(bytes: $0)) }
    }
}
