// Mail of one account out of a backup, beside what a store in memory has. (U13)

import IPC
import Mail
import NIOCore
import Testing

@testable import postern

/// What the store's program would say of a backup.
private struct CannedBackup: BackedUpSource {
    var mailboxes: [BackedUpMailbox] = []
    var contents: [Int64: [(item: BackedUp, text: String)]] = [:]
    var rights: [(mailbox: Int64, entry: RightsEntry)] = []
    /// Octets that are handed out at a time.
    var piece = 100
    /// So many octets of each mailbox come, and then the end of the pipe.
    var cut: Int?

    mutating func add(
        _ name: String, _ messages: [(BackedUp, String)] = [], kind: String = "user", isRemoved: Bool = false,
        use: SpecialUse? = nil, isSubscribed: Bool = false
    ) {
        let number = Int64(mailboxes.count + 1)
        mailboxes.append(
            BackedUpMailbox(
                account: AccountID(rawValue: 1), address: EmailAddress("Alice@a.org")!, kind: kind, isRemoved: isRemoved,
                number: number, name: name, uidValidity: 5, messages: UInt64(messages.count), use: use,
                isSubscribed: isSubscribed))
        contents[number] = messages
    }

    /// - Parameter spool: also its UID.
    static func message(
        _ spool: UInt64, _ text: String, _ flags: MessageFlags = [], _ keywords: [String] = [], date: Int64 = 1_700_000_000_123
    ) -> (BackedUp, String) {
        let message = BackedUpMessage(
            uid: UInt32(spool), flags: flags, keywords: keywords, receivedAt: date, spool: SpoolID(rawValue: spool),
            trace: TraceID(high: 1, low: 2), octets: UInt64(text.utf8.count))
        return (.message(message), text)
    }

    func read(_ mailbox: Int64?) throws -> () throws -> ByteBuffer? {
        let all = mailboxes.map { BackedUp.mailbox($0) } + rights.map { BackedUp.rights($0.entry, mailbox: $0.mailbox) }
        let items = mailbox.map { contents[$0] ?? [] } ?? all.map { ($0, "") }
        var bytes = ByteBuffer()
        for (item, text) in items + [(.end, "")] {
            bytes.writeImmutableBuffer(try item.frame())
            bytes.writeString(text)
        }
        if mailbox != nil, let cut { bytes = bytes.getSlice(at: 0, length: min(cut, bytes.readableBytes)) ?? bytes }
        return { bytes.readSlice(length: min(piece, bytes.readableBytes)).flatMap { $0.readableBytes > 0 ? $0 : nil } }
    }
}

extension MailHouse {
    @discardableResult
    fileprivate func restore(
        _ backup: CannedBackup, _ mailbox: String? = nil, into account: NamedAccount = MailHouse.account
    ) async throws -> MailRestoreReport {
        try await StoreConversation.with(option) { store in
            let restore = MailRestore(
                backup, madeAt: "2026-11-20 02:15:00", into: account, of: store, progress: TransferProgress(isShown: false))
            try await restore.run(mailbox)
            return restore.report
        }
    }
}

@Suite struct MailRestoreTests {
    private static func inbox() -> CannedBackup {
        var backup = CannedBackup()
        backup.add(
            "INBOX",
            [
                CannedBackup.message(1, "Subject: one\r\n\r\n1\r\n", [.seen, .deleted], ["$Forwarded", "later"]),
                CannedBackup.message(2, "Subject: two\r\n\r\n2\r\n", [.flagged], date: 1_700_000_000_000),
                CannedBackup.message(3, ""),
            ])
        return backup
    }

