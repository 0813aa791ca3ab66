// What apply finds to do: the lines, their order, and what a file may not ask for.

import IPC
import Mail
import Testing

@testable import postern

@Suite struct DirectoryDifferenceTests {
    /// The directory that all files here are compared with.
    private static func present() throws -> DirectoryInMemory {
        let directory = DirectoryInMemory()
        func rule(_ recipient: String) -> CommandToStore.Question {
            .addRule(NamedRule(account: address(of: "w@a.test"), recipient: recipient, sender: nil, source: nil))
        }
        try directory.furnish(
            .addDomain("a.test"), .addDomain("b.test"), .addDomainAlias("c.test", target: "b.test"),
            .setDomain("a.test", DomainChoices(catchAll: "u@a.test", delimiters: "-")),
            .addUserWithoutPassword(address(of: "u@a.test")),
            .addAccount(address(of: "w@a.test"), .processor, password: nil, legacy: []),
            .addAlias(address(of: "s@a.test"), targets: ["u@a.test", "x@far.test"].map(address(of:))), rule("1@*"), rule("2@*"),
            rule("3@*"), .addRange(.trusted, try range("10.0.0.1")))
        return directory
    }

    /// The same as a file.
    private static let file = """
        version = 1
        [access]
        trusted = ["10.0.0.1"]
        [[domain]]
        name = "a.test"
        catch_all = "u@a.test"
        delimiters = "-"
        [[domain]]
        name = "b.test"
        [[domain]]
        name = "c.test"
        alias_of = "b.test"
        [[account]]
        address = "u@a.test"
        kind = "user"
        [[account]]
        address = "w@a.test"
        kind = "processor"
        [[alias]]
        address = "s@a.test"
        targets = ["x@far.test", "u@a.test"]
        [[rule]]
        account = "w@a.test"
        recipient = "1@*"
        [[rule]]
        account = "w@a.test"
        recipient = "2@*"
        [[rule]]
        account = "w@a.test"
        recipient = "3@*"

        """

    private static func rule(_ recipient: String) -> String { "[[rule]]\naccount = \"w@a.test\"\nrecipient = \"\(recipient)\"\n" }

    private static func difference(
        _ text: String, prune: Bool, in directory: DirectoryInMemory
    ) throws -> DirectoryDifference {
        let (present, written) = (try contents(of: directory), try DirectoryReading.read(text, file: "d.toml"))
        try DirectoryReferences.check(written, in: present, prune: prune)
        return DirectoryDifference(from: present, to: written, prune: prune)
    }

    /// Changes of the file, as texts replaced in it, and the lines that come of them.
    static let edits: [([(String, String)], Bool, [String])] = [
        ([], true, []),
        (
            [
                ("name = \"b.test\"\n", "name = \"b.test\"\n[[domain]]\nname = \"d.test\"\n"),
                ("\"c.test\"\n", "\"c.test\"\n"),
                (
                    "[[account]]\naddress = \"w@a.test\"",
                    "[[account]]\naddress = \"n@d.test\"\nkind = \"user\"\n[[account]]\naddress = \"w@a.test\""
                ),
                ("[[alias]]\n", "[[alias]]\naddress = \"t@d.test\"\ntargets = [\"n@d.test\"]\n[[alias]]\n"),
                ("[\"10.0.0.1\"]", "[\"10.0.0.1\", \"10.0.0.2\"]"),
            ], false,
            [
                "+ domain d.test", "+ account n@d.test: without a password", "+ alias t@d.test: to n@d.test",
                "+ trusted 10.0.0.2",
            ]
        ),
        (
            [("catch_all = \"u@a.test\"\n", "transport = \"mx.b.test:25\"\n")], false,
            ["~ domain a.test: catch-all none, transport mx.b.test:25"]
        ),
        ([("delimiters = \"-\"\n", "")], false, ["~ domain a.test: delimiters +"]),
        ([("delimiters = \"-\"\n", "delimiters = \"none\"\n")], false, ["~ domain a.test: delimiters none"]),
        // An entry of the file is made what the file says, also without --prune.
        (
            [("targets = [\"x@far.test\", \"u@a.test\"]", "targets = [\"u@a.test\", \"X@far.test\"]")], false,
            ["~ alias s@a.test: to X@far.test, no longer to x@far.test"]
        ),
        ([("alias_of = \"b.test\"\n", "")], false, ["~ domain c.test: a domain of its own"]),
        ([("alias_of = \"b.test\"\n", "alias_of = \"a.test\"\n")], false, ["~ domain c.test: another name of a.test"]),
        // Both change sides: the other name first, the domain when nothing leads to it any more.
        (
            [
                ("name = \"b.test\"\n", "name = \"b.test\"\nalias_of = \"c.test\"\n"),
                ("\"c.test\"\nalias_of = \"b.test\"\n", "\"c.test\"\n"),
            ],
            false, ["~ domain c.test: a domain of its own", "~ domain b.test: another name of c.test"]
        ),
        // A user in other letters is the same user.
        ([("\"u@a.test\"\nkind", "\"U@A.test\"\nkind")], false, []),
        ([("kind = \"user\"", "kind = \"folder\"")], false, ["+ folder u@a.test"]),
        (
            [("kind = \"user\"", "kind = \"folder\"")], true, ["+ folder u@a.test", "- account u@a.test"]
        ),
        (
            [(rule("2@*"), rule("2@*") + rule("9@*"))], false,
            ["+ rule 9@* to w@a.test", "~ rule 3@* to w@a.test: moves behind the others"]
        ),
        ([(rule("2@*"), ""), ("", "")], true, ["- rule 2@* to w@a.test"]),
        (
            [(rule("1@*"), ""), (rule("3@*"), rule("3@*") + rule("1@*"))], true,
            ["~ rule 1@* to w@a.test: moves behind the others"]
        ),
        ([("[\"10.0.0.1\"]", "[]")], false, []),
        ([("[\"10.0.0.1\"]", "[]")], true, ["- trusted 10.0.0.1"]),
    ]

