// How far a backup is: a line that is written over on a terminal, a line a minute elsewhere, nothing where nobody asked.

import Glibc
import IPC

/// Touched by the run alone.
final class BackupMeter {
    enum Form { case silent, lines, terminal }

    private let form: Form
    private let clock: () -> ContinuousClock.Instant
    private let write: (String) -> Void
    private var total: UInt64 = 0
    private var done: UInt64 = 0
    private var copied: UInt64 = 0
    private var begun: ContinuousClock.Instant
    private var said: ContinuousClock.Instant

    init(
        _ form: Form, clock: @escaping () -> ContinuousClock.Instant = { .now },
        write: @escaping (String) -> Void = { text in
            let octets = Array(text.utf8)
            _ = octets.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress!, $0.count) }
        }
    ) {
        self.form = form
        self.clock = clock
        self.write = write
        begun = clock()
        said = begun
    }

    static func form(isQuiet: Bool) -> Form {
        if isQuiet { return .silent }
        return isatty(STDERR_FILENO) == 1 ? .terminal : .lines
    }

    func begin(_ contents: BackupBegun) {
        begin(octets: contents.octets)
        if form == .lines { write("\(contents.files) files, \(octets(contents.octets))\n") }
    }

    func begin(octets: UInt64) {
        total = octets
        begun = clock()
        said = begun
    }

    func add(_ octets: UInt64, isCopied: Bool) {
        done += octets
        if isCopied { copied += octets }
        let now = clock()
        guard form != .silent, now - said >= (form == .terminal ? .milliseconds(200) : .seconds(60)) else { return }
        said = now
        write(form == .terminal ? "\r\(line(now))\u{1B}[K" : "\(line(now))\n")
    }

    func end() { if form == .terminal { write("\r\u{1B}[K") } }

    /// "[#####     ] 1.2 GB of 2.4 GB, 80.1 MB/s, 15 s left"
    private func line(_ now: ContinuousClock.Instant) -> String {
        let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
        let filled = Int(share * 20)
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: 20 - filled)
        let seconds = max((now - begun) / .seconds(1), 0.001)
        let rate = Double(copied) / seconds
        var text = "[\(bar)] \(octets(done)) of \(octets(total)), \(octets(UInt64(rate)))/s"
        if rate > 0, done < total {
            let left = UInt64(min(Double(total - done) / rate, 1e9))
            text += left < 120 ? ", \(left) s left" : ", \(left / 60) min left"
        }
        return text
    }
}
