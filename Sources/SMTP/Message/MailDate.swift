// Dates as header fields have them. No clock here: the seconds come from the caller.

import Mail

package enum MailDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// RFC 5322 §3.3 date-time in UTC, such as `Sat, 21 Nov 2026 07:54:04 +0000`.
    /// - Parameter unixSeconds: Seconds since 1970 in UTC; outside of the years 1970 … 9999 their edge is taken.
    package static func format(unixSeconds: Int64) -> String {
        let seconds = min(max(unixSeconds, 0), 253_402_300_799)
        let (day, time) = (Int(seconds / 86_400), Int(seconds % 86_400))
        let date = GregorianDay.date(day)
        let clock = "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))"
        return "\(days[day % 7]), \(date.day) \(months[date.month - 1]) \(date.year) \(clock) +0000"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
