// Mail of one account out of a backup, beside what the running store has: nothing there is changed or removed.
//
// What the mailbox has is told in two ways. A message of the same number in the spool, size and date is the very one that was
// backed up, and does not go to the store again. Every other goes there with the identity that its bytes and its date make
// (MessageIntake.swift): what was restored, or imported, before is not put in twice, whatever number it has now.

import IPC
import Mail
import NIOCore

/// The words of `postern-store read-backup`.
protocol BackedUpSource {
    /// - Parameter mailbox: the index's number; nil: the mailboxes themselves.
    /// - Returns: hands out piece after piece, and nil at the end.
    func read(_ mailbox: Int64?) throws -> () throws -> ByteBuffer?
}

struct MailRestoreReport: Encodable {
    var account: String
    var kind: AccountKind
    /// Of the backup, in UTC.
    var madeAt: String
    var messages: UInt64 = 0
    var octets: UInt64 = 0
    /// Of the backup, which the mailboxes have.
    var present: UInt64 = 0
    /// Messages that came back, by mailbox.
    var mailboxes: [String: UInt64] = [:]
    /// Mailboxes that were missing.
    var made: [String] = []
    /// Of others, on mailboxes that were made again.
    var rights = RestoredRights()
    var problems = TransferProblems()

    mutating func take(_ tally: MessageIntake.Tally) {
        (messages, octets, present) = (tally.messages, tally.octets, tally.present)
        (mailboxes, problems) = (tally.mailboxes, tally.problems)
    }

    var lines: [String] {
        let places = mailboxes.count == 1 ? "1 mailbox" : "\(mailboxes.count) mailboxes"
        var words = "\(messages) messages (\(postern.octets(octets))) of the backup of \(madeAt) UTC restored into \(places)"
        words += ", \(present) are there still"
        if !made.isEmpty { words += made.count == 1 ? ", 1 mailbox made" : ", \(made.count) mailboxes made" }
        let damaged = problems.leftOut - problems.refused
        if damaged > 0 { words += ", \(damaged) damaged and left out" }
        if problems.refused > 0 { words += ", \(problems.refused) refused by the store and left out" }
        let counts = mailboxes.sorted { $0.key < $1.key }.map { "\(printable($0.key)): \($0.value)" }
        return counts + rights.lines + problems.lines + [words]
    }
}

/// Used by one task.
final class MailRestore {
    /// What one message has alone.
    private struct Known: Hashable {
        var spool: SpoolID
        var size: UInt64
        var date: Int64
    }

    private let source: any BackedUpSource
    private let account: NamedAccount
    private let store: StoreConversation
    private let intake: MessageIntake
    private var progress: TransferProgress
    private(set) var report: MailRestoreReport
    /// Of the backup, by the number of the mailbox.
    private var rights: [Int64: [RightsEntry]] = [:]
    private var whole: UInt64 = 0
    private var done: UInt64 = 0

    init(
        _ source: any BackedUpSource, madeAt: String, into account: NamedAccount, of store: StoreConversation,
        progress: TransferProgress
    ) {
        (self.source, self.account, self.store, self.progress) = (source, account, store, progress)
        intake = MessageIntake(store, account)
        report = MailRestoreReport(account: "\(account.address)", kind: account.kind, madeAt: madeAt)
    }

    /// - Parameter mailbox: nil: all that the account had.
    /// - Throws: `Failure` when the backup cannot be read or the store does not go on.
    func run(_ mailbox: String?) async throws {
        // An account that is not there is said before all is read.
        var here = try await store.mailboxes(of: account)
        let chosen = try await chosen(mailbox)
        whole = chosen.reduce(0) { $0 + $1.messages }
        do {
            for mailbox in chosen {
                let isThere = here.contains { $0.name == mailbox.name }
                if !isThere { here += try await make(mailbox, beside: here) }
                try await restoreRights(on: mailbox, isNew: !isThere)
                try await bring(mailbox, isThere ? try await known(mailbox.name) : [])
            }
            try await intake.settle()
        } catch {
            let reason = error as? Failure ?? Failure("the backup cannot be read: \(error)")
            let stopped = await intake.stopped("the restoring", reason)
            progress.end()
            throw stopped
        }
        progress.end()
        report.take(intake.tally)
    }

