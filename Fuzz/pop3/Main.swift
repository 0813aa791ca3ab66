// Feeds both POP3 sessions and the dot-stuffer with what chance makes of real commands and messages. Deterministic: the
// same seed gives the same run. Fails when a machine does not stop, uses octets that it was not given, keeps more than
// a line, says something that is no reply, or says something else when the same bytes come in other pieces.

import FuzzRun
import POP3

@main
struct Fuzzer {
    static func main() {
        Fuzzing.run("pop3-fuzz", counting: "actions") { random in
            random.below(4) == 3 ? StuffingRun.play(&random) : SessionRun.play(&random)
        }
    }
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
