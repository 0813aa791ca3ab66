// The text of a file, and how the reader takes it: right files, and a table of wrong ones.

import IPC
import Mail
import Testing

@testable import postern

@Suite struct DirectoryTextTests {
    @Test func everythingHasItsPlace() throws {
        let directory = DirectoryInMemory()
        try DirectoryFileTests.furnished(directory)
        let text = DirectoryText(try contents(of: directory)).text
        #expect(text.hasPrefix("# The directory of a Postern mail server, format 1"))
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(3).joined(separator: "\n") == Self.full)
    }

    private static let full = """
        version = 1

        [[domain]]
        name = "a.test"
        catch_all = "Zoe@a.test"
        transport = "mx.a.test:25"
        delimiters = "none"

        [[domain]]
        name = "example.net"
        alias_of = "example.org"

        [[domain]]
        name = "example.org"

        [[account]]
        address = "Zoe@a.test"
        kind = "user"
        password = "none"

        [[account]]
        address = "..odd'@example.org"
        kind = "user"
        password = "none"

        [[account]]
        address = "bob@example.org"
        kind = "user"
        password = "none"

        [[account]]
        address = "bob@example.org"
        kind = "folder"

        [[account]]
        address = "work@example.org"
        kind = "processor"

        [[alias]]
        address = "all@a.test"
        targets = [
            "sales@example.org",
        ]

        [[alias]]
        address = "sales@example.org"
        targets = [
            "bob@example.org",
            "z@far.test",
        ]

        [[rule]]
        account = "work@example.org"
        recipient = "w-*@*"
        sender = "<>"
        source = "192.0.2.%"

        [[rule]]
        account = "bob@example.org"
        recipient = "b?@example.org"
        sender = "*@a.test"

        [[rule]]
        account = "work@example.org"
        recipient = "*@*"

        [access]
        trusted = [
            "10.0.0.5-10.0.0.9",
            "192.0.2.0/24",
        ]
        safe = [
            "2001:db8::7",
        ]

        """

    /// What the store lists in another order gives the same text.
    @Test func theOrderOfTheStoreDoesNotMatter() throws {
        let directory = DirectoryInMemory()
        try DirectoryFileTests.furnished(directory)
        let contents = try contents(of: directory)
        var other = contents
        other.domains.reverse()
        other.accounts.reverse()
        other.aliases = other.aliases.reversed().map { AliasEntry(address: $0.address, targets: $0.targets.reversed()) }
        other.ranges = other.ranges.mapValues { $0.reversed() }
        #expect(DirectoryText(other).text == DirectoryText(contents).text)
        // That of rules does: it is theirs.
        other.rules.reverse()
        #expect(DirectoryText(other).text != DirectoryText(contents).text)
    }

    @Test func choicesThatSayNothingAreNotWritten() {
        let choices = DomainChoices(catchAll: "", transport: "", delimiters: "+")
        let text = DirectoryText(DirectoryContents(domains: [DomainEntry(name: "a.test", accounts: 3, choices: choices)])).text
        #expect(text.contains("[[domain]]\nname = \"a.test\"\n\n[access]"))
    }

    @Test func programsReadTheSame() throws {
        let directory = DirectoryInMemory()
        try DirectoryFileTests.furnished(directory)
        let text = try json(ShownDirectory(try contents(of: directory)))
        for part in [
            "\"version\" : 1", "\"delimiters\" : \"\"", "\"address\" : \"..odd'@example.org\"", "\"kind\" : \"processor\"",
            "\"sender\" : \"\"", "\"10.0.0.5-10.0.0.9\"", "\"password\" : \"none\"",
        ] { #expect(text.contains(part), "\(part)") }
    }
}

/// All that is there, by way of the words of the store.
func contents(of directory: DirectoryInMemory) throws -> DirectoryContents {
    func pages<Entry>(_ ask: (Entry?) -> [Entry]?) throws -> [Entry] {
        var all: [Entry] = []
        while case let next = try #require(ask(all.last)), !next.isEmpty { all += next }
        return all
    }
    var all = DirectoryContents()
    all.domains = try pages { if case .domains(let page) = directory.answer(.listDomains(after: $0?.name)) { page } else { nil } }
    all.accounts = try pages {
        if case .accounts(let page) = directory.answer(.listAccounts(after: $0?.address)) { page } else { nil }
    }
    all.aliases = try pages {
        if case .aliases(let page) = directory.answer(.listAliases(after: $0?.address)) { page } else { nil }
    }
    if case .rules(let rules) = directory.answer(.listRules) { all.rules = rules }
    for list in AccessList.allCases {
        if case .ranges(let ranges) = directory.answer(.listRanges(list)) { all.ranges[list] = ranges }
    }
    return all.ordered
}

