// Tickets: what they prove, for how long, for whom, and that nobody else can make one.

import IPC
import Mail
import Testing

@testable import store

@Suite struct TicketsTests {
    static let alice = Directory.Resident(
        account: AccountID(rawValue: -7), name: "alice@example.test", generation: .max)

    private func same(_ found: Tickets.Content?, maildrop: ChosenMaildrop? = nil) -> Bool {
        guard let found else { return false }
        let (resident, alice) = (found.resident, Self.alice)
        return resident.account == alice.account && resident.name == alice.name && resident.generation == alice.generation
            && found.maildrop == maildrop?.account ?? alice.account && found.mayRemove == maildrop?.mayRemove ?? true
    }

    @Test("for a mailbox: once, for thirty seconds") func mailbox() {
        let clock = TestClock()
        let tickets = Tickets(now: { clock.now })
        let ticket = tickets.issue(Self.alice, for: .pop3)
        #expect(same(tickets.redeem(ticket, for: .pop3)))
        #expect(tickets.redeem(ticket, for: .pop3) == nil)
        let late = tickets.issue(Self.alice, for: .pop3)
        clock.advance(seconds: 29)
        let right = tickets.issue(Self.alice, for: .pop3)
        clock.advance(seconds: 1)
        #expect(tickets.redeem(late, for: .pop3) == nil)
        #expect(same(tickets.redeem(right, for: .pop3)))
    }

    /// T-27: the listener carries it, and cannot make another maildrop or another right of it.
    @Test("for another's mailbox: for that one alone, with what may be done there", arguments: [true, false])
    func another(mayRemove: Bool) {
        let info = ChosenMaildrop(account: AccountID(rawValue: 1 << 40 | 9), name: "info@example.test", mayRemove: mayRemove)
        let tickets = Tickets(now: { 0 })
        let ticket = tickets.issue(Self.alice, for: .pop3, maildrop: info)
        for bit in 0..<(ticket.bytes.count * 8) {
            var bytes = ticket.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(tickets.redeem(Ticket(bytes: bytes), for: .pop3) == nil)
        }
        #expect(same(tickets.redeem(ticket, for: .pop3), maildrop: info))
        #expect(tickets.redeem(ticket, for: .pop3) == nil)
    }

    @Test("for sending: again and again, for a day", arguments: [ServiceName.smtp, .submission, .lmtp])
    func sending(service: ServiceName) {
        let clock = TestClock()
        let tickets = Tickets(now: { clock.now })
        let ticket = tickets.issue(Self.alice, for: service)
        #expect(ticket != tickets.issue(Self.alice, for: service))
        for _ in 0..<24 {
            // Ports 25 and 587 are one.
            for other in [ServiceName.smtp, .submission] { #expect(same(tickets.redeem(ticket, for: other))) }
            clock.advance(seconds: 3_599)
        }
        clock.advance(seconds: 24)
        #expect(tickets.redeem(ticket, for: service) == nil)
    }

    @Test("not for another kind of service; a wrong try does not use it up") func otherService() {
        let tickets = Tickets(now: { 0 })
        let (mailbox, sending) = (tickets.issue(Self.alice, for: .pop3), tickets.issue(Self.alice, for: .submission))
        for service in [ServiceName.smtp, .submission, .lmtp] { #expect(tickets.redeem(mailbox, for: service) == nil) }
        #expect(tickets.redeem(sending, for: .pop3) == nil)
        #expect(same(tickets.redeem(mailbox, for: .pop3)) && same(tickets.redeem(sending, for: .smtp)))
    }

    @Test("no bit can be another one, none can be missing, and another store's are worthless") func forged() {
        let tickets = Tickets(now: { 0 })
        for service in [ServiceName.pop3, .smtp] {
            let ticket = tickets.issue(Self.alice, for: service)
            for bit in 0..<(ticket.bytes.count * 8) {
                var bytes = ticket.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(tickets.redeem(Ticket(bytes: bytes), for: service) == nil)
            }
            for count in 0..<ticket.bytes.count {
                #expect(tickets.redeem(Ticket(bytes: Array(ticket.bytes[..<count])), for: service) == nil)
            }
            #expect(tickets.redeem(Ticket(bytes: ticket.bytes + [0]), for: service) == nil)
            #expect(tickets.redeem(Ticket(bytes: [UInt8](repeating: 2, count: 10_000)), for: service) == nil)
            #expect(Tickets(now: { 0 }).redeem(ticket, for: service) == nil)
            #expect(same(tickets.redeem(ticket, for: service)))
        }
    }

    @Test("too many at once: the oldest are no good any more") func bounded() {
        let tickets = Tickets(now: { 0 })
        let first = tickets.issue(Self.alice, for: .pop3)
        let second = tickets.issue(Self.alice, for: .pop3)
        for _ in 0..<99_999 { _ = tickets.issue(Self.alice, for: .pop3) }
        #expect(tickets.redeem(first, for: .pop3) == nil)
        #expect(same(tickets.redeem(second, for: .pop3)))
    }
}
