// How far a backup, its verification or the restoring of a store is: octets, rate and the time that is left.

import IPC

/// Touched by the run alone.
final class BackupMeter {
    private var line: ProgressLine
    private var total: UInt64 = 0
    private var done: UInt64 = 0
    private var copied: UInt64 = 0

    init(_ line: ProgressLine) { self.line = line }

    convenience init(isQuiet: Bool = false) { self.init(ProgressLine(ProgressLine.form(isQuiet: isQuiet))) }

    func begin(_ contents: BackupBegun) {
        begin(octets: contents.octets)
        line.note("\(contents.files) files, \(octets(contents.octets))")
    }

    func begin(octets: UInt64) {
        total = octets
        line.begin()
    }

    func add(_ octets: UInt64, isCopied: Bool) {
        done += octets
        if isCopied { copied += octets }
        line.show(text)
    }

    func end() { line.end() }

    /// "[#####     ] 1.2 GB of 2.4 GB, 80.1 MB/s, 15 s left"
    private func text(_ seconds: Double) -> String {
        let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
        let filled = Int(share * 20)
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: 20 - filled)
        let rate = Double(copied) / max(seconds, 0.001)
        var text = "[\(bar)] \(octets(done)) of \(octets(total)), \(octets(UInt64(rate)))/s"
        if rate > 0, done < total { text += ", \(ProgressLine.duration(Double(total - done) / rate)) left" }
        return text
    }
}