@Suite struct DirectoryReadingTests {
    @Test func whatPeopleWriteIsTaken() throws {
        let written = try DirectoryReading.read(
            """
            version = 1          # any order of tables, any notation of TOML
            access = { trusted = ["10.0.0.0/8"] }
            rule = [{ account = "a@A.test", recipient = 'x@*', sender = "<>" }]
            [[domain]]
            name = "Bücher.test"
            delimiters = "none"
            catch_all = "none"
            transport = "none"
            [[account]]
            kind = "folder"
            address = "a@a.test"
            """, file: "d.toml")
        let domain = try #require(written.domains.first?.entry)
        #expect(domain.name == "xn--bcher-kva.test")
        #expect(domain.choices == DomainChoices(catchAll: nil, transport: nil, delimiters: ""))
        #expect(written.rules.first?.entry.words == "x@* to a@a.test (sender <>)")
        #expect(written.ranges[.trusted] == [try range("10.0.0.0/8")] && written.ranges[.safe] == [])
        #expect(written.accounts.first?.entry.identity == "folder a@a.test")
    }

    static let wrong: [(String, [String])] = [
        ("", ["d.toml:1: version: must be set; allowed: 1, the format that this release writes"]),
        ("version = \"1\"", ["d.toml:1: version: is not a version that this release reads; allowed: 1, the format that"]),
        // Of a later version nothing else is said.
        ("\nversion = 2\n[[what]]\nname = 1", ["d.toml:2: version: is not a version that this release reads"]),
        ("version = 1\n[[domain]\n", ["d.toml:2: "]),
        ("version = 1\n[domains]\n", ["d.toml:2: domains: unknown key; did you mean \"domain\"?"]),
        (
            "version = 1\nnonsense = 1",
            ["d.toml:2: nonsense: unknown key; allowed: version, domain, account, alias, rule, access"]
        ),
        (
            "version = 1\n[domain]\nname = \"a.test\"",
            ["d.toml:2: domain: must be written as [[domain]], once for each, not as a"]
        ),
        ("version = 1\nalias = [1]", ["d.toml:2: alias: must be written as [[alias]]"]),
        (
            "version = 1\n[[domain]]\nname = \"-a\"\nalais_of = \"a.test\"\ntransport = \"a\"\ndelimiters = \"a\"\ncatch_all = 7",
            [
                "d.toml:3: domain[1].name: \"-a\": it is not a domain name, such as example.org",
                "d.toml:4: domain[1].alais_of: unknown key; did you mean \"alias_of\"?",
                "d.toml:5: domain[1].transport: \"a\": it is not HOST:PORT",
                "d.toml:6: domain[1].delimiters: \"a\": these are not signs",
                "d.toml:7: domain[1].catch_all: must be text in quotation marks, not a whole number",
            ]
        ),
        (
            "version = 1\n[[domain]]\nname = \"a.test\"\nalias_of = \"b.test\"\ncatch_all = \"x@b.test\"",
            ["d.toml:5: domain[1].catch_all: an alias domain does what the other does: choose there"]
        ),
        (
            "version = 1\n[[domain]]\nname = \"a.test\"\n[[domain]]\nname = \"A.TEST\"",
            ["d.toml:4: domain[2].name: a.test stands in line 2 already"]
        ),
        (
            "version = 1\n[[account]]\n[[account]]\naddress = \"b\"\nkind = \"foldr\"\n[[account]]\naddress = \"c@c.test\"\nkind = 1",
            [
                "d.toml:2: account[1].address: must be set",
                "d.toml:2: account[1].kind: must be set; allowed: \"user\", \"folder\", \"processor\"",
                "d.toml:4: account[2].address: \"b\": it is not an address; write it as name@example.org",
                "d.toml:5: account[2].kind: \"foldr\" is not a word for this; allowed: \"user\", \"folder\", \"processor\"; "
                    + "did you mean \"folder\"?",
                "d.toml:8: account[3].kind: must be text, not a whole number; allowed: \"user\"",
            ]
        ),
        (
            "version = 1\naccount = [{ address = \"a@a.test\", kind = \"user\" },\n{ address = \"A@a.test\", kind = \"user\" }]",
            ["d.toml:3: account[2].address: user A@a.test stands in line 2 already"]
        ),
        (
            "version = 1\n[[alias]]\naddress = \"a@a.test\"\n[[alias]]\naddress = \"b@a.test\"\ntargets = []\n"
                + "[[alias]]\naddress = \"B@a.test\"\ntargets = [\"c@c.test\",\n 1,\n \"c@c.test\",\n \"d\"]\n"
                + "[[alias]]\naddress = \"e@a.test\"\ntargets = \"f@a.test\"",
            [
                "d.toml:2: alias[1].targets: must be set",
                "d.toml:6: alias[2].targets: is empty: an alias leads to somebody",
                "d.toml:7: alias[3].address: B@a.test stands in line 4 already",
                "d.toml:10: alias[3].targets[2]: must be text in quotation marks, not a whole number",
                "d.toml:11: alias[3].targets[3]: c@c.test stands in line 9 already",
                "d.toml:12: alias[3].targets[4]: \"d\": it is not an address",
                "d.toml:15: alias[4].targets: must be a list of texts, not text",
            ]
        ),
        (
            "version = 1\n[[rule]]\naccount = \"a@a.test\"\nrecipient = \"x\"\nsender = \"y\"\nsource = \"10.0.0.1/8\"\nwhen = 1\n"
                + "[[rule]]\naccount = \"a@a.test\"\nrecipient = \"*@*\"\n[[rule]]\naccount = \"A@a.test\"\nrecipient = \"*@*\"",
            [
                "d.toml:4: rule[1].recipient: \"x\": it has no @",
                "d.toml:5: rule[1].sender: \"y\": it is not a pattern of an address",
                "d.toml:6: rule[1].source: \"10.0.0.1/8\": it has bits set behind the prefix",
                "d.toml:7: rule[1].when: unknown key; allowed: account, recipient, sender, source",
                "d.toml:11: rule[3]: this rule stands in line 8 already",
            ]
        ),
        (
            "version = 1\n[access]\ntrusted = [\"10.0.0.0/8\", \"10.0.0.0/8\"]\nsafe = \"::1\"\nsave = []",
            [
                "d.toml:3: access.trusted[2]: 10.0.0.0/8 stands in line 3 already",
                "d.toml:4: access.safe: must be a list of texts, not text",
                "d.toml:5: access.save: unknown key; did you mean \"safe\"?",
            ]
        ),
        ("version = 1\naccess = []", ["d.toml:2: access: must be a table, [access], not a list"]),
    ]

