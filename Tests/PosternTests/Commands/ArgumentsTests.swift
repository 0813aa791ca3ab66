import ArgumentParser
import IPC
import Mail
import Testing

@testable import postern

private func parse<Command: ParsableCommand>(_ line: String, as type: Command.Type = Command.self) throws -> Command {
    try #require(try Postern.parseAsRoot(words(line)) as? Command)
}

/// `''` is an empty word; no other quotes are needed here.
private func words(_ line: String) -> [String] {
    line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
}

@Suite struct CommandLineTests {
    @Test(arguments: [
        "domain add example.org", "domain add Example.ORG --config /etc/p.toml",
        "domain add example.org --catch-all all@example.org --transport mail.example.net:25 --delimiters +-",
        "domain add example.org --delimiters -+", "domain add example.net --alias-of example.org",
        "domain set example.org --catch-all none --transport none --delimiters none", "domain set a.org --alias-of b.org",
        "domain list --json", "domain remove example.org",
        "account add alice@example.org --password-file -",
        "account add alice@example.org --password-file f --legacy CRAM-MD5 --legacy ntlm",
        "account password alice@example.org --password-file f --legacy apop", "account list",
        "password add alice@example.org --name phone", "password list alice@example.org --json",
        "password add alice@example.org --name till --scope POP3,submission --expires 2027-01-31 --password-file -",
        "password remove alice@example.org --name phone", "password scope alice@example.org all",
        "password scope alice@example.org imap,pop3", "account remove alice@example.org",
        "folder add info@example.org", "folder list --json", "folder remove info@example.org",
        "processor add orders@example.org", "processor list", "processor remove orders@example.org",
        "rule add orders@example.org --recipient order-*@example.org",
        "rule add orders@example.org --recipient *@* --sender *@shop.example --source 192.0.2.0/24",
        "rule add orders@example.org --recipient *@* --sender <>", "rule list --json", "rule remove 3",
        "alias add sales@example.org alice@example.org bob@example.net", "alias list", "alias remove sales@example.org",
        "alias remove sales@example.org bob@example.net", "forward add sales@example.org bob@example.net",
        "trusted add 192.168.1.%", "trusted add 10.%.5.%", "trusted list --json", "trusted remove 10.0.0.0/8",
        "safe add 2001:db8::/64", "safe list", "safe remove 10.0.0.5-10.0.0.9",
        "explain --from <> --to a@example.org --client 192.0.2.7",
        "explain --from b@example.net --to a@example.org --client ::1 --user alice --listener 2 --json",
        "ban list --json", "ban add 192.0.2.7", "ban add 192.0.2.0/24 --for 12h", "ban remove 192.0.2.7",
        "doctor", "doctor --json", "status", "queue list", "check", "verify", "verify --sample 5 --json", "verify --sample 0.1",
        "verify --sample 100", "confine --prove",
    ])
    func rightLinesAreTaken(line: String) throws { _ = try Postern.parseAsRoot(words(line)) }