    @Test("what is gone comes back with flags, keywords and date, and a second time nothing", arguments: [1, 7, 100, 1 << 20])
    func whatIsGone(piece: Int) async throws {
        try await MailHouse.with { house in
            var backup = Self.inbox()
            backup.piece = piece
            let report = try await house.restore(backup)
            #expect(report.messages == 3 && report.present == 0 && report.mailboxes == ["INBOX": 3] && report.made.isEmpty)
            let inbox = try #require(house.mail.mailboxes["INBOX"])
            #expect(inbox.map(\.text) == ["Subject: one\r\n\r\n1\r\n", "Subject: two\r\n\r\n2\r\n", ""])
            #expect(inbox.map(\.flags) == [.seen, .flagged, []], "what was deleted is wanted again")
            #expect(inbox.map(\.keywords) == [["$Forwarded", "later"], [], []])
            #expect(inbox.map(\.internalDate) == [1_700_000_000_123, 1_700_000_000_000, 1_700_000_000_123])
            let again = try await house.restore(backup)
            #expect(again.messages == 0 && again.present == 3 && house.mail.texts("INBOX").count == 3)
        }
    }

    @Test("what is there by number, size and date does not come twice; one that differs in any of them does")
    func whatIsThere() async throws {
        try await MailHouse.with { house in
            house.mail.with { contents in
                var kept = [
                    KeptMessage("Subject: one\r\n\r\n1\r\n", internalDate: 1_700_000_000_123),
                    KeptMessage("Subject: another one\r\n\r\n2\r\n", internalDate: 1_700_000_000_000),
                    KeptMessage("", internalDate: 5),
                ]
                for place in kept.indices { kept[place].uid = UInt32(place + 1) }
                contents.mailboxes["INBOX"] = kept
            }
            let report = try await house.restore(Self.inbox())
            #expect(report.present == 1 && report.messages == 2)
            #expect(house.mail.texts("INBOX").count == 5)
            #expect(house.mail.mailboxes["INBOX"]?.first?.flags == [], "what is there stays as it is")
        }
    }

    @Test func messagesThatAreTheSameComeBackAsOftenAsTheyWere() async throws {
        try await MailHouse.with { house in
            var backup = CannedBackup()
            let text = "Subject: twin\r\n\r\n"
            backup.add("INBOX", (1...3).map { CannedBackup.message($0, text) })
            let first = try await house.restore(backup)
            #expect(first.messages == 3)
            // The second is removed, and nothing tells it from the others but its place.
            house.mail.with { _ = $0.mailboxes["INBOX"]?.remove(at: 1) }
            let second = try await house.restore(backup)
            #expect(second.messages == 1)
            #expect(house.mail.texts("INBOX").count == 3)
        }
    }

    @Test("what was imported is known by its bytes and its second")
    func imported() async throws {
        try await MailHouse.with { house in
            try house.file("maildir/new/1", "Subject: two\n\n2\n", modified: 1_700_000_000)
            try house.file("maildir/cur/.keep")
            try await house.importAll("\(house.folder)/maildir", format: .maildir)
            #expect(house.mail.texts("INBOX").count == 1)
            let report = try await house.restore(Self.inbox())
            #expect(report.present == 1 && report.messages == 2)
        }
    }

    @Test func mailboxesThatAreMissingAreMade() async throws {
        try await MailHouse.with { house in
            var backup = CannedBackup()
            backup.add("Work/2026", [CannedBackup.message(1, "a")], isSubscribed: true)
            backup.add("Empty", [])
            backup.add("Gone", [CannedBackup.message(2, "b")], isRemoved: true)
            backup.add("Shared", [CannedBackup.message(3, "c")], kind: "folder")
            let report = try await house.restore(backup)
            #expect(report.made == ["Empty", "Work/2026"] && report.messages == 1)
            #expect(Set(house.mail.mailboxes.keys) == ["INBOX", "Work/2026", "Empty"])
            #expect(house.mail.with { $0.subscribed } == ["Work/2026"])
            let again = try await house.restore(backup)
            #expect(again.made.isEmpty)
        }
    }

