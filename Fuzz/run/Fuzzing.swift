// What every fuzzer has in common: its options, its time, and chance that can be had again. The same seed gives the same
// run.

package enum Fuzzing {
    /// Plays until the time or the iterations are over, each run with chance of its own, and says how it went.
    ///
    ///   NAME [--seed N] [--seconds N | --iterations N]
    /// - Parameters:
    ///   - what: Names what `play` counts, such as "messages".
    ///   - play: One run. Traps when it finds something.
    package static func run(_ name: String, counting what: String, _ play: (inout SplitMix) -> Int) {
        var seed: UInt64 = 1
        var iterations = Int.max
        var seconds = 10
        var arguments = CommandLine.arguments.dropFirst().makeIterator()
        while let option = arguments.next(), let value = arguments.next().flatMap({ Int($0) }) {
            switch option {
            case "--seed": seed = UInt64(value)
            case "--iterations": (iterations, seconds) = (value, Int.max / 2)
            case "--seconds": seconds = value
            default: fatalError("unknown option \(option)")
            }
        }
        let end = ContinuousClock.now + .seconds(min(seconds, 1_000_000))
        var (done, count) = (0, 0)
        while done < iterations, done & 255 != 0 || ContinuousClock.now < end {
            var random = SplitMix(state: seed &+ UInt64(done))
            count += play(&random)
            done += 1
        }
        print("\(name): \(done) runs with \(count) \(what) from seed \(seed), nothing found")
    }
}

/// Vigna's SplitMix64.
package struct SplitMix: RandomNumberGenerator {
    package var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    package mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    package mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
    package mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }
    package mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
