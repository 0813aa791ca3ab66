// Changes as SQL. Whatever decides between "done" and "rejected" is looked at before the first row is written, so that
// no change needs to be taken back alone.

import GRDB
import GRDBSQLite
import IPC
import Mail

/// The prepared statements of the writer and what they would otherwise ask for again and again.
final class IndexTransaction {
    let database: GRDB.Database
    let mailboxes: MailboxCounters
    let directory: DirectoryChanges
    let quotas: Quotas
    private let ingests: IngestStatements
    private let settles: SettleStatements
    private let expunges: ExpungeStatements
    private let withdrawals: WithdrawStatements
    private let purges: PurgeStatements
    private let moves: MoveStatements
    private let segments: SegmentStarts
    private let names: MailboxStatements
    private let flags: FlagStatements
    private let undeletes: UndeleteStatements
    private let queue: QueueStatements
    private let progress: Progress

    /// - Parameter quotaGrace: octets that the last message may go over a limit.
    init(_ database: GRDB.Database, quotaGrace: Int64) throws {
        self.database = database
        quotas = try Quotas(database, grace: quotaGrace)
        let mailboxes = try MailboxCounters(database, quotas: quotas)
        self.mailboxes = mailboxes
        directory = try DirectoryChanges(database)
        let keywords = try KeywordStatements(database)
        names = try MailboxStatements(database)
        ingests = try IngestStatements(database, AppendStatements(database, mailboxes, names, keywords))
        settles = try SettleStatements(database)
        expunges = try ExpungeStatements(database)
        flags = try FlagStatements(database, keywords)
        undeletes = try UndeleteStatements(database, mailboxes, expunges, keywords)
        queue = try QueueStatements(database)
        withdrawals = try WithdrawStatements(database)
        purges = try PurgeStatements(database, PastStatements(database, mailboxes, expunges))
        moves = try MoveStatements(database)
        segments = try SegmentStarts(database)
        progress = try Progress(database)
    }

    func apply(_ change: Change) throws -> ChangeResult {
        switch change {
        case .ingest(let message):
            let segment = message.location.position.segment
            if !SegmentFolder.isCompacted(segment) {
                progress.reach(message.location.end)
                try segments.note(segment, message.spool)
            }
            return try ingests.add(message, to: mailboxes)
        case .withdraw(let spools):
            try mailboxes.save()
            mailboxes.forget()
            try withdrawals.remove(spools)
            try quotas.recount()
        case .settle(let lease, let results, let now):
            return .settled(try results.filter { try settles.take($0, lease, now) }.map(\.entry.rawValue))
        case .expunge(let uids, let account, let now):
            guard let mailbox = try mailboxes.inbox(of: account) else { return .rejected("there is no such account") }
            _ = try expunge(uids, from: mailbox, now)
        case .mailbox(let change, let now): return try apply(change, now)
        case .release(let entries, let now): return .entries(try queue.release(entries, now))
        case .drop(let entries, let now): return .entries(try queue.drop(entries, now))
        case .directory(let change, let now): return try apply(change, now)
        case .purge(let time, let limit, let now):
            // Counters that are not saved yet would be missed.
            try mailboxes.save()
            return .purged(try purges.purge(removedUntil: time, limit: limit, at: now))
        case .passwordUsed(let account, let name, let day): try directory.usePassword(name, of: account, on: day)
        case .move(let messages): try moves.move(messages)
        case .retire(let segment):
            guard try moves.isEmpty(segment) else { return .rejected("a message lies in it") }
            try segments.drop(segment)
        case .reserve(let spool): progress.reserve(spool)
        case .synced(let spool): progress.synced(spool)
        }
        return .done
    }

    private func apply(_ change: DirectoryChange, _ now: Int64) throws -> ChangeResult {
        switch change {
        case .removeAccount(let address, _):
            try mailboxes.save()
            mailboxes.forget()
            try quotas.prepare(for: address.domain)
        case .setQuota(let owner, _): return try setQuota(owner, change, now)
        default: break
        }
        let result = try directory.apply(change, at: now)
        switch result {
        case .directory(.accountRemoved(let account, let address, _, _)): try quotas.left(account, address.domain)
        case .directory(.domainRemoved(let name)): try quotas.forget(domain: name)
        default: break
        }
        return result
    }

    /// An account is counted alone, since a file of the directory may set many.
    private func setQuota(_ owner: QuotaOwner, _ change: DirectoryChange, _ now: Int64) throws -> ChangeResult {
        try mailboxes.save()
        mailboxes.forget()
        switch owner {
        case .account(let address, let kind):
            guard let id = try directory.known(address, kind) else { return try directory.apply(change, at: now) }
            let before = try quotas.level(of: id)
            let result = try directory.apply(change, at: now)
            try quotas.limitsChanged(of: id, from: before)
            return result
        case .domain(let name):
            let before = try quotas.level(of: name)
            let result = try directory.apply(change, at: now)
            if case .directory = result { try quotas.limitsChanged(of: name, from: before) }
            return result
        }
    }

