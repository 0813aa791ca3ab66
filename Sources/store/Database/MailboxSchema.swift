// The fourth version of the index: mailboxes with names, uses, rights and keywords, and messages that did not come by SMTP.

import GRDB
import IPC

extension IndexSchema {
    static let mailboxes = """
        -- Ids are never used twice: MAILBOXID is made of them. `messages`, `octets` and `unseen` count what `placements` has.
        -- The log of expunges has nothing up to the modification sequence `log_floor`. A removed mailbox gives its name free
        -- and stays until everything that was in it is past.
        ALTER TABLE mailboxes RENAME TO mailboxes_before;
        CREATE TABLE mailboxes (
            id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL,
            uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, highestmodseq INTEGER NOT NULL,
            messages INTEGER NOT NULL, octets INTEGER NOT NULL, unseen INTEGER NOT NULL,
            special_use TEXT CHECK (special_use IN ('Drafts', 'Sent', 'Archive', 'Junk', 'Trash')),
            log_floor INTEGER NOT NULL DEFAULT 0, removed_at INTEGER);
        INSERT INTO mailboxes (id, account, name, uidvalidity, uidnext, highestmodseq, messages, octets, unseen)
            SELECT id, account, name, uidvalidity, uidnext, highestmodseq, messages, octets, messages FROM mailboxes_before;
        DROP TABLE mailboxes_before;
        CREATE UNIQUE INDEX mailboxes_name ON mailboxes (account, name) WHERE removed_at IS NULL;
        CREATE UNIQUE INDEX mailboxes_use ON mailboxes (account, special_use)
            WHERE special_use IS NOT NULL AND removed_at IS NULL;
        CREATE INDEX mailboxes_removed ON mailboxes (removed_at) WHERE removed_at IS NOT NULL;
        CREATE INDEX mailboxes_full ON mailboxes (id) WHERE removed_at IS NOT NULL AND messages > 0;
        CREATE INDEX mailboxes_removed_of ON mailboxes (account) WHERE removed_at IS NOT NULL;

        -- When the message came into the mailbox, if `received_at`, the date that clients are shown, is another time.
        ALTER TABLE placements ADD COLUMN placed_at INTEGER;
        ALTER TABLE expunged ADD COLUMN placed_at INTEGER;
        -- Rows of the log that are nothing but the log.
        CREATE INDEX expunged_past ON expunged (expunged_at) WHERE spool = 0;
        CREATE INDEX idempotency_at ON idempotency (at);

        -- Names, not mailboxes: RFC 3501, section 6.3.6.
        CREATE TABLE subscriptions (
            account INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, PRIMARY KEY (account, name)
            ) WITHOUT ROWID;

        -- `flags` of a placement: bits 0 to 4 are Seen, Answered, Flagged, Deleted, Draft; the others are the mailbox's own.
        CREATE TABLE keywords (
            mailbox INTEGER NOT NULL, bit INTEGER NOT NULL CHECK (bit BETWEEN 5 AND 60), name TEXT NOT NULL,
            PRIMARY KEY (mailbox, bit)) WITHOUT ROWID;

        -- Letters of RFC 4314. `grantee` 0 is everybody with an account.
        CREATE TABLE rights (
            mailbox INTEGER NOT NULL, grantee INTEGER NOT NULL, letters TEXT NOT NULL, PRIMARY KEY (mailbox, grantee)
            ) WITHOUT ROWID;
        CREATE INDEX rights_grantee ON rights (grantee);

        -- With what identity a message was put into a mailbox. Good while that placement is there.
        CREATE TABLE identities (
            mailbox INTEGER NOT NULL, identity TEXT NOT NULL, spool INTEGER NOT NULL, uid INTEGER NOT NULL,
            PRIMARY KEY (mailbox, identity)) WITHOUT ROWID;
        CREATE INDEX identities_spool ON identities (spool);

        -- What every user has from the beginning.
        UPDATE progress SET last_uidvalidity = MAX(last_uidvalidity + 1, CAST(strftime('%s', 'now') AS INTEGER));
        INSERT INTO mailboxes (account, name, uidvalidity, uidnext, highestmodseq, messages, octets, unseen, special_use)
            SELECT a.id, u.name, p.last_uidvalidity, 1, 1, 0, 0, 0, u.name FROM accounts a, progress p,
                (SELECT 'Drafts' AS name UNION ALL SELECT 'Sent' UNION ALL SELECT 'Archive' UNION ALL SELECT 'Junk'
                    UNION ALL SELECT 'Trash') u
            WHERE a.kind = 'user' AND a.removed_at IS NULL ORDER BY a.id;
        INSERT INTO subscriptions SELECT m.account, m.name FROM mailboxes m JOIN accounts a ON a.id = m.account
            WHERE a.kind = 'user' AND a.removed_at IS NULL;
        """
}

extension GRDB.Database {
    /// The mailboxes that an account has from the beginning: a user the usual ones, all subscribed; others only INBOX.
    /// - Parameter now: milliseconds since 1970.
    func addMailboxes(of account: Int64, _ kind: AccountKind, _ now: Int64) throws {
        _ = try addMailbox(.inbox, of: account, nil, now)
        guard kind == .user else { return }
        try subscribe(.inbox, of: account)
        for use in SpecialUse.allCases {
            let name = MailboxName(kept: use.rawValue)
            _ = try addMailbox(name, of: account, use, now)
            try subscribe(name, of: account)
        }
    }

    /// RFC 3501 §2.3.1.1: a mailbox that is made again must not have the old validity; so it only grows.
    func addMailbox(_ name: MailboxName, of account: Int64, _ use: SpecialUse?, _ now: Int64) throws -> MailboxID {
        try execute(sql: "UPDATE progress SET last_uidvalidity = MAX(last_uidvalidity + 1, ?)", arguments: [now / 1000])
        try execute(
            sql: """
                INSERT INTO mailboxes
                    (account, name, uidvalidity, uidnext, highestmodseq, messages, octets, unseen, special_use)
                SELECT ?, ?, last_uidvalidity, 1, 1, 0, 0, 0, ? FROM progress
                """,
            arguments: [account, name.text, use?.rawValue])
        return MailboxID(rawValue: lastInsertedRowID)
    }

    func subscribe(_ name: MailboxName, of account: Int64) throws {
        try execute(sql: "INSERT OR IGNORE INTO subscriptions VALUES (?, ?)", arguments: [account, name.text])
    }
}
