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
    /// Messages without \Seen.
    var unseen: Int64
    /// What the mailbox's account may keep, which follows the numbers here; nil: there is no limit, or the mailbox was removed.
    fileprivate(set) var quota: QuotaUse?
    fileprivate var isChanged = false

    /// - Parameter quotas: asked before the first change of the numbers: what is read of the account's use is what they say.
    fileprivate init(_ row: IndexStatement, _ quotas: Quotas) throws {
        quota = row.isNull(7) ? try quotas.use(of: AccountID(rawValue: row.integer(6))) : nil
        id = row.integer(0)
        uidNext = row.number(1)
        highestModSeq = row.number(2)
        messages = row.integer(3)
        octets = row.integer(4)
        unseen = row.integer(5)
    }

    /// The next modification sequence, which is the highest now.
    func nextModSeq() -> UInt64 {
        highestModSeq += 1
        return highestModSeq
    }
}

final class MailboxCounters {
    /// More than these are read again when they are needed.
    private static let kept = 100_000

    let quotas: Quotas
    private let find: IndexStatement
    private let findNamed: IndexStatement
    private let findNumber: IndexStatement
    private let saving: IndexStatement
    private var inboxes: [AccountID: MailboxCounter] = [:]
    /// The same counters and others': a mailbox never has two.
    private var known: [Int64: MailboxCounter] = [:]
    private var changed: [MailboxCounter] = []

    init(_ database: GRDB.Database, quotas: Quotas) throws {
        self.quotas = quotas
        let columns = "m.id, m.uidnext, m.highestmodseq, m.messages, m.octets, m.unseen, m.account, m.removed_at"
        find = try IndexStatement(
            database,
            """
            SELECT \(columns) FROM mailboxes m JOIN accounts a ON a.id = m.account
            WHERE a.id = ?1 AND a.removed_at IS NULL AND m.name = 'INBOX' AND m.removed_at IS NULL
            """)
        findNamed = try IndexStatement(
            database,
            """
            SELECT \(columns) FROM mailboxes m JOIN accounts a ON a.id = m.account
            WHERE a.id = ?1 AND a.removed_at IS NULL AND m.name = ?2 AND m.removed_at IS NULL
            """)
        findNumber = try IndexStatement(database, "SELECT \(columns) FROM mailboxes m WHERE m.id = ?1")
        saving = try IndexStatement(
            database,
            "UPDATE mailboxes SET uidnext = ?2, highestmodseq = ?3, messages = ?4, octets = ?5, unseen = ?6 WHERE id = ?1")
    }

    /// nil: there is no such account, or it was removed.
    func inbox(of account: AccountID) throws -> MailboxCounter? {
        if let known = inboxes[account] { return known }
        find.bind(1, account.rawValue)
        guard let found = try first(find) else { return nil }
        inboxes[account] = found
        return found
    }

    /// nil: the account has no such mailbox, or is none any more.
    func named(_ name: MailboxName, of account: AccountID) throws -> MailboxCounter? {
        findNamed.bind(1, account.rawValue)
        findNamed.bind(2, name.text)
        return try first(findNamed)
    }

    /// Also of a mailbox that was removed.
    func numbered(_ id: MailboxID) throws -> MailboxCounter? {
        if let known = known[id.rawValue] { return known }
        findNumber.bind(1, id.rawValue)
        return try first(findNumber)
    }

    private func first(_ select: IndexStatement) throws -> MailboxCounter? {
        var found: MailboxCounter?
        try select.rows { found = try known[select.integer(0)] ?? MailboxCounter(select, quotas) }
        if let found { known[found.id] = found }
        return found
    }

    /// Nothing was ever in the mailbox, and it is not there.
    func drop(_ mailbox: MailboxCounter) { known[mailbox.id] = nil }

    /// The mailbox was removed: what is in it does not count any more.
    func release(_ mailbox: MailboxCounter) {
        mailbox.quota?.add(messages: -mailbox.messages, octets: -mailbox.octets)
        mailbox.quota = nil
    }

    /// A mailbox that was removed, and is empty, is about to be one of the account's again.
    func revive(_ mailbox: MailboxCounter, of account: AccountID) throws { mailbox.quota = try quotas.use(of: account) }

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
            saving.bind(6, mailbox.unseen)
            try saving.run()
            mailbox.isChanged = false
        }
        changed.removeAll(keepingCapacity: true)
        quotas.settle()
        // Not earlier: nobody holds one now.
        if known.count >= Self.kept { forget() }
    }

    /// Everything is read again when it is needed. What was touched and not saved is lost, as it should be.
    func forget() {
        inboxes.removeAll()
        known.removeAll()
        changed.removeAll()
        quotas.forgetAccounts()
    }
}
