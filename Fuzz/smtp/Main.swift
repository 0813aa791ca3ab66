// Feeds both SMTP sessions with what nobody should send, and chooses the answers of the other side too. Deterministic:
// the same seed gives the same run. Fails when a machine does not stop, uses octets that it was not given, says
// something that is no reply, forgets a question, or keeps more than its limits allow.
//
//   fuzz-smtp [--seed N] [--seconds N | --iterations N]
import Mail
import SMTP

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
        var messages = 0
        while done < iterations, done & 255 != 0 || ContinuousClock.now < end {
            var random = SplitMix(state: seed &+ UInt64(done))
            messages += done & 3 == 3 ? ClientRun.play(&random) : ServerRun.play(&random)
            done += 1
        }
        print("fuzz-smtp: \(done) sessions with \(messages) messages from seed \(seed), nothing found")
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

    mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}

enum Corpus {
    static let server: [String] = [
        "EHLO a.example\r\n", "HELO b\r\n", "MAIL FROM:<a@b.example>\r\n", "MAIL FROM:<> SIZE=10 BODY=8BITMIME\r\n",
        "MAIL FROM: <a@b>\r\n", "RCPT TO:<c@d.example>\r\n", "RCPT TO:<Postmaster>\r\n",
        "RCPT TO:<@x,@y:\"q q\"@[1.2.3.4]>\r\n",
        "DATA\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "VRFY x\r\n", "HELP\r\n", "STARTTLS\r\n", ".\r\n", "\r\n.\r\n",
        "\n.\n",
        "\r.\r", "\r\n", "\r", "\n", ".", "..", "Subject: x\r\n", "\0", " ", "<", ">", "@", "[IPv6:::1]", "\"", "\\",
        "=", "SIZE=",
        "LHLO c\r\n", "AUTH PLAIN\r\n", "AUTH LOGIN =\r\n", "auth plain AGEAYg==\r\n", "AUTH X Zh==\r\n", "AGEAYg==\r\n",
        "*\r\n", "BDAT 3\r\n", "BDAT 0 LAST\r\n", "BDAT 7 LAST\r\n", "BDAT 40\r\n", "BDAT 99999999999999999999\r\n",
        "BDAT 3000000\r\n", "BDAT x\r\n", "a\r\n", "MAIL FROM:<u\u{FC}@\u{FC}.example> SMTPUTF8\r\n",
        "MAIL FROM:<> BODY=BINARYMIME RET=HDRS ENVID=a+2B AUTH=<>\r\n", "RCPT TO:<\u{FC}@d.example>\r\n",
        "RCPT TO:<c@d> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40d\r\n", "XCLIENT NAME=h ADDR=192.0.2.1 PORT=25\r\n",
        "XCLIENT ADDR=[UNAVAILABLE] LOGIN=[TEMPUNAVAIL]\r\n", "NOTIFY=", "ORCPT=", "+", ";", ",", "\u{FC}",
        "AUTH PLAIN " + String(repeating: "QUFB", count: 1000) + "\r\n", String(repeating: "QUFB", count: 4000),
        "99999999999999999999", String(repeating: "x", count: 600), String(repeating: "y", count: 3000),
    ]
    static let client: [String] = [
        "220 hi\r\n", "250 ok\r\n",
        "250-x\r\n250-PIPELINING\r\n250-SIZE 100\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 STARTTLS\r\n",
        "354 go\r\n", "421 bye\r\n", "450 4.2.0 later\r\n", "550 5.1.1 no\r\n", "334 \r\n", "334 VXNlcg==\r\n",
        "235 in\r\n", "535 no\r\n",
        "221 bye\r\n", "250-a\r\n", "250", "-", "\r\n", "\n", "999 x\r\n", "2", "5", "0", "\0", " ",
        String(repeating: "z", count: 3000),
    ]
}
