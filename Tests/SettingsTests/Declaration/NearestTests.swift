// What a slip of the hand is taken for, and what is too far away.

import Testing

@testable import Settings

@Suite struct NearestTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "abd", 1),
        ("abc", "abcd", 1),
        ("kitten", "sitting", 3), ("state", "staet", 1), ("smtp", "smpt", 1), ("ab", "cd", 2),
    ])
    func distances(left: String, right: String, distance: Int) {
        #expect(Nearest.distance(left, right) == distance)
        #expect(Nearest.distance(right, left) == distance)
    }

    @Test(
        arguments: [
            ("server.staet", "server.state"), ("server.max_recipients", "smtp.max_recipients"),
            ("max_recipents", "smtp.max_recipients"),
            ("pop3.max_error", "pop3.max_errors"), ("imap.max_errors", "smtp.max_errors"),
            ("delivery.smarthost.prot", "delivery.port"),
            ("listen.adress", "listen.address"), ("delivery.retries", nil), ("delivery.retrys", "delivery.retry"),
            ("smtp.maxRecipients", "smtp.max_recipients"),
            ("relay.entirely_else", nil), ("x", nil),
        ] as [(String, String?)])
    func nearestKeys(written: String, key: String?) {
        #expect(Nearest.key(to: written, among: Settings.keys.map { $0.name }) == key)
    }

    /// The cost is bounded, whatever a file holds.
    @Test func longNamesAreCut() {
        let long = String(repeating: "x", count: 100_000)
        #expect(Nearest.distance(long, "x") == 127)
    }
}
