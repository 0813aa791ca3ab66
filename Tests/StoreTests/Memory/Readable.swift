// Everything that can be read of a database, as lines, so that two engines can be held against each other.

import IPC
import Mail
import SASL

@testable import store

struct Readable {
    let database: any Database
    /// What to ask for: what one of the engines knows, and some that is gone.
    let accounts: [AccountID]
    let mailboxes: [MailboxID]
    let segments: [UInt64]
    let since: UInt64
    private(set) var lines: [String] = []

    /// - Parameters:
    ///   - before: of mailboxes and accounts only what is other than it was then, and a few more; nil: all.
    ///   - number: which few.
    init(_ database: any Database, like model: MemoryModel, before: MemoryModel?, number: Int) async throws {
        self.database = database
        since = UInt64(number % 7)
        let known = Set(model.mailboxes.keys).union(before?.mailboxes.keys ?? [:].keys)
        mailboxes = known.sorted().filter { id in
            guard let before, id.rawValue % 8 != number % 8 else { return true }
            return model.mailboxes[id] != before.mailboxes[id]
        }
        let owners = Set(mailboxes.compactMap { model.mailboxes[$0]?.account })
        accounts = model.accounts.keys.sorted { $0.rawValue < $1.rawValue }
            .filter { before == nil || owners.contains($0) || before?.accounts[$0] == nil }
        segments = Set(model.messages.values.map(\.location.position.segment)).sorted() + [0, 9_999]
        try start()
        try spool()
        for account in accounts { try await read(account) }
        for mailbox in mailboxes { try await read(mailbox) }
        try await queue()
        try await directory()
        try await limits()
        lines.append("\(try await database.audit())")
    }

    private mutating func start() throws {
        let loaded = try database.load()
        let spools = "from \(loaded.firstSpool.rawValue), synced \(loaded.synced.rawValue)"
        lines.append("\(spools), end \(loaded.indexedEnd), version \(loaded.directoryVersion)")
        for waiting in loaded.queue {
            lines.append("waits \(waiting.entry.rawValue) \(waiting.destination) \(waiting.isHeld) \(waiting.nextAttemptAt)")
        }
        lines += Self.lines(loaded.directory)
    }

    /// What look-ups say.
    static func lines(_ tables: DirectoryTables) -> [String] {
        let addresses = ChangeMaker.domains.flatMap { domain in
            (ChangeMaker.locals + ["nobody"]).map { EmailAddress("\($0)@\(domain)")! }
        }
        return addresses.map { "\($0) is \(Self.shown(tables.entry(of: $0)))" } + [
            "rules \(tables.rules.map { "\($0.number) \($0.rule) \($0.home)" })", "full by rules \(tables.fullByRules)",
            "ranges \(AccessList.allCases.map { tables.ranges[$0] ?? [] })", "figures \(tables.figures)",
            "kinds \(tables.verifierKinds.map(\.rawValue).sorted())",
        ]
    }

    private static func shown(_ entry: DirectoryEntry) -> String {
        guard case .local(var local) = entry else { return "\(entry)" }
        local.full.sort { $0.rawValue < $1.rawValue }
        return "\(local)"
    }

    private static func shown(_ location: SpoolLocation) -> String {
        "\(location.position.segment):\(location.position.offset)+\(location.length)"
    }
}

// The spool.
extension Readable {
    private mutating func spool() throws {
        var from = SpoolID(rawValue: 0)
        while case let page = try database.messages(from: from, limit: 100), let last = page.last {
            lines += page.map { "message \($0.spool.rawValue) at \(Self.shown($0.location))" }
            from = SpoolID(rawValue: last.spool.rawValue + 1)
        }
        for segment in segments {
            let page = try database.messages(in: segment, from: since * 100, limit: 20)
            let found = page.map { "\($0.spool.rawValue) \(Self.shown($0.location))" }
            lines.append("segment \(segment): \(try database.occupancy(of: segment)) \(found)")
        }
        lines.append("files \(try database.ownFiles().sorted())")
    }
}

