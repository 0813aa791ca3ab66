// Command lines about mailboxes and about entries of the queue: what the store is asked.

import ArgumentParser
import Foundation
import IPC
import Mail
import Testing

@testable import postern

@Suite struct MailboxTests {
    private static let inbox =
        #"{"account" : {"address" : {"domain" : "a.org","localPart" : "i"},"kind" : "user"},"name" : "INBOX"}"#
    private static let sent = inbox.replacingOccurrences(of: "INBOX", with: "Sent")

    /// T-07, T-27.
    @Test(arguments: [
        ("create i@a.org Sent --use sent", #"{"create" : {"_0" : \#(sent),"use" : "Sent"}}"#),
        ("create i@a.org Sent", #"{"create" : {"_0" : \#(sent)}}"#),
        ("rename i@a.org Sent Gone/Sent", #"{"rename" : {"_0" : \#(sent),"to" : "Gone/Sent"}}"#),
        ("delete i@a.org Sent --yes", #"{"delete" : {"_0" : \#(sent)}}"#),
        ("subscribe i@a.org Sent", #"{"subscribe" : {"_0" : \#(sent)}}"#),
        ("unsubscribe i@a.org Sent", #"{"unsubscribe" : {"_0" : \#(sent)}}"#),
        ("use i@a.org Sent archive", #"{"setUse" : {"_0" : \#(sent),"_1" : "Archive"}}"#),
        ("use i@a.org Sent none", #"{"setUse" : {"_0" : \#(sent)}}"#),
        ("share i@a.org INBOX anyone read", #"{"grant" : {"_0" : \#(inbox),"rights" : "lr"}}"#),
        (
            "share i@a.org INBOX b@a.org write",
            #"{"grant" : {"_0" : \#(inbox),"rights" : "lrswite","to" : {"address" : "#
                + #"{"domain" : "a.org","localPart" : "b"},"kind" : "user"}}}"#
        ),
        ("share i@a.org INBOX anyone rla", #"{"grant" : {"_0" : \#(inbox),"rights" : "lra"}}"#),
        ("unshare i@a.org INBOX anyone", #"{"revoke" : {"_0" : \#(inbox)}}"#),
    ])
    func changes(line: String, words: String) async throws {
        let house = try await FakeHouse()
        try await house.run("mailbox \(line)")
        #expect(house.store.questions == [#"{"mailbox" : {"_0" : \#(words)}}"#])
        try await house.close()
    }

    @Test func aSharedFoldersMailbox() async throws {
        let house = try await FakeHouse()
        try await house.run("mailbox create i@a.org Sent --kind folder")
        #expect(house.store.questions.first?.contains(#""kind" : "folder""#) == true)
        try await house.close()
    }

    /// Nobody is there to ask.
    @Test func deletingAsks() async throws {
        let house = try await FakeHouse()
        await #expect(throws: Failure.self) { try await house.run("mailbox delete i@a.org Sent") }
        await #expect(throws: Failure.self) { try await house.run("queue drop 3") }
        #expect(house.store.questions == [])
        try await house.close()
    }

    @Test(arguments: [
        "mailbox create i@a.org /Sent", "mailbox create i@a.org Sent --use outbox", "mailbox use i@a.org Sent",
        "mailbox share i@a.org INBOX anyone rz", "mailbox share i@a.org INBOX bob read", "mailbox list i@a.org --kind robot",
        "mailbox list i", "queue release", "queue drop 0", "queue drop 3 --all-held", "queue release 3 --sender x@a.org",
        "import i@a.org", "import i@a.org x --dialect cl", "import i@a.org x --format pst", "export i@a.org", "restore i@a.org",
    ])
    func wrongUsage(line: String) {
        #expect(throws: (any Error).self) { try Postern.parseAsRoot(line.split(separator: " ").map(String.init)) }
    }

    @Test func listings() throws {
        let entry = MailboxEntry(
            name: "Sent", id: "F1", uidValidity: 7, uidNext: 9, highestModSeq: 3, messages: 2, unseen: 1, octets: 1_500,
            use: .sent,
            isSubscribed: true)
        let lines = try listing([MailboxRow(entry)], asJSON: false).split(separator: "\n")
        #expect(lines.last == "Sent     2         1       1.5 kB  sent  yes         7            9")
        #expect(try listing([MailboxRow(entry)], asJSON: true).contains(#""use" : "sent""#))
        let rows = [
            RightsEntry(grantee: nil, rights: [.lookup, .read]),
            RightsEntry(grantee: NamedAccount(EmailAddress(localPart: "b", domain: "a.org")), rights: [.read, .administer]),
        ].map(RightsRow.init)
        #expect(
            try listing(rows, asJSON: false).split(separator: "\n").map(String.init) == [
                "WHO      RIGHTS  IN WORDS", "anyone   lr      read", "b@a.org  ra      ",
            ])
    }
}

@Suite struct QueueOrderTests {
    private static func entry(_ number: UInt64, _ sender: String?, _ recipient: String, _ state: QueueState) throws -> QueueEntry
    {
        QueueEntry(
            entry: number, message: SpoolID(rawValue: number), sender: try sender.map { try #require(EmailAddress($0)) },
            recipient: try #require(EmailAddress(recipient)), state: state, acceptedAt: 0, nextAttemptAt: 0, attempts: 1, size: 1,
            last: nil)
    }

    private static func house() async throws -> FakeHouse {
        let entries = [
            try entry(1, "x@a.org", "One@b.org", .held), try entry(2, nil, "two@b.org", .deferred),
            try entry(3, "y@a.org", "three@c.org", .held),
        ]
        return try await FakeHouse(store: { question in
            switch question {
            case .listQueue(let after): .queue(entries.filter { $0.entry > after ?? 0 })
            case .releaseEntries(let chosen), .dropEntries(let chosen): .entries(UInt32(chosen.count(where: { $0 < 4 })))
            default: .done
            }
        })
    }

    /// T-17: by number, by state, by pattern.
    @Test(arguments: [
        ("release 2 3", "release", [2, 3]), ("release --all-held", "release", [1, 3]), ("drop 1 --yes", "drop", [1]),
        ("drop --recipient *@B.org --yes", "drop", [1, 2]), ("release --sender <>", "release", [2]),
        ("release --destination c.*", "release", [3]), ("release --all-held --recipient one@*", "release", [1]),
        ("release --sender ?@a.org --destination b.org", "release", [1]),
    ])
    func orders(line: String, word: String, entries: [UInt64]) async throws {
        let house = try await Self.house()
        try await house.run("queue \(line)")
        #expect(
            house.store.questions.last == #"{"\#(word)Entries" : {"_0" : [\#(entries.map(String.init).joined(separator: ","))]}}"#
        )
        try await house.close()
    }

    /// What was not there any more is no success.
    @Test func entriesThatAreGone() async throws {
        let house = try await Self.house()
        await #expect(throws: ExitCode.self) { try await house.run("queue release 3 4") }
        try await house.close()
    }

    @Test func manyEntriesInPages() async throws {
        let house = try await FakeHouse(store: { question in
            if case .releaseEntries(let chosen) = question { .entries(UInt32(chosen.count)) } else { .done }
        })
        try await house.run("queue release " + (1...2_001).map(String.init).joined(separator: " "))
        #expect(house.store.questions.count == 3)
        try await house.close()
    }
}
