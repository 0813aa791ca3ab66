// Throws at every mechanism what chance makes of right and wrong logins. Deterministic: the same seed gives the same run.
// Fails when the machine crashes, does not end, lets somebody in without the right secret, keeps out who has it, or goes
// on behind its end; and when text that is taken for a verifier is not written as it was read.

import FuzzRun
import Mail
import SASL

@main
struct Fuzzer {
    static func main() {
        var login = LoginRun()
        var turn = 0
        Fuzzing.run("sasl-fuzz", counting: "right logins or texts") { random in
            turn += 1
            return turn & 7 == 0 ? TextRun.play(&random) : login.play(&random)
        }
    }
}

/// What chance does to a message.
enum Mutation {
    private static let pieces: [[UInt8]] =
        [
            [0], [0, 0], [0x2C], [0x3D], [0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0xC3], [0xED, 0xA0, 0x80], [0xE2, 0x80, 0xAE],
            [0xF4, 0x90, 0x80, 0x80], [0xEF, 0xB7, 0xBA], [0x20], [0x5C], [0x40],
        ]
        + [",m=x", ",x=1", "a=alice,", "y,,", "n,,", "p=", "p=tls-server-end-point,,", "=2C", "r=", "NTLMSSP\0", "c=biws"].map {
            Array($0.utf8)
        }

    static func of(_ message: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var result = message
        for _ in 0...random.below(3) {
            let place = random.below(result.count + 1)
            switch random.below(8) {
            case 0: result.insert(contentsOf: random.pick(pieces), at: place)
            case 1: result.removeSubrange(place..<min(result.count, place + random.below(9)))
            case 2: result = Array(result.prefix(place))
            case 3: result += random.octets(random.below(40))
            case 4: result = random.octets(random.below(200))
            case 5 where place < result.count: result[place] = random.pick([0, 0xFF, 0x3D, 0x2C, 0x80, 0x7F])
            case 6: result += result
            default: if place < result.count { result[place] ^= 1 << UInt8(random.below(8)) }
            }
        }
        return result
    }
}

/// Verifiers as somebody's database may hold them.
enum TextRun {
    private static let texts: [String] = VerifierKind.allCases.map { kind in
        guard let verifier = try? Verifier.make(kind, password: Secret("x"), salt: Array(0..<16)) else {
            preconditionFailure("no verifier of the kind \(kind)")
        }
        return verifier.text
    }

    static func play(_ random: inout SplitMix) -> Int {
        let octets = Mutation.of(Array(random.pick(texts).utf8), &random)
        let text = String(decoding: octets, as: UTF8.self)
        guard let verifier = Verifier(text: text) else { return 0 }
        // Both cases of hexadecimal digits and zeros before a count are read; neither is written.
        let again = Verifier(text: verifier.text)
        precondition(again?.text == verifier.text, "a verifier changes between two readings: \(text)")
        if let prepared = Preparation.string(octets, limit: 1_000) {
            precondition(Preparation.string(prepared.utf8, limit: 1_000) == prepared, "preparing twice changes: \(text)")
        }
        return 1
    }
}
