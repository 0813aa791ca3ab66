// So many octets a second and no more: what was spent says how long to wait. No clock.

struct Allowance: Sendable {
    /// Octets a second.
    private let rate: UInt64
    /// The longest wait that one piece of work can cause.
    static let longest = Duration.seconds(5)

    init(rate: UInt64) { self.rate = max(1, rate) }

    /// - Parameter took: how long the work itself took, which counts.
    /// - Returns: how long to rest after it.
    func rest(after octets: UInt64, took: Duration) -> Duration {
        let microseconds = octets.multipliedReportingOverflow(by: 1_000_000)
        guard !microseconds.overflow else { return Self.longest }
        let due = Duration.microseconds(Int64(clamping: microseconds.partialValue / rate))
        return min(max(due - took, .zero), Self.longest)
    }
}