    @Test("a mailbox that is made again has its rights again; one that was there keeps what it has") func rights() async throws {
        try await MailHouse.with { house in
            let (bob, carol) = (NamedAccount(EmailAddress("bob@a.org")!), NamedAccount(EmailAddress("carol@a.org")!))
            let board = NamedAccount(EmailAddress("board@a.org")!, .folder)
            let (read, write): (MailboxRights, MailboxRights) = ([.lookup, .read], [.lookup, .read, .insert])
            var backup = CannedBackup()
            backup.add("Work/2026", [CannedBackup.message(1, "a")])
            backup.add("Work", use: .archive)
            backup.add("Kept")
            backup.add("Alone")
            backup.rights = [
                (1, RightsEntry(grantee: bob, rights: write)), (1, RightsEntry(grantee: carol, rights: read)),
                (2, RightsEntry(grantee: nil, rights: .lookup)), (2, RightsEntry(grantee: board, rights: .all)),
                (3, RightsEntry(grantee: bob, rights: read)), (3, RightsEntry(grantee: board, rights: write)),
            ]
            let kept = [RightsEntry(grantee: board, rights: read), RightsEntry(grantee: bob, rights: write)]
            house.mail.with {
                ($0.grantees, $0.rights) = ([bob, board], ["Kept": kept])
                $0.mailboxes["Kept"] = []
            }
            let report = try await house.restore(backup)
            #expect(report.made == ["Alone", "Work", "Work/2026"])
            #expect(
                house.mail.with { $0.rights } == [
                    "Kept": kept, "Work/2026": [RightsEntry(grantee: bob, rights: write)],
                    "Work": [RightsEntry(grantee: nil, rights: .lookup), RightsEntry(grantee: board, rights: .all)],
                ])
            #expect((report.rights.given, report.rights.leftOut) == (3, 2))
            #expect(
                report.rights.lines == [
                    "rights lri of board@a.org on Kept left out: the mailbox was there, and keeps the rights that it has",
                    "rights l of anyone on Work given again", "rights lrswipkxtea of board@a.org on Work given again",
                    "rights lri of bob@a.org on Work/2026 given again",
                    "rights lr of carol@a.org on Work/2026 left out: there is no account carol@a.org",
                ])
            #expect(report.rights.lines.allSatisfy(report.lines.contains))
            let again = try await house.restore(backup)
            #expect((again.rights.given, again.rights.leftOut) == (0, 2))
        }
    }

    @Test func asManyRightsAreNamedAsSomebodyReads() {
        var rights = RestoredRights()
        for number in 0..<1_500 {
            rights.note(RightsEntry(grantee: nil, rights: .lookup), on: "m\(number)", leftOut: number < 700 ? nil : "why")
        }
        #expect((rights.given, rights.leftOut, rights.list.count) == (700, 800, 1_000))
        #expect(rights.lines.last == "and 500 more rights" && rights.lines.count == 1_001)
    }

    @Test("one mailbox; INBOX in any case", arguments: [("inbox", 3), ("InBox", 3), ("Work", 1)])
    func oneMailbox(name: String, count: UInt64) async throws {
        try await MailHouse.with { house in
            var backup = Self.inbox()
            backup.add("Work", [CannedBackup.message(9, "w")])
            let report = try await house.restore(backup, name)
            #expect(report.messages == count)
            #expect(house.mail.mailboxes.values.reduce(0) { $0 + $1.count } == Int(count))
        }
    }

    @Test("a mailbox or an account that the backup does not have is said, and nothing changes")
    func notInTheBackup() async throws {
        try await MailHouse.with { house in
            let backup = Self.inbox()
            func words(_ body: () async throws -> Void) async -> String {
                do { try await body() } catch { return "\(error)" }
                return ""
            }
            let mailbox = await words { try await house.restore(backup, "Wrok") }
            #expect(mailbox.contains("no mailbox \"Wrok\"") && mailbox.contains("it has \"INBOX\""), "\(mailbox)")
            let bob = NamedAccount(EmailAddress("bob@a.org")!)
            let account = await words { try await house.restore(backup, into: bob) }
            #expect(account.contains("the backup has no user bob@a.org"), "\(account)")
            let kind = await words { try await house.restore(backup, into: NamedAccount(Self.alice, .folder)) }
            #expect(kind.contains("--kind"), "\(kind)")
            #expect(house.mail.texts("INBOX").isEmpty)
        }
    }

    private static let alice = EmailAddress("alice@a.org")!

    @Test func damagedMessagesAreNamedAndLeftOut() async throws {
        try await MailHouse.with { house in
            var backup = CannedBackup()
            backup.add(
                "INBOX",
                [
                    CannedBackup.message(1, "a"), (.damaged(uid: 2, because: "wrong checksum"), ""),
                    CannedBackup.message(3, "c"),
                ])
            let report = try await house.restore(backup)
            #expect(house.mail.texts("INBOX") == ["a", "c"] && report.problems.leftOut == 1)
            #expect(report.lines.contains("left out: INBOX, UID 2: wrong checksum"))
            #expect(
                report.lines.last == "2 messages (2 B) of the backup of 2026-11-20 02:15:00 UTC restored into 1 mailbox, "
                    + "0 are there still, 1 damaged and left out")
        }
    }

    @Test("a message that the store refuses for itself is named, and those behind it come back") func refused() async throws {
        try await MailHouse.with { house in
            var backup = CannedBackup()
            let text = { (number: UInt64) in String(repeating: "x", count: number == 45 ? 2_000 : Int(number)) }
            backup.add("INBOX", (1...90).map { CannedBackup.message($0, text($0)) })
            house.mail.with { $0.largest = 1_000 }
            for messages in [UInt64(89), 0] {
                let report = try await house.restore(backup)
                #expect((report.messages, report.present) == (messages, 89 - messages))
                #expect(report.lines.contains("refused by the store and left out: INBOX, UID 45: it has 2000 octets"))
                #expect(report.lines.last?.hasSuffix(", 1 refused by the store and left out") == true)
            }
            #expect(house.mail.texts("INBOX").count == 89)
        }
    }

    @Test("whatever stops it, what has come is whole, and the next run brings the rest")
    func stopped() async throws {
        try await MailHouse.with { house in
            var backup = CannedBackup()
            backup.add("INBOX", (1...90).map { CannedBackup.message($0, "Subject: \($0)\r\n\r\n\($0)\r\n") })
            backup.cut = 1_500
            let cut = await #expect(throws: Failure.self) { try await house.restore(backup) }
            #expect(cut?.description.contains("was not read to its end") == true)
            backup.cut = nil
            house.mail.with { $0.refusal = ($0.appends + 20, AppendRefusal(.room, because: "the account is full")) }
            let full = await #expect(throws: Failure.self) { try await house.restore(backup) }
            #expect(full?.description.contains("the account is full; run the same command again") == true)
            house.mail.with { $0.refusal = nil }
            try await house.restore(backup)
            #expect(house.mail.texts("INBOX").count == 90 && Set(house.mail.texts("INBOX")).count == 90)
        }
    }

    @Test("the three ways of the command, and what does not go together")
    func commandLines() throws {
        for line in [
            "--from /b", "--from /b --replace --damaged", "a@b.org --from /b --mailbox M --kind folder --json",
            "a@b.org --at 2h --mailbox M",
        ] { _ = try Restore.parse(line.split(separator: " ").map(String.init)) }
        for line in [
            "", "a@b.org", "--at 2h", "--from /b --mailbox M", "a@b.org --from /b --at 2h", "a@b.org --from /b --replace",
            "a@b.org --from /b --damaged", "a@b.org --at 2h --replace", "nobody --from /b",
        ] { #expect(throws: (any Error).self, "\(line)") { try Restore.parse(line.split(separator: " ").map(String.init)) } }
    }
}
