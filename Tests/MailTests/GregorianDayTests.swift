// Days of the calendar, at the edges of months, leap years and centuries.

import Mail
import Testing

@Suite struct GregorianDayTests {
    @Test(arguments: [
        (0, 1970, 1, 1), (-1, 1969, 12, 31), (58, 1970, 2, 28), (59, 1970, 3, 1), (789, 1972, 2, 29), (790, 1972, 3, 1),
        (11_016, 2000, 2, 29), (11_017, 2000, 3, 1), (20_778, 2026, 11, 21), (47_540, 2100, 2, 28), (47_541, 2100, 3, 1),
        (2_932_896, 9999, 12, 31), (-719_468, 0, 3, 1), (-719_469, 0, 2, 29), (-719_528, 0, 1, 1), (-719_529, -1, 12, 31),
    ])
    func dates(dayNumber: Int, year: Int, month: Int, day: Int) {
        #expect(GregorianDay.date(dayNumber) == (year, month, day))
    }

    @Test("days are written and read alike, every one of eight centuries") func texts() {
        #expect(GregorianDay.text(0) == "1970-01-01" && GregorianDay.text(20_778) == "2026-11-21")
        for number in stride(from: 0, to: 292_194, by: 1) {
            guard GregorianDay.number(GregorianDay.text(number)) != number else { continue }
            Issue.record("\(number) is read as \(GregorianDay.number(GregorianDay.text(number)) ?? -1)")
            return
        }
        #expect(GregorianDay.number("9999-12-31") == 2_932_896)
    }

    @Test(
        "what is no day is not read",
        arguments: [
            "", "2027-02-29", "2027-04-31", "2100-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "2027-01-32",
            "1969-12-31", "2027-1-01", "27-01-01", "2027-01-01 ", "2027/01/01", "+027-01-01", "2027--1-01", "20270-1-01",
        ])
    func noDay(text: String) { #expect(GregorianDay.number(text) == nil) }
}
