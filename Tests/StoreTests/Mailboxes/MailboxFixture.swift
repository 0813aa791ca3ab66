// Mailboxes in tests: changes, appended messages, and the figures computed again from what is in them.

import GRDB
import IPC
import Mail
import NIOCore

@testable import store

extension TestStore {
    func make(_ change: MailboxChange) async -> ChangeResult {
        let now = clock.now
        return await withCheckedContinuation { continuation in
            house.database.commit([.mailbox(change, at: now)]) { continuation.resume(returning: $0[0]) }
        }
    }

    /// Expects that it is taken.
    @discardableResult
    func done(_ change: MailboxChange) async throws -> MailboxNews {
        switch await make(change) {
        case .mailbox(let news): return news
        case .rejected(let because): throw StoreFault(because)
        default: throw StoreFault("another word")
        }
    }

    /// nil: it was taken.
    func rejection(_ change: MailboxChange) async -> String? {
        if case .rejected(let because) = await make(change) { return because }
        return nil
    }

    func mailbox(_ name: String, of account: AccountID) async throws -> PlacedMailbox {
        guard let found = try await house.database.mailbox(MailboxName(name), of: account) else {
            throw StoreFault("there is no mailbox \(name)")
        }
        return found
    }

    func names(of account: AccountID) async throws -> [String] {
        try await house.database.mailboxes(of: account, after: nil, limit: 20_000).map(\.name.text)
    }

    func messages(_ name: String, of account: AccountID) async throws -> [PlacedMessage] {
        try await house.database.messages(of: try await mailbox(name, of: account).id, from: 1, limit: 100_000) ?? []
    }

    /// All steps.
    func undelete(
        _ account: AccountID, _ name: MailboxName? = nil, at time: Int64, limit: Int = 500
    ) async throws -> (messages: Int, mailboxes: [String], steps: Int) {
        var order = Undeletion(account, mailbox: name, at: time)
        var all = (messages: 0, mailboxes: [String](), steps: 0)
        repeat {
            guard case .undeleted(let step) = try await done(.undelete(order, limit: limit)) else {
                throw StoreFault("another word")
            }
            all = (all.messages + Int(step.messages), all.mailboxes + step.mailboxes, all.steps + 1)
            order.after = step.next
        } while order.after != nil
        return all
    }

    /// What the first column of the first row has.
    func rows(_ sql: String) throws -> Int {
        let database = try DatabaseQueue(path: "\(folder.path)/store/index.sqlite")
        return try database.read { try Int.fetchOne($0, sql: sql) ?? -1 }
    }

    /// Gives the account so many mailboxes, `m1` and so on: past the store, which takes long for as many as it allows.
    func fill(_ account: AccountID, upTo count: Int, named prefix: String = "m") throws {
        let database = try DatabaseQueue(path: "\(folder.path)/store/index.sqlite")
        try database.write {
            try $0.execute(
                sql: """
                    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2 - (
                        SELECT COUNT(*) FROM mailboxes WHERE account = ?1 AND removed_at IS NULL))
                    INSERT INTO mailboxes (account, name, uidvalidity, uidnext, highestmodseq, messages, octets, unseen)
                    SELECT ?1, ?3 || n, n, 1, 1, 0, 0, 0 FROM numbers
                    """, arguments: [account.rawValue, count, prefix])
        }
    }

    /// One line for each mailbox whose figures are not what its messages say, and for each message with other references
    /// than it has.
    func recount() throws -> [String] {
        // The memory engine counts whenever it is asked.
        guard engine == .sqlite else { return [] }
        let database = try DatabaseQueue(path: "\(folder.path)/store/index.sqlite")
        return try database.read { database in
            let wrong = try Row.fetchAll(
                database,
                sql: """
                    SELECT m.* FROM mailboxes m LEFT JOIN (
                        SELECT mailbox, COUNT(*) AS n, SUM(size) AS o, SUM(flags & 1 = 0) AS u, MAX(uid) AS last,
                            MAX(modseq) AS modseq FROM placements GROUP BY mailbox) p ON p.mailbox = m.id
                    LEFT JOIN (SELECT mailbox, MAX(uid) AS last, MAX(modseq) AS modseq FROM expunged GROUP BY mailbox) e
                        ON e.mailbox = m.id
                    WHERE m.messages <> COALESCE(p.n, 0) OR m.octets <> COALESCE(p.o, 0) OR m.unseen <> COALESCE(p.u, 0)
                        OR m.uidnext <= MAX(COALESCE(p.last, 0), COALESCE(e.last, 0))
                        OR m.highestmodseq < MAX(COALESCE(p.modseq, 0), COALESCE(e.modseq, 0))
                    """)
            let torn = try Row.fetchAll(
                database,
                sql: """
                    SELECT m.spool, m.refs FROM messages m
                    WHERE m.refs <> (SELECT COUNT(*) FROM placements p WHERE p.spool = m.spool)
                        + (SELECT COUNT(*) FROM expunged e WHERE e.spool = m.spool)
                        + (SELECT COUNT(*) FROM queue q WHERE q.entry >> 16 = m.spool)
                    """)
            return wrong.map { "\($0)" } + torn.map { "\($0)" }
        }
    }
}

extension Plan {
    /// A message that did not come by SMTP, into one mailbox.
    static func appending(
        _ account: LocalPlacement, _ mailbox: String?, flags: MessageFlags = [], keywords: [String] = [], date: Int64? = nil,
        identity: String? = nil, creates: Bool = false
    ) -> Plan {
        var placement = account
        (placement.mailbox, placement.flags, placement.keywords) = (mailbox, flags, keywords)
        var plan = Plan(
            trace: TraceID(high: 3, low: 4), sender: nil, localHeader: [], header: [], placements: [placement], relays: [])
        plan.isAppended = true
        plan.internalDate = date
        plan.identity = identity
        plan.createsMailboxes = creates
        return plan
    }
}

extension MailboxName {
    /// Of a test, which has no bad ones.
    static func of(_ text: String) -> MailboxName { MailboxName(kept: text) }
}
