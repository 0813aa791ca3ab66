// Dates as the From_ lines of an mbox have them: C's asctime, with the zones that mail programs put into it; and those of
// the Date field, for lines without one. No clock: seconds since 1970 in UTC come in and go out.

import Mail

enum AsctimeDate {
    private static let days: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// Minutes east of UTC. Other names of zones are taken for UTC.
    private static let zones: [(name: StaticString, minutes: Int)] = [
        ("EST", -300), ("EDT", -240), ("CST", -360), ("CDT", -300), ("MST", -420), ("MDT", -360), ("PST", -480),
        ("PDT", -420), ("CET", 60), ("CEST", 120), ("MET", 60), ("MEST", 120), ("EET", 120), ("EEST", 180), ("WEST", 60),
        ("BST", 60), ("JST", 540),
    ]

    /// The seconds of the last words of a From_ line: `Thu Nov 24 18:22:48 1986`, seconds optional, a zone before or
    /// behind the year (`+0100`, `CET`, `MET DST`), and UUCP's `remote from NAME` behind it all.
    /// - Parameter defaultZone: Seconds east of UTC, for a date without a zone.
    /// - Returns: nil when this is no such date.
    static func seconds(_ words: ArraySlice<Octets>, defaultZone: Int) -> Int64? {
        guard (5...10).contains(words.count) else { return nil }
        var rest = words
        guard let weekday = rest.popFirst(), index(of: weekday, in: days) != nil else { return nil }
        guard let month = rest.popFirst().flatMap({ index(of: $0, in: months) }) else { return nil }
        guard let day: Int = rest.popFirst().flatMap({ $0.count <= 2 ? OctetSearch.number($0) : nil }) else { return nil }
        guard let time = rest.popFirst().flatMap(timeOfDay) else { return nil }
        if rest.count >= 3, equal(rest[rest.endIndex - 3], "remote"), equal(rest[rest.endIndex - 2], "from") {
            rest = rest.dropLast(3)
        }
        guard let place = rest.firstIndex(where: { $0.count == 4 && $0.allSatisfy(OctetSearch.isDigit) }) else { return nil }
        guard let year: Int = OctetSearch.number(rest[place]), year >= 1970 else { return nil }
        guard place == rest.startIndex || place == rest.endIndex - 1 else { return nil }
        let zoneWords = place == rest.startIndex ? rest.dropFirst() : rest.dropLast()
        guard let east = zone(zoneWords, defaultZone) else { return nil }
        guard (1...length(year, month)).contains(day) else { return nil }
        return Int64(dayNumber(year, month + 1, day) * 86_400 + time - east)
    }

    /// The seconds of a Date field's words (RFC 5322 §3.3), with the zones' names and short years of §4.3:
    /// `Thu, 24 Nov 1986 18:22:48 +0100 (CET)`. What follows the zone is a comment.
    /// - Returns: nil when this is no such date.
    static func seconds(ofField words: [Octets]) -> Int64? {
        var rest = words[...]
        if rest.first?.last == UInt8(ascii: ",") { rest = rest.dropFirst() }
        guard let day: Int = rest.popFirst().flatMap({ $0.count <= 2 ? OctetSearch.number($0) : nil }) else { return nil }
        guard let month = rest.popFirst().flatMap({ index(of: $0, in: months) }), let digits = rest.popFirst() else { return nil }
        guard (2...4).contains(digits.count), let number: Int = OctetSearch.number(digits) else { return nil }
        let year = digits.count == 4 ? number : number + (digits.count == 2 && number < 50 ? 2000 : 1900)
        guard year >= 1970, (1...length(year, month)).contains(day) else { return nil }
        guard let time = rest.popFirst().flatMap(timeOfDay), let east = zone(rest.prefix(1), 0) else { return nil }
        return Int64(dayNumber(year, month + 1, day) * 86_400 + time - east)
    }

    /// `Thu Nov 24 18:22:48 1986` in UTC. Outside of the years 1970 … 9999 their edge is taken.
    static func text(_ unixSeconds: Int64) -> String {
        let seconds = min(max(unixSeconds, 0), 253_402_300_799)
        let (day, time) = (Int(seconds / 86_400), Int(seconds % 86_400))
        let date = GregorianDay.date(day)
        let clock = "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))"
        return "\(days[day % 7]) \(months[date.month - 1]) \(date.day < 10 ? " " : "")\(date.day) \(clock) \(date.year)"
    }

    static func isWeekday(_ word: Octets) -> Bool { index(of: word, in: days) != nil }

    private static func timeOfDay(_ word: Octets) -> Int? {
        var rest = word
        guard let hours = number(&rest), let minutes = number(&rest), let seconds = rest.isEmpty ? 0 : number(&rest) else {
            return nil
        }
        // 60 is a leap second.
        guard rest.isEmpty, word.last != UInt8(ascii: ":"), hours < 24, minutes < 60, seconds <= 60 else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }

    /// One or two digits, and the colon behind them if one is there.
    private static func number(_ rest: inout Octets) -> Int? {
        let digits = rest.prefix { $0 != UInt8(ascii: ":") }
        rest = rest[digits.endIndex...].dropFirst()
        return digits.count <= 2 ? OctetSearch.number(digits) : nil
    }

    /// Seconds east of UTC.
    private static func zone(_ words: ArraySlice<Octets>, _ defaultZone: Int) -> Int? {
        guard let word = words.first else { return defaultZone }
        let summer = words.count == 2 && equal(words[words.startIndex + 1], "DST") ? 3600 : 0
        guard words.count == 1 || summer > 0 else { return nil }
        if let sign = word.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            guard word.count == 5, summer == 0, let digits: Int = OctetSearch.number(word.dropFirst()) else { return nil }
            guard digits / 100 < 24, digits % 100 < 60 else { return nil }
            let seconds = digits / 100 * 3600 + digits % 100 * 60
            return sign == UInt8(ascii: "-") ? -seconds : seconds
        }
        guard word.count <= 5, word.allSatisfy({ OctetSearch.lowercased($0) &- 0x61 < 26 }) else { return nil }
        return (zones.first { equal(word, $0.name) }?.minutes ?? 0) * 60 + summer
    }

    private static func index(of word: Octets, in names: [StaticString]) -> Int? {
        names.firstIndex { equal(word, $0) }
    }

    private static func equal(_ word: Octets, _ name: StaticString) -> Bool {
        word.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func length(_ year: Int, _ month: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 1 ? (isLeap ? 29 : 28) : [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month]
    }

    /// Days since 1970-01-01 in the Gregorian calendar, by eras of 400 years that begin on 1 March.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
