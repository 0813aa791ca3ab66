// How far an import, an export or the restoring of an account is: messages, octets, rate and the time that is left.

/// Says nothing where nobody looks.
struct TransferProgress {
    private var line: ProgressLine

    init(isShown: Bool = true) { line = ProgressLine(ProgressLine.form(isQuiet: !isShown, elsewhere: .silent)) }

    /// - Parameter fraction: Of the whole, from 0 to 1; nil where nobody knows how much there is.
    mutating func show(messages: UInt64, octets: UInt64, fraction: Double?) {
        line.show { TransferProgress.line(messages: messages, octets: octets, fraction: fraction, seconds: $0) }
    }

    /// The line is done with.
    func end() { line.end() }

    static func line(messages: UInt64, octets: UInt64, fraction: Double?, seconds: Double) -> String {
        var words = ["\(messages) messages", postern.octets(octets)]
        if seconds >= 0.5 { words.append("\(UInt64(Double(messages) / seconds))/s") }
        if let fraction, fraction > 0, seconds >= 0.5 {
            words.append("\(UInt64(min(fraction, 1) * 100)) %")
            words.append("\(ProgressLine.duration(seconds * (1 - min(fraction, 1)) / fraction)) left")
        }
        return words.joined(separator: ", ")
    }
}
