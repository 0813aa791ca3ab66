// The tables of the SQLite index, by version. A version that was released is never edited: a new one is added.

enum IndexSchema {
    /// The position of a version in the list, from 1 on, is its number (`PRAGMA user_version`).
    static let versions = [first, second, third, mailboxes, segmentStarts, quotas, credentials]

    static var current: Int { versions.count }

    /// Times are milliseconds since 1970. Addresses are `local@domain` without quotes; the last @ divides.
    private static let first = """
        -- One row: how far things are. Ids below `next_spool` may have been given out, the bytes of messages before
        -- `synced_spool` are on the disk, no message lies at or behind `end_segment`, `end_offset`.
        CREATE TABLE progress (
            id INTEGER PRIMARY KEY CHECK (id = 1), next_spool INTEGER NOT NULL, synced_spool INTEGER NOT NULL,
            end_segment INTEGER NOT NULL, end_offset INTEGER NOT NULL, directory_version INTEGER NOT NULL,
            last_uidvalidity INTEGER NOT NULL);
        INSERT INTO progress VALUES (1, 1, 0, 0, 0, 1, 0);

        -- `recipients` were accepted with the message. `refs`: placements, soft-expunged or not, and open queue
        -- entries; at 0 the bytes may be dropped. `own_file` is 0 when the content lies in the segment.
        CREATE TABLE messages (
            spool INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
            own_file INTEGER NOT NULL, size INTEGER NOT NULL, eight_bit INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL, trace BLOB NOT NULL, sender TEXT, recipients INTEGER NOT NULL,
            refs INTEGER NOT NULL);
        CREATE INDEX messages_own_file ON messages (own_file) WHERE own_file <> 0;

        -- The ledger: `entry` is spool * 65536 + place of the recipient. Fates: 0 open, 1 stored, 2 delivered, 3 bounced.
        CREATE TABLE recipients (
            entry INTEGER PRIMARY KEY, address TEXT NOT NULL, fate INTEGER NOT NULL, at INTEGER NOT NULL);

        -- Open entries only; what a lease holds is in memory. `settled_lease`: the last lease whose outcome was taken.
        CREATE TABLE queue (
            entry INTEGER PRIMARY KEY, destination TEXT NOT NULL, recipient TEXT NOT NULL, sender TEXT,
            state TEXT NOT NULL CHECK (state IN ('ready', 'deferred', 'held')), next_attempt INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL, size INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            settled_lease INTEGER, last_at INTEGER, last_category TEXT, last_remote TEXT, last_text TEXT,
            last_status TEXT);
        CREATE INDEX queue_destination ON queue (destination);
        CREATE INDEX queue_recipient ON queue (recipient);
        CREATE INDEX queue_sender ON queue (sender);
        CREATE INDEX queue_state ON queue (state, next_attempt);
        CREATE INDEX queue_size ON queue (size);
        CREATE INDEX queue_last ON queue (last_category) WHERE last_category IS NOT NULL;

        CREATE TABLE idempotency (key TEXT PRIMARY KEY, spool INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE domains (name TEXT PRIMARY KEY) WITHOUT ROWID;

        -- `folded` is the address as it is looked up. A removed account keeps its mailboxes and gives its address free.
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, folded TEXT NOT NULL, domain TEXT NOT NULL,
            credential TEXT NOT NULL, created_at INTEGER NOT NULL, removed_at INTEGER);
        CREATE UNIQUE INDEX accounts_folded ON accounts (folded) WHERE removed_at IS NULL;
        CREATE INDEX accounts_domain ON accounts (domain) WHERE removed_at IS NULL;

        -- `messages` and `octets` count what `placements` has.
        CREATE TABLE mailboxes (
            id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL,
            uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, highestmodseq INTEGER NOT NULL,
            messages INTEGER NOT NULL, octets INTEGER NOT NULL, UNIQUE (account, name));

        -- `size` is what a local reader gets: with the local header.
        CREATE TABLE placements (
            mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, spool INTEGER NOT NULL, modseq INTEGER NOT NULL,
            received_at INTEGER NOT NULL, size INTEGER NOT NULL, flags INTEGER NOT NULL,
            PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;

        -- What was taken out of a mailbox, in order (RFC 7162): the log of expunges, and what undelete brings back.
        CREATE TABLE expunged (
            mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL, spool INTEGER NOT NULL,
            received_at INTEGER NOT NULL, size INTEGER NOT NULL, flags INTEGER NOT NULL, expunged_at INTEGER NOT NULL,
            PRIMARY KEY (mailbox, modseq, uid)) WITHOUT ROWID;
        CREATE INDEX expunged_spool ON expunged (spool);
        """

