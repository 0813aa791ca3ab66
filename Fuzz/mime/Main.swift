// Feeds the inspector with what chance makes of MIME. Deterministic: the same seed gives the same run. Fails when it
// traps, when it sees something else in other pieces, when a limit does not hold, or when a name or an address is not
// bounded and printable.
//
//   mime-fuzz [--seed N] [--seconds N | --iterations N]
import MIME

@main
struct Fuzzer {
    static func main() {
        var seed: UInt64 = 1
        var iterations = Int.max
        var seconds = 10
        var arguments = CommandLine.arguments.dropFirst().makeIterator()
        while let name = arguments.next(), let value = arguments.next().flatMap({ Int($0) }) {
            switch name {
            case "--seed": seed = UInt64(value)
            case "--iterations": (iterations, seconds) = (value, Int.max / 2)
            case "--seconds": seconds = value
            default: fatalError("unknown option \(name)")
            }
        }
        let end = ContinuousClock.now + .seconds(min(seconds, 1_000_000))
        var done = 0
        var octets = 0
        while done < iterations, done & 255 != 0 || ContinuousClock.now < end {
            var run = InspectionRun(SplitMix(state: seed &+ UInt64(done)))
            octets += run.play()
            done += 1
        }
        print("mime-fuzz: \(done) messages of \(octets) octets from seed \(seed), nothing found")
    }
}

/// Vigna's SplitMix64.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}
