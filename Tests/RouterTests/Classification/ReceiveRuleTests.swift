// T-03: addresses × rules → account; the first rule that matches wins.

import Mail
import Testing

@testable import router

@Suite struct ReceiveRuleTests {
    static let rules: [ReceiveRule] = [
        ReceiveRule(localPart: "Info", domain: "Example.org", account: 1),
        ReceiveRule(localPart: "sales-*", domain: "example.org", account: 2),
        ReceiveRule(localPart: "sales-eu", domain: "example.org", account: 3),
        ReceiveRule(localPart: "order?", account: 4),
        ReceiveRule(domain: "process.test", sender: "*@shop.test", account: 5),
        ReceiveRule(domain: "process.test", source: AddressRange("10.%.5.%"), account: 6),
        ReceiveRule(domain: "process.test", sender: "", account: 7),
        ReceiveRule(localPart: "a*b*c", sender: "boss@example.com", source: AddressRange("192.0.2.0/24"), account: 8),
        ReceiveRule(domain: "process.test", account: 9),
    ]

    struct Row: Sendable {
        var recipient: String
        var sender: String? = "s@example.com"
        var client = "192.0.2.1"
        /// nil: no rule.
        var account: Int64?
        var rule: Int?
    }

    @Test(
        "T-03",
        arguments: [
            Row(recipient: "info@example.org", account: 1, rule: 1), Row(recipient: "INFO@EXAMPLE.ORG", account: 1, rule: 1),
            Row(recipient: "info@example.net"), Row(recipient: "infos@example.org"), Row(recipient: "inf@example.org"),
            // The overlap of 2 and 3: the first wins.
            Row(recipient: "sales-eu@example.org", account: 2, rule: 2),
            Row(recipient: "sales-@example.org", account: 2, rule: 2),
            Row(recipient: "sales@example.org"), Row(recipient: "xsales-eu@example.org"), Row(recipient: "sales-eu@example.com"),
            // Any domain, also one that is not ours.
            Row(recipient: "order1@example.org", account: 4, rule: 4), Row(recipient: "OrderX@example.net", account: 4, rule: 4),
            Row(recipient: "orderé@example.net", account: 4, rule: 4),
            Row(recipient: "order@example.org"), Row(recipient: "order12@example.org"),
            // Senders, clients, and both.
            Row(recipient: "x@process.test", sender: "A@Shop.test", account: 5, rule: 5),
            Row(recipient: "x@process.test", sender: "a@shop.test", client: "10.1.5.2", account: 5, rule: 5),
            Row(recipient: "x@process.test", sender: "a@b@shop.test", account: 5, rule: 5),
            Row(recipient: "x@process.test", client: "10.1.5.2", account: 6, rule: 6),
            Row(recipient: "x@process.test", client: "::ffff:10.1.5.2", account: 6, rule: 6),
            Row(recipient: "x@process.test", client: "10.1.6.2", account: 9, rule: 9),
            Row(recipient: "x@process.test", sender: nil, account: 7, rule: 7),
            Row(recipient: "x@process.test", sender: nil, client: "10.1.5.2", account: 6, rule: 6),
            Row(recipient: "abc@example.org", sender: "boss@example.com", account: 8, rule: 8),
            Row(recipient: "axbybzc@example.net", sender: "BOSS@example.com", account: 8, rule: 8),
            Row(recipient: "abc@example.org"), Row(recipient: "abc@example.org", sender: "boss@example.com", client: "192.0.3.1"),
            Row(recipient: "abcd@example.org", sender: "boss@example.com"),
            Row(recipient: "acb@example.org", sender: "boss@example.com"),
            Row(recipient: "abc@example.org", sender: nil), Row(recipient: "order1@process.test", account: 4, rule: 4),
            Row(recipient: "x@sub.process.test"),
        ])
    func accounts(row: Row) {
        let found = Classified(
            row.recipient, in: TestDirectory("example.org"), rules: Self.rules, from: row.sender, client: row.client)
        guard let account = row.account, let rule = row.rule else {
            #expect(found.rule == "foreign" || found.rule == "unknown-recipient")
            return
        }
        #expect(found.rule == "receive-rule[\(rule)]")
        #expect(found.destinations == ["\(account) \(EmailAddress.of(row.recipient))"])
    }

    @Test("A rule may name a domain or an alias of it", arguments: ["example.org", "example.de"])
    func aliasDomains(domain: String) {
        var directory = TestDirectory("example.org")
        directory.aliasDomains["example.de"] = "example.org"
        let rule = ReceiveRule(localPart: "info", domain: domain, account: 1)
        #expect(Classified("info@example.de", in: directory, rules: [rule]).destinations == ["1 info@example.de"])
        let plain = Classified("info@example.org", in: directory, rules: [rule])
        #expect((plain.rule == "receive-rule[1]") == (domain == "example.org"))
    }

    @Test(
        "Patterns",
        arguments: [
            ("*", "", true), ("*", "x", true), ("**", "x", true), ("?", "", false), ("?", "x", true), ("?", "xy", false),
            ("", "", true), ("", "x", false), ("a*", "a", true), ("a*", "b", false), ("*a", "bba", true), ("*a", "ab", false),
            ("a?c", "abc", true), ("a?c", "ac", false), ("*?*", "", false), ("*?*", "x", true), ("*ab*ab", "ababab", true),
            ("*ab*ab", "abb", false), ("a*b?d", "aXbYbcd", true), ("É*", "été", true), ("?t?", "été", true),
            ("a.c", "abc", false),
            ("a+b", "a+b", true), ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ])
    func patterns(pattern: String, text: String, isMatch: Bool) {
        #expect(WildcardPattern(pattern).matches(text) == isMatch)
    }
}
