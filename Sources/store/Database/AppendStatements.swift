// Where a message goes that is not simply put into an INBOX: named mailboxes, flags, and messages that did not come by SMTP.

import GRDB
import IPC
import Mail

final class AppendStatements {
    private let mailboxes: MailboxCounters
    private let names: MailboxStatements
    private let keywords: KeywordStatements
    private let database: GRDB.Database
    /// Made for the message under way, behind a savepoint.
    private var made: [MailboxCounter] = []
    private var mayMake = false
    private let known: IndexStatement
    private let remember: IndexStatement

    init(_ database: GRDB.Database, _ mailboxes: MailboxCounters, _ names: MailboxStatements, _ keywords: KeywordStatements)
        throws
    {
        self.database = database
        self.mailboxes = mailboxes
        self.names = names
        self.keywords = keywords
        known = try IndexStatement(
            database,
            """
            SELECT i.spool FROM identities i JOIN placements p ON p.mailbox = i.mailbox AND p.uid = i.uid AND p.spool = i.spool
            WHERE i.mailbox = ?1 AND i.identity = ?2
            """)
        remember = try IndexStatement(database, "INSERT OR REPLACE INTO identities VALUES (?1, ?2, ?3, ?4)")
    }

    /// Throws a `Rejection` when there is none, and then nothing was written.
    func mailbox(_ placement: LocalPlacement, _ plan: Plan, _ now: Int64) throws -> MailboxCounter {
        guard let inbox = try mailboxes.inbox(of: placement.account) else {
            throw Rejection("an account of the plan does not exist any more")
        }
        guard let text = placement.mailbox else { return inbox }
        do {
            let name = try MailboxName(text)
            if let found = try mailboxes.named(name, of: placement.account) { return found }
            guard plan.createsMailboxes else { throw Rejection.noMailbox(name) }
            return try make(name, of: placement.account, now)
        } catch let rejection as Rejection {
            if plan.isAppended { throw rejection }
        } catch let fault as FormFault {
            if plan.isAppended { throw Rejection(fault.because) }
        }
        // Mail that was accepted is not refused for a name.
        return inbox
    }

    private func make(_ name: MailboxName, of account: AccountID, _ now: Int64) throws -> MailboxCounter {
        if !mayMake { try database.execute(sql: "SAVEPOINT mailboxes") }
        mayMake = true
        guard let new = try mailboxes.numbered(try names.create(name, of: account, nil, now)) else {
            throw Rejection.noMailbox(name)
        }
        made.append(new)
        return new
    }

    /// Another message: what a failed transaction has left of an earlier one is not there any more.
    func begin() {
        mayMake = false
        made.removeAll(keepingCapacity: true)
    }

    /// To be called when it is known whether the message is taken, before anything else is written. The mailboxes of one
    /// that is not are as they were.
    func end(isTaken: Bool) throws {
        guard mayMake else { return }
        if !isTaken {
            try database.execute(sql: "ROLLBACK TO mailboxes")
            for mailbox in made { mailboxes.drop(mailbox) }
        }
        try database.execute(sql: "RELEASE mailboxes")
        begin()
    }

    /// The message with this identity that the mailbox has.
    func spool(of identity: String, in mailbox: MailboxCounter) throws -> SpoolID? {
        var found: SpoolID?
        known.bind(1, mailbox.id)
        known.bind(2, identity)
        try known.rows { found = SpoolID(rawValue: known.number(0)) }
        return found
    }

    func remember(_ identity: String, _ spool: SpoolID, uid: UInt64, in mailbox: MailboxCounter) throws {
        remember.bind(1, mailbox.id)
        remember.bind(2, identity)
        remember.bind(3, spool.rawValue)
        remember.bind(4, uid)
        try remember.run()
    }

    func flags(_ placement: LocalPlacement, in mailbox: MailboxCounter) throws -> Int64 {
        try Int64(placement.flags.intersection(.all).rawValue)
            | keywords.bitsWithRoom(placement.keywords, of: mailbox.id)
    }
}

extension Plan {
    /// Into INBOXes, as it came by SMTP: the way of nearly all mail.
    var isPlain: Bool {
        !isAppended && internalDate == nil && placements.allSatisfy(\.isPlain)
    }
}

extension LocalPlacement {
    var isPlain: Bool { mailbox == nil && flags.isEmpty && keywords.isEmpty }
}
