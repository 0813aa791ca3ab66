// Rates of clients and accounts (FEATURES 2.2, 2.3), on a simulated clock.

import Mail
import Testing

@testable import router

@Suite struct RateLimiterTests {
    static let stranger = client("203.0.113.7")
    static let limits = RateLimiter.Limits(
        connectionsPerMinute: 6, messagesPerMinute: 60, recipientsPerMinute: 120, accountMessagesPerDay: 100,
        accountRecipientsPerDay: 1_000)
    private var limiter = RateLimiter(RateLimiterTests.limits)

    @Test mutating func aMinutesWorthAtOnceThenOneAfterTheOther() {
        for _ in 0..<6 { #expect(limiter.take(.connections, for: Self.stranger, at: 0) == .allowed) }
        #expect(limiter.take(.connections, for: Self.stranger, at: 0) == .denied(seconds: 10))
        #expect(limiter.take(.connections, for: Self.stranger, at: 9_999) == .denied(seconds: 1))
        #expect(limiter.take(.connections, for: Self.stranger, at: 10_000) == .allowed)
        #expect(limiter.take(.connections, for: Self.stranger, at: 10_000) == .denied(seconds: 10))
        // After a minute of quiet everything may be done at once again, and not more.
        for _ in 0..<6 { #expect(limiter.take(.connections, for: Self.stranger, at: 70_000) == .allowed) }
        #expect(limiter.take(.connections, for: Self.stranger, at: 70_000) == .denied(seconds: 10))
        #expect(limiter.denials == 4)
    }

    @Test mutating func deniedSecondsAreTheTruth() {
        var dice = Dice(21)
        var now: Int64 = 1_700_000_000_000
        for _ in 0..<5_000 {
            let count = Int(dice.next() % 20) + 1
            if case .denied(let seconds) = limiter.take(.recipients, count, for: Self.stranger, at: now) {
                #expect(seconds >= 1)
                var later = limiter
                #expect(later.take(.recipients, count, for: Self.stranger, at: now + seconds * 1_000) == .allowed)
                later = limiter
                #expect(later.take(.recipients, count, for: Self.stranger, at: now + (seconds - 1) * 1_000) != .allowed)
            }
            now += Int64(dice.next() % 3_000)
        }
        #expect(limiter.denials > 100)
    }

    /// In any minute no more than twice the limit: what was saved and what came in; over many never more than the rate.
    @Test(arguments: [1, 7, 60, 999, 700_000])
    func neverMoreThanTheRate(limit: Int) {
        var limiter = RateLimiter(RateLimiter.Limits(messagesPerMinute: limit))
        let step = max(limit / 50, 1)
        var taken = 0
        for now in stride(from: Int64(0), to: 10 * minute, by: 100) {
            if limiter.take(.messages, step, for: Self.stranger, at: now) == .allowed { taken += step }
        }
        #expect(taken <= limit * 11)
        #expect(taken >= limit * 10)
    }

    @Test(arguments: [1, 7, 13, 997, 86_400_001, 700_000])
    func exactlyTheLimitAtOnce(limit: Int) {
        var limiter = RateLimiter(RateLimiter.Limits(recipientsPerMinute: limit))
        #expect(limiter.take(.recipients, limit - 1, for: Self.stranger, at: 5) == .allowed)
        #expect(limiter.take(.recipients, for: Self.stranger, at: 5) == .allowed)
        #expect(limiter.take(.recipients, for: Self.stranger, at: 5) != .allowed)
    }

    @Test mutating func measuresAndClientsAndAccountsAreApart() {
        #expect(limiter.take(.messages, 60, for: Self.stranger, at: 0) == .allowed)
        #expect(limiter.take(.messages, for: Self.stranger, at: 0) == .denied(seconds: 1))
        #expect(limiter.take(.recipients, for: Self.stranger, at: 0) == .allowed)
        #expect(limiter.take(.connections, for: Self.stranger, at: 0) == .allowed)
        #expect(limiter.take(.messages, for: client("203.0.113.8"), at: 0) == .allowed)
        let account = RateLimiter.Sender.account(AccountID(rawValue: 1))
        #expect(limiter.take(.messages, 100, for: account, at: 0) == .allowed)
        #expect(limiter.take(.messages, for: account, at: 0) == .denied(seconds: 864))
        #expect(limiter.take(.recipients, 1_000, for: account, at: 0) == .allowed)
        #expect(limiter.take(.recipients, for: account, at: 0) == .denied(seconds: 87))
        #expect(limiter.take(.messages, for: .account(AccountID(rawValue: 2)), at: 0) == .allowed)
        #expect(limiter.take(.messages, for: .name("1"), at: 0) == .allowed)
    }

    @Test mutating func anIPv6SiteIsOneClient() {
        for host in 1...6 {
            #expect(limiter.take(.connections, for: client("2001:db8::\(host)"), at: 0) == .allowed)
        }
        #expect(limiter.take(.connections, for: client("2001:db8::7"), at: 0) != .allowed)
        #expect(limiter.take(.connections, for: client("2001:db8:0:1::1"), at: 0) == .allowed)
    }

    @Test(arguments: [0, -1])
    func noLimitIsNoLimit(limit: Int) {
        var limiter = RateLimiter(RateLimiter.Limits(connectionsPerMinute: limit, accountMessagesPerDay: limit))
        for _ in 0..<10_000 {
            #expect(limiter.take(.connections, for: Self.stranger, at: 0) == .allowed)
            #expect(limiter.take(.messages, for: .name("ann"), at: 0) == .allowed)
        }
        #expect(limiter.counts.clients == 0 && limiter.counts.senders == 0)
    }

    @Test mutating func theExemptAreNotCounted() {
        for _ in 0..<1_000 {
            #expect(limiter.take(.connections, for: Self.stranger, at: 0, isExempt: true) == .allowed)
            #expect(limiter.take(.messages, for: .name("ann"), at: 0, isExempt: true) == .allowed)
        }
        #expect(limiter.take(.connections, 6, for: Self.stranger, at: 0) == .allowed)
    }

    @Test mutating func aDenialTakesNothing() {
        #expect(limiter.take(.recipients, 100, for: Self.stranger, at: 0) == .allowed)
        for _ in 0..<50 { #expect(limiter.take(.recipients, 21, for: Self.stranger, at: 0) == .denied(seconds: 1)) }
        #expect(limiter.take(.recipients, 20, for: Self.stranger, at: 0) == .allowed)
    }

    @Test mutating func moreThanTheLimitIsTheLimit() {
        #expect(limiter.take(.recipients, 5_000, for: Self.stranger, at: 0) == .allowed)
        #expect(limiter.take(.recipients, 5_000, for: Self.stranger, at: 0) == .denied(seconds: 60))
        #expect(limiter.take(.recipients, 0, for: Self.stranger, at: 0) == .allowed)
        #expect(limiter.take(.recipients, -1, for: Self.stranger, at: 0) == .allowed)
    }

    @Test mutating func newLimitsHoldAtOnceAndLeaveNoOldDebt() {
        let account = RateLimiter.Sender.name("ann")
        #expect(limiter.take(.messages, 100, for: account, at: 0) == .allowed)
        limiter.limits.accountMessagesPerDay = 86_400
        #expect(limiter.take(.messages, for: account, at: 0) == .denied(seconds: 1))
        #expect(limiter.take(.messages, for: account, at: 1_000) == .allowed)
        limiter.limits.accountMessagesPerDay = 0
        #expect(limiter.take(.messages, 5, for: account, at: 1_000) == .allowed)
        limiter.limits.accountMessagesPerDay = 10
        #expect(limiter.take(.messages, 1, for: account, at: 1_000) != .allowed)
        #expect(limiter.take(.messages, 1, for: account, at: 24 * hour) == .allowed)
    }

    @Test mutating func aClockThatGoesBackOpensNothing() {
        #expect(limiter.take(.connections, 6, for: Self.stranger, at: 100_000) == .allowed)
        #expect(limiter.take(.connections, for: Self.stranger, at: 50_000) != .allowed)
        #expect(limiter.take(.connections, for: Self.stranger, at: 60_000) == .allowed, "ten seconds later by that clock")
    }

    @Test func manyStrangersFit() {
        var limiter = RateLimiter(Self.limits, clientLimit: 2_000, senderLimit: 300)
        var dice = Dice(22)
        #expect(limiter.take(.connections, 6, for: Self.stranger, at: 0) == .allowed)
        for number in 0..<200_000 {
            _ = limiter.take(.connections, for: dice.stranger(), at: 1)
            if number % 1_000 == 0 { _ = limiter.take(.messages, for: .name("\(number)"), at: 1) }
            if number % 100_000 == 0 { #expect(limiter.counts.clients <= 2_000 && limiter.counts.senders <= 300) }
        }
        #expect(limiter.counts.clients == 2_000)
        // Whoever has used up everything is remembered before those who came once.
        #expect(limiter.take(.connections, for: Self.stranger, at: 1) != .allowed)
        // A minute later their buckets are full, and they go.
        for _ in 0..<4_000 { _ = limiter.take(.connections, for: dice.stranger(), at: 2 * minute) }
        #expect(limiter.counts.clients == 2_000)
    }
}
