// Durations ("5m") and sizes ("50 MB"): how they are written, read and shown. Exact: no fractions, no rounding.

extension Form where Value == Duration {
    /// `"30s"`, `"5m"`, `"4h"`, `"2d"`, `"250ms"`, parts of them behind each other (`"1h30m"`), or a number of seconds.
    static func duration(_ range: ClosedRange<Duration>) -> Form {
        let allowed = "\(Quantity.write(range.lowerBound)) to \(Quantity.write(range.upperBound))"
        return Form(type: "duration", allowed: allowed, write: { tomlText(Quantity.write($0)) }) { node in
            let duration: Duration
            let written: String
            switch node.value {
            case .integer(let seconds) where (0...Quantity.largest).contains(seconds):
                (duration, written) = (.seconds(seconds), "\(seconds)s")
            case .text(let text):
                guard let read = Quantity.duration(text) else {
                    return .failure(
                        FormError(
                            message: "\(tomlText(text)) is not a duration such as \"30s\", \"5m\", \"4h\" or \"2d\""))
                }
                (duration, written) = (read, tomlText(text))
            default: return .failure(.kind("a duration such as \"30s\", \"5m\", \"4h\" or \"2d\"", node))
            }
            guard range.contains(duration) else { return .failure(.outside(range, duration, written)) }
            return .success(duration)
        }
    }
}

extension Form where Value == Int {
    /// `"10 MB"`, `"256 KB"`, or a number of octets. A KB is 1,024 octets, an MB 1,024 KB, a GB 1,024 MB.
    static func size(_ range: ClosedRange<Int>) -> Form {
        let allowed = "\(Quantity.write(octets: range.lowerBound)) to \(Quantity.write(octets: range.upperBound))"
        return Form(type: "size", allowed: allowed, write: { tomlText(Quantity.write(octets: $0)) }) { node in
            let octets: Int
            let written: String
            switch node.value {
            case .integer(let number): (octets, written) = (number, "\(number)")
            case .text(let text):
                guard let read = Quantity.octets(text) else {
                    return .failure(
                        FormError(message: "\(tomlText(text)) is not a size such as \"10 MB\" or \"256 KB\""))
                }
                (octets, written) = (read, tomlText(text))
            default: return .failure(.kind("a size such as \"10 MB\" or \"256 KB\"", node))
            }
            guard range.contains(octets) else { return .failure(.outside(range, octets, written)) }
            return .success(octets)
        }
    }
}

package enum Quantity {
    /// No number of a unit is larger: products stay far from overflow. In seconds this is 300 centuries.
    static let largest = 1_000_000_000_000

    private static let milliseconds: [(unit: String, count: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]
    private static let octetsOf: [(unit: String, count: Int)] = [
        ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1),
    ]

    static func duration(_ text: String) -> Duration? {
        var rest = text[...]
        var total = Duration.zero
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let count = Int(digits), count <= largest, let unit = milliseconds.first(where: { $0.unit == name })
            else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: unit.count)
            guard !overflow, product <= largest * 1_000 else { return nil }
            total += .milliseconds(product)
        } while !rest.isEmpty
        return total
    }

    /// `"10 MB"`: powers of 1,024; nil for what is no size.
    package static func octets(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count).drop { $0 == " " }.uppercased()
        guard let count = Int(digits),
            let unit = octetsOf.first(where: { $0.unit == name || $0.unit.dropLast() == name })
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.count)
        return overflow ? nil : product
    }

    /// In the largest unit in which it is whole.
    static func write(_ duration: Duration) -> String {
        let parts = duration.components
        let total = Int(parts.seconds) * 1_000 + Int(parts.attoseconds / 1_000_000_000_000_000)
        if total == 0 { return "0s" }
        let unit = milliseconds.first { total % $0.count == 0 } ?? ("ms", 1)
        return "\(total / unit.count)\(unit.unit)"
    }

    /// In the largest unit in which it is whole.
    package static func write(octets: Int) -> String {
        if octets == 0 { return "0 B" }
        let unit = octetsOf.first { octets % $0.count == 0 } ?? ("B", 1)
        return "\(octets / unit.count) \(unit.unit)"
    }
}

extension Duration {
    /// Rounded up, for protocols that say seconds.
    package var wholeSeconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}
