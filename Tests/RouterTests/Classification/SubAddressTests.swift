// Sub-addresses, and the postmaster that must always be reached (RFC 5321 §4.5.1).

import Mail
import Testing

@testable import router

@Suite struct SubAddressTests {
    static let directory: TestDirectory = {
        var directory = TestDirectory("example.org", "plain.test")
        directory.domains["example.org"]?.delimiters = "+-"
        directory.user("anne@example.org", 1)
        directory.user("anne-marie@example.org", 2)
        directory.user("full+address@example.org", 3)
        directory.folder("shared@example.org", 4)
        directory.alias("team@example.org", "anne@example.org", "x@example.net")
        directory.alias("loop@example.org", "loop+x@example.org")
        directory.user("anne@plain.test", 5)
        return directory
    }()

    @Test(
        "The longest base that exists is taken, and the detail kept",
        arguments: [
            ("anne+lists@example.org", ["1 anne@example.org +lists"]), ("anne-lists@example.org", ["1 anne@example.org +lists"]),
            ("anne+a+b@example.org", ["1 anne@example.org +a+b"]), ("anne-marie@example.org", ["2 anne-marie@example.org"]),
            ("anne-marie+x@example.org", ["2 anne-marie@example.org +x"]),
            ("anne-x-marie@example.org", ["1 anne@example.org +x-marie"]),
            ("Anne+Lists@example.org", ["1 Anne@example.org +Lists"]), ("anne+@example.org", ["1 anne@example.org"]),
            ("full+address@example.org", ["3 full+address@example.org"]),
            ("full+address-y@example.org", ["3 full+address@example.org +y"]),
            ("full+x@example.org", ["no full+x@example.org unknown-recipient"]),
            ("shared+x@example.org", ["4 shared@example.org +x"]),
            ("team+x@example.org", ["1 anne@example.org +x", "-> x@example.net"]),
            ("loop@example.org", ["no loop@example.org alias-loop"]),
            ("loop+y@example.org", ["no loop+y@example.org alias-loop"]),
            ("+x@example.org", ["no +x@example.org unknown-recipient"]),
            ("@example.org", ["no \"\"@example.org unknown-recipient"]),
            ("anne+x@plain.test", ["no anne+x@plain.test unknown-recipient"]), ("anne+x@example.net", ["-> anne+x@example.net"]),
        ])
    func bases(recipient: String, destinations: [String]) {
        #expect(Classified(recipient, in: Self.directory).destinations == destinations)
    }

    @Test("Look-ups for one address are limited, and the shortest bases are among them")
    func manyDelimiters() {
        let long = Classified("anne" + String(repeating: "+x", count: 30) + "@example.org", in: Self.directory)
        #expect(long.asked.count == 1 + SubAddress.limit)
        #expect(long.destinations.first?.hasPrefix("1 anne@example.org +x+x") == true)
        let none = Classified("z" + String(repeating: "-", count: 60) + "@example.org", in: Self.directory)
        #expect(none.asked.count == 1 + SubAddress.limit && none.rule == "unknown-recipient")
    }

    @Test("A receive rule sees the whole address first, then each base")
    func rulesSeeBases() {
        let base = ReceiveRule(localPart: "orders", domain: "example.org", account: 7)
        let whole = ReceiveRule(localPart: "orders+eu", domain: "example.org", account: 8)
        #expect(
            Classified("orders+eu@example.org", in: Self.directory, rules: [base]).destinations == ["7 orders@example.org +eu"])
        #expect(
            Classified("orders+eu@example.org", in: Self.directory, rules: [base, whole]).destinations == [
                "8 orders+eu@example.org"
            ])
    }

    @Test("An unknown sub-address goes whole to the domain's transport or catch-all")
    func beyond() {
        var directory = Self.directory
        directory.domains["example.org"]?.catchAll = .of("anne@example.org")
        #expect(Classified("z+x@example.org", in: directory).destinations == ["1 anne@example.org"])
        directory.domains["example.org"]?.transport = "inside.test:25"
        #expect(Classified("z+x@example.org", in: directory).destinations == ["=> z+x@example.org"])
    }

    /// The directory changes while it is asked: the address stays what it was found to be, and is not relayed.
    @Test func aDomainThatGoesAwayInBetween() {
        var classification = Classification(
            .of("anne+x@example.org"), from: nil, client: InternetAddress(v4: 1), by: ReceivePolicy(hostname: "a.b"))
        classification.found(.local(LocalEntry(domain: "example.org", delimiters: "+")))
        #expect(classification.next() == .lookUp(.of("anne@example.org")))
        classification.found(.foreign)
        #expect(
            classification.next()
                == .done([.refuse(.of("anne+x@example.org"), .unknown)], .unresolved(.unknown)))
    }
}

