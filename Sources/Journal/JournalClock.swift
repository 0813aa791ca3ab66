// The time of a line: UTC with milliseconds (RFC 3339). Written by hand, because Foundation's formatters cost a
// library.

import Glibc
import Mail

package enum JournalClock {
    /// Milliseconds since 1970.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// 24 octets: `2026-11-21T08:15:02.123Z`. The years 0 to 9999; others are shown as the nearest of these.
    static func text(_ milliseconds: Int64) -> [UInt8] {
        let bounded = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let day = bounded >= 0 ? bounded / 86_400_000 : (bounded - 86_399_999) / 86_400_000
        let rest = Int(bounded - day * 86_400_000)
        let (year, month, number) = GregorianDay.date(Int(day))
        var octets: [UInt8] = []
        octets.reserveCapacity(24)
        func add(_ value: Int, _ digits: Int, _ sign: Unicode.Scalar) {
            var divisor = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                octets.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
            octets.append(UInt8(ascii: sign))
        }
        add(year, 4, "-")
        add(month, 2, "-")
        add(number, 2, "T")
        add(rest / 3_600_000, 2, ":")
        add(rest / 60_000 % 60, 2, ":")
        add(rest / 1_000 % 60, 2, ".")
        add(rest % 1_000, 3, "Z")
        return octets
    }
}
