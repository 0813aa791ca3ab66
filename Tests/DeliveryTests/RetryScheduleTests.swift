// The schedule by table, and five days in no time.

import Testing

@testable import delivery

@Suite struct RetryScheduleTests {
    static let schedule = RetrySchedule(delays: [60, 300, 3600], lifetime: 86_400)

    static let rows: [(attempts: UInt32, age: Int64, chance: UInt64, RetrySchedule.Decision)] = [
        (0, 0, 6, .retry(after: 60)),
        (0, 0, 0, .retry(after: 54)),
        (0, 0, 12, .retry(after: 66)),
        (1, 0, 30, .retry(after: 300)),
        (2, 0, 360, .retry(after: 3600)),
        (9_999, 0, 360, .retry(after: 3600)),
        // The last attempt comes when the time is up.
        (5, 86_390_000, 360, .retry(after: 10)),
        (5, 86_399_999, 360, .retry(after: 1)),
        (5, 86_400_000, 360, .expired),
        (0, 900_000_000, 0, .expired),
        // A clock that went back.
        (0, -5_000, 6, .retry(after: 60)),
    ]

    @Test(arguments: rows)
    func decides(attempts: UInt32, age: Int64, chance: UInt64, decision: RetrySchedule.Decision) {
        #expect(Self.schedule.decide(attempts: attempts, age: age, chance: chance) == decision)
    }

    @Test func theWholeStoryEnds() {
        let schedule = RetrySchedule()
        var (age, attempts): (Int64, UInt32) = (0, 0)
        while case .retry(let seconds) = schedule.decide(attempts: attempts, age: age, chance: UInt64(attempts) &* 977) {
            age += Int64(seconds) * 1000
            attempts += 1
            #expect(seconds >= 1 && attempts < 200)
        }
        #expect((5 * 86_400_000...5 * 86_400_000 + 1000).contains(age))
    }

    @Test(arguments: [
        (UInt32(432_000), "5 days"), (86_400, "1 day"), (5400, "90 minutes"), (7, "7 seconds"), (61, "61 seconds"),
    ])
    func says(lifetime: UInt32, text: String) { #expect(RetrySchedule(lifetime: lifetime).lifetimeText == text) }
}
