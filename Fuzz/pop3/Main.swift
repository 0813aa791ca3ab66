// Feeds both POP3 sessions and the dot-stuffer with what chance makes of real commands and messages. Deterministic: the
// same seed gives the same run. Fails when a machine does not stop, uses octets that it was not given, keeps more than
// a line, says something that is no reply, or says something else when the same bytes come in other pieces.
//
//   pop3-fuzz [--seed N] [--seconds N | --iterations N]
import POP3

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
        var actions = 0
        while done < iterations, done & 255 != 0 || ContinuousClock.now < end {
            var random = SplitMix(state: seed &+ UInt64(done))
            actions += done & 3 == 3 ? StuffingRun.play(&random) : SessionRun.play(&random)
            done += 1
        }
        print("pop3-fuzz: \(done) runs with \(actions) actions from seed \(seed), nothing found")
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

/// A message in pieces, against the rule of RFC 1939 §3 read backwards.
enum StuffingRun {
    static func play(_ random: inout SplitMix) -> Int {
        let alphabet: [UInt8] = Array("\r\n.\r\n..a \0".utf8) + [0xFF]
        let message = (0..<random.below(400)).map { _ in random.pick(alphabet) }
        let lines = random.below(3) == 0 ? UInt32(random.below(5)) : nil
        var cutter = lines.map { TopCutter(bodyLines: $0) }
        var stuffer = DotStuffer()
        var wire: [UInt8] = []
        var kept: [UInt8] = []
        var pieces = 0
        var start = 0
        while start < message.count {
            let end = min(message.count, start + 1 + random.below(90))
            let whole = Array(message[start..<end])
            let chunk = Array(whole[..<(cutter?.keep(of: whole.span) ?? whole.count)])
            start = end
            kept += chunk
            var offset = 0
            while let piece = stuffer.next(in: chunk.span, from: &offset) {
                precondition(piece.range.upperBound == offset || piece.range.isEmpty, "a piece ends where it says")
                wire += chunk[piece.range] + (piece.addsDot ? [0x2E] : [])
                pieces += 1
            }
            precondition(offset == chunk.count, "the chunk is used up")
        }
        wire += String(describing: stuffer.ending).utf8
        let hasEnd = kept.isEmpty || kept.suffix(2) == [13, 10]
        precondition(unstuffed(wire) == kept + (hasEnd ? [] : [13, 10]), "the client reads another message")
        precondition(message.starts(with: kept) && (lines != nil || kept == message), "not the message's beginning")
        return pieces
    }

    /// As a strict client reads it; it must meet the end exactly at the end.
    static func unstuffed(_ wire: [UInt8]) -> [UInt8] {
        var message: [UInt8] = []
        var line: [UInt8] = []
        for (index, octet) in wire.enumerated() {
            line.append(octet)
            guard line.suffix(2) == [13, 10] else { continue }
            if line == [0x2E, 13, 10] {
                precondition(index == wire.count - 1, "the response ends before its end")
                return message
            }
            message += line.first == 0x2E ? line.dropFirst() : line[...]
            line = []
        }
        preconditionFailure("the response has no end")
    }
}