    /// The argument that is wrong is named, and what is wrong with it; the command ends with status 2.
    @Test(arguments: [
        ("domain add -example.org", "<domain>", "Missing"), ("domain add exa_mple..org", "<domain>", "not a domain name"),
        ("domain add ''", "<domain>", "not a domain name"), ("domain add", "<domain>", "Missing"),
        ("domain add a.org --catch-all all", "--catch-all", "not an address"),
        ("domain add a.org --transport mail.example.net", "--transport", "HOST:PORT"),
        ("domain add a.org --delimiters a", "--delimiters", "not signs"),
        ("domain add a.org --alias-of b.org --catch-all c@b.org", "--alias-of", "alone"),
        ("domain add a.org --alias-of none", "--alias-of", "postern domain remove"),
        ("domain set a.org", "--catch-all", "say what to change"),
        ("account add alice --password-file f", "<address>", "not an address"),
        ("account add alice@example.org", "--password-file", "Missing"),
        ("account add alice@example.org --password-file f --legacy PLAIN", "--legacy", "CRAM-MD5"),
        ("verify --sample 0", "--sample", "percent"), ("verify --sample 101", "--sample", "percent"),
        ("verify --sample 100.1", "--sample", "percent"), ("verify --sample 0.05", "--sample", "percent"),
        ("verify --sample -1", "--sample", "Missing"), ("verify --sample 1e1", "--sample", "percent"),
        ("account remove alice@", "<address>", "not an address"),
        ("folder add info", "<address>", "not an address"), ("processor remove @x", "<address>", "not an address"),
        ("rule add orders --recipient *@a.org", "<account>", "not an address"),
        ("rule add o@a.org", "--recipient", "Missing"), ("rule add o@a.org --recipient orders", "--recipient", "no @"),
        ("rule add o@a.org --recipient o@*.org", "--recipient", "whole domain"),
        ("rule add o@a.org --recipient *@* --sender boss", "--sender", "not a pattern"),
        ("rule add o@a.org --recipient *@* --source 10.0.0.1/8", "--source", "behind the prefix"),
        ("rule remove 0", "<number>", "from 1 on"), ("rule remove x", "<number>", "from 1 on"),
        ("alias add sales@example.org", "<targets>", "Missing"),
        ("alias add sales@example.org bob", "<targets>", "not an address"),
        ("alias remove sales", "<address>", "not an address"),
        ("trusted add 192.168.%5", "<range>", "not a range"), ("safe add 10.0.0.1/8", "<range>", "behind the prefix"),
        ("safe remove all", "<range>", "not a range"),
        ("explain --from b --to a@a.org --client ::1", "--from", "not an address"),
        ("explain --from <> --to a --client ::1", "--to", "not an address"),
        ("explain --from <> --to a@a.org --client 10.0.0.0/8", "--client", "not an Internet address"),
        ("explain --from <> --to a@a.org", "--client", "Missing"),
        ("explain --from <> --to a@a.org --client ::1 --listener 70000", "--listener", "70000"),
        ("ban add 192.0.2.7 --for 1", "--for", "30m"), ("ban add here", "<range>", "not a range"),
        ("nonsense", "nonsense", "Unexpected argument"),
    ])
    func wrongLinesNameTheArgument(line: String, argument: String, reason: String) throws {
        let error = #expect(throws: (any Error).self) { try Postern.parseAsRoot(words(line)) }
        let wrong = try #require(error)
        #expect(Postern.exitCode(for: wrong) == .validationFailure)
        let message = Postern.message(for: wrong)
        #expect(message.contains(argument) && message.contains(reason), "\(message)")
    }

    @Test func aDomainsChoicesReachTheRoad() throws {
        let all = try parse(
            "domain add Example.ORG --catch-all all@Example.org --transport MX.example.net:2525 --delimiters -+",
            as: Domain.Add.self)
        #expect(all.domain == "example.org")
        let choices = DomainChoices(catchAll: "all@example.org", transport: "mx.example.net:2525", delimiters: "-+")
        #expect(all.choices.choices == choices)
        let ended = try parse("domain set a.org --catch-all none --delimiters none", as: Domain.Change.self)
        #expect(ended.choices.choices == DomainChoices(catchAll: "", transport: nil, delimiters: ""))
        #expect(try !parse("domain add a.org", as: Domain.Add.self).choices.isGiven)
    }

    @Test func oldMechanismsAreNamedOnceAsRegistered() throws {
        let add = try parse(
            "account add a@a.org --password-file - --legacy ntlm --legacy Cram-MD5 --legacy NTLM", as: Account.Add.self)
        #expect(add.secret.legacyNames == ["CRAM-MD5", "NTLM"])
        #expect(try parse("account add a@a.org --password-file -", as: Account.Add.self).secret.legacyNames == [])
    }

    /// T-03.
    @Test func aRuleReachesTheRoadAsTyped() throws {
        let full = try parse(
            "rule add o@a.org --recipient Order-?*@A.org --sender <> --source 192.0.2.%", as: Rule.Add.self)
        #expect("\(full.rule.account)" == "o@a.org" && full.rule.recipient == "Order-?*@a.org")
        #expect(full.rule.sender == "" && full.rule.source == AddressRange("192.0.2.%"))
        let bare = try parse("rule add o@a.org --recipient *@*", as: Rule.Add.self).rule
        #expect(bare.sender == nil && bare.source == nil && bare.number == 0)
    }

