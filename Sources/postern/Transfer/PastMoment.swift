// A moment in the past as an administrator says it: by the clock, or by how long ago it was.

import ArgumentParser
import Glibc

enum PastMoment {
    static let form = "write 2h or 3d for so long ago, '2026-11-20 14:00' for this machine's time, or 2026-11-20T14:00:00Z"

    /// Milliseconds since 1970.
    /// - Parameters:
    ///   - now: Milliseconds since 1970.
    ///   - local: Seconds since 1970 of a date of this machine's clock; nil when there is no such time.
    static func milliseconds(_ text: String, now: Int64, local: (tm) -> Int64? = PastMoment.local) throws -> Int64 {
        let at = try ago(text).map { now - $0 } ?? date(text, local)
        guard at <= now else { throw ValidationError("it is in the future; \(form)") }
        return at
    }

    private static func ago(_ text: String) throws -> Int64? {
        guard let seconds = Typed.length(text) else { return nil }
        guard (1...10 * 365 * 86_400).contains(seconds) else { throw ValidationError("it is not a time of up to 10 years") }
        return Int64(seconds) * 1_000
    }

    /// A day, then a time, then a zone; without a time it is midnight, without a zone it is local.
    private static func date(_ text: String, _ local: (tm) -> Int64?) throws -> Int64 {
        let fault = ValidationError("it is not a time; \(form)")
        let (clock, east) = try split(text, fault)
        let halves = clock.split(whereSeparator: { $0 == "T" || $0 == "t" || $0 == " " })
        guard (1...2).contains(halves.count), let day = numbers(halves[0], "-", [4, 2, 2]) else { throw fault }
        let time = halves.count == 1 ? [0, 0] : numbers(halves[1], ":", [2, 2]) ?? numbers(halves[1], ":", [2, 2, 2])
        guard let time, time[0] < 24, time[1] < 60, time.count == 2 || time[2] < 60 else { throw fault }
        guard halves.count == 2 || east == nil else { throw fault }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(day[0] - 1_900), Int32(day[1] - 1), Int32(day[2]))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(time[0]), Int32(time[1]), Int32(time.count == 3 ? time[2] : 0))
        // What is no day of the calendar would become another one.
        var check = parts
        let utc = Int64(timegm(&check))
        guard check.tm_mday == parts.tm_mday, check.tm_mon == parts.tm_mon, day[0] >= 1970 else { throw fault }
        if let east { return (utc - Int64(east)) * 1_000 }
        guard let seconds = local(parts) else {
            throw ValidationError("this machine's clock has no such time: it was set forward then; say the zone, as in +01:00")
        }
        return seconds * 1_000
    }

    /// The zone's seconds east of UTC, and what stands before it.
    private static func split(_ text: String, _ fault: ValidationError) throws -> (Substring, Int?) {
        if text.hasSuffix("Z") || text.hasSuffix("z") { return (text.dropLast(), 0) }
        guard let colon = text.lastIndex(where: { $0 == "+" || $0 == "-" }), text.distance(from: text.startIndex, to: colon) > 10
        else { return (text[...], nil) }
        let zone = text[text.index(after: colon)...]
        guard let parts = numbers(zone, ":", [2, 2]) ?? hundreds(zone), parts[0] < 24, parts[1] < 60 else { throw fault }
        let seconds = parts[0] * 3_600 + parts[1] * 60
        return (text[..<colon], text[colon] == "-" ? -seconds : seconds)
    }

    private static func hundreds(_ zone: Substring) -> [Int]? {
        zone.utf8.count == 4 ? numbers("\(zone.prefix(2)):\(zone.suffix(2))"[...], ":", [2, 2]) : nil
    }

    private static func numbers(_ text: Substring, _ separator: Character, _ digits: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == digits, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
            return nil
        }
        return parts.compactMap { Int($0) }
    }

    static func local(_ parts: tm) -> Int64? {
        var asked = parts
        asked.tm_isdst = -1
        let seconds = mktime(&asked)
        return asked.tm_hour == parts.tm_hour && asked.tm_min == parts.tm_min ? Int64(seconds) : nil
    }

    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
