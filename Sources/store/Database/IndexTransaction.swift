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
    private let ingests: IngestStatements
    private let settles: SettleStatements
    private let expunges: ExpungeStatements
    private let withdrawals: WithdrawStatements
    private let purges: PurgeStatements
    private let moves: MoveStatements
    private let segments: SegmentStarts
    private let progress: Progress

    init(_ database: GRDB.Database) throws {
        self.database = database
        mailboxes = try MailboxCounters(database)
        directory = try DirectoryChanges(database)
        ingests = try IngestStatements(database)
        settles = try SettleStatements(database)
        expunges = try ExpungeStatements(database)
        withdrawals = try WithdrawStatements(database)
        purges = try PurgeStatements(database)
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
        case .settle(let lease, let results, let now):
            return .settled(try results.filter { try settles.take($0, lease, now) }.map(\.entry.rawValue))
        case .expunge(let uids, let account, let now):
            guard let mailbox = try mailboxes.inbox(of: account) else { return .rejected("there is no such account") }
            for uid in uids where try expunges.remove(uid, from: mailbox, now) { mailboxes.touch(mailbox) }
        case .directory(let change, let now):
            if case .removeAccount = change {
                try mailboxes.save()
                mailboxes.forget()
            }
            return try directory.apply(change, at: now)
        case .purge(let time, let limit): return .purged(try purges.purge(removedUntil: time, limit: limit))
        case .move(let messages): try moves.move(messages)
        case .retire(let segment):
            guard try moves.isEmpty(segment) else { return .rejected("a message lies in it") }
            try segments.drop(segment)
        case .reserve(let spool): progress.reserve(spool)
        case .synced(let spool): progress.synced(spool)
        }
        return .done
    }

    /// Writes what was collected; the commit follows.
    func finish() throws {
        try mailboxes.save()
        try progress.save()
    }

    /// The transaction did not happen.
    func forget() {
        mailboxes.forget()
        progress.forget()
        segments.forget()
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
