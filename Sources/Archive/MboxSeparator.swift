// The From_ line, which begins a message in an mbox: who sent it and when it arrived, as far as that can be read.

package struct MboxSeparator: Equatable, Sendable {
    /// The envelope's sender as it stands in the line: an address, `MAILER-DAEMON`, `-` of Mozilla's, or nothing.
    package var sender: [UInt8]
    /// Seconds since 1970 in UTC. nil in a line without a date, as Thunderbird writes them.
    package var date: Int64?

    /// Reads a line without its line end.
    /// - Parameters:
    ///   - zone: Seconds east of UTC, for a date that has no zone.
    ///   - first: It is the first line of the file, where a date that cannot be read is no reason for doubt.
    /// - Returns: nil when the line does not begin with `From `, or when it has neither a date nor nothing but a
    ///   hyphen: then it is a line of text like any other.
    init?(line: Octets, zone: Int, first: Bool) {
        guard line.starts(with: "From ".utf8) else { return nil }
        let rest = line.dropFirst(5)
        let words = rest.split(whereSeparator: OctetSearch.isBlank)
        for place in words.indices where AsctimeDate.isWeekday(words[place]) {
            guard let date = AsctimeDate.seconds(words[place...], defaultZone: zone) else { continue }
            self.date = date
            sender = MboxSeparator.trimmed(rest[..<words[place].startIndex])
            return
        }
        let isBare = words.isEmpty || words.count == 1 && words[0].elementsEqual("-".utf8)
        guard isBare || first else { return nil }
        sender = MboxSeparator.trimmed(rest)
    }

    private static func trimmed(_ octets: Octets) -> [UInt8] {
        var octets = octets
        while let last = octets.last, OctetSearch.isBlank(last) { octets.removeLast() }
        return Array(octets.drop(while: OctetSearch.isBlank))
    }
}