    @Test("every error at once, with file, line, key and what is allowed", arguments: wrong)
    func wrongFiles(text: String, lines: [String]) throws {
        let failure = #expect(throws: Failure.self) { try DirectoryReading.read(text, file: "d.toml") }
        let said = try #require(failure?.description).split(separator: "\n").map(String.init)
        #expect(said.count == lines.count, "\(said)")
        for (one, line) in zip(said, lines) { #expect(one.hasPrefix(line), "\(one)") }
    }

    /// Whoever takes the key for a place for passwords does not find his in a log.
    @Test func aPasswordIsRefusedAndNotRepeated() throws {
        let text = "version = 1\n[[account]]\naddress = \"a@a.test\"\nkind = \"user\"\npassword = \"hunter2\""
        let failure = #expect(throws: Failure.self) { try DirectoryReading.read(text, file: "d.toml") }
        let said = try #require(failure?.description)
        #expect(
            said.hasPrefix("d.toml:5: account[1].password: only tells whether there is a password; allowed: \"set\", \"none\""))
        #expect(!said.contains("hunter2"))
    }

    @Test func aFileThatIsSomethingElseIsNotWorthAThousandLines() throws {
        let text = "version = 1\n" + String(repeating: "[[account]]\nx = 1\n", count: 1_000)
        let failure = #expect(throws: Failure.self) { try DirectoryReading.read(text, file: "d.toml") }
        let said = try #require(failure?.description).split(separator: "\n")
        #expect(said.count == 101 && said.last == "and 2900 more")
    }
}
