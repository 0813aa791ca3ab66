// Quotas at a real house: full mailboxes are refused before the 250, and nothing that was accepted is lost. FEATURES 2.9.

import Foundation
import Testing

@Suite struct QuotaTests {
    private static let full = "452 4.2.2 <alice@example.test>: mailbox is full, try again later"

    /// What RCPT says of one recipient.
    private func recipient(_ address: String, at house: House) throws -> String {
        let wire = try house.smtp()
        _ = try wire.ask("MAIL FROM:<sender@remote.test>")
        return try wire.ask("RCPT TO:<\(address)>")
    }

    @Test func aFullMailboxIsRefusedUntilThereIsRoom() throws {
        let house = try House()
        defer { house.stop() }
        try House.expectSuccess(house.postern(["quota", "set", "alice@example.test", "--messages", "2"]))
        for number in 1...2 {
            #expect(try house.send(to: ["alice@example.test"], "Subject: \(number)\r\n\r\nx").hasPrefix("250"))
        }
        try wait(10, for: "the refusal at RCPT") { try recipient("alice@example.test", at: house) == Self.full }
        #expect(try recipient("bob@example.test", at: house).hasPrefix("250"))
        let listed = try house.postern(["quota", "list", "alice@example.test"])
        #expect(listed.output.contains("100 %  full"), "\(listed.output)\(listed.error)")
        let explained = try house.postern([
            "explain", "--from", "sender@remote.test", "--to", "alice@example.test", "--client", "192.0.2.7",
        ])
        #expect(explained.output.contains("the mailbox of alice@example.test is full"), "\(explained.output)")

        try house.remove(1...1, of: "alice")
        try wait(10, for: "room") { try recipient("alice@example.test", at: house).hasPrefix("250") }
        #expect(try house.send(to: ["alice@example.test"], "Subject: 3\r\n\r\nx").hasPrefix("250"))
        #expect(try house.mailbox("alice").count == 2)
        #expect(try house.unaccounted() == 0)
        for event in ["quota-full", "quota-room"] { #expect(house.log().contains(event), "\(event)") }
    }

    /// What does not fit is refused after its content, for all; tried again, for the one without room alone.
    @Test func aMessageWithoutRoomComesAgainForTheOthers() throws {
        let house = try House(House.Options(extra: "[store]\nquota_grace = 0\n"))
        defer { house.stop() }
        try House.expectSuccess(house.postern(["quota", "set", "alice@example.test", "--size", "10KB"]))
        let content =
            "Subject: long\r\n\r\n" + Array(repeating: String(repeating: "x", count: 70), count: 300).joined(separator: "\r\n")
        func offer() throws -> [String] {
            let wire = try house.smtp()
            _ = try wire.ask("MAIL FROM:<sender@remote.test> SIZE=\(content.utf8.count + 2)")
            let verdicts = try ["alice", "bob"].map { try wire.ask("RCPT TO:<\($0)@example.test>") }
            _ = try wire.ask("DATA")
            return try verdicts + [wire.ask(content + "\r\n.")]
        }
        let first = try offer()
        #expect(first.map { $0.prefix(3) } == ["250", "250", "452"], "\(first)")
        let second = try offer()
        #expect(second.map { $0.prefix(3) } == ["452", "250", "250"], "\(second)")
        #expect(try house.mailbox("bob").count == 1 && house.mailbox("alice").isEmpty)
        #expect(try house.unaccounted() == 0)
    }

    @Test func aRestartKnowsWhoIsFullAndASettingSaysSoForGood() throws {
        let house = try House(House.Options(extra: "[store]\nover_quota = \"permanent\"\n"))
        defer { house.stop() }
        try House.expectSuccess(house.postern(["quota", "set", "example.test", "--messages", "2"]))
        let both = ["alice@example.test", "bob@example.test"]
        #expect(try house.send(to: both, "Subject: x\r\n\r\nx").hasPrefix("250"))
        try house.crashAndRestart()
        for address in both {
            try wait(10, for: "the refusal of \(address)") {
                try recipient(address, at: house) == "552 5.2.2 <\(address)>: mailbox is full"
            }
        }
        try House.expectSuccess(house.postern(["quota", "set", "example.test", "--messages", "none"]))
        try wait(10, for: "room") { try recipient("bob@example.test", at: house).hasPrefix("250") }
    }
}
