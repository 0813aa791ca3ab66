// Points that fade.

import Testing

@testable import router

@Suite struct GuiltTests {
    private let halfLife = HalfLife(milliseconds: 1_000)

    @Test(
        arguments: [
            (0, 1.0), (1_000, 0.5), (2_000, 0.25), (10_000, 1.0 / 1_024), (500, 0.707_106_781), (250, 0.840_896_415),
            (999, 0.500_346_694), (1_500, 0.353_553_391), (64_000, 0), (Int64.max, 0), (-1, 1), (Int64.min, 1),
        ] as [(Int64, Double)])
    func halfIsGoneAfterEachHalfLife(elapsed: Int64, factor: Double) {
        #expect(abs(halfLife.factor(after: elapsed) - factor) < 1e-8)
    }

    @Test func fadesTheSameHoweverOftenItIsLookedAt() {
        var often = Guilt.none
        var once = Guilt.none
        often.add(8, at: 0, halfLife)
        once.add(8, at: 0, halfLife)
        for now in stride(from: Int64(1), through: 2_000, by: 1) { often.add(0, at: now, halfLife) }
        #expect(abs(often.points(at: 2_000, halfLife) - 2) < 1e-4)
        #expect(abs(once.points(at: 2_000, halfLife) - 2) < 1e-8)
    }

    @Test func neverGrowsWithTime() {
        let factors = (0...5_000).map { halfLife.factor(after: $0) }
        #expect(zip(factors, factors.dropFirst()).allSatisfy { $0 >= $1 })
    }

    @Test func isNeverBelowNone() {
        var guilt = Guilt.none
        guilt.add(3, at: 0, halfLife)
        guilt.add(-5, at: 0, halfLife)
        #expect(guilt.points(at: 0, halfLife) == 0)
        guilt.add(1, at: 0, halfLife)
        #expect(guilt.points(at: 0, halfLife) == 1)
    }

    @Test func aClockThatGoesBackTakesNothingBack() {
        var guilt = Guilt.none
        guilt.add(4, at: 10_000, halfLife)
        #expect(guilt.points(at: 5_000, halfLife) == 4)
        guilt.add(1, at: 5_000, halfLife)
        #expect(guilt.points(at: 11_000, halfLife) == 2.5)
    }

    @Test(arguments: [0.02, 1, 1.5, 3, 10, 1_000])
    func isWorthSomethingUntilItIsNothing(points: Double) {
        var guilt = Guilt.none
        guilt.add(points, at: 0, halfLife)
        let end = guilt.worthUntil(halfLife)
        let slack = 1.0 - 1.0 / 8
        #expect(guilt.points(at: end, halfLife) > Guilt.floor * slack)
        #expect(guilt.points(at: end, halfLife) < Guilt.floor * 1.125)
    }

    @Test func moreIsWorthLonger() {
        let times = stride(from: 0.02, to: 20, by: 0.02).map { halfLife.time(from: $0, to: 0.01) }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(halfLife.time(from: 0, to: 0.01) == 0)
        #expect(halfLife.time(from: 1e300, to: 0.01) == 64_000)
    }

    @Test func aHalfLifeOfNothingIsAMillisecond() { #expect(HalfLife(milliseconds: 0).factor(after: 1) == 0.5) }
}
