// Points that fade: half of them are gone after each half-life. Plain arithmetic, since a pure part of a room has no
// mathematics library.

/// How fast points fade.
struct HalfLife: Hashable, Sendable {
    let milliseconds: Int64

    /// - Parameter milliseconds: 1 at least.
    init(milliseconds: Int64) { self.milliseconds = max(milliseconds, 1) }

    /// 2^(-elapsed / half-life) to eight digits. A clock that goes backwards has not moved.
    func factor(after elapsed: Int64) -> Double {
        guard elapsed > 0 else { return 1 }
        let halvings = elapsed / milliseconds
        guard halvings < 64 else { return 0 }
        let rest = Double(elapsed % milliseconds) / Double(milliseconds) * 0.693_147_180_559_945_3
        // e^(-rest) by its series; rest is below 0.7, so the terms beyond the tenth are below 10⁻⁹.
        var sum = 1.0
        for term in stride(from: 10.0, to: 0, by: -1) { sum = 1 - rest / term * sum }
        return Double(sign: .plus, exponent: -Int(halvings), significand: sum)
    }

    /// How long so many points take to fade to `floor`, to a tenth of a half-life. Grows with the points.
    func time(from points: Double, to floor: Double) -> Int64 {
        let ratio = points / floor
        guard ratio > 1 else { return 0 }
        // The exponent and the mantissa are the logarithm to base 2, with a straight line between its whole numbers.
        let halvings = min(Double(ratio.exponent) + ratio.significand - 1, 64)
        return Int64((halvings * Double(milliseconds)).rounded(.up))
    }
}

/// Points as they were when they were last changed.
struct Guilt: Hashable, Sendable {
    /// Below this they are nothing.
    static let floor = 0.01

    private var points = 0.0
    private var at: Int64 = 0

    static let none = Guilt()

    func points(at now: Int64, _ halfLife: HalfLife) -> Double {
        points == 0 ? 0 : points * halfLife.factor(after: now - at)
    }

    /// Adds points, or takes some away; never below none.
    mutating func add(_ more: Double, at now: Int64, _ halfLife: HalfLife) {
        points = max(points(at: now, halfLife) + more, 0)
        if points < Guilt.floor { points = 0 }
        at = max(at, now)
    }

    /// When they will be nothing.
    func worthUntil(_ halfLife: HalfLife) -> Int64 { at + halfLife.time(from: points, to: Guilt.floor) }
}
