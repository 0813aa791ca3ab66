// How many points an offence costs, and what points lead to.

/// Times in milliseconds.
struct PenaltyRules: Hashable, Sendable {
    var halfLife = HalfLife(milliseconds: 30 * 60_000)
    var failurePoints = 1.0
    var abusePoints = 1.0
    var earlyTalkPoints = 2.0

    /// Points up to here cost no time. Three slips of the hand are human.
    var delayFrom = 3.0
    /// For each point above.
    var delayPerPoint: Int64 = 1_000
    /// Below the 30 s after which the first clients give up on a greeting.
    var longestDelay: Int64 = 10_000

    /// Points that close the door.
    var banFrom = 10.0
    var firstBan: Int64 = 10 * 60_000
    /// Each ban is twice as long as the one before, up to here.
    var longestBan: Int64 = 24 * 3_600_000
    /// So long after the end of a ban the next one is a first one again.
    var banMemory: Int64 = 24 * 3_600_000

    /// The same wrong password of the same user counts once, as long as it comes again within this time.
    var sameWithin: Int64 = 3_600_000

    /// Points of an account up to here cost its user no time.
    var accountDelayFrom = 10.0
    var accountDelayPerPoint: Int64 = 100
    var longestAccountDelay: Int64 = 5_000

    func delay(for points: Double) -> Int64 {
        PenaltyRules.delay(points - delayFrom, delayPerPoint, longestDelay)
    }

    func accountDelay(for points: Double) -> Int64 {
        PenaltyRules.delay(points - accountDelayFrom, accountDelayPerPoint, longestAccountDelay)
    }

    /// The length of a ban, which is the first, the second …
    func length(ofBan number: Int32) -> Int64 {
        let doublings = Int64(1) << Int64(min(max(number - 1, 0), 30))
        let (length, isTooLong) = firstBan.multipliedReportingOverflow(by: doublings)
        return isTooLong ? longestBan : min(length, longestBan)
    }

    private static func delay(_ excess: Double, _ perPoint: Int64, _ longest: Int64) -> Int64 {
        excess <= 0 ? 0 : min(Int64(min(excess, 1_000_000) * Double(perPoint)), longest)
    }
}
