// From MX answers to hosts, by table.

import DNS
import Mail
import Testing

/// A row of the table: exchanges as "preference host".
struct RouteRow: Sendable, CustomTestStringConvertible {
    let why: String
    let answer: Answer<MailExchange>
    let expected: MailRoute

    init(_ why: String, _ exchanges: String..., gives expected: MailRoute) {
        self.why = why
        let records = exchanges.map { text in
            let parts = text.split(separator: " ")
            return MailExchange(preference: UInt16(parts[0])!, host: parts.count > 1 ? String(parts[1]) : "")
        }
        answer = .records(records)
        self.expected = expected
    }

    init(_ why: String, answer: Answer<MailExchange>, gives expected: MailRoute) {
        (self.why, self.answer, self.expected) = (why, answer, expected)
    }

    var testDescription: String { why }
}

/// Gives the same numbers in every run.
struct Counting: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}

@Suite struct MailRouteTests {
    static let rows: [RouteRow] = [
        RouteRow("by preference", "30 c", "10 a", "20 b", gives: .hosts(["a", "b", "c"])),
        RouteRow("one host twice is tried once", "10 a", "20 a", "20 b", gives: .hosts(["a", "b"])),
        RouteRow("RFC 5321 §5.1: no MX, implicit exchange", answer: .noData, gives: .hosts(["remote.test"])),
        RouteRow("no such domain", answer: .noSuchDomain, gives: .noSuchDomain),
        RouteRow(
            "temporary", answer: .temporaryFailure(because: "SERVFAIL"), gives: .temporaryFailure(because: "SERVFAIL")),
        RouteRow("RFC 7505: null MX", "0", gives: .refusesMail),
        RouteRow("RFC 7505 §3: null MX beside others", "0", "10 a", gives: .hosts(["a"])),
        RouteRow("only null records", "0", "10", gives: .unusable),
        RouteRow("RFC 5321 §5.1: ourselves and farther", "10 a", "20 us.test", "20 b", "30 c", gives: .hosts(["a"])),
        RouteRow("we are the best", "10 us.test", "20 b", gives: .loopsBack),
        RouteRow("we are there twice", "5 a", "30 us.test", "10 us.test", "20 b", gives: .hosts(["a"])),
    ]

    @Test(arguments: rows) func orders(row: RouteRow) {
        var randomness = Counting(state: 1)
        let route = MailRoute(of: "Remote.test.", answer: row.answer, ourNames: ["us.test"], using: &randomness)
        #expect(route == row.expected)
    }

    @Test func theImplicitExchangeMayBeUs() {
        var randomness = Counting(state: 1)
        let route = MailRoute(of: "us.test", answer: .noData, ourNames: ["us.test"], using: &randomness)
        #expect(route == .loopsBack)
    }

    @Test func equalPreferencesAreSpread() {
        let answer = Answer.records(["a", "b", "c"].map { MailExchange(preference: 10, host: $0) })
        var firsts: [String: Int] = [:]
        var randomness = Counting(state: 7)
        for _ in 0..<300 {
            guard
                case .hosts(let hosts) = MailRoute(of: "x", answer: answer, ourNames: [], using: &randomness)
            else { return #expect(Bool(false)) }
            #expect(Set(hosts) == ["a", "b", "c"])
            firsts[hosts[0], default: 0] += 1
        }
        for host in ["a", "b", "c"] { #expect(firsts[host, default: 0] > 50) }
    }

    @Test func aDomainCannotNameExchangesWithoutEnd() {
        let many = (0..<5_000).map { MailExchange(preference: 1, host: "h\($0)") }
        var randomness = Counting(state: 1)
        guard
            case .hosts(let hosts) = MailRoute(of: "x", answer: .records(many), ourNames: [], using: &randomness)
        else { return #expect(Bool(false)) }
        #expect(hosts.count == MailRoute.mostExchanges)
    }
}
