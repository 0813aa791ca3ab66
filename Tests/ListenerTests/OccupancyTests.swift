// Who still gets in.

import Mail
import Testing

@testable import listener

@Suite struct OccupancyTests {
    static func address(_ text: String) -> InternetAddress { InternetAddress(text)! }

    static func policy(total: Int = 1000, perClient: Int = 1000) -> ListenerPolicy {
        var policy = ListenerPolicy(hostname: "mail.example.test", ports: [])
        policy.mailSessions = SessionLimits(total: total, perClient: perClient)
        policy.pop3Sessions = SessionLimits(total: 1, perClient: 1)
        return policy
    }

    @Test func mailAndPOP3AreCountedApart() {
        let occupancy = Occupancy(Self.policy(total: 1))
        let client = Self.address("192.0.2.1")
        #expect(occupancy.enter(PortPlan(.submission, port: 1), client) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), client) == .full)
        #expect(occupancy.enter(PortPlan(.pop3, port: 1), client) == nil)
        #expect(occupancy.enter(PortPlan(.pop3, port: 1), client) == .full)
        occupancy.leave(PortPlan(.smtp, port: 1), client)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), client) == nil)
    }

    @Test func inAllAndPerClient() {
        let occupancy = Occupancy(Self.policy(total: 4, perClient: 2))
        let (one, two) = (Self.address("192.0.2.1"), Self.address("192.0.2.2"))
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), one) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("::ffff:192.0.2.1")) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), one) == .client)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), two) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), two) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("192.0.2.3")) == .full)
        occupancy.leave(PortPlan(.smtp, port: 1), one)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), two) == .client)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), one) == nil)
        #expect(occupancy.total == 4)
    }

    @Test func anIPv6ClientIsItsNetwork() {
        let occupancy = Occupancy(Self.policy(perClient: 1))
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("2001:db8:0:1::1")) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("2001:db8:0:1:ffff::2")) == .client)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("2001:db8:0:2::1")) == nil)
    }

    @Test func descriptorsAreALimitToo() {
        let occupancy = Occupancy(Self.policy(), ceiling: 1)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("127.0.0.1")) == nil)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), Self.address("127.0.0.1")) == .full)
    }

    @Test func aNewLimitHoldsAtOnce() {
        let occupancy = Occupancy(Self.policy())
        let client = Self.address("192.0.2.1")
        for _ in 0..<3 { #expect(occupancy.enter(PortPlan(.smtp, port: 1), client) == nil) }
        occupancy.use(Self.policy(perClient: 2))
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), client) == .client)
        occupancy.leave(PortPlan(.smtp, port: 1), client)
        occupancy.leave(PortPlan(.smtp, port: 1), client)
        #expect(occupancy.enter(PortPlan(.smtp, port: 1), client) == nil)
    }
}
