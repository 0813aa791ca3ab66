// Days and dates of the Gregorian calendar, by eras of 400 years that begin on 1 March. No clock, no zones.

package enum GregorianDay {
    /// - Parameter dayNumber: days since 1970-01-01; negative before it.
    package static func date(_ dayNumber: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

// As people write it: 2027-01-31.
extension GregorianDay {
    package static func text(_ dayNumber: Int) -> String {
        let (year, month, day) = date(dayNumber)
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }

    /// - Returns: days since 1970-01-01; nil for what is no day from then until 9999-12-31.
    package static func number(_ text: String) -> Int? {
        let octets = Array(text.utf8)
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard octets.count == 10, parts.map(\.utf8.count) == [4, 2, 2],
            octets.allSatisfy({ 0x30...0x39 ~= $0 || $0 == 0x2D }), let year = Int(parts[0]), let month = Int(parts[1]),
            let day = Int(parts[2]), year >= 1970, 1...12 ~= month, 1...31 ~= day
        else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let number = shifted / 400 * 146_097 + dayOfEra - 719_468
        // The 31st of a month of 30 would be another day.
        return self.text(number) == text ? number : nil
    }
}
