import Foundation
import IPC
import Mail
import Testing

@testable import postern

private func address(_ text: String) throws -> EmailAddress { try #require(EmailAddress(text)) }

/// What a program reads, in one line.
private func programs<Line: Row>(_ rows: [Line]) throws -> String { compact(try listing(rows, asJSON: true)) }

private func compact(_ json: String) -> String {
    json.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined()
}

private func people<Line: Row>(_ rows: [Line]) throws -> [String] {
    try listing(rows, asJSON: false).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
}

@Suite struct DirectoryListingTests {
    @Test func domains() throws {
        let rows = [
            DomainEntry(name: "a.org", accounts: 2),
            DomainEntry(
                name: "b.org", accounts: 0,
                choices: DomainChoices(catchAll: "all@a.org", transport: "mx.a.org:25", delimiters: "")),
            DomainEntry(name: "c.org", accounts: 0, aliasOf: "a.org"),
        ].map(DomainRow.init)
        #expect(
            try people(rows) == [
                "DOMAIN  ACCOUNTS  ALIAS OF  CATCH-ALL  TRANSPORT    DELIMITERS",
                "a.org   2         -         -          -            +",
                "b.org   0         -         all@a.org  mx.a.org:25  none",
                "c.org   0         a.org     -          -            -",
            ])
        #expect(
            try programs(rows)
                == #"[{"accounts" : 2,"delimiters" : "+","name" : "a.org"},"#
                + #"{"accounts" : 0,"catchAll" : "all@a.org","delimiters" : "","name" : "b.org","transport" : "mx.a.org:25"},"#
                + #"{"accounts" : 0,"aliasOf" : "a.org","name" : "c.org"}]"#)
    }

    /// A choice that was ended is no choice.
    @Test func endedChoicesAreNotShown() {
        let row = DomainRow(DomainEntry(name: "a.org", accounts: 0, choices: DomainChoices(catchAll: "", transport: "")))
        #expect(row.catchAll == nil && row.transport == nil)
    }

    @Test func passwords() throws {
        let rows = [
            PasswordEntry(name: nil, scopes: nil, mechanisms: ["SCRAM-SHA-256", "PLAIN"], usedOn: 20_778),
            PasswordEntry(
                name: "my phone", scopes: [.submission, .pop3], mechanisms: ["PLAIN"], madeAt: 86_400_000,
                expiresAt: 172_800_000),
        ].map(PasswordRow.init)
        #expect(
            try people(rows) == [
                "NAME      SCOPE            MADE        EXPIRES     LAST USED   MECHANISMS",
                "(own)     all              -           -           2026-11-21  SCRAM-SHA-256 PLAIN",
                "my phone  submission,pop3  1970-01-02  1970-01-03  -           PLAIN",
            ])
        #expect(
            try programs(rows) == #"[{"mechanisms" : ["SCRAM-SHA-256","PLAIN"],"used" : "2026-11-21"},"#
                + #"{"expires" : "1970-01-03","made" : "1970-01-02","mechanisms" : ["PLAIN"],"name" : "my phone","#
                + #""scopes" : ["submission","pop3"]}]"#)
    }

    @Test func accounts() throws {
        let rows = [
            AccountEntry(
                address: try address("alice@a.org"), mechanisms: ["SCRAM-SHA-256", "NTLM"], messages: 12, octets: 12_345),
            AccountEntry(address: try address("orders@a.org"), kind: .processor, messages: 0, octets: 0),
        ].map(AccountRow.init)
        #expect(
            try people(rows) == [
                "ACCOUNT       KIND       MESSAGES  SIZE     MECHANISMS",
                "alice@a.org   user       12        12.3 kB  SCRAM-SHA-256 NTLM",
                "orders@a.org  processor  0         0 B      -",
            ])
        #expect(
            try programs(rows)
                == #"[{"address" : "alice@a.org","kind" : "user","mechanisms" : ["SCRAM-SHA-256","NTLM"],"messages" : 12,"octets" : 12345},"#
                + #"{"address" : "orders@a.org","kind" : "processor","mechanisms" : [],"messages" : 0,"octets" : 0}]"#)
    }

    @Test func folders() throws {
        let entry = AccountEntry(address: try address("info@a.org"), kind: .folder, messages: 1, octets: 5)
        #expect(try people([UnattendedRow(entry)]) == ["ADDRESS     MESSAGES  SIZE", "info@a.org  1         5 B"])
        #expect(try programs([UnattendedRow(entry)]) == #"[{"address" : "info@a.org","messages" : 1,"octets" : 5}]"#)
    }

    @Test func rules() throws {
        let rows = [
            NamedRule(
                number: 1, account: try address("o@a.org"), recipient: "order-*@a.org", sender: "",
                source: AddressRange("192.0.2.%")),
            NamedRule(number: 12, account: try address("o@a.org"), recipient: "*@*", sender: nil, source: nil),
        ].map(RuleRow.init)
        #expect(
            try people(rows) == [
                "NUMBER  RECIPIENT      SENDER  SOURCE     ACCOUNT",
                "1       order-*@a.org  <>      192.0.2.%  o@a.org",
                "12      *@*            -       -          o@a.org",
            ])
        #expect(
            try programs(rows)
                == #"[{"account" : "o@a.org","number" : 1,"recipient" : "order-*@a.org","sender" : "","source" : "192.0.2.%"},"#
                + #"{"account" : "o@a.org","number" : 12,"recipient" : "*@*"}]"#)
    }

    @Test func aliases() throws {
        let row = AliasRow(
            AliasEntry(address: try address("s@a.org"), targets: [try address("b@b.org"), try address("c@c.org")]))
        #expect(try people([row]) == ["ALIAS    TARGETS", "s@a.org  b@b.org c@c.org"])
        #expect(try programs([row]) == #"[{"address" : "s@a.org","targets" : ["b@b.org","c@c.org"]}]"#)
    }

    @Test func anEmptyListingStillHasItsHeads() throws {
        #expect(try people([AliasRow]()) == ["ALIAS  TARGETS"])
        #expect(try programs([AliasRow]()) == "[]")
    }
}