@Suite struct PostmasterTests {
    /// Ours are example.org and example.com; the host name is mail.example.org, which is no domain of its own.
    static func house(_ postmaster: String? = "postmaster@example.org") -> TestDirectory {
        var directory = TestDirectory("example.org", "example.com")
        directory.user("alice@example.org", 1)
        if let postmaster { directory.user(postmaster, 5) }
        return directory
    }

    @Test(
        "RFC 5321 §4.5.1: who is asked in place of a postmaster without a mailbox",
        arguments: [
            ("postmaster@example.org", ["postmaster@example.org"], "user"),
            (
                "postmaster@example.com", ["postmaster@example.com", "postmaster@mail.example.org", "postmaster@example.org"],
                "postmaster"
            ),
            (
                "PostMaster@mail.example.org",
                ["PostMaster@mail.example.org", "postmaster@mail.example.org", "postmaster@example.org"], "postmaster"
            ),
            ("postmaster@mail.example.org", ["postmaster@mail.example.org", "postmaster@example.org"], "postmaster"),
        ])
    func substitutes(recipient: String, asked: [String], rule: String) {
        let found = Classified(recipient, in: Self.house())
        #expect(found.asked == asked)
        #expect(found.destinations == ["5 \(asked.last ?? "")"])
        #expect(found.rule == rule)
    }

    @Test(
        "A postmaster that nobody keeps is refused, and never relayed",
        arguments: [
            "postmaster@example.org", "postmaster@example.com", "postmaster@mail.example.org", "POSTMASTER@mail.example.org",
        ])
    func nobody(recipient: String) {
        let found = Classified(recipient, in: Self.house(nil))
        #expect(found.destinations == ["no \(recipient) unknown-recipient"])
        #expect(found.rule == "unknown-recipient")
    }

    /// The domain above our host name may be somebody else's.
    @Test func aSubstituteThatIsNotOursIsNotRelayedTo() {
        let found = Classified("postmaster@example.com", in: TestDirectory("example.com"))
        #expect(
            found.asked == ["postmaster@example.com", "postmaster@mail.example.org", "postmaster@example.org"])
        #expect(found.destinations == ["no postmaster@example.com unknown-recipient"])
    }

    @Test(
        "Others are no postmaster of ours",
        arguments: [
            ("postmaster@example.net", ["-> postmaster@example.net"]), ("abuse@mail.example.org", ["-> abuse@mail.example.org"]),
            ("postmasters@example.com", ["no postmasters@example.com unknown-recipient"]),
        ])
    func others(recipient: String, destinations: [String]) {
        let found = Classified(recipient, in: Self.house())
        #expect(found.destinations == destinations && found.asked == [recipient])
    }

    @Test("A host name without a domain above it", arguments: ["localhost", "mailbox1", "example.org"])
    func shortHostNames(hostname: String) {
        let found = Classified("postmaster@example.com", in: Self.house(nil), hostname: hostname)
        #expect(found.asked == ["postmaster@example.com", "postmaster@\(hostname)"])
    }

    @Test func anAliasOrFolderKeepsTheMailToo() {
        var directory = Self.house(nil)
        directory.alias("postmaster@example.org", "alice@example.org", "x@example.net")
        let found = Classified("postmaster@example.com", in: directory)
        #expect(found.destinations == ["1 alice@example.org", "-> x@example.net"] && found.rule == "postmaster")
        directory["postmaster@example.org"].targets = nil
        directory.folder("postmaster@example.org", 9)
        #expect(Classified("postmaster@example.com", in: directory).destinations == ["9 postmaster@example.org"])
    }

    @Test("The domain's own catch-all comes first; where it leads nowhere, the postmaster's mail is kept all the same")
    func catchAll() {
        var directory = Self.house()
        directory.domains["example.com"]?.catchAll = .of("alice@example.org")
        #expect(Classified("postmaster@example.com", in: directory).destinations == ["1 alice@example.org"])
        directory.domains["example.com"]?.catchAll = .of("x@example.net")
        #expect(Classified("postmaster@example.com", in: directory).destinations == ["-> x@example.net"])
        directory.domains["example.com"]?.catchAll = .of("gone@example.com")
        #expect(Classified("postmaster@example.com", in: directory).destinations == ["5 postmaster@example.org"])
    }

    @Test func anAliasThatNamesAPostmasterReachesIt() {
        var directory = Self.house()
        directory.alias("abuse@example.org", "postmaster@mail.example.org", "alice@example.org")
        let found = Classified("abuse@example.org", in: directory)
        #expect(found.destinations == ["5 postmaster@example.org", "1 alice@example.org"] && found.rule == "alias")
    }
}
