// How far a long command is: a line on standard error that is written over on a terminal, a line a minute elsewhere, nothing
// where nobody asked.

import Glibc

struct ProgressLine {
    enum Form { case silent, lines, terminal }

    private let form: Form
    private let clock: () -> Double
    private let write: (String) -> Void
    private var start: Double
    private var last: Double
    private var hasShown = false

    /// - Parameter clock: seconds from any moment on.
    init(
        _ form: Form, clock: @escaping () -> Double = ProgressLine.clock, write: @escaping (String) -> Void = ProgressLine.write
    ) {
        (self.form, self.clock, self.write) = (form, clock, write)
        start = clock()
        last = start
    }

    /// - Parameter elsewhere: where no terminal is.
    static func form(isQuiet: Bool, elsewhere: Form = .lines) -> Form {
        if isQuiet { return .silent }
        return isatty(STDERR_FILENO) == 1 ? .terminal : elsewhere
    }

    /// Time counts from now on.
    mutating func begin() {
        start = clock()
        last = start
    }

    /// Says it when it is time to.
    /// - Parameter text: gets the seconds since the beginning.
    mutating func show(_ text: (_ seconds: Double) -> String) {
        let now = clock()
        guard form != .silent, now - last >= (form == .terminal ? 0.2 : 60) else { return }
        (last, hasShown) = (now, true)
        write(form == .terminal ? "\r\(text(now - start))\u{1B}[K" : "\(text(now - start))\n")
    }

    /// Says it once, where lines are kept.
    func note(_ text: String) { if form == .lines { write("\(text)\n") } }

    /// The line is done with.
    func end() { if form == .terminal, hasShown { write("\r\u{1B}[K") } }

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

    static func write(_ text: String) {
        let octets = Array(text.utf8)
        _ = octets.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress!, $0.count) }
    }
}
