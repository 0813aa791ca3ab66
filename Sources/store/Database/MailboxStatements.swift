// Mailboxes are made, renamed and deleted; subscriptions; rights. Rare: nothing is prepared. What decides is looked at before
// the first row is written.

import GRDB
import IPC
import Mail

final class MailboxStatements {
    private let database: GRDB.Database

    init(_ database: GRDB.Database) throws { self.database = database }

    private func names(of account: AccountID) throws -> [MailboxName: Int64] {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT name, id FROM mailboxes WHERE account = ? AND removed_at IS NULL",
            arguments: [account.rawValue])
        var names: [MailboxName: Int64] = [:]
        while let row = try rows.next() { names[MailboxName(kept: row[0])] = row[1] }
        return names
    }

    /// Neither it nor its account was removed.
    func isThere(_ id: MailboxID) throws -> Bool {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT 1 FROM mailboxes m JOIN accounts a ON a.id = m.account
                WHERE m.id = ? AND m.removed_at IS NULL AND a.removed_at IS NULL
                """,
            arguments: [id.rawValue])
        return row != nil
    }

    private func mustExist(_ account: AccountID) throws {
        let row = try Row.fetchOne(
            database, sql: "SELECT 1 FROM accounts WHERE id = ? AND removed_at IS NULL", arguments: [account.rawValue])
        if row == nil { throw Rejection("the account does not exist any more") }
    }

    private func id(_ name: MailboxName, of account: AccountID) throws -> MailboxID {
        let id = try Int64.fetchOne(
            database, sql: "SELECT id FROM mailboxes WHERE account = ? AND name = ? AND removed_at IS NULL",
            arguments: [account.rawValue, name.text])
        guard let id else { throw Rejection.noMailbox(name) }
        return MailboxID(rawValue: id)
    }
}

// Names.
extension MailboxStatements {
    func create(_ name: MailboxName, of account: AccountID, _ use: SpecialUse?, _ now: Int64) throws -> MailboxID {
        try mustExist(account)
        let names = try names(of: account)
        guard names[name] == nil else { throw Rejection("there is a mailbox \(name) already: choose another name") }
        if let use { try mustBeFree(use, of: account) }
        let missing = name.superiors.filter { names[$0] == nil }
        try mustHaveRoom(names.count + missing.count + 1)
        for superior in missing { _ = try database.addMailbox(superior, of: account.rawValue, nil, now) }
        return try database.addMailbox(name, of: account.rawValue, use, now)
    }

    func rename(_ old: MailboxName, to new: MailboxName, of account: AccountID, _ now: Int64) throws {
        try mustExist(account)
        guard !old.isInbox, !new.isInbox else { throw Rejection("INBOX keeps its name: make another mailbox") }
        let names = try names(of: account)
        guard names[old] != nil else { throw Rejection.noMailbox(old) }
        guard new.renamed(old, to: old) == nil else {
            throw Rejection("\(old) cannot become \(new), which is the same or below it: choose another name")
        }
        var renamed: [(from: MailboxName, to: MailboxName, id: Int64)] = []
        for (name, id) in names {
            guard let text = name.renamed(old, to: new) else { continue }
            let to = MailboxName(kept: text)
            guard text.utf8.count <= MailboxName.longest, to.superiors.count < MailboxName.deepest else {
                throw Rejection("\(name) would have too long a name or too many levels: choose a shorter name")
            }
            guard names[to] == nil else { throw Rejection("there is a mailbox \(to) already: choose another name") }
            renamed.append((name, to, id))
        }
        let missing = new.superiors.filter { names[$0] == nil }
        try mustHaveRoom(names.count + missing.count)
        for superior in missing { _ = try database.addMailbox(superior, of: account.rawValue, nil, now) }
        for (from, to, id) in renamed {
            try database.execute(sql: "UPDATE mailboxes SET name = ? WHERE id = ?", arguments: [to.text, id])
            try database.execute(
                sql: "INSERT OR IGNORE INTO subscriptions SELECT account, ? FROM subscriptions WHERE account = ? AND name = ?",
                arguments: [to.text, account.rawValue, from.text])
        }
    }

    func delete(_ name: MailboxName, of account: AccountID, _ now: Int64) throws {
        try mustExist(account)
        guard !name.isInbox else { throw Rejection("INBOX stays: delete what is in it") }
        let id = try id(name, of: account)
        try database.execute(sql: "UPDATE mailboxes SET removed_at = ? WHERE id = ?", arguments: [now, id.rawValue])
    }

    func setUse(_ use: SpecialUse?, _ name: MailboxName, of account: AccountID) throws {
        try mustExist(account)
        let id = try id(name, of: account)
        if name.isInbox, use != nil { throw Rejection("INBOX has no special use: choose another mailbox") }
        if let use { try mustBeFree(use, of: account, but: id) }
        try database.execute(
            sql: "UPDATE mailboxes SET special_use = ? WHERE id = ?", arguments: [use?.rawValue, id.rawValue])
    }

    private func mustHaveRoom(_ count: Int) throws {
        guard count <= MailboxName.ofAccount else {
            throw Rejection("the account would have more than \(MailboxName.ofAccount) mailboxes: delete some first")
        }
    }

    private func mustBeFree(_ use: SpecialUse, of account: AccountID, but id: MailboxID? = nil) throws {
        let row = try Row.fetchOne(
            database,
            sql: "SELECT name FROM mailboxes WHERE account = ? AND special_use = ? AND removed_at IS NULL AND id <> ?",
            arguments: [account.rawValue, use.rawValue, id?.rawValue ?? 0])
        guard let row else { return }
        let name = MailboxName(kept: row[0])
        throw Rejection("\(name) is for \(use.attribute) already: take it away from that first")
    }
}

// Subscriptions and rights.
extension MailboxStatements {
    func subscribe(_ name: MailboxName, of account: AccountID) throws {
        try mustExist(account)
        let count = try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM subscriptions WHERE account = ?", arguments: [account.rawValue])
        guard count ?? 0 < MailboxName.ofAccount else {
            throw Rejection("the account has \(MailboxName.ofAccount) subscriptions: end some first")
        }
        try database.subscribe(name, of: account.rawValue)
    }

    func unsubscribe(_ name: MailboxName, of account: AccountID) throws {
        try mustExist(account)
        try database.execute(
            sql: "DELETE FROM subscriptions WHERE account = ? AND name = ?", arguments: [account.rawValue, name.text])
    }

    func grant(_ rights: MailboxRights, _ name: MailboxName, of account: AccountID, to grantee: Grantee) throws {
        try mustExist(account)
        let id = try id(name, of: account)
        if case .account(let other) = grantee {
            try mustExist(other)
            if other == account { throw Rejection("the owner has all rights on \(name): name another account") }
        }
        let count = try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM rights WHERE mailbox = ? AND grantee <> ?",
            arguments: [id.rawValue, grantee.stored])
        guard count ?? 0 < MailboxLimits.grantees else {
            throw Rejection("\(name) is shared with \(MailboxLimits.grantees) accounts: revoke some rights first")
        }
        try database.execute(
            sql: "DELETE FROM rights WHERE mailbox = ? AND grantee = ?", arguments: [id.rawValue, grantee.stored])
        if rights.isEmpty { return }
        try database.execute(
            sql: "INSERT INTO rights VALUES (?, ?, ?)", arguments: [id.rawValue, grantee.stored, "\(rights)"])
    }

    func revoke(_ name: MailboxName, of account: AccountID, from grantee: Grantee) throws {
        try mustExist(account)
        let id = try id(name, of: account)
        try database.execute(
            sql: "DELETE FROM rights WHERE mailbox = ? AND grantee = ?", arguments: [id.rawValue, grantee.stored])
    }
}

extension Rejection {
    static func noMailbox(_ name: MailboxName) -> Rejection {
        Rejection("there is no mailbox \(name): make it first, or look for its name (postern mailbox list)")
    }
}