    /// Those that are above others come first, so that each that is missing is made with what is its own.
    private func chosen(_ name: String?) async throws -> [BackedUpMailbox] {
        var all: [BackedUpMailbox] = []
        do {
            try await hear(nil) { event in
                if case .item(.mailbox(let mailbox)) = event { all.append(mailbox) }
                if case .item(.rights(let entry, let mailbox)) = event { rights[mailbox, default: []].append(entry) }
            }
        } catch let fault as BackedUpFault { throw Failure("the backup cannot be read: \(fault.description)") }
        let own = all.filter { !$0.isRemoved && $0.kind == account.kind.rawValue && $0.address.folded == account.address.folded }
        guard !own.isEmpty else {
            throw Failure(
                "the backup has no \(account.kind.rawValue) \(account.address): look whether there is one of another kind (--kind), "
                    + "or take an older backup")
        }
        let chosen = own.filter { MailboxChoice(name).takes($0.name) }
        guard !chosen.isEmpty else {
            let names = own.map(\.name).sorted().prefix(20).map { "\"\(printable($0))\"" }.joined(separator: ", ")
            throw Failure("the backup has no mailbox \"\(printable(name ?? ""))\" of \(account.address); it has \(names)")
        }
        return chosen.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// With what the backup says of it, unless another mailbox has its use by now.
    private func make(_ mailbox: BackedUpMailbox, beside here: [MailboxEntry]) async throws -> [MailboxEntry] {
        let name = NamedMailbox(account, mailbox.name)
        let use = here.contains { $0.use == mailbox.use } ? nil : mailbox.use
        try await store.change(.create(name, use: use))
        if mailbox.isSubscribed { try await store.change(.subscribe(name)) }
        report.made.append(mailbox.name)
        // Those above it may have been made with it.
        return try await store.mailboxes(of: account).filter { entry in !here.contains { $0.name == entry.name } }
    }

    /// A mailbox that was there keeps the rights that it has: somebody may have taken others away since.
    private func restoreRights(on mailbox: BackedUpMailbox, isNew: Bool) async throws {
        guard let entries = rights[mailbox.number] else { return }
        let name = NamedMailbox(account, mailbox.name)
        if isNew {
            for entry in entries {
                let refusal = try await store.refusal(of: .grant(name, to: entry.grantee, rights: "\(entry.rights)"))
                report.rights.note(entry, on: mailbox.name, leftOut: refusal)
            }
            return
        }
        guard case .rights(let present) = try await store.ask(.listRights(name)) else { throw Failure.misfit("store") }
        for entry in entries {
            let isGiven = present.contains { $0.grantee == entry.grantee && $0.rights.isSuperset(of: entry.rights) }
            if isGiven { continue }
            report.rights.note(entry, on: mailbox.name, leftOut: "the mailbox was there, and keeps the rights that it has")
        }
    }

    /// What the mailbox has now.
    private func known(_ name: String) async throws -> Set<Known> {
        var known: Set<Known> = []
        var next: UInt32? = 1
        while let from = next {
            let page = try await store.messages(of: NamedMailbox(account, name), from: from)
            for entry in page.messages { known.insert(Known(spool: entry.spool, size: entry.size, date: entry.internalDate)) }
            next = page.next
        }
        return known
    }

    private func bring(_ mailbox: BackedUpMailbox, _ known: Set<Known>) async throws {
        intake.enter(mailbox.name)
        var current: Current?
        try await hear(mailbox.number) { event in
            switch event {
            case .item(.message(let message)):
                let isKnown = known.contains(Known(spool: message.spool, size: message.octets, date: message.receivedAt))
                current = Current(facts: message, isKnown: isKnown, content: intake.begin(isKnown: isKnown))
            case .item(.damaged(let uid, let because)):
                intake.leave(Self.item(mailbox, uid), because)
                advance()
            case .item: break
            case .content(let bytes):
                current?.content.append(bytes)
                try await current?.content.flush()
            }
            if let message = current, message.content.octets == message.facts.octets {
                current = nil
                try await finish(message, of: mailbox)
            }
        }
    }

    private struct Current {
        var facts: BackedUpMessage
        var isKnown: Bool
        var content: IncomingMessage
    }

    private static func item(_ mailbox: BackedUpMailbox, _ uid: UInt32) -> String {
        "\(printable(mailbox.name)), UID \(uid)"
    }

    private func finish(_ message: Current, of mailbox: BackedUpMailbox) async throws {
        // What was on its way out would be gone with the next expunge.
        let facts = ImportedFacts(
            flags: message.facts.flags.subtracting(.deleted), keywords: message.facts.keywords,
            internalDate: message.facts.receivedAt)
        if message.isKnown {
            intake.pass(message.content, facts)
        } else {
            try await intake.finish(message.content, facts, item: Self.item(mailbox, message.facts.uid))
        }
        advance()
    }

    private func advance() {
        done += 1
        progress.show(
            messages: done, octets: intake.tally.octets, fraction: whole > 0 ? Double(done) / Double(whole) : nil)
    }

    /// To its end. - Throws: `BackedUpFault` when it is not what the store's program says.
    private func hear(_ mailbox: Int64?, _ body: (BackedUpReader.Event) async throws -> Void) async throws {
        var reader = BackedUpReader()
        let next = try source.read(mailbox)
        while let piece = try next() {
            try reader.take(piece)
            while let event = try reader.next() { try await body(event) }
        }
        try reader.finish()
    }
}

extension BackupFolder {
    /// The store's own program reads it, whose secret the form of a record is.
    struct Source: BackedUpSource {
        let folder: BackupFolder
        let manifest: BackupManifest

        func read(_ mailbox: Int64?) throws -> () throws -> ByteBuffer? {
            let program = try manifest.program(["read-backup", folder.path] + (mailbox.map { ["\($0)"] } ?? []))
            return {
                if let piece = program.piece() { return piece }
                program.end()
                return nil
            }
        }
    }
}

extension BackupManifest {
    /// The store's program at work on this backup, whose files it is told.
    func program(_ words: [String]) throws -> StoreProgram {
        let program = try StoreProgram(words, isHeard: true)
        try program.write(Array(files.map { "\($0.file) \($0.path) \($0.length)\n" }.joined().utf8))
        return program
    }
}