    @Test func theNullSenderIsNobody() throws {
        #expect(try parse("explain --from <> --to a@a.org --client ::1", as: Explain.self).from.address == nil)
        let some = try parse("explain --from b@b.org --to a@a.org --client ::1", as: Explain.self)
        #expect(some.from.address == EmailAddress(localPart: "b", domain: "b.org") && some.user == nil)
    }
}

@Suite struct TypedTests {
    @Test(arguments: [
        ("mail.example.net:25", "mail.example.net:25"), ("192.0.2.1:24", "192.0.2.1:24"),
        ("[2001:DB8::1]:25", "[2001:db8::1]:25"), ("localhost:65535", "localhost:65535"), ("none", ""),
    ])
    func transports(text: String, sent: String) throws { #expect(try Typed.transport(text) == sent) }

    @Test(arguments: [
        "", "mail.example.net", "mail.example.net:", "mail.example.net:0", "mail.example.net:65536", ":25",
        "2001:db8::1:25", "[2001:db8::1]", "[2001:db8::1:25", "[192.0.2.1]:25", "192.0.2:25", "192.0.2.256:25",
        "-mail:25", "a b:25", "mail:-1", "mail:25 ",
    ])
    func wrongTransports(text: String) { #expect(throws: ValidationError.self) { try Typed.transport(text) } }

    @Test(arguments: [("+", "+"), ("+-", "+-"), ("none", ""), ("=_.", "=_.")])
    func delimiters(text: String, sent: String) throws { #expect(try Typed.delimiters(text) == sent) }

    @Test(arguments: ["", "++", "a", "+ ", "@", "\"", "ü", "nones"])
    func wrongDelimiters(text: String) { #expect(throws: ValidationError.self) { try Typed.delimiters(text) } }

    @Test(arguments: [
        ("*@example.org", "*@example.org"), ("sales-*@Example.ORG", "sales-*@example.org"), ("orders@*", "orders@*"),
        ("a?c@a.org", "a?c@a.org"), ("*@*", "*@*"), ("\(String(repeating: "x", count: 64))@*", nil),
    ])
    func recipientPatterns(text: String, sent: String?) throws {
        #expect(try Typed.recipientPattern(text) == sent ?? text)
    }

    @Test(arguments: [
        "", "*", "@a.org", "a@", "a@*.org", "a@?", "a b@a.org", "a@b@a.org", "<a@a.org>", "a@a..org", "a,b@a.org",
        "\(String(repeating: "x", count: 65))@*",
    ])
    func wrongRecipientPatterns(text: String) {
        #expect(throws: ValidationError.self) { try Typed.recipientPattern(text) }
    }

    @Test(arguments: [("<>", ""), ("*@shop.example", "*@shop.example"), ("*example*", "*example*"), ("a@b.org", "a@b.org")])
    func senderPatterns(text: String, sent: String) throws { #expect(try Typed.senderPattern(text) == sent) }

    @Test(arguments: ["", "boss", "shop.example", "<a@b.org>", "a b@c.org", "\(String(repeating: "x", count: 320))@"])
    func wrongSenderPatterns(text: String) { #expect(throws: ValidationError.self) { try Typed.senderPattern(text) } }

    @Test(arguments: [("1s", 1), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800), ("365d", 31_536_000)])
    func times(text: String, seconds: UInt32) throws { #expect(try Typed.seconds(text) == seconds) }

    @Test(arguments: ["", "0s", "s", "5", "366d", "31536001s", "-1m", "1.5h", "1 h", "1y", "99999999999d"])
    func wrongTimes(text: String) { #expect(throws: ValidationError.self) { try Typed.seconds(text) } }

    /// E-15.
    @Test(arguments: ["192.168.1.%%", "192.168.%5", "192.168.1", "10.0.0.9-10.0.0.5", "10.0.0.0/33", "::/129", "x/8", ""])
    func wrongRanges(text: String) { #expect(throws: ValidationError.self) { try Typed.range(text) } }

    @Test(arguments: ["", "a\u{0}b", "\u{7F}", String(repeating: "x", count: 321)])
    func wrongUsers(text: String) { #expect(throws: ValidationError.self) { try Typed.user(text) } }
}