    @Test("a changed file gives these lines, is applied in their order, and then gives none", arguments: edits)
    func lines(edit: [(String, String)], prune: Bool, lines: [String]) async throws {
        let directory = try Self.present()
        var text = Self.file
        for (old, new) in edit where !old.isEmpty {
            let place = try #require(text.range(of: old))
            text.replaceSubrange(place, with: new)
        }
        let difference = try Self.difference(text, prune: prune, in: directory)
        #expect(difference.steps.map(\.line) == lines)
        let outcome = await DirectoryOutcome.make(difference.steps) { question in
            if case .refused(let because) = directory.answer(question) { throw Failure(because) }
        }
        #expect(outcome.sentence(difference.steps) == nil)
        #expect(try Self.difference(text, prune: prune, in: directory).steps.isEmpty)
    }

    @Test func whatStaysIsSaidInTheWordsOfItsCommand() throws {
        let difference = try Self.difference("version = 1", prune: false, in: try Self.present())
        #expect(difference.steps.isEmpty)
        #expect(
            difference.lines
                == [
                    "domain a.test", "domain b.test", "domain c.test", "account u@a.test", "processor w@a.test", "alias s@a.test",
                    "rule 1@* to w@a.test", "rule 2@* to w@a.test", "rule 3@* to w@a.test", "trusted 10.0.0.1",
                ].map { "  \($0): not in the file, kept" })
    }

    @Test func removalsGoTheOtherWay() throws {
        let difference = try Self.difference("version = 1", prune: true, in: try Self.present())
        #expect(
            difference.steps.map { "\($0.sign.rawValue) \($0.kind) \($0.name)" } == [
                "- trusted 10.0.0.1", "- rule 3@* to w@a.test", "- rule 2@* to w@a.test", "- rule 1@* to w@a.test",
                "- alias s@a.test", "~ domain a.test", "- processor w@a.test", "- account u@a.test", "- domain c.test",
                "- domain b.test",
                "- domain a.test",
            ])
        #expect(difference.kept == [])
        #expect(difference.question == "make these 11 changes, of which 10 remove something?")
    }

    /// With all that is in it gone, and not before.
    @Test func anEmptiedDomainBecomesAnotherName() async throws {
        let directory = try Self.present()
        let text = "version = 1\n[[domain]]\nname = \"b.test\"\n[[domain]]\nname = \"a.test\"\nalias_of = \"b.test\""
        let difference = try Self.difference(text, prune: true, in: directory)
        #expect(
            difference.steps.suffix(5).map(\.line) == [
                "~ domain a.test: catch-all none, before it goes", "- processor w@a.test", "- account u@a.test",
                "- domain c.test: another name of b.test", "~ domain a.test: another name of b.test",
            ])
        let outcome = await DirectoryOutcome.make(difference.steps) { question in
            if case .refused(let because) = directory.answer(question) { throw Failure(because) }
        }
        #expect(outcome.sentence(difference.steps) == nil)
        #expect(try contents(of: directory).domains.map { "\($0.name) \($0.aliasOf ?? "")" } == ["a.test b.test", "b.test "])
    }

    /// As postern trusted add and safe add say it.
    @Test func dangerousRangesAreWarnedOf() async throws {
        let text = "version = 1\n[access]\ntrusted = [\"0.0.0.0/0\", \"10.0.0.1\"]\nsafe = [\"192.0.2.1\", \"10.0.0.2\"]"
        let difference = try Self.difference(text, prune: false, in: try Self.present())
        let house = try await FakeHouse()
        let warnings = difference.warnings(try read(try house.option).relay)
        try await house.close()
        #expect(
            warnings == [
                "0.0.0.0/0 is everybody: this server is an OPEN RELAY",
                "192.0.2.1 is public: no restriction holds for whoever has that address",
            ])
    }

    /// How much mail goes with an account is seen before it goes.
    @Test func accountsGoWithTheirMail() throws {
        let account = AccountEntry(address: address(of: "u@a.test"), messages: 12, octets: 12_345)
        let present = DirectoryContents(domains: [DomainEntry(name: "a.test", accounts: 1)], accounts: [account])
        let written = try DirectoryReading.read("version = 1\n[[domain]]\nname = \"a.test\"", file: "d.toml")
        let difference = DirectoryDifference(from: present, to: written, prune: true)
        #expect(difference.lines == ["- account u@a.test: 12 messages, 12.3 kB"])
        #expect(difference.question == "make this change, of which 1 removes something?")
    }

    static let unfit: [(String, Bool, [String])] = [
        (
            "[[account]]\naddress = \"x@d.test\"\nkind = \"user\"", false,
            ["d.toml:3: account[1].address: d.test is not a domain of this file or of the directory"]
        ),
        (
            "[[account]]\naddress = \"x@a.test\"\nkind = \"user\"", true,
            ["d.toml:3: account[1].address: a.test is not a domain of this file"]
        ),
        (
            "[[alias]]\ntargets = [\"a@a.test\"]\naddress = \"x@c.test\"", false,
            ["d.toml:4: alias[1].address: c.test is only another name of the domain b.test: write b.test instead"]
        ),
        (
            "[[rule]]\naccount = \"x@a.test\"\nrecipient = \"*@*\"\n[[rule]]\naccount = \"w@a.test\"\nrecipient = \"*@*\"", false,
            ["d.toml:3: rule[1].account: x@a.test is not an account of this file or of the directory"]
        ),
        (
            "[[domain]]\nname = \"d.test\"\nalias_of = \"c.test\"\n[[domain]]\nname = \"e.test\"\nalias_of = \"e.test\"", false,
            [
                "d.toml:4: domain[1].alias_of: c.test is only another name of the domain b.test: write b.test instead",
                "d.toml:7: domain[2].alias_of: e.test is only another name of the domain e.test",
            ]
        ),
        (
            "[[domain]]\nname = \"a.test\"\nalias_of = \"b.test\"", false,
            ["d.toml:4: domain[1].alias_of: a.test has the processor w@a.test, which is not in the file: another name"]
        ),
        (
            "[[domain]]\nname = \"b.test\"\nalias_of = \"a.test\"", false,
            ["d.toml:4: domain[1].alias_of: b.test has another name, c.test, which is not in the file"]
        ),
        // With --prune: what leads to an account that goes.
        (
            "[[domain]]\nname = \"b.test\"\n[[domain]]\nname = \"a.test\"\ncatch_all = \"U@a.test\"\n"
                + "[[alias]]\naddress = \"s@a.test\"\ntargets = [\"x@far.test\",\n \"w@a.test\"]", true,
            [
                "d.toml:6: domain[2].catch_all: U@a.test is an account that is not in the file, and --prune removes it",
                "d.toml:10: alias[1].targets[2]: w@a.test is an account that is not in the file, and --prune removes it",
            ]
        ),
    ]

    @Test("what does not fit is found before the first change, all at once", arguments: unfit)
    func references(text: String, prune: Bool, lines: [String]) throws {
        let failure = #expect(throws: Failure.self) {
            try Self.difference("version = 1\n" + text, prune: prune, in: try Self.present())
        }
        let said = try #require(failure?.description).split(separator: "\n").map(String.init)
        #expect(said.count == lines.count, "\(said)")
        for (one, line) in zip(said, lines) { #expect(one.hasPrefix(line), "\(one)") }
    }

    @Test func aStepOfTwoPartsCanBeHalfDone() async throws {
        let difference = try Self.difference(
            Self.file.replacing("alias_of = \"b.test\"\n", with: ""), prune: false, in: try Self.present())
        let outcome = await DirectoryOutcome.make(difference.steps) { question in
            if case .addDomain = question { throw Failure("no") }
        }
        let sentence = try #require(outcome.sentence(difference.steps))
        #expect(
            sentence.hasPrefix(
                "stopped at \"~ domain c.test: a domain of its own\": no. It is half done: 1 of its 2 parts. "
                    + "Done: 0 of 1. Not done: this one. "), "\(sentence)")
        #expect(outcome.lines(difference) == [])
    }

    @Test func newUsersAreListedWithTheirCommand() async throws {
        let text = Self.file + "[[account]]\naddress = \"n@a.test\"\nkind = \"user\"\n"
        let difference = try Self.difference(text, prune: false, in: try Self.present())
        let outcome = await DirectoryOutcome.make(difference.steps) { _ in }
        #expect(
            outcome.lines(difference) == [
                "done: 1 of 1", "without a password, and so without a login, until:",
                "  postern account password n@a.test --password-file FILE",
            ])
        let shown = try json(ShownDifference(difference, done: 1))
        for part in ["\"withoutPassword\" : [", "\"sign\" : \"+\"", "\"done\" : true", "\"kept\" : ["] {
            #expect(shown.contains(part), "\(part)")
        }
    }
}
