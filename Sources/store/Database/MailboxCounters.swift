// The counters of mailboxes, held between transactions and written once a transaction, however many messages came.

import GRDB
import Mail

/// One mailbox's row.
final class MailboxCounter {
    let id: Int64
    var uidNext: UInt64
    var highestModSeq: UInt64
    var messages: Int64 { didSet { quota?.add(messages: messages - oldValue) } }
    var octets: Int64 { didSet { quota?.add(octets: octets - oldValue) } }
    /// What the mailbox's account may keep, which follows the numbers here; nil: there is no limit.
    let quota: QuotaUse?
    fileprivate var isChanged = false

    /// - Parameter quotas: asked before the first change of the numbers: what is read of the account's use is what they say.
    fileprivate init(_ row: IndexStatement, of account: AccountID, _ quotas: Quotas) throws {
        quota = try quotas.use(of: account)
        id = row.integer(0)
        uidNext = row.number(1)
        highestModSeq = row.number(2)
        messages = row.integer(3)
        octets = row.integer(4)
    }
}

final class MailboxCounters {
    /// More than these are read again when they are needed.
    private static let kept = 100_000

    let quotas: Quotas
    private let find: IndexStatement
    private let saving: IndexStatement
    private var inboxes: [AccountID: MailboxCounter] = [:]
    private var changed: [MailboxCounter] = []

    init(_ database: GRDB.Database, quotas: Quotas) throws {
        self.quotas = quotas
        find = try IndexStatement(
            database,
            """
            SELECT m.id, m.uidnext, m.highestmodseq, m.messages, m.octets FROM mailboxes m
            JOIN accounts a ON a.id = m.account WHERE a.id = ?1 AND a.removed_at IS NULL AND m.name = 'INBOX'
            """)
        saving = try IndexStatement(
            database, "UPDATE mailboxes SET uidnext = ?2, highestmodseq = ?3, messages = ?4, octets = ?5 WHERE id = ?1")
    }

    /// nil: there is no such account, or it was removed.
    func inbox(of account: AccountID) throws -> MailboxCounter? {
        if let known = inboxes[account] { return known }
        var found: MailboxCounter?
        find.bind(1, account.rawValue)
        try find.rows { found = try MailboxCounter(find, of: account, quotas) }
        if let found {
            if inboxes.count >= Self.kept, changed.isEmpty { inboxes.removeAll() }
            inboxes[account] = found
        }
        return found
    }

    /// To be said of a counter whose numbers were touched.
    func touch(_ mailbox: MailboxCounter) {
        guard !mailbox.isChanged else { return }
        mailbox.isChanged = true
        changed.append(mailbox)
    }

    func save() throws {
        for mailbox in changed {
            saving.bind(1, mailbox.id)
            saving.bind(2, mailbox.uidNext)
            saving.bind(3, mailbox.highestModSeq)
            saving.bind(4, mailbox.messages)
            saving.bind(5, mailbox.octets)
            try saving.run()
            mailbox.isChanged = false
        }
        changed.removeAll(keepingCapacity: true)
        quotas.settle()
    }

    /// Everything is read again when it is needed. What was touched and not saved is lost, as it should be.
    func forget() {
        inboxes.removeAll()
        changed.removeAll()
        quotas.forgetAccounts()
    }
}
