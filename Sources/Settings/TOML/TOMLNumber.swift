// Numbers and dates of TOML 1.0.0, whole words already cut out of the text.

enum TOMLNumber {
    // integer = dec-int / hex-int / oct-int / bin-int
    static func integer(_ text: String) -> Int? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
            return digits(text.dropFirst(2), radix).flatMap { Int($0, radix: radix) }
        }
        let unsigned = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        guard let digits = digits(unsigned, 10), digits == "0" || digits.first != "0" else { return nil }
        return Int(text.first == "-" ? "-" + digits : digits)
    }

    // float = float-int-part ( exp / frac [ exp ] ) / special-float
    static func float(_ text: String) -> Double? {
        let isNegative = text.first == "-"
        let unsigned = isNegative || text.first == "+" ? text.dropFirst() : text[...]
        switch unsigned {
        case "inf": return isNegative ? -Double.infinity : Double.infinity
        case "nan": return Double.nan
        default: break
        }
        let halves = unsigned.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let parts = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 || parts.count == 2, let whole = digits(parts[0], 10),
            whole == "0" || whole.first != "0"
        else { return nil }
        var plain = (isNegative ? "-" : "") + whole
        if parts.count == 2 {
            guard let fraction = digits(parts[1], 10) else { return nil }
            plain += "." + fraction
        }
        if halves.count == 2 {
            let sign = halves[1].first == "-" || halves[1].first == "+" ? halves[1].prefix(1) : ""
            guard let exponent = digits(halves[1].dropFirst(sign.count), 10) else { return nil }
            plain += "e" + sign + exponent
        }
        return Double(plain)
    }

    /// The digits without their underscores, each of which stands between two digits.
    private static func digits(_ text: Substring, _ radix: Int) -> String? {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        let isWhole = groups.allSatisfy { group in
            !group.isEmpty
                && group.utf8.allSatisfy { octet in
                    isHexadecimal(octet) && Character(UnicodeScalar(octet)).hexDigitValue.map { $0 < radix } == true
                }
        }
        return isWhole ? groups.joined() : nil
    }

    static func isHexadecimal(_ octet: UInt8) -> Bool {
        TOMLReader.isDigit(octet) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(octet | 0x20)
    }

    // date-time = offset-date-time / local-date-time / local-date / local-time
    static func isMoment(_ text: String) -> Bool {
        let octets = Array(text.utf8)
        if octets.count == 10 { return isDate(octets[...]) }
        if octets.count > 10, isDate(octets[..<10]) {
            return "Tt ".utf8.contains(octets[10]) && isTime(octets[11...], mayHaveOffset: true)
        }
        return isTime(octets[...], mayHaveOffset: false)
    }

    private static func isDate(_ octets: ArraySlice<UInt8>) -> Bool {
        guard fits(octets, "0000-00-00"), let year = number(octets, 0, 4) else { return false }
        guard let month = number(octets, 5, 2), let day = number(octets, 8, 2) else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }

    private static func isTime(_ octets: ArraySlice<UInt8>, mayHaveOffset: Bool) -> Bool {
        guard octets.count >= 8, fits(octets.prefix(8), "00:00:00"),
            let hour = number(octets, 0, 2), let minute = number(octets, 3, 2), let second = number(octets, 6, 2),
            hour < 24, minute < 60, second <= 60
        else { return false }
        var rest = octets.dropFirst(8)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: TOMLReader.isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        }
        if rest.isEmpty { return true }
        guard mayHaveOffset else { return false }
        if rest.count == 1 { return rest.first.map { $0 | 0x20 } == UInt8(ascii: "z") }
        guard fits(rest, "+00:00") || fits(rest, "-00:00"), let hours = number(rest, 1, 2),
            let minutes = number(rest, 4, 2)
        else { return false }
        return hours < 24 && minutes < 60
    }

    /// Whether the octets have the pattern's signs, and digits where it has zeros.
    private static func fits(_ octets: ArraySlice<UInt8>, _ pattern: String) -> Bool {
        octets.count == pattern.utf8.count
            && zip(octets, pattern.utf8).allSatisfy { $1 == UInt8(ascii: "0") ? TOMLReader.isDigit($0) : $0 == $1 }
    }

    private static func number(_ octets: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int? {
        Int(String(decoding: octets.dropFirst(offset).prefix(count), as: UTF8.self))
    }
}
