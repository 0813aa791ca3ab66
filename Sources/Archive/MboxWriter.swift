// Writes messages one behind the other as an mbox (mboxrd, so that every message can be had back as it was).
//
// Guarantees: what was written, and read as mboxrd, is the message again, to which a line end is added when it lacks its
// last one. Fields of status stand before the message's own header, and each of them is written, so that a reader which
// takes out the first of each takes out these. A line that ends in LF alone comes back with CRLF. Content that begins
// with white space, which no header does, would be read as a part of the last field: it gets no fields.

package struct MboxWriter: Sendable {
    /// How lines end in the file.
    package enum LineEnd: Sendable { case lf, crlf }

    private enum Place: Equatable, Sendable {
        case lineStart
        /// Behind nothing but `>`, and so many octets of `From ` that have not been written.
        case quotes(matched: Int)
        case inLine
    }

    private let lineEnd: LineEnd
    private var place = Place.lineStart
    /// A CR has been seen and not been written, since an LF may follow.
    private var withholdsReturn = false
    /// What was written last is a CR: then the line's CRLF stays whole, or that CR would be taken for a part of it.
    private var wroteReturn = false
    /// Fields of status, until it is known how the message begins.
    private var fields: [UInt8] = []

    package init(lineEnd: LineEnd = .lf) { self.lineEnd = lineEnd }

    /// Writes the From_ line and the fields of status.
    /// - Parameters:
    ///   - sender: The envelope's sender; `MAILER-DAEMON` stands for an empty one. White space and controls become `_`,
    ///     and what is over 512 octets is left out.
    ///   - date: Seconds since 1970 in UTC; outside of the years 1970 … 9999 their edge is taken.
    ///   - message: Its flags and keywords are written, and its UID when it has one; nil writes no field.
    ///   - folder: Goes with the first message of a file whose messages have UIDs. Its keywords are all that any message
    ///     in the file has.
    package mutating func begin(
        sender: String, date: Int64, message: ArchivedMessage?, folder: MboxFolder? = nil, into out: inout [UInt8]
    ) {
        beginLine()
        withholdsReturn = false
        fields = []
        let name = sender.utf8.prefix(512).map { $0 <= 0x20 || $0 == 0x7F ? UInt8(ascii: "_") : $0 }
        out += "From ".utf8
        out += name.isEmpty ? Array("MAILER-DAEMON".utf8) : name
        out.append(0x20)
        out += AsctimeDate.text(date).utf8
        endLine(&out)
        if let folder {
            // Dovecot knows no keyword of a message that is not listed here.
            let names = folder.keywords.filter { $0 != MboxWriter.forwarded } + [MboxWriter.forwarded]
            let words = ["\(folder.uidValidity)", "\(folder.lastUID)"] + MboxWriter.keywords(names)
            write("X-IMAPbase: ", words.joined(separator: " "), &fields)
        }
        guard let message else { return }
        write("Status: ", MboxWriter.letters(message.flags, [(.seen, "R"), (.old, "O")]), &fields)
        let letters: [(ArchivedFlags, String)] = [(.deleted, "D"), (.flagged, "F"), (.answered, "A"), (.draft, "T")]
        write("X-Status: ", MboxWriter.letters(message.flags, letters), &fields)
        let keywords = message.keywords + (message.flags.contains(.forwarded) ? [MboxWriter.forwarded] : [])
        write("X-Keywords: ", MboxWriter.keywords(keywords).joined(separator: " "), &fields)
        if let uid = message.uid { write("X-UID: ", "\(uid)", &fields) }
    }

    /// Writes the next octets of the message.
    package mutating func append(_ octets: borrowing Span<UInt8>, into out: inout [UInt8]) {
        octets.withUnsafeBufferPointer { octets in
            guard let base = octets.baseAddress else { return }
            if !OctetSearch.isBlank(base[0]) { out += fields }
            fields = []
            var index = 0
            while index < octets.count {
                switch place {
                case .lineStart: writeStart(base[index], 0, &index, &out)
                case .quotes(let matched): writeStart(base[index], matched, &index, &out)
                case .inLine: writeLine(base, &index, octets.count, &out)
                }
            }
        }
    }

    /// Ends the message: its last line, if it has no end, and the empty line behind it.
    package mutating func finish(into out: inout [UInt8]) {
        out += fields
        fields = []
        if case .quotes(let matched) = place { out += MboxWriter.mark.prefix(matched) }
        if withholdsReturn { out.append(0x0D) }
        if place != .lineStart {
            if withholdsReturn || wroteReturn, lineEnd == .lf { out.append(0x0D) }
            endLine(&out)
        }
        endLine(&out)
        beginLine()
        withholdsReturn = false
    }

    private static let forwarded = "$Forwarded"
    private static let mark = Array("From ".utf8)

    /// At the beginning of a line, which may have to be quoted.
    private mutating func writeStart(_ octet: UInt8, _ matched: Int, _ index: inout Int, _ out: inout [UInt8]) {
        if octet == UInt8(ascii: ">"), matched == 0 {
            out.append(octet)
            place = .quotes(matched: 0)
            index += 1
        } else if octet == MboxWriter.mark[matched] {
            index += 1
            place = .quotes(matched: matched + 1)
            guard matched == 4 else { return }
            out.append(UInt8(ascii: ">"))
            out += MboxWriter.mark
            place = .inLine
        } else {
            out += MboxWriter.mark.prefix(matched)
            place = .inLine
        }
    }

    /// The line up to its end, or as much of it as there is.
    private mutating func writeLine(
        _ base: UnsafePointer<UInt8>, _ index: inout Int, _ count: Int, _ out: inout [UInt8]
    ) {
        let start = index
        let feed = OctetSearch.lineFeed(base, from: start, to: count)
        if withholdsReturn, feed > start || wroteReturn {
            out.append(0x0D)
            wroteReturn = true
        }
        withholdsReturn = false
        var end = feed
        if lineEnd == .lf, feed > start, base[feed - 1] == 0x0D {
            let isSecond = feed - 2 >= start ? base[feed - 2] == 0x0D : wroteReturn
            withholdsReturn = feed == count
            if withholdsReturn || !isSecond { end = feed - 1 }
        }
        out.append(contentsOf: UnsafeBufferPointer(start: base + start, count: end - start))
        if end > start { wroteReturn = base[end - 1] == 0x0D }
        index = feed
        guard feed < count else { return }
        out.append(0x0A)
        beginLine()
        index += 1
    }

    private mutating func beginLine() {
        place = .lineStart
        wroteReturn = false
    }

    private func endLine(_ out: inout [UInt8]) {
        if lineEnd == .crlf { out.append(0x0D) }
        out.append(0x0A)
    }

    private func write(_ name: StaticString, _ value: String, _ out: inout [UInt8]) {
        out += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        out += value.utf8
        endLine(&out)
    }

    /// Nothing that would end the field.
    private static func keywords(_ words: [String]) -> [String] {
        words.filter { ArchivedMessage.keyword($0.utf8) != nil }
    }

    private static func letters(_ flags: ArchivedFlags, _ names: [(ArchivedFlags, String)]) -> String {
        names.reduce(into: "") { text, name in if flags.contains(name.0) { text += name.1 } }
    }
}