@Suite struct AccessListingTests {
    /// T-10: where each range comes from, since it can only be taken away there.
    @Test func ranges() throws {
        let rows = RangeRow.rows(written: ["loopback", "10.0.0.0/8"], added: [try #require(AddressRange("192.0.2.7"))])
        #expect(
            try people(rows) == [
                "RANGE       FROM", "loopback    settings", "10.0.0.0/8  settings", "192.0.2.7   command",
            ])
        #expect(
            try programs(rows.suffix(2))
                == #"[{"from" : "settings","range" : "10.0.0.0/8"},{"from" : "command","range" : "192.0.2.7"}]"#)
    }

    @Test func bans() throws {
        let rows = [
            BanEntry(client: "192.0.2.7", remaining: 3_725, reason: "10 wrong\npasswords", points: 10),
            BanEntry(client: "2001:db8::/64", remaining: 0, reason: "talked early", points: 2),
        ].map(BanRow.init)
        #expect(
            try people(rows) == [
                "CLIENT         ENDS IN     POINTS  REASON", "192.0.2.7      1h 2m       10      10 wrong.passwords",
                "2001:db8::/64  not banned  2       talked early",
            ])
        #expect(
            try programs([rows[1]])
                == #"[{"client" : "2001:db8::/64","points" : 2,"reason" : "talked early","remaining" : 0}]"#)
    }

    @Test(arguments: [
        (UInt32(0), "0s"), (59, "59s"), (60, "1m"), (3_599, "59m 59s"), (3_600, "1h"), (3_601, "1h"), (90_000, "1d 1h"),
        (.max, "49710d 6h"),
    ])
    func spans(seconds: UInt32, text: String) { #expect(span(seconds) == text) }

    @Test func theQueue() throws {
        let entry = QueueEntry(
            entry: 7, message: SpoolID(rawValue: 255), sender: nil, recipient: try address("b@b.org"), state: .deferred,
            acceptedAt: 0, nextAttemptAt: 60_000, attempts: 1, size: 1_500, last: nil)
        #expect(
            try people([QueueRow(entry)]).last
                == "7      00000000000000ff  b@b.org    deferred  1      1970-01-01 00:01:00  1.5 kB  <>      ")
        #expect(try programs([QueueRow(entry)]).contains(#""nextAttempt" : "1970-01-01 00:01:00","reason" : """#))
    }
}
