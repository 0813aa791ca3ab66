// The administrator's commands about mailboxes and about the queue, at a real house.

import Foundation
import Testing

@Suite struct MailboxCommandTests {
    private func run(_ house: House, _ line: String, _ status: Int32 = 0) throws -> String {
        let result = try house.postern(line.split(separator: " ").map(String.init))
        #expect(result.status == status, "\(line): \(result.output)\(result.error)")
        return result.output + result.error
    }

    private func names(_ house: House) throws -> [String] {
        try run(house, "mailbox list alice@example.test").split(separator: "\n").dropFirst().map {
            String($0.split(separator: " ")[0])
        }
    }

    /// T-07, T-27.
    @Test func mailboxes() throws {
        let house = try House()
        defer { house.stop() }
        let first = try names(house)
        _ = try run(house, "mailbox use alice@example.test Sent none")
        _ = try run(house, "mailbox create alice@example.test Posted --use sent")
        _ = try run(house, "mailbox create alice@example.test Work/2026/11")
        #expect(try names(house) == (first + ["Posted", "Work", "Work/2026", "Work/2026/11"]).sorted())
        _ = try run(house, "mailbox rename alice@example.test Work Done")
        _ = try run(house, "mailbox subscribe alice@example.test Done")
        let rows = try run(house, "mailbox list alice@example.test").split(separator: "\n")
        #expect(rows.contains { $0.hasPrefix("Posted") && $0.contains("sent") }, "\(rows)")
        #expect(rows.contains { $0.hasPrefix("Sent") && !$0.contains("sent") })
        #expect(rows.contains { $0.hasPrefix("Done ") && $0.contains("yes") })
        #expect(try run(house, "mailbox create alice@example.test Work --use sent", 1).contains("Posted"))
        _ = try run(house, "mailbox delete alice@example.test Done/2026/11 --yes")
        #expect(try names(house) == (first + ["Posted", "Done", "Done/2026"]).sorted())
        #expect(try run(house, "mailbox delete alice@example.test INBOX --yes", 1).contains("INBOX"))
        _ = try run(house, "mailbox share alice@example.test INBOX bob@example.test read")
        _ = try run(house, "mailbox share alice@example.test INBOX anyone l")
        let rights = try run(house, "mailbox rights alice@example.test INBOX")
        #expect(rights.contains("bob@example.test  lr") && rights.contains("anyone"), "\(rights)")
        _ = try run(house, "mailbox unshare alice@example.test INBOX bob@example.test")
        #expect(try !run(house, "mailbox rights alice@example.test INBOX").contains("bob"))
        #expect(try run(house, "mailbox list carol@example.test", 1).contains("carol@example.test"))
    }

    /// F-9: what was read and deleted by POP3, and a mailbox that is gone, are back.
    @Test func undelete() throws {
        let house = try House()
        defer { house.stop() }
        for number in 1...3 { try house.send(to: ["alice@example.test"], "Subject: \(number)\r\n\r\nx") }
        let mbox = house.folder + "/old.mbox"
        try "From a Thu Nov 20 10:00:00 2025\nSubject: old\n\nx\n".write(toFile: mbox, atomically: true, encoding: .utf8)
        _ = try run(house, "import alice@example.test \(mbox)")
        let before = Date()
        try wait(5, for: "the next second") { Date().timeIntervalSince(before) > 1.1 }
        let moment = ISO8601DateFormatter().string(from: Date())
        try wait(5, for: "the next second") { Date().timeIntervalSince(before) > 2.3 }
        try house.remove(1...2, of: "alice")
        _ = try run(house, "mailbox delete alice@example.test old --yes")
        #expect(try house.mailbox("alice").count == 1)
        let back = try run(house, "restore alice@example.test --at \(moment)")
        #expect(back.contains("3 messages are back in INBOX, old; made again: old"), "\(back)")
        #expect(try house.mailbox("alice").count == 3)
        #expect(try run(house, "restore alice@example.test --at \(moment)").contains("nothing to bring back"))
        #expect(try run(house, "restore alice@example.test --at 30d", 1).contains("store.expunge_retention"))
        _ = try run(house, "restore alice@example.test --at soon", 2)
    }

    /// T-17.
    @Test func theQueue() throws {
        let house = try House(House.Options(delivery: "enabled = false"))
        defer { house.stop() }
        for name in ["x@one.test", "y@two.test", "z@two.test"] { try house.send(to: [name], "Subject: a\r\n\r\nx") }
        let list = try run(house, "queue list --destination two.*")
        let numbers = list.split(separator: "\n").dropFirst().map { String($0.split(separator: " ")[0]) }
        #expect(numbers.count == 2, "\(list)")
        #expect(try run(house, "queue drop \(numbers[0]) --yes").contains("1 of 1 dropped"))
        #expect(try run(house, "queue drop \(numbers[0]) --yes", 1).contains("0 of 1 dropped"))
        #expect(try run(house, "queue drop --recipient *@two.test --yes").contains("1 of 1 dropped"))
        #expect(try run(house, "queue list").contains("x@one.test"))
        #expect(try house.unaccounted() == 0)
    }
}
