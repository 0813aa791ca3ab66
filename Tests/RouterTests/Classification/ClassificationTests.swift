// The order of classification (FEATURES 1.0 steps 1–6): which of the things that an address may be counts.

import Mail
import Testing

@testable import router

@Suite struct ClassificationTests {
    /// example.org with one address of every kind; example.net is not ours.
    static let directory: TestDirectory = {
        var directory = TestDirectory("example.org", "hub.test", "catch.test", "both.test")
        directory.user("alice@example.org", 1)
        directory.folder("archive@example.org", 2)
        directory.alias("team@example.org", "alice@example.org", "bob@example.net")
        directory.domains["hub.test"]?.transport = "inside.test:25"
        directory.user("here@hub.test", 3)
        directory.domains["catch.test"]?.catchAll = .of("alice@example.org")
        directory.domains["both.test"]?.catchAll = .of("alice@example.org")
        directory.domains["both.test"]?.transport = "inside.test:25"
        directory.aliasDomains["example.de"] = "example.org"
        return directory
    }()

    @Test(
        "T-06, T-07, E-04, E-05, E-06: every kind of address",
        arguments: [
            ("alice@example.org", "user", ["1 alice@example.org"]),
            ("ALICE@Example.ORG", "user", ["1 ALICE@example.org"]),
            ("archive@example.org", "folder", ["2 archive@example.org"]),
            ("team@example.org", "alias", ["1 alice@example.org", "-> bob@example.net"]),
            ("nobody@example.org", "unknown-recipient", ["no nobody@example.org unknown-recipient"]),
            ("bob@example.net", "foreign", ["-> bob@example.net"]),
            ("bob@[192.0.2.9]", "foreign", ["-> bob@[192.0.2.9]"]),
            ("here@hub.test", "user", ["3 here@hub.test"]),
            ("there@hub.test", "domain-transport", ["=> there@hub.test"]),
            ("x@catch.test", "catch-all", ["1 alice@example.org"]),
            ("x@both.test", "domain-transport", ["=> x@both.test"]),
            ("alice@example.de", "user", ["1 alice@example.de"]),
            ("team@example.de", "alias", ["1 alice@example.org", "-> bob@example.net"]),
            ("nobody@example.de", "unknown-recipient", ["no nobody@example.de unknown-recipient"]),
            ("alice@sub.example.org", "foreign", ["-> alice@sub.example.org"]),
        ])
    func kinds(recipient: String, rule: String, destinations: [String]) {
        let found = Classified(recipient, in: Self.directory)
        #expect(found.rule == rule)
        #expect(found.destinations == destinations)
    }

    @Test("T-02: an address of every kind is the first of them only; each kind taken away shows the next")
    func everythingAtOnce() {
        var directory = TestDirectory("example.org")
        directory.domains["example.org"]?.transport = "inside.test:25"
        directory.domains["example.org"]?.catchAll = .of("alice@example.org")
        directory.domains["example.org"]?.delimiters = "+"
        directory.user("alice@example.org", 9)
        directory.user("x@example.org", 8)
        let address = "x+y@example.org"
        directory.user(address, 1)
        directory.folder(address, 2)
        directory.alias(address, "bob@example.net")
        let rule = ReceiveRule(localPart: "x+y", domain: "example.org", account: 7)
        func found(_ rules: [ReceiveRule] = []) -> Classified { Classified(address, in: directory, rules: rules) }

        #expect(found([rule]).destinations == ["7 x+y@example.org"] && found([rule]).rule == "receive-rule[1]")
        #expect(found().destinations == ["1 x+y@example.org"] && found().rule == "user")
        directory[address].user = nil
        #expect(found().destinations == ["2 x+y@example.org"] && found().rule == "folder")
        directory[address].folder = nil
        #expect(found().destinations == ["-> bob@example.net"] && found().rule == "alias")
        directory[address].targets = nil
        #expect(found().destinations == ["8 x@example.org +y"] && found().rule == "user")
        directory["x@example.org"].user = nil
        #expect(found().destinations == ["=> x+y@example.org"] && found().rule == "domain-transport")
        directory.domains["example.org"]?.transport = nil
        #expect(found().destinations == ["9 alice@example.org"] && found().rule == "catch-all")
        directory.domains["example.org"]?.catchAll = nil
        #expect(found().destinations == ["no x+y@example.org unknown-recipient"])
    }

    @Test func aPlainUserOrStrangerCostsOneLookUp() {
        for recipient in ["alice@example.org", "archive@example.org", "bob@example.net", "nobody@example.org"] {
            #expect(Classified(recipient, in: Self.directory).asked == [recipient])
        }
    }

    @Test func theQuestionStaysUntilItIsAnswered() {
        var classification = Classification(
            .of("alice@example.org"), from: nil, client: InternetAddress(v4: 1), by: ReceivePolicy(hostname: "a.b"))
        #expect(classification.next() == .lookUp(.of("alice@example.org")))
        #expect(classification.next() == .lookUp(.of("alice@example.org")))
        classification.found(.foreign)
        let end = Classification.Step.done([.remote(.of("alice@example.org"), viaTransport: false)], .foreign)
        #expect(classification.next() == end)
        #expect(classification.next() == end)
    }

    @Test func aCatchAllThatDoesNotExistIsARefusal() {
        var directory = TestDirectory("catch.test")
        directory.domains["catch.test"]?.catchAll = .of("gone@catch.test")
        let found = Classified("x@catch.test", in: directory)
        #expect(found.destinations == ["no x@catch.test unknown-recipient"])
        #expect(found.asked == ["x@catch.test", "gone@catch.test"])
        #expect(Classified("gone@catch.test", in: directory).asked == ["gone@catch.test"])
    }

    @Test func catchAllsThatNameEachOtherEnd() {
        var directory = TestDirectory("a.test", "b.test")
        directory.domains["a.test"]?.catchAll = .of("x@b.test")
        directory.domains["b.test"]?.catchAll = .of("y@a.test")
        let found = Classified("z@a.test", in: directory)
        #expect(found.destinations == ["no z@a.test alias-loop"])
        #expect(found.asked == ["z@a.test", "x@b.test", "y@a.test"])
    }

    @Test func aCatchAllMayBeAnAliasOrAStranger() {
        var directory = TestDirectory("a.test", "b.test")
        directory.domains["a.test"]?.catchAll = .of("all@a.test")
        directory.alias("all@a.test", "bob@example.net", "carol@example.net")
        directory.domains["b.test"]?.catchAll = .of("bob@example.net")
        #expect(Classified("x@a.test", in: directory).destinations == ["-> bob@example.net", "-> carol@example.net"])
        #expect(Classified("x@b.test", in: directory).destinations == ["-> bob@example.net"])
        #expect(Classified("x@b.test", in: directory).rule == "catch-all")
    }

    @Test(
        "Why an address leads nowhere: the stranger's mistake is 5xx, our own is 4xx",
        arguments: [
            (Destination.Unresolved.unknown, UInt16(550), "5.1.1"), (.loop, 451, "4.3.5"), (.tooDeep, 451, "4.3.5"),
            (.tooMany, 451, "4.3.5"),
        ])
    func refusals(reason: Destination.Unresolved, code: UInt16, status: String) {
        let refusal = reason.refusal(for: .of("x@example.org"))
        #expect(refusal.reply.code == code && refusal.reply.status == status)
        #expect(refusal.reply.text.hasPrefix("<x@example.org>: "))
        #expect(!refusal.reply.text.contains("alias") && !refusal.because.isEmpty)
    }
}