    /// Writes what was collected; the commit follows.
    func finish() throws {
        try mailboxes.save()
        try progress.save()
    }

    /// The transaction did not happen.
    func forget() {
        mailboxes.forget()
        quotas.abort()
        progress.forget()
        segments.forget()
    }
}

// Mailboxes.
extension IndexTransaction {
    private func expunge(_ uids: [UInt32], from mailbox: MailboxCounter, _ now: Int64) throws -> Int {
        let count = try uids.count { try expunges.remove($0, from: mailbox, now) }
        if count > 0 { mailboxes.touch(mailbox) }
        return count
    }

    private func apply(_ change: MailboxChange, _ now: Int64) throws -> ChangeResult {
        do { return .mailbox(try carryOut(change, now)) } catch let rejection as Rejection {
            return .rejected(rejection.because)
        }
    }

    private func carryOut(_ change: MailboxChange, _ now: Int64) throws -> MailboxNews {
        switch change {
        case .create(let name, let account, let use): return .created(try names.create(name, of: account, use, now))
        case .rename(let old, let new, let account): try names.rename(old, to: new, of: account, now)
        case .delete(let name, let account):
            let mailbox = try mailboxes.named(name, of: account)
            try names.delete(name, of: account, now)
            if let mailbox { mailboxes.release(mailbox) }
        case .setUse(let use, let name, let account): try names.setUse(use, name, of: account)
        case .subscribe(let name, let account): try names.subscribe(name, of: account)
        case .unsubscribe(let name, let account): try names.unsubscribe(name, of: account)
        case .grant(let rights, let name, let account, let whom): try names.grant(rights, name, of: account, to: whom)
        case .revoke(let name, let account, let whom): try names.revoke(name, of: account, from: whom)
        case .flags(let change, let id):
            let mailbox = try mailbox(id, change.uids.count)
            let outcome = try flags.apply(change, to: mailbox)
            if !outcome.changed.isEmpty { mailboxes.touch(mailbox) }
            return .flagged(outcome)
        case .expunge(let uids, let id): return .expunged(try expunge(uids, from: try mailbox(id, uids.count), now))
        case .undelete(let order, let limit): return .undeleted(try undeletes.apply(order, limit: limit))
        }
        return .done
    }

    private func mailbox(_ id: MailboxID, _ count: Int) throws -> MailboxCounter {
        guard count <= MailboxLimits.uids else {
            throw Rejection("\(count) messages are more than \(MailboxLimits.uids) at once: name fewer")
        }
        guard try names.isThere(id), let mailbox = try mailboxes.numbered(id) else {
            throw Rejection("the mailbox does not exist any more: list the mailboxes again")
        }
        return mailbox
    }
}

/// The one row of `progress`, written once a transaction.
private final class Progress {
    private let saving: IndexStatement
    private var next: UInt64 = 0
    private var syncedSpool: UInt64 = 0
    private var end = SpoolPosition(segment: 0, offset: 0)
    private var isChanged = false

    init(_ database: GRDB.Database) throws {
        saving = try IndexStatement(
            database,
            """
            UPDATE progress SET next_spool = MAX(next_spool, ?1), synced_spool = MAX(synced_spool, ?2),
                end_offset = CASE WHEN ?3 > end_segment OR ?3 = end_segment AND ?4 > end_offset
                    THEN ?4 ELSE end_offset END,
                end_segment = MAX(end_segment, ?3)
            """)
    }

    func reserve(_ spool: SpoolID) {
        next = max(next, spool.rawValue)
        isChanged = true
    }

    func synced(_ spool: SpoolID) {
        syncedSpool = max(syncedSpool, spool.rawValue)
        isChanged = true
    }

    func reach(_ position: SpoolPosition) {
        end = max(end, position)
        isChanged = true
    }

    func save() throws {
        guard isChanged else { return }
        saving.bind(1, next)
        saving.bind(2, syncedSpool)
        saving.bind(3, end.segment)
        saving.bind(4, end.offset)
        try saving.run()
        isChanged = false
    }

    /// The figures only grow, and each is true by itself: the next transaction writes them.
    func forget() {
        isChanged = false
        next = 0
        syncedSpool = 0
        end = SpoolPosition(segment: 0, offset: 0)
    }
}

/// How many rows the last statement touched.
func changedRows(_ database: GRDB.Database) -> Int { Int(sqlite3_changes(database.sqliteConnection)) }