// Mailboxes.
extension Readable {
    private mutating func read(_ account: AccountID) async throws {
        let name = "account \(account.rawValue)"
        if let inbox = try await database.inbox(of: account) {
            let messages = inbox.messages.map { "\($0.uid) \($0.size) \($0.spool.rawValue) \(Self.shown($0.location))" }
            lines.append("\(name) inbox \(inbox.uidValidity) \(messages)")
        }
        var after: String?
        while case let page = try await database.mailboxes(of: account, after: after, limit: 6), let last = page.last {
            lines += page.map { "\(name) \(Self.shown($0))" }
            after = last.name.text
        }
        let shared = try await database.sharedMailboxes(with: account, after: nil, limit: 100)
        lines += shared.map { "\(name) sees \(Self.shown($0.mailbox)) of \($0.owner.address) with \($0.rights)" }
        for password in try await database.passwords(of: account) {
            lines.append(
                "\(name) password \(password.name ?? "") \(password.hash) \(password.scopes?.text ?? "all") "
                    + "\(password.madeAt ?? 0) \(password.expiresAt ?? 0) \(password.usedOn ?? 0)")
        }
        for kind in VerifierKind.allCases {
            if let verifier = try await database.verifier(kind, of: account) { lines.append("\(name) \(verifier.text)") }
        }
    }

    private static func shown(_ box: PlacedMailbox) -> String {
        "\(box.id.rawValue) of \(box.account.rawValue) \(box.name) \(box.uidValidity) next \(box.uidNext) modseq \(box.highestModSeq)"
            + " has \(box.messages), \(box.unseen) unseen, \(box.octets) octets \(box.use?.rawValue ?? "") \(box.isSubscribed)"
    }

    private mutating func read(_ mailbox: MailboxID) async throws {
        let name = "mailbox \(mailbox.rawValue)"
        let messages = try await database.messages(of: mailbox, from: UInt32(since), limit: 50)
        lines += (messages ?? []).map {
            "\(name) \($0.uid) flags \($0.flags.rawValue) \($0.keywords) modseq \($0.modSeq) of \($0.internalDate) \($0.size) "
                + "\($0.spool.rawValue) \(Self.shown($0.location))"
        }
        if let last = messages?.last {
            lines.append("\(name) finds \(try await database.uid(of: last.spool, in: mailbox) ?? 0)")
            lines.append("\(name) has \(try await database.message(last.uid, of: mailbox)?.modSeq ?? 0)")
        }
        lines.append("\(name) since \(since): \(try await database.changes(of: mailbox, since: since).map { "\($0)" } ?? "gone")")
        let granted = try await database.rights(on: mailbox)
        lines.append("\(name) rights \(granted.map { "\($0.grantee) \($0.name?.address.stored ?? "") \($0.rights)" })")
        if let account = accounts.first { lines.append("\(name) may \(try await database.rights(of: account, on: mailbox))") }
    }
}

// Queue, directory, limits.
extension Readable {
    private mutating func queue() async throws {
        var after: EntryID?
        while case let page = try await database.queue(after: after, limit: 20), let last = page.last {
            let work = try await database.work(page.map { [EntryID(rawValue: $0.entry)] } + [[]])
            for (entry, work) in zip(page, work) {
                lines.append(
                    "entry \(entry.entry) \(entry.sender?.stored ?? "") \(entry.recipient) \(entry.state) \(entry.acceptedAt) "
                        + "\(entry.nextAttemptAt) \(entry.attempts) \(entry.size) \(entry.last.map { "\($0)" } ?? "")")
                lines.append("work \(work.map { "\($0)" } ?? "")")
            }
            after = EntryID(rawValue: last.entry)
        }
    }

    private mutating func directory() async throws {
        var name: String?
        while case let page = try await database.domains(after: name, limit: 2), let last = page.last {
            lines += page.map { "\($0)" }
            name = last.name
        }
        var address: EmailAddress?
        while case let page = try await database.accounts(after: address, limit: 3), let last = page.last {
            lines.append("page of \(page.count)")
            lines += page.map { "\($0)" }
            address = last.address
            let id = try await database.account(NamedAccount(last.address, last.kind))
            lines.append("\(last.address) is \(id?.rawValue ?? 0)")
        }
        address = nil
        while case let page = try await database.aliases(after: address, targets: 3), let last = page.last {
            lines += page.map { "alias \($0.address) \($0.targets)" }
            address = last.address
        }
        lines += try await database.rules().map { "\($0)" }
    }

    private mutating func limits() async throws {
        lines += try await database.quotas(.domains(after: nil), limit: 2).map { "\($0)" }
        lines += try await database.quotas(.domain("b.test"), limit: 2).map { "\($0)" }
        lines += try await database.quotas(.accounts(of: nil, after: nil), limit: 5).map { "\($0)" }
        lines += try await database.quotas(.accounts(of: "a.test", after: nil), limit: 2).map { "\($0)" }
        lines += try await database.quotas(.account(EmailAddress("bob@a.test")!), limit: 2).map { "\($0)" }
    }
}
