// When a message that could not be delivered is tried again, and when no more.

struct RetrySchedule: Sendable {
    enum Decision: Equatable, Sendable {
        /// Seconds from now.
        case retry(after: UInt32)
        /// RFC 5321 §4.5.4.1: the sender is told, and the message given up.
        case expired
    }

    /// Seconds to wait after the first attempt, after the second, …; the last one repeats. Never empty.
    var delays: [UInt32]
    /// Seconds from acceptance on. RFC 5321 §4.5.4.1 asks for at least 4 to 5 days.
    var lifetime: UInt32

    init(delays: [UInt32] = [300, 600, 1200, 2400, 3600], lifetime: UInt32 = 5 * 86_400) {
        self.delays = delays.isEmpty ? [300] : delays
        self.lifetime = lifetime
    }

    /// - Parameters:
    ///   - attempts: how often it was tried before this time.
    ///   - age: milliseconds since the message was accepted.
    ///   - chance: evenly spread over all values; moves the time by up to a tenth, so that what failed together does not
    ///     come back together.
    func decide(attempts: UInt32, age: Int64, chance: UInt64) -> Decision {
        let left = Int64(lifetime) - age / 1000
        guard left > 0 else { return .expired }
        let delay = Int64(delays[min(Int(clamping: attempts), delays.count - 1)])
        let spread = delay / 10
        let jittered = delay - spread + Int64(chance % UInt64(2 * spread + 1))
        // The last attempt is made when the time is up, not before.
        return .retry(after: UInt32(clamping: max(1, min(jittered, left))))
    }

    /// For people: "5 days", "90 minutes".
    var lifetimeText: String {
        for (seconds, unit) in [(UInt32(86_400), "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        where lifetime >= seconds && lifetime % seconds == 0 {
            let count = lifetime / seconds
            return "\(count) \(unit)\(count == 1 ? "" : "s")"
        }
        return "\(lifetime) seconds"
    }
}
