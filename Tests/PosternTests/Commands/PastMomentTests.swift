import ArgumentParser
import Glibc
import Testing

@testable import postern

@Suite struct PastMomentTests {
    /// 2026-11-21 12:00 UTC.
    private static let now: Int64 = 1_795_262_400_000

    /// F-9. This machine's clock is two hours east of UTC here.
    @Test(arguments: [
        ("2h", 1_795_255_200_000), ("3d", 1_795_003_200_000), ("90m", 1_795_257_000_000), ("1w", 1_794_657_600_000),
        ("2026-11-20 14:00", 1_795_176_000_000), ("2026-11-20T14:00:30", 1_795_176_030_000), ("2026-11-20", 1_795_125_600_000),
        ("2026-11-20T14:00:00Z", 1_795_183_200_000), ("2026-11-20 14:00+01:00", 1_795_179_600_000),
        ("2026-11-20T14:00:00-0530", 1_795_203_000_000), ("2024-02-29 00:00Z", 1_709_164_800_000),
    ])
    func times(text: String, milliseconds: Int64) throws {
        let found = try PastMoment.milliseconds(text, now: Self.now) { parts in
            var parts = parts
            return Int64(timegm(&parts)) - 7_200
        }
        #expect(found == milliseconds)
    }

    @Test(arguments: [
        "", "yesterday", "h", "-2h", "0h", "99999d", "2026-11-20 24:00Z", "2026-02-30", "2025-02-29 10:00Z", "2026-13-01",
        "2026-1-1",
        "2026-11-20 14", "2026-11-20 14:60Z", "2026-11-20T14:00:61Z", "2026-11-20 14:00+24:00", "2026-11-20Z",
        "1960-01-01 00:00Z",
        "2026-11-22 00:00Z", "2026-11-20 14:00 15:00", "99999999999999999999h",
    ])
    func whatIsNoTime(text: String) {
        #expect(throws: ValidationError.self) { try PastMoment.milliseconds(text, now: Self.now) { _ in 0 } }
    }

    /// The hour that is left out in spring.
    @Test func timesThatTheClockHasNot() {
        #expect(throws: ValidationError.self) { try PastMoment.milliseconds("2026-03-29 02:30", now: Self.now) { _ in nil } }
    }

    @Test func theClockOfThisMachine() {
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday, parts.tm_hour) = (126, 0, 15, 12)
        var seconds = PastMoment.local(parts).map { time_t($0) } ?? 0
        var back = tm()
        localtime_r(&seconds, &back)
        #expect(back.tm_hour == 12 && back.tm_mday == 15 && back.tm_year == 126)
    }

    /// What may be gone is not looked for.
    @Test func retention() throws {
        try Undeletion.check(Self.now - 7 * 86_400_000, now: Self.now, retention: .seconds(7 * 86_400))
        let failure = #expect(throws: Failure.self) {
            try Undeletion.check(Self.now - 7 * 86_400_000 - 1, now: Self.now, retention: .seconds(7 * 86_400))
        }
        #expect(failure?.description.contains("store.expunge_retention") == true)
        #expect(failure?.description.contains("nothing before 2026-11-14 12:00:00 UTC") == true)
        #expect(throws: Failure.self) { try Undeletion.check(Self.now, now: Self.now, retention: .zero) }
    }

    @Test func sentences() {
        var result = Undeletion.Restored(at: "2026-11-20 14:00:00")
        #expect(result.sentence == "nothing to bring back: all that was there at 2026-11-20 14:00:00 UTC is there")
        (result.messages, result.mailboxes, result.made) = (2, ["INBOX", "Old"], ["Old"])
        #expect(result.sentence == "2 messages are back in INBOX, Old; made again: Old")
    }
}

@Suite struct TransferProgressTests {
    @Test(
        arguments: [
            (0, 0, nil, 0, "0 messages, 0 B"), (500, 1_000_000, nil, 2, "500 messages, 1.0 MB, 250/s"),
            (500, 1_000_000, 0.25, 30, "500 messages, 1.0 MB, 16/s, 25 %, 90 s left"),
            (500, 1_000_000, 0.01, 300, "500 messages, 1.0 MB, 1/s, 1 %, 8 h 15 min left"),
            (9, 9, 1.5, 10, "9 messages, 9 B, 0/s, 100 %, 0 s left"),
        ] as [(UInt64, UInt64, Double?, Double, String)])
    func lines(messages: UInt64, octets: UInt64, fraction: Double?, seconds: Double, line: String) {
        #expect(TransferProgress.line(messages: messages, octets: octets, fraction: fraction, seconds: seconds) == line)
    }
}
