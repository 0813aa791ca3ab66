// postern quota, and quotas in the file of the directory: what is asked of the store, what is shown, what is refused.
// (FEATURES 2.9)

import ArgumentParser
import IPC
import Mail
import Testing

@testable import postern

@Suite struct QuotaCommandTests {
    @Test(
        "sizes and numbers as they are typed",
        arguments: [
            ("1GB", .limit(1 << 30)), ("1 gb", .limit(1 << 30)), ("500MB", .limit(500 << 20)), ("10K", .limit(10 << 10)),
            ("12345", .limit(12_345)), ("1", .limit(1)), ("none", QuotaWord.none), ("default", .usual),
            ("1024 GB", .limit(1 << 40)),
        ] as [(String, QuotaWord)])
    func sizes(text: String, word: QuotaWord) throws { #expect(try Typed.sizeLimit(text) == word) }

    @Test(
        "what is no size or no number is refused",
        arguments: [
            "", "0", "-1", "1.5GB", "GB", "lots", "1 TiB", "1152921504606846977", "9999999999 GB", "99999999999999999999",
        ])
    func wrongSizes(text: String) {
        #expect(throws: ValidationError.self) { try Typed.sizeLimit(text) }
        #expect(throws: ValidationError.self) { try Typed.numberLimit(text) }
    }

    @Test func numbers() throws {
        #expect(try Typed.numberLimit("5000") == .limit(5_000))
        #expect(try Typed.numberLimit("none") == QuotaWord.none)
        #expect(throws: ValidationError.self) { try Typed.numberLimit("5K") }
    }

    private static let alice = #"{"account" : {"_0" : {"domain" : "a.org","localPart" : "alice"}"#
    private static let domain = #"{"domain" : {"_0" : "a.org"}}"#

    @Test(
        "the store is asked for what was said and nothing else",
        arguments: [
            ("quota set alice@a.org --size 1KB", alice + #"}},"_1" : {"octets" : {"limit" : {"_0" : 1024}}}}}"#),
            (
                "quota set alice@a.org --size none --messages default --kind folder",
                alice + #","_1" : "folder"}},"_1" : {"messages" : {"usual" : {}},"octets" : {"none" : {}}}}}"#
            ),
            (
                "quota set A.org --account-size 2KB --account-messages 9",
                domain + #","_1" : {"accountMessages" : {"limit" : {"_0" : 9}},"accountOctets" : {"limit" : {"_0" : 2048}}}}}"#
            ),
            ("quota set a.org --messages none", domain + #","_1" : {"messages" : {"none" : {}}}}}"#),
        ])
    func set(line: String, question: String) async throws {
        let house = try await FakeHouse()
        try await house.run(line)
        #expect(house.store.questions == [#"{"setQuota" : {"_0" : "# + question])
        try await house.close()
    }

    @Test(
        "wrong words end with wrong usage, before a room is asked",
        arguments: [
            "quota set alice@a.org", "quota set a.org", "quota set alice@a.org --account-size 1GB",
            "quota set alice@a.org --account-messages 5", "quota set a.org --kind user --size 1GB",
            "quota set a.org --size default", "quota set a.org --account-messages default", "quota set a.org --size much",
            "quota set alice@ --size 1GB", "quota set a..org --size 1GB", "quota set alice@a.org --kind person --size 1GB",
            "quota list a.org b.org", "quota list alice@",
        ])
    func wrong(line: String) {
        #expect(throws: (any Error).self) { try Postern.parseAsRoot(line.split(separator: " ").map(String.init)) }
    }

    private static let entries = [
        QuotaEntry(domain: "a.org", octets: 3 << 30, messages: 12, limits: QuotaLimits(octets: 4 << 30), isFull: false),
        QuotaEntry(
            account: EmailAddress("alice@a.org")!, kind: .user, domain: "a.org", octets: 1_536, messages: 10,
            limits: QuotaLimits(octets: 1 << 20, messages: 10), isFull: true),
        QuotaEntry(
            account: EmailAddress("info@a.org")!, kind: .folder, domain: "a.org", octets: 0, messages: 0,
            limits: QuotaLimits(), isFull: false),
    ]

    @Test("people and programs read what is kept, what may be, and who is full") func listed() throws {
        let rows = Self.entries.map(QuotaRow.init)
        #expect(
            try listing(rows, asJSON: false).split(separator: "\n") == [
                "NAME         KIND    SIZE    OF    MESSAGES  OF  USED   ",
                "a.org        domain  3.0 GB  4 GB  12        -   75 %   ",
                "alice@a.org  user    1.5 KB  1 MB  10        10  100 %  full",
                "info@a.org   folder  0 B     -     0         -   -      ",
            ])
        let json = try listing(Array(rows[1...1]), asJSON: true).split(separator: "\n")
            .map { $0.trimmingPrefix(while: { $0 == " " }) }.joined()
        #expect(
            json == #"[{"full" : true,"kind" : "user","messages" : 10,"messagesLimit" : 10,"name" : "alice@a.org","#
                + #""octets" : 1536,"octetsLimit" : 1048576,"percent" : 100}]"#)
    }

    @Test("all, those of a domain, or one account") func asked() async throws {
        let reply: FakeRoom<CommandToStore>.Reply = { question in
            guard case .listQuotas(let listing) = question else { return .refused("another word") }
            switch listing {
            case .domains(after: nil), .domain("a.org"): return .quotas(Array(Self.entries[0...0]))
            case .accounts(of: _, after: nil): return .quotas(Array(Self.entries[1...]))
            case .account(Self.entries[1].account!): return .quotas(Array(Self.entries[1...1]))
            default: return .quotas([])
            }
        }
        let house = try await FakeHouse(store: reply)
        let call = StoreCall(try house.option)
        #expect(try await call.quotas(nil) == Self.entries)
        #expect(try await call.quotas(.domain("a.org")) == Self.entries)
        #expect(try await call.quotas(.account(EmailAddress("alice@a.org")!, nil)) == [Self.entries[1]])
        await #expect(throws: Failure.self) { try await call.quotas(.domain("b.org")) }
        await #expect(throws: Failure.self) { try await call.quotas(.account(EmailAddress("bob@a.org")!, nil)) }
        try await house.close()
    }
}

@Suite struct DirectoryQuotaTests {
    private static func account(_ name: String, _ more: String = "") -> String {
        "[[account]]\naddress = \"\(name)@a.test\"\nkind = \"user\"\n\(more)"
    }

    private static func file(domain: String = "", alice: String = "", bob: String = "") -> String {
        "version = 1\n[[domain]]\nname = \"a.test\"\n\(domain)" + account("alice", alice) + account("bob", bob)
    }

    private static func furnished() throws -> DirectoryInMemory {
        let directory = DirectoryInMemory()
        try directory.furnish(
            .addDomain("a.test"), .addUserWithoutPassword(address(of: "alice@a.test")),
            .addUserWithoutPassword(address(of: "bob@a.test")),
            .setQuota(
                .domain("a.test"),
                QuotaChange(octets: .limit(10 << 30), accountOctets: .limit(1 << 30), accountMessages: .limit(9))),
            .setQuota(.account(address(of: "alice@a.test"), .user), QuotaChange(octets: .some(.none), messages: .limit(77))))
        return directory
    }

    private static func difference(_ text: String, in directory: DirectoryInMemory) throws -> DirectoryDifference {
        DirectoryDifference(
            from: try contents(of: directory), to: try DirectoryReading.read(text, file: "d.toml"), prune: false)
    }

    @Test("what is exported has the quotas, and applied again it changes nothing") func exported() throws {
        let directory = try Self.furnished()
        let text = DirectoryText(try contents(of: directory)).text
        let domain = "name = \"a.test\"\nquota_size = \"10 GB\"\naccount_size = \"1 GB\"\naccount_messages = 9\n"
        #expect(text.contains(domain))
        #expect(
            text.contains(
                "address = \"alice@a.test\"\nkind = \"user\"\npassword = \"none\"\nquota_size = \"none\"\nquota_messages = 77\n"))
        #expect(text.contains("address = \"bob@a.test\"\nkind = \"user\"\npassword = \"none\"\n\n"))
        #expect(try Self.difference(text, in: directory).steps.isEmpty)
        // An empty house takes it whole.
        let empty = DirectoryInMemory()
        for step in try Self.difference(text, in: empty).steps {
            for question in step.questions { #expect(empty.answer(question).isDone, "\(question)") }
        }
        #expect(DirectoryText(try contents(of: empty)).text == text)
    }

    static let edits: [(String, [String])] = [
        (
            file(),
            [
                "~ account alice@a.test: quota size default, quota messages default",
                "~ domain a.test: quota size none, account size none, account messages none",
            ]
        ),
        (
            file(
                domain: "quota_size = \"20 GB\"\naccount_size = 1073741824\naccount_messages = \"9\"\n",
                alice: "quota_size = \"none\"\nquota_messages = 78\n", bob: "quota_size = \"5 MB\"\n"),
            [
                "~ account alice@a.test: quota messages 78", "~ account bob@a.test: quota size 5 MB",
                "~ domain a.test: quota size 20 GB",
            ]
        ),
    ]

    @Test("a file without a limit ends it, and another one changes it", arguments: edits)
    func changed(text: String, lines: [String]) throws {
        let directory = try Self.furnished()
        let difference = try Self.difference(text, in: directory)
        #expect(difference.steps.map(\.line) == lines)
        for question in difference.steps.flatMap(\.questions) { #expect(directory.answer(question).isDone) }
        #expect(try Self.difference(text, in: directory).steps.isEmpty)
    }

    @Test("new accounts and domains have their limits from the beginning") func added() throws {
        let directory = try Self.furnished()
        let text =
            DirectoryText(try contents(of: directory)).text + "[[domain]]\nname = \"n.test\"\nquota_messages = 5\n"
            + Self.account("carol", "quota_size = \"1 MB\"\n")
        let steps = try Self.difference(text, in: directory).steps
        #expect(
            steps.map(\.line) == [
                "+ domain n.test: quota messages 5", "+ account carol@a.test: without a password, quota size 1 MB",
            ])
        #expect(steps.map(\.questions.count) == [2, 2])
    }

    static let faults: [(String, String)] = [
        (file(alice: "quota_size = \"lots\"\n"), "account[1].quota_size: \"lots\": it is not a size"),
        (file(alice: "quota_size = 0\n"), "account[1].quota_size: \"0\": it is not a size"),
        (file(alice: "quota_messages = true\n"), "account[1].quota_messages: must be a text or a number"),
        (file(bob: "quota_messages = \"5 KB\"\n"), "account[2].quota_messages: \"5 KB\": it is not a number of messages"),
        (file(bob: "account_size = \"5 KB\"\n"), "account[2].account_size: unknown key"),
        (
            file(domain: "alias_of = \"b.test\"\nquota_size = \"1 GB\"\n"),
            "domain[1].quota_size: an alias domain does what the other does: choose there"
        ),
    ]

    @Test("a wrong limit is named with its line and key", arguments: faults)
    func wrong(text: String, sentence: String) throws {
        let failure = #expect(throws: Failure.self) { try DirectoryReading.read(text, file: "d.toml") }
        #expect(failure?.description.contains(sentence) == true, "\(failure?.description ?? "")")
    }
}

extension CommandToStore.Answer {
    fileprivate var isDone: Bool { if case .done = self { true } else { false } }
}
