// A database of the first version becomes one of this release, with everything that it has.

import GRDB
import Glibc
import IPC
import Mail
import Testing

@testable import store

/// GRDB has an error of the same name.
private typealias Refused = store.DatabaseError

@Suite struct MigrationTests {
    /// As the first release made it. Never edited.
    static let first = """
        CREATE TABLE progress (
            id INTEGER PRIMARY KEY CHECK (id = 1), next_spool INTEGER NOT NULL, synced_spool INTEGER NOT NULL,
            end_segment INTEGER NOT NULL, end_offset INTEGER NOT NULL, directory_version INTEGER NOT NULL,
            last_uidvalidity INTEGER NOT NULL);
        INSERT INTO progress VALUES (1, 1, 0, 0, 0, 1, 0);
        CREATE TABLE messages (
            spool INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
            own_file INTEGER NOT NULL, size INTEGER NOT NULL, eight_bit INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL, trace BLOB NOT NULL, sender TEXT, recipients INTEGER NOT NULL,
            refs INTEGER NOT NULL);
        CREATE INDEX messages_own_file ON messages (own_file) WHERE own_file <> 0;
        CREATE TABLE recipients (
            entry INTEGER PRIMARY KEY, address TEXT NOT NULL, fate INTEGER NOT NULL, at INTEGER NOT NULL);
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
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, folded TEXT NOT NULL, domain TEXT NOT NULL,
            credential TEXT NOT NULL, created_at INTEGER NOT NULL, removed_at INTEGER);
        CREATE UNIQUE INDEX accounts_folded ON accounts (folded) WHERE removed_at IS NULL;
        CREATE INDEX accounts_domain ON accounts (domain) WHERE removed_at IS NULL;
        CREATE TABLE mailboxes (
            id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES accounts (id), name TEXT NOT NULL,
            uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, highestmodseq INTEGER NOT NULL,
            messages INTEGER NOT NULL, octets INTEGER NOT NULL, UNIQUE (account, name));
        CREATE TABLE placements (
            mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, spool INTEGER NOT NULL, modseq INTEGER NOT NULL,
            received_at INTEGER NOT NULL, size INTEGER NOT NULL, flags INTEGER NOT NULL,
            PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;
        CREATE TABLE expunged (
            mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL, spool INTEGER NOT NULL,
            received_at INTEGER NOT NULL, size INTEGER NOT NULL, flags INTEGER NOT NULL, expunged_at INTEGER NOT NULL,
            PRIMARY KEY (mailbox, modseq, uid)) WITHOUT ROWID;
        CREATE INDEX expunged_spool ON expunged (spool);
        """

    /// What the first release had of a house: its rows by name, taken from a house of today. The bytes in the segments are
    /// the same: a message without parameters is written as it always was.
    /// - Parameter version: of the release; what that one has and the first had not is empty, but for what `more` says.
    static func giveBack(_ folder: TestFolder, version: Int = 1, more: String = "") throws {
        let path = "\(folder.path)/store/index.sqlite"
        let database = try DatabaseQueue(path: ":memory:")
        try database.write { try $0.execute(sql: first) }
        try database.writeWithoutTransaction { try $0.execute(sql: "ATTACH '\(path)' AS today") }
        try database.write { database in
            for table in ["recipients", "idempotency"] {
                try database.execute(sql: "INSERT INTO \(table) SELECT * FROM today.\(table)")
            }
            try database.execute(
                sql: """
                    DELETE FROM progress;
                    INSERT INTO progress SELECT id, next_spool, synced_spool, end_segment, end_offset, directory_version,
                        last_uidvalidity FROM today.progress;
                    INSERT INTO messages SELECT spool, segment, offset, length, own_file, size, body, accepted_at, trace,
                        sender, recipients, refs FROM today.messages;
                    INSERT INTO queue SELECT entry, destination, recipient, sender, state, next_attempt, accepted_at, size,
                        attempts, settled_lease, last_at, last_category, last_remote, last_text, last_status
                        FROM today.queue;
                    INSERT INTO domains SELECT name FROM today.domains;
                    INSERT INTO accounts SELECT id, address, folded, domain, credential, created_at, removed_at
                        FROM today.accounts;
                    INSERT INTO mailboxes SELECT id, account, name, uidvalidity, uidnext, highestmodseq, messages, octets
                        FROM today.mailboxes WHERE name = 'INBOX';
                    INSERT INTO placements SELECT mailbox, uid, spool, modseq, received_at, size, flags FROM today.placements;
                    INSERT INTO expunged SELECT mailbox, modseq, uid, spool, received_at, size, flags, expunged_at
                        FROM today.expunged;
                    """)
            for next in IndexSchema.versions[1..<version] { try database.execute(sql: next) }
            try database.execute(sql: "\(more); PRAGMA user_version = \(version)")
        }
        try database.writeWithoutTransaction { try $0.execute(sql: "DETACH today") }
        for ending in ["", "-wal", "-shm"] { unlink(path + ending) }
        let file = try DatabaseQueue(path: path)
        try database.backup(to: file)
        try file.close()
    }

