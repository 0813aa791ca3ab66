// Aliases, forwards and lists: chains, loops, limits, failures, and addresses that come twice.

import Mail
import Testing

@testable import router

@Suite struct AliasTests {
    static func house() -> TestDirectory {
        var directory = TestDirectory("example.org")
        directory.user("alice@example.org", 1)
        directory.user("bob@example.org", 2)
        directory.folder("archive@example.org", 3)
        return directory
    }

    @Test func destinationsComeInTheOrderOfTheirNames() {
        var directory = Self.house()
        directory.alias("all@example.org", "archive@example.org", "staff@example.org", "x@example.net")
        directory.alias("staff@example.org", "bob@example.org", "alice@example.org")
        let found = Classified("all@example.org", in: directory)
        #expect(
            found.destinations == [
                "3 archive@example.org", "2 bob@example.org", "1 alice@example.org", "-> x@example.net",
            ])
        #expect(found.rule == "alias")
    }

    @Test("Results begin at the front again: rules, sub-addresses, transport and catch-all apply to them")
    func resultsBeginAtTheFront() {
        var directory = Self.house()
        directory.domains["hub.test"] = LocalEntry(transport: "inside.test:25", domain: "hub.test")
        directory.domains["example.org"]?.delimiters = "+"
        directory.alias(
            "all@example.org", "orders@example.org", "alice+x@example.org", "u@hub.test", "orders@example.net")
        let rule = ReceiveRule(localPart: "orders", domain: "example.org", sender: "s@example.com", account: 7)
        let found = Classified("all@example.org", in: directory, rules: [rule])
        #expect(
            found.destinations == [
                "7 orders@example.org", "1 alice@example.org +x", "=> u@hub.test", "-> orders@example.net",
            ])
    }

    @Test(
        "Loops end",
        arguments: [
            (["a": ["a"]], ["no a@example.org alias-loop"]),
            (["a": ["b"], "b": ["a"]], ["no a@example.org alias-loop"]),
            (["a": ["b"], "b": ["c"], "c": ["b", "alice"]], ["1 alice@example.org"]),
            (["a": ["b", "alice"], "b": ["a", "bob"]], ["2 bob@example.org", "1 alice@example.org"]),
            (["a": ["b", "c"], "b": ["c", "a"], "c": ["a", "b"]], ["no a@example.org alias-loop"]),
            (["a": ["A", "alice"]], ["1 alice@example.org"]),
            (["a": []], ["no a@example.org alias-loop"]),
        ])
    func loops(aliases: [String: [String]], destinations: [String]) {
        var directory = Self.house()
        for (name, targets) in aliases {
            directory["\(name)@example.org"].targets = targets.map { .of("\($0)@example.org") }
        }
        let found = Classified("a@example.org", in: directory)
        #expect(found.destinations == destinations)
        #expect(found.asked.count <= 6)
    }

    @Test(
        "An alias that names itself is a forward that keeps a copy, when there is a mailbox",
        arguments: [
            (["alice@example.org", "x@example.net"], ["1 alice@example.org", "-> x@example.net"], "alias"),
            (["x@example.net", "ALICE@example.org"], ["1 alice@example.org", "-> x@example.net"], "alias"),
            (["alice@example.org"], ["1 alice@example.org"], "alias"),
            (["bob@example.org", "alice@example.de"], ["1 alice@example.org", "2 bob@example.org"], "alias"),
            // It does not name itself: the mailbox wins (T-02).
            (["x@example.net"], ["1 alice@example.org"], "user"),
        ])
    func forwardWithACopy(targets: [String], destinations: [String], rule: String) {
        var directory = Self.house()
        directory.aliasDomains["example.de"] = "example.org"
        directory["alice@example.org"].targets = targets.map { .of($0) }
        // The alias domain's name is the same address only when the recipient or the domain itself is meant.
        let recipient = targets.contains("alice@example.de") ? "alice@example.de" : "alice@example.org"
        let found = Classified(recipient, in: directory)
        #expect(found.destinations == destinations.map { $0 == "1 alice@example.org" ? "1 \(recipient)" : $0 })
        #expect(found.rule == rule)
    }

    @Test("Chains of ten are followed, of eleven not", arguments: [(1, true), (9, true), (10, true), (11, false), (50, false)])
    func depth(length: Int, isDelivered: Bool) {
        var directory = Self.house()
        for index in 1..<length { directory.alias("a\(index)@example.org", "a\(index + 1)@example.org") }
        directory.alias("a\(length)@example.org", "alice@example.org")
        let found = Classified("a1@example.org", in: directory)
        #expect(found.destinations == (isDelivered ? ["1 alice@example.org"] : ["no a1@example.org alias-depth"]))
        #expect(found.asked.count <= 11)
    }

    @Test("A thousand results are delivered, one more is not", arguments: [(1_000, true), (1_001, false), (5_000, false)])
    func fanOut(count: Int, isDelivered: Bool) {
        var directory = Self.house()
        let targets = (1...count).map { EmailAddress.of("x\($0)@example.net") }
        directory["list@example.org"].targets = targets
        let found = Classified("list@example.org", in: directory)
        #expect(found.destinations == (isDelivered ? targets.map { "-> \($0)" } : ["no list@example.org alias-limit"]))
    }

    @Test("The limit counts results of nested lists together", arguments: [(10, 100, true), (11, 91, false), (40, 30, false)])
    func nestedFanOut(lists: Int, members: Int, isDelivered: Bool) {
        var directory = Self.house()
        directory["all@example.org"].targets = (1...lists).map { .of("list\($0)@example.org") }
        for list in 1...lists {
            directory["list\(list)@example.org"].targets = (1...members).map { .of("x\(list)-\($0)@example.net") }
        }
        let found = Classified("all@example.org", in: directory)
        #expect(found.destinations.count == (isDelivered ? lists * members : 1))
        #expect((found.rule == "alias") == isDelivered)
        #expect(found.asked.count <= Classification.resultLimit * Classification.depthLimit)
    }

    /// Every list names every list: work is bounded by the number of lists, not by the paths between them.
    @Test func listsThatAllNameEachOther() {
        var directory = Self.house()
        let names = (1...60).map { "l\($0)@example.org" }
        for name in names {
            directory[name].targets = names.map { .of($0) } + [.of("alice@example.org")]
        }
        let found = Classified(names[0], in: directory)
        #expect(found.destinations == ["1 alice@example.org"])
        #expect(found.asked.count == 61)
    }

    @Test func whatComesTwiceIsDeliveredOnce() {
        var directory = Self.house()
        directory.domains["example.org"]?.delimiters = "+"
        directory.alias(
            "all@example.org", "alice@example.org", "staff@example.org", "alice+x@example.org", "ALICE@example.org",
            "x@example.net", "x@example.net", "archive@example.org", "archive@example.org")
        directory.alias("staff@example.org", "bob@example.org", "alice@example.org", "x@example.net")
        #expect(
            Classified("all@example.org", in: directory).destinations == [
                "1 alice@example.org", "2 bob@example.org", "-> x@example.net", "3 archive@example.org",
            ])
    }

    @Test("An alias some of whose targets fail is delivered to the others and reported; of which all fail is a refusal")
    func failures() {
        var directory = Self.house()
        directory.alias("some@example.org", "gone@example.org", "alice@example.org", "away@example.org")
        #expect(
            Classified("some@example.org", in: directory).destinations == [
                "no gone@example.org unknown-recipient", "1 alice@example.org", "no away@example.org unknown-recipient",
            ])
        #expect(Classified("some@example.org", in: directory).rule == "alias")
        directory.alias("none@example.org", "gone@example.org", "away@example.org")
        let none = Classified("none@example.org", in: directory)
        #expect(none.destinations == ["no none@example.org unknown-recipient"] && none.rule == "unknown-recipient")
    }

    /// A refusal for ever would lose mail that our own mistake holds up.
    @Test func ourOwnTroubleIsToldBeforeTheStrangersMistake() {
        var directory = Self.house()
        for index in 1...12 { directory.alias("a\(index)@example.org", "a\(index + 1)@example.org") }
        directory.alias("mixed@example.org", "gone@example.org", "a1@example.org", "away@example.org")
        #expect(Classified("mixed@example.org", in: directory).destinations == ["no mixed@example.org alias-depth"])
    }
}
