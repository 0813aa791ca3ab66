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
}