    @Test("mail, queue, accounts and passwords of the first version are there") func migrated() async throws {
        var store = try TestStore()
        try await store.addUser("alice@example.test")
        let bob = store.account("bob@example.test")
        let alice = LocalPlacement(
            recipient: "alice@example.test".address, account: try #require(store.entry("alice@example.test")?.user))
        let spool = try await store.accept(
            .to([alice, bob], relays: ["x@y.test"], parameters: SenderParameters(body: .eightBit), key: "once"))
        let other = try await store.accept(.to(relays: ["z@y.test"]))
        try await store.carryOut(.removeAccount(bob.recipient, .user))
        let (folder, clock) = (store.folder, store.clock)
        store.stop()
        try Self.giveBack(folder)

        store = try TestStore(folder, clock: clock)
        #expect(try await store.text(spool).hasSuffix("body\r\n"))
        #expect(try await store.house.database.inbox(of: alice.account)?.messages.map(\.spool) == [spool])
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (4, 2, 2, 0))
        #expect(try await store.accept(.to([alice], key: "once")) == spool)
        let work = try await store.house.database.work([[EntryID(spool, ordinal: 2)], [EntryID(other, ordinal: 0)]])
        #expect(work.map { $0?.parameters.body } == [.eightBit, .sevenBit])
        #expect(work.allSatisfy { $0?.recipients.first?.parameters == RecipientParameters() })
        #expect(store.entry("alice@example.test")?.user == alice.account && store.entry("bob@example.test")?.user == nil)
        // A hash of then is good for what shows the password; the rest waits for the next one that is set.
        #expect(store.directory.policy.mechanisms == ["PLAIN", "LOGIN"])
        #expect(try store.verify().isEmpty)
        let road = try await RouterRoad(store)
        #expect(try await road.plain("alice@example.test", "s3cret").grant?.account == alice.account)
        // And it is a house of today.
        try await store.carryOut(
            .addAccount("bob@example.test".address, .folder, password: nil, legacy: []),
            .addAlias("a@example.test".address, targets: [alice.recipient]), .addRange(.safe, "10.0.0.1".range))
        _ = try await store.accept(.to([alice], relays: ["x@y.test"]))
        try await road.stop()
    }

    @Test("version 3: every INBOX stays what it is, and users get the usual mailboxes beside it") func third() async throws {
        var store = try TestStore()
        let (alice, sales) = (store.account("alice@example.test"), store.account("sales@example.test"))
        let gone = store.account("gone@example.test")
        var spools: [SpoolID] = []
        for _ in 0..<3 { spools.append(try await store.accept(.to([alice, sales, gone]))) }
        try await store.house.inboxes.removeMessages([2], of: alice.account)
        try await store.carryOut(.removeAccount(gone.recipient, .user))
        let before = try #require(try await store.house.database.mailbox(.inbox, of: alice.account))
        let (folder, clock) = (store.folder, store.clock)
        store.stop()
        try Self.giveBack(
            folder, version: 3, more: "UPDATE accounts SET kind = 'folder' WHERE address = 'sales@example.test'")

        store = try TestStore(folder, clock: clock)
        #expect(try store.recount() == [])
        var inbox = try #require(try await store.house.database.mailbox(.inbox, of: alice.account))
        #expect((inbox.messages, inbox.unseen) == (2, 2))
        inbox.isSubscribed = before.isSubscribed
        #expect(inbox == before)
        let names = try await store.house.database.mailboxes(of: alice.account, after: nil, limit: 10)
        #expect(names.map(\.name.text) == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"])
        #expect(names.allSatisfy { $0.isSubscribed && ($0.name.isInbox ? $0.use == nil : $0.use?.rawValue == $0.name.text) })
        #expect(try await store.house.database.mailboxes(of: sales.account, after: nil, limit: 10).map(\.name) == [.inbox])
        // What was removed before comes back, and a removed account has nothing new.
        guard
            case .mailbox(.undeleted(let step)) = await store.make(
                .undelete(Undeletion(alice.account, at: clock.now - 1), limit: 9))
        else { throw StoreFault("another word") }
        #expect(step.messages == 0)
        #expect(try store.rows("SELECT COUNT(*) FROM mailboxes WHERE account = \(gone.account.rawValue)") == 1)
        #expect(try await store.house.database.changes(of: before.id, since: 0) != nil)
        #expect(try await store.text(spools[1]).hasSuffix("body\r\n"))
        let reopened = try store.reopened()
        #expect(try await reopened.house.database.mailboxes(of: alice.account, after: nil, limit: 10) == names)
        reopened.stop()
    }

    @Test("the migrated tables are those of a new database") func sameTables() throws {
        func tables(_ versions: ArraySlice<String>, after start: String?) throws -> [String] {
            let database = try DatabaseQueue(path: ":memory:")
            return try database.write { database in
                if let start { try database.execute(sql: start) }
                for version in versions { try database.execute(sql: version) }
                let names = try String.fetchAll(
                    database, sql: "SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
                return try names
                    + names.flatMap { name in
                        try Row.fetchAll(database, sql: "SELECT * FROM pragma_table_info('\(name)')").map { "\(name) \($0)" }
                    }
            }
        }
        #expect(try tables(IndexSchema.versions[...], after: nil) == tables(IndexSchema.versions[1...], after: Self.first))
    }

    @Test("a database of a newer release is refused with both versions named") func newer() throws {
        let house = try TestStore()
        let folder = house.folder
        house.stop()
        let database = try DatabaseQueue(path: "\(folder.path)/store/index.sqlite")
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 5") }
        try database.close()
        let newer = Refused.newer(found: 5, known: 4)
        #expect(throws: newer) { try TestStore(folder) }
    }
}
