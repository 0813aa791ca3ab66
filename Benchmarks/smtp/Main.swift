// What the SMTP machines cost alone, without socket and router: CPU of one thread, and allocations.
//
//   smtp-bench            run it in release; exit 1 when a message allocates more than twice beyond its buffers
import Glibc
import Mail
import SMTP

@main
struct Bench {
    static func main() {
        print("what                                      value")
        report("pipelined line (RCPT with answer)", nanoseconds: Pipelined.lines())
        report("pipelined line (NOOP)", nanoseconds: Pipelined.noops())
        report("message of 5 KB (MAIL RCPT DATA dot)", nanoseconds: Pipelined.messages(octets: 5_000))
        report("content scanned, lines of 76", gigabytes: Content.scan(line: 76))
        report("content scanned, lines of 998", gigabytes: Content.scan(line: 998))
        report("content stuffed, lines of 76", gigabytes: Content.stuff(line: 76))
        let short = Allocations.perMessage(domain: "example.test")
        let long = Allocations.perMessage(domain: "a-long-name-of-mail.example.test")
        print(pad("allocations a message"), short)
        print(pad("allocations, domain of 30 octets"), long)
        if max(short, long) > 2 { exit(1) }
    }

    private static func report(_ name: String, nanoseconds: Double) {
        print(pad(name), Double(Int(nanoseconds * 10)) / 10, "ns")
    }

    private static func report(_ name: String, gigabytes: Double) {
        print(pad(name), Double(Int(gigabytes * 100)) / 100, "GB/s")
    }

    private static func pad(_ name: String) -> String { name + String(repeating: " ", count: max(1, 42 - name.count)) }
}
