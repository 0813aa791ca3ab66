// The wait before the banner (FEATURES 2.3 early talkers).

import Mail
import Testing

@testable import router

@Suite struct GreetDelayTests {
    static let stranger = client("203.0.113.7")
    private var delay = GreetDelay(GreetDelay.Settings(milliseconds: 5_000))

    @Test(arguments: [(0, 0), (1, 1), (5_000, 5_000), (60_000, 60_000), (3_600_000, 60_000), (-5, 0)] as [(Int64, Int64)])
    func strangersWaitAsLongAsIsSet(set: Int64, waits: Int64) {
        let delay = GreetDelay(GreetDelay.Settings(milliseconds: set))
        #expect(delay.delay(for: Self.stranger, at: 0) == waits)
        #expect(delay.delay(for: Self.stranger, at: 0, isExempt: true) == 0)
    }

    @Test mutating func whoHasPassedDoesNotWaitForADay() {
        delay.remember(Self.stranger, at: 1_000)
        #expect(delay.delay(for: Self.stranger, at: 1_000) == 0)
        #expect(delay.delay(for: Self.stranger, at: 1_000 + 24 * hour - 1) == 0)
        #expect(delay.delay(for: Self.stranger, at: 1_000 + 24 * hour) == 5_000)
        #expect(delay.delay(for: client("203.0.113.8"), at: 1_000) == 5_000)
        delay.remember(Self.stranger, at: 20 * hour)
        #expect(delay.delay(for: Self.stranger, at: 40 * hour) == 0, "each time anew")
        #expect(delay.count == 1)
    }

    @Test mutating func whoSpeaksEarlyWaitsAgain() {
        delay.remember(Self.stranger, at: 0)
        #expect(delay.spokeEarly(Self.stranger) == .penalise)
        #expect(delay.delay(for: Self.stranger, at: 1) == 5_000)
        #expect(delay.count == 0)
    }

    @Test mutating func orIsRefusedWhereThatIsSet() {
        delay.settings.refusesEarlyTalkers = true
        guard case .refuse(let refusal) = delay.spokeEarly(Self.stranger) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.reply.code == 554 && refusal.reply.status == "5.5.1")
        #expect(!refusal.because.isEmpty)
    }

    @Test mutating func passersHaveABound() {
        delay = GreetDelay(GreetDelay.Settings(milliseconds: 5_000), limit: 500)
        var dice = Dice(41)
        for now in Int64(0)..<100_000 { delay.remember(dice.stranger(), at: now) }
        #expect(delay.count == 500)
        let last = dice.stranger()
        delay.remember(last, at: 100_000)
        #expect(delay.delay(for: last, at: 100_000) == 0)
    }
}