    /// Other names of domains, folders, processors, aliases, receive rules, lists of addresses, verifiers of passwords; the
    /// parameters of MAIL and RCPT.
    private static let second = """
        -- What unknown users are shown at a login is derived from it: random, the same for ever, known to nobody.
        ALTER TABLE progress ADD COLUMN decoy TEXT;

        -- An alias domain has nothing of its own but its name. `delimiters`: NULL is "+", '' is none.
        ALTER TABLE domains ADD COLUMN alias_of TEXT;
        ALTER TABLE domains ADD COLUMN catch_all TEXT;
        ALTER TABLE domains ADD COLUMN transport TEXT;
        ALTER TABLE domains ADD COLUMN delimiters TEXT;
        CREATE INDEX domains_alias_of ON domains (alias_of) WHERE alias_of IS NOT NULL;
        CREATE INDEX domains_catch_all ON domains (catch_all COLLATE NOCASE) WHERE catch_all IS NOT NULL;

        -- A user, a folder and a processor may have the same address. Only a user's `credential` is not empty: the hash of
        -- the password.
        ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'user'
            CHECK (kind IN ('user', 'folder', 'processor'));
        DROP INDEX accounts_folded;
        CREATE UNIQUE INDEX accounts_folded ON accounts (folded, kind) WHERE removed_at IS NULL;

        -- What mechanisms that never show a password need of it. `kind` and `verifier` are texts of the library SASL.
        CREATE TABLE credentials (
            kind TEXT NOT NULL, account INTEGER NOT NULL REFERENCES accounts (id), verifier TEXT NOT NULL,
            PRIMARY KEY (kind, account)) WITHOUT ROWID;

        -- `folded` is the alias, `folded_target` the target as an account of ours would be looked up.
        CREATE TABLE aliases (
            folded TEXT NOT NULL, place INTEGER NOT NULL, address TEXT NOT NULL, domain TEXT NOT NULL,
            target TEXT NOT NULL, folded_target TEXT NOT NULL, PRIMARY KEY (folded, place)) WITHOUT ROWID;
        CREATE INDEX aliases_target ON aliases (folded_target);
        CREATE INDEX aliases_domain ON aliases (domain);

        -- Receive rules in the order of their numbers; NULL is any. `sender` '' is the null sender.
        CREATE TABLE rules (
            number INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES accounts (id),
            local_part TEXT NOT NULL, domain TEXT, sender TEXT, source TEXT);
        CREATE INDEX rules_account ON rules (account);

        CREATE TABLE ranges (
            list TEXT NOT NULL CHECK (list IN ('trusted', 'safe')), range TEXT NOT NULL, PRIMARY KEY (list, range)
            ) WITHOUT ROWID;

        -- `body`: 0 seven bits, 1 eight bits, 2 binary. The others are parameters of MAIL (RFC 6531, RFC 3461).
        ALTER TABLE messages RENAME COLUMN eight_bit TO body;
        ALTER TABLE messages ADD COLUMN international INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE messages ADD COLUMN envid TEXT;
        ALTER TABLE messages ADD COLUMN ret TEXT;

        -- Parameters of RCPT (RFC 3461): bits of NOTIFY, NULL when it was not said; ORCPT, decoded.
        ALTER TABLE queue ADD COLUMN notify INTEGER;
        ALTER TABLE queue ADD COLUMN orcpt TEXT;
        """

    /// Space comes back: what was removed is let go of, dead messages are forgotten, live ones move out of sparse segments.
    private static let third = """
        -- The ledger of messages that are forgotten: their recipients, by fate.
        ALTER TABLE progress ADD COLUMN past_accepted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE progress ADD COLUMN past_stored INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE progress ADD COLUMN past_delivered INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE progress ADD COLUMN past_bounced INTEGER NOT NULL DEFAULT 0;

        -- Which messages lie in a segment, and how much of it they are. Covers what is asked.
        CREATE INDEX messages_place ON messages (segment, offset, length);
        -- Nothing refers to them. `refs` -1: nothing does, and yet a recipient's fate is open; kept for whoever looks.
        CREATE INDEX messages_dead ON messages (spool) WHERE refs = 0;

        -- A removed placement that is past keeps its row, the log of expunges, and gets `spool` 0.
        CREATE INDEX expunged_kept ON expunged (expunged_at) WHERE spool <> 0;
        """

    /// An index of every message's place cost each arriving one some percent; only copies need it.
    private static let segmentStarts = """
        -- The first message of each segment of arriving mail. Their ids ascend with their places: what lies in a segment has
        -- ids from its own first to that of the next.
        CREATE TABLE segments (number INTEGER PRIMARY KEY, first_spool INTEGER NOT NULL);
        INSERT INTO segments SELECT segment, MIN(spool) FROM messages WHERE segment < 281474976710656 GROUP BY segment;
        DROP INDEX messages_place;
        -- Of those that compaction moved (2^48: its first segment).
        CREATE INDEX messages_moved ON messages (segment, offset, length) WHERE segment >= 281474976710656;
        """

    /// Limits of what accounts and domains may keep (RFC 9208: STORAGE in octets, and MESSAGE).
    private static let quotas = """
        -- NULL: what the domain says for its accounts; 0: no limit.
        ALTER TABLE accounts ADD COLUMN quota_octets INTEGER;
        ALTER TABLE accounts ADD COLUMN quota_messages INTEGER;
        -- For each account of the domain, and for all of them together; NULL: no limit.
        ALTER TABLE domains ADD COLUMN account_octets INTEGER;
        ALTER TABLE domains ADD COLUMN account_messages INTEGER;
        ALTER TABLE domains ADD COLUMN quota_octets INTEGER;
        ALTER TABLE domains ADD COLUMN quota_messages INTEGER;
        CREATE INDEX accounts_limited ON accounts (domain) WHERE quota_octets > 0 OR quota_messages > 0;
        CREATE INDEX domains_limited ON domains (name) WHERE quota_octets > 0 OR quota_messages > 0
            OR account_octets > 0 OR account_messages > 0;
        """

    /// Passwords beside an account's own, and what each is good for.
    private static let credentials = """
        -- `scopes`: what a password is good for, texts of the vocabulary with commas; NULL is everything. `used_on`: days
        -- since 1970. In `accounts` both are of the account's own password.
        ALTER TABLE accounts ADD COLUMN scopes TEXT;
        ALTER TABLE accounts ADD COLUMN used_on INTEGER;
        CREATE TABLE named_passwords (
            account INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, hash TEXT NOT NULL, scopes TEXT,
            made_at INTEGER NOT NULL, expires_at INTEGER, used_on INTEGER, PRIMARY KEY (account, name)) WITHOUT ROWID;
        """
}
