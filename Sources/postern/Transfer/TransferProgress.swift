// How far a long command is, for whoever looks at a terminal: messages, octets, rate and the time that is left.

import Glibc

/// Written over itself on standard error, ten times a second at most. Says nothing where nobody looks.
struct TransferProgress {
    private let isShown: Bool
    private let now: () -> Double
    private let start: Double
    private var last = -1.0

    init(isShown: Bool = isatty(STDERR_FILENO) == 1, now: @escaping () -> Double = TransferProgress.clock) {
        (self.isShown, self.now) = (isShown, now)
        start = now()
    }

    /// - Parameter fraction: Of the whole, from 0 to 1; nil where nobody knows how much there is.
    mutating func show(messages: UInt64, octets: UInt64, fraction: Double?) {
        guard isShown else { return }
        let time = now()
        guard time - last >= 0.1 else { return }
        last = time
        TransferProgress.write(
            "\r" + TransferProgress.line(messages: messages, octets: octets, fraction: fraction, seconds: time - start)
                + "\u{1B}[K")
    }

    /// The line is done with.
    func end() { if isShown, last >= 0 { TransferProgress.write("\r\u{1B}[K") } }

    static func line(messages: UInt64, octets: UInt64, fraction: Double?, seconds: Double) -> String {
        var words = ["\(messages) messages", postern.octets(octets)]
        if seconds >= 0.5 { words.append("\(UInt64(Double(messages) / seconds))/s") }
        if let fraction, fraction > 0, seconds >= 0.5 {
            words.append("\(UInt64(min(fraction, 1) * 100)) %")
            words.append("\(duration(seconds * (1 - min(fraction, 1)) / fraction)) left")
        }
        return words.joined(separator: ", ")
    }

    /// "45 s", "3 min", "2 h 5 min".
    static func duration(_ seconds: Double) -> String {
        let whole = UInt64(min(max(seconds, 0), 1e9).rounded(.up))
        if whole < 100 { return "\(whole) s" }
        if whole < 5_400 { return "\((whole + 30) / 60) min" }
        return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    }

    static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func write(_ text: String) {
        let octets = Array(text.utf8)
        _ = octets.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress!, $0.count) }
    }
}
