// Which names of a login ask for the mailbox of somebody else. T-27.

import Testing

@testable import Mail

@Suite struct LoginNameTests {
    static let split: [(text: String, mailbox: String, user: String)] = [
        ("info@example.org*alice@example.org", "info@example.org", "alice@example.org"),
        ("Info@Example.org*Alice@example.org", "Info@Example.org", "Alice@example.org"),
        // Both may have a separator of their own: what divides them is the one behind a domain.
        ("a*b@example.org*c*d@example.com", "a*b@example.org", "c*d@example.com"),
        ("*@example.org**@example.org", "*@example.org", "*@example.org"),
        ("info@example.org**alice@example.org", "info@example.org", "*alice@example.org"),
        ("jürgen@bücher.example*ü@x", "jürgen@bücher.example", "ü@x"),
        ("alice@example.org*alice@example.org", "alice@example.org", "alice@example.org"),
    ]

    @Test("OTHER*LOGIN", arguments: split) func isDivided(row: (text: String, mailbox: String, user: String)) {
        let name = LoginName(row.text)
        #expect(name.mailbox == row.mailbox && name.user == row.user)
        #expect(LoginName(whole: row.text).mailbox == nil && LoginName(whole: row.text).user == row.text)
    }

    @Test(
        "what is a name as a whole",
        arguments: [
            "", "*", "@", "*@", "@*", "alice", "alice@example.org", "a*b@example.org", "info*alice@example.org", "info*alice",
            "info@example.org*", "*alice@example.org", "info@example.org*alice", "info@example.org*@example.org",
            "@example.org*alice@example.org", "info@*alice@example.org", "info@example.org*alice@",
            // Three of them, a space, a quote.
            "a@example.org*b@example.org*c@example.org", "info@example.org *alice@example.org", "\"a@x*b\"@example.org",
            "info@example.org\u{FF0A}alice@example.org", "info@example.org*alice@[192.0.2.1]",
        ]) func isWhole(text: String)
    {
        #expect(LoginName(text).mailbox == nil && LoginName(text).user == text)
    }
}
