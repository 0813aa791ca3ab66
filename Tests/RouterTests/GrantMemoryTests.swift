// What the router remembers of logins: for a minute, and not without end.

import IPC
import Mail
import NIOCore
import Testing

@testable import router

@Suite struct GrantMemoryTests {
    private func grant(_ number: Int) -> Grant {
        Grant(ticket: Ticket(bytes: Array("\(number)".utf8)), account: AccountID(rawValue: 1), name: "alice@example.test")
    }

    @Test("a minute after it was given a ticket is asked about again: the password may have expired") func minute() {
        var memory = GrantMemory()
        let start = NIODeadline.now()
        memory.add(grant(1), at: start)
        #expect(memory.find(grant(1).ticket, at: start + .seconds(59)) == grant(1))
        #expect(memory.find(grant(1).ticket, at: start + .seconds(60)) == nil)
        #expect(memory.find(grant(2).ticket, at: start) == nil)
        memory.add(grant(1), at: start + .seconds(60))
        #expect(memory.find(grant(1).ticket, at: start + .seconds(61)) == grant(1))
        memory.forget(grant(1).ticket)
        #expect(memory.find(grant(1).ticket, at: start + .seconds(61)) == nil)
    }

    @Test("it has an end") func limit() {
        var memory = GrantMemory()
        for number in 0..<GrantMemory.limit + 10 { memory.add(grant(number)) }
        #expect(memory.count == 10 && memory.find(grant(GrantMemory.limit + 9).ticket) != nil)
    }
}
