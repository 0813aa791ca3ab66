// The administrator's words about the directory: what is taken, what is refused and with which sentence, what is listed.

import GRDB
import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct DirectoryCommandsTests {
    static func user(_ address: String, _ password: String? = "s3cret", legacy: [String] = []) -> CommandToStore.Question {
        .addAccount(EmailAddress(stored: address)!, .user, password: password.map { Secret($0) }, legacy: legacy)
    }

    static func rule(
        _ recipient: String, _ account: String = "alice@example.test", sender: String? = nil, source: String? = nil
    ) -> CommandToStore.Question {
        .addRule(NamedRule(account: account.address, recipient: recipient, sender: sender, source: source?.range))
    }

    /// What the house of `refusals` has.
    static func furnished() async throws -> TestStore {
        let store = try TestStore()
        try await store.addUser("alice@example.test")
        try await store.carryOut(
            .addDomainAlias("other.test", target: "example.test"), .addDomain("empty.test"),
            .addAccount("info@example.test".address, .folder, password: nil, legacy: []),
            .addAccount("catch@example.test".address, .folder, password: nil, legacy: []),
            .addAccount("work@example.test".address, .processor, password: nil, legacy: []),
            .addAlias("sales@example.test".address, targets: ["Alice@other.test".address]), rule("w-*@*", "work@example.test"),
            .setDomain("empty.test", DomainChoices(catchAll: "Catch@example.test")), .addRange(.trusted, "10.0.0.1".range))
        return store
    }

    static let refusals: [(CommandToStore.Question, String)] = [
        (.addDomain("a b"), "\"a b\" is not the name of a domain: write it as example.org"),
        (.addDomain("Example.Test"), "the domain example.test exists already"),
        (.addDomain("other.test"), "other.test is another name of the domain example.test already"),
        (.removeDomain("nowhere.test"), "there is no domain nowhere.test"),
        (
            .removeDomain("example.test"),
            "the domain example.test has accounts (alice@example.test, info@example.test, "
                + "catch@example.test …): remove them first"
        ),
        (
            .addDomainAlias("new.test", target: "nowhere.test"),
            "the domain nowhere.test is not ours: add it first (postern domain add nowhere.test)"
        ),
        (
            .addDomainAlias("new.test", target: "other.test"),
            "other.test is only another name of the domain example.test: say example.test instead"
        ),
        (.addDomainAlias("new.test", target: "new.test"), "new.test cannot be another name of itself"),
        (.addDomainAlias("empty.test", target: "example.test"), "the domain empty.test exists already"),
        (
            .setDomain("nowhere.test", DomainChoices()),
            "the domain nowhere.test is not ours: add it first (postern domain add nowhere.test)"
        ),
        (
            .setDomain("other.test", DomainChoices(transport: "a.test:25")),
            "other.test is only another name of the domain example.test: say example.test instead"
        ),
        (
            .setDomain("empty.test", DomainChoices(catchAll: "nobody")),
            "\"nobody\" is not an address: write the catch-all as name@example.org"
        ),
        (user("bob@nowhere.test"), "the domain nowhere.test is not ours: add it first (postern domain add nowhere.test)"),
        (user("bob@other.test"), "other.test is only another name of the domain example.test: say example.test instead"),
        (user("ALICE@example.test"), "the user ALICE@example.test exists already"),
        (user("a b@example.test"), "\"a b@example.test\" cannot stand in the directory: write local-part@domain without quotes"),
        (user("bob@example.test", nil), "a user logs in: give a password"),
        (
            user("bob@example.test", ""),
            "the password is empty, longer than 511 octets, not UTF-8, or holds control characters: "
                + "choose another"
        ),
        (
            user("bob@example.test", "a\u{7}b"),
            "the password is empty, longer than 511 octets, not UTF-8, or holds control "
                + "characters: choose another"
        ),
        (
            user("bob@example.test", legacy: ["PLAIN"]),
            "\"PLAIN\" needs nothing of its own: name CRAM-MD5, NTLM, APOP, or nothing"
        ),
        (
            .addAccount("x@example.test".address, .folder, password: Secret("x"), legacy: []),
            "nobody logs in to a folder: leave the password away"
        ),
        (
            .addAccount("x@example.test".address, .processor, password: nil, legacy: ["NTLM"]),
            "nobody logs in to a processor: leave the password away"
        ),
        (
            .setPassword("nobody@example.test".address, password: Secret("x"), legacy: []),
            "there is no account nobody@example.test"
        ),
        (
            .setPassword("info@example.test".address, password: Secret("x"), legacy: []),
            "info@example.test is a folder: nobody logs in to it"
        ),
        (.removeAccount("nobody@example.test".address, .user), "there is no account nobody@example.test"),
        (
            .removeAccount("alice@example.test".address, .user),
            "aliases lead to alice@example.test (sales@example.test): remove them first (postern alias remove)"
        ),
        (
            .removeAccount("work@example.test".address, .processor),
            "receive rules lead to work@example.test (1): remove them first (postern rule remove)"
        ),
        (
            .removeAccount("catch@example.test".address, .folder),
            "catch@example.test is the catch-all of empty.test: choose another first (postern domain set)"
        ),
        (
            .addAlias("x@nowhere.test".address, targets: ["a@b.test".address]),
            "the domain nowhere.test is not ours: add it first (postern domain add nowhere.test)"
        ),
        (.addAlias("x@example.test".address, targets: []), "an alias needs somebody to lead to"),
        (
            .addAlias("x@example.test".address, targets: ["X@other.test".address]),
            "the alias x@example.test would lead to itself, and there is no mailbox of that name"
        ),
        (
            .addAlias("x@example.test".address, targets: (0...1_000).map { "u\($0)@b.test".address }),
            "an alias leads to 1000 addresses at most: make more than one of it"
        ),
        (.removeAlias("x@example.test".address, targets: []), "there is no alias x@example.test"),
        (
            .removeAlias("sales@example.test".address, targets: ["b@c.test".address]),
            "the alias sales@example.test does not lead to b@c.test"
        ),
        (
            rule("orders@*", "nobody@example.test"),
            "there is no account nobody@example.test: add it first (postern account add nobody@example.test)"
        ),
        (rule("orders"), "\"orders\" is not a pattern of recipients: write sales-*@example.org, *@example.org or orders@*"),
        (rule("a@b*"), "\"b*\" is not the name of a domain: write it as example.org"),
        (rule("a@b.test", sender: "c d"), "\"c d\" is not a pattern of senders: write *@example.org or alice@example.org"),
        (
            rule("*@a.test", sender: "*@" + String(repeating: "x", count: 503)),
            "the patterns of a rule have 512 octets at most: write shorter ones"
        ),
        (rule("w-*@*", "work@example.test"), "rule 1 says the same already"),
        (.removeRule(number: 7), "there is no rule 7: postern rule list shows those there are"),
        (.addRange(.trusted, "10.0.0.1".range), "10.0.0.1 is trusted already"),
        (
            .removeRange(.safe, "10.0.0.1".range),
            "10.0.0.1 is not in the list: postern safe list shows what is, settings come from the file"
        ),
    ]

    @Test("each refusal is one sentence with the reason and the fix, and changes nothing")
    func refused() async throws {
        let store = try await Self.furnished()
        let version = store.directory.policy.version
        for (question, sentence) in Self.refusals { #expect(await store.refusal(question) == sentence) }
        #expect(store.directory.policy.version == version)
        store.stop()
    }

    static let transports: [(String, String?)] = [
        ("mail.example.net:25", "mail.example.net:25"), ("Mail.Example.NET:65535", "mail.example.net:65535"),
        ("192.0.2.1:2525", "192.0.2.1:2525"), ("[2001:DB8::1]:25", "[2001:db8::1]:25"), ("localhost:1", "localhost:1"),
        ("mail.example.net", nil), ("mail.example.net:", nil), ("mail.example.net:0", nil), ("mail.example.net:65536", nil),
        (":25", nil), ("2001:db8::1:25", nil), ("[192.0.2.1]:25", nil), ("192.0.2.256:25", nil), ("a b:25", nil),
        ("-a:25", nil), ("[2001:db8::1:25", nil), ("smtp://a:25", nil), ("a:+5", nil),
    ]

    @Test("E-09: a transport is HOST:PORT", arguments: transports)
    func transport(text: String, kept: String?) async throws {
        let choices = try? DirectoryForm.choices(DomainChoices(transport: text))
        #expect(choices?.transport == kept)
    }

    @Test(
        "delimiters are signs of a local part",
        arguments: [("+", true), ("+-", true), ("", true), ("a", false), ("++", false), ("@", false), ("é", false)])
    func delimiters(text: String, isRight: Bool) {
        #expect(((try? DirectoryForm.choices(DomainChoices(delimiters: text))) != nil) == isRight)
    }

    @Test("a domain's choices: nil leaves them, \"\" ends them") func choices() async throws {
        let store = try await Self.furnished()
        func choose(_ choices: DomainChoices) async throws -> LocalEntry? {
            try await store.carryOut(.setDomain("EMPTY.test", choices))
            return store.entry("x@empty.test")
        }
        var entry = try await choose(DomainChoices(transport: "a.test:25", delimiters: "-"))
        #expect(entry?.catchAll == "Catch@example.test".address && entry?.transport == "a.test:25" && entry?.delimiters == "-")
        entry = try await choose(DomainChoices(catchAll: "", delimiters: ""))
        #expect(entry?.catchAll == nil && entry?.transport == "a.test:25" && entry?.delimiters == "")
        entry = try await choose(DomainChoices(transport: "", delimiters: "+"))
        #expect(entry == LocalEntry(domain: "empty.test", delimiters: "+"))
        store.stop()
    }

    @Test("listings show what there is; those of one address stay together on a page") func listings() async throws {
        let store = try await Self.furnished()
        try await store.carryOut(
            .addAccount("alice@example.test".address, .folder, password: nil, legacy: []),
            .setPassword("alice@example.test".address, password: Secret("n"), legacy: ["CRAM-MD5"]))
        guard case .domains(let domains) = await store.command(.listDomains(after: nil)),
            case .accounts(let accounts) = await store.command(.listAccounts(after: nil)),
            case .aliases(let aliases) = await store.command(.listAliases(after: nil)),
            case .rules(let rules) = await store.command(.listRules),
            case .ranges(let ranges) = await store.command(.listRanges(.trusted))
        else { throw StoreFault("another word") }
        #expect(domains.map(\.name) == ["empty.test", "example.test", "other.test"])
        #expect(domains.map(\.aliasOf) == [nil, nil, "example.test"] && domains.map(\.accounts) == [0, 5, 0])
        #expect(domains[0].choices == DomainChoices(catchAll: "Catch@example.test"))
        #expect(
            accounts.map { "\($0.address) \($0.kind)" } == [
                "alice@example.test folder", "alice@example.test user", "catch@example.test folder", "info@example.test folder",
                "work@example.test processor",
            ])
        #expect(
            accounts[1].mechanisms == [
                "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN",
            ])
        #expect(accounts[0].mechanisms == [])
        #expect(aliases.map { "\($0.address) \($0.targets)" } == ["sales@example.test [Alice@other.test]"])
        #expect(rules.map { "\($0.number) \($0.account) \($0.recipient)" } == ["1 work@example.test w-*@*"])
        #expect(ranges == ["10.0.0.1".range])
        #expect(try await store.house.database.accounts(after: nil, limit: 1).count == 2)
        #expect(try await store.house.database.accounts(after: "alice@example.test".address, limit: 1).count == 1)
        store.stop()
    }

    @Test("aliases come in whole ones, page by page") func aliasPages() async throws {
        let store = try await Self.furnished()
        for number in 0..<7 {
            let targets = (0..<3).map { "t\($0)@b.test".address }
            try await store.carryOut(.addAlias("a\(number)@example.test".address, targets: targets))
        }
        var seen: [AliasEntry] = []
        while true {
            let page = try await store.house.database.aliases(after: seen.last?.address, targets: 4)
            if page.isEmpty { break }
            #expect(page.count <= 2 && page.allSatisfy { $0.targets.count == 3 || $0.address == "sales@example.test".address })
            seen += page
        }
        #expect(seen.map(\.address.localPart) == (0..<7).map { "a\($0)" } + ["sales"])
        try await store.carryOut(
            .removeAlias("a0@example.test".address, targets: ["t1@b.test".address]),
            .removeAlias("a1@example.test".address, targets: []))
        #expect(store.entry("a0@example.test")?.targets == ["t0@b.test".address, "t2@b.test".address])
        #expect(store.entry("a1@example.test")?.targets == nil)
        store.stop()
    }

    @Test("a list that is full says so", .onlySQLite) func limits() async throws {
        let store = try await Self.furnished()
        // All but one of each, past the words: each word by itself waits for the disk.
        let database = try #require(store.house.database as? SQLiteDatabase)
        try await database.pool.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 999)
                    INSERT INTO rules (account, local_part) SELECT 1, 'r' || i FROM n;
                    WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 999)
                    INSERT INTO ranges SELECT 'trusted', '10.1.' || (i / 256) || '.' || (i % 256) FROM n;
                    """)
        }
        try await store.carryOut(Self.rule("almost@*"), .addRange(.trusted, "10.3.0.0".range))
        #expect(
            await store.refusal(Self.rule("last@*")) == "there are 1000 rules already, and more there cannot be: remove one first"
        )
        #expect(await store.refusal(.addRange(.trusted, "10.2.0.0".range))?.hasPrefix("the list has 1000 ranges already") == true)
        #expect(await store.refusal(.addRange(.safe, "10.2.0.0".range)) == nil)
        store.stop()
    }

    @Test("what was changed stands in the journal, without a password") func journal() async throws {
        let store = try await Self.furnished()
        try await store.carryOut(.setPassword("alice@example.test".address, password: Secret("g3heim"), legacy: []))
        let said = store.events.all.compactMap { event -> String? in
            if case .directoryChanged(let what) = event { return what }
            return nil
        }
        #expect(
            said == [
                "domain example.test added", "user alice@example.test added",
                "other.test is another name of domain example.test now",
                "domain empty.test added", "folder info@example.test added", "folder catch@example.test added",
                "processor work@example.test added", "alias sales@example.test leads to Alice@other.test too",
                "rule for w-*@* to work@example.test added", "domain empty.test: catch-all Catch@example.test",
                "10.0.0.1 is trusted now", "the password of alice@example.test is another one",
            ])
        #expect(!"\(store.events.all)".contains("g3heim"))
        store.stop()
    }
}
