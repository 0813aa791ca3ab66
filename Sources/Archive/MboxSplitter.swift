// Takes an mbox apart while it streams past, in pieces of any size cut anywhere: where messages begin and end, their
// bytes as RFC 5322 has them, and what mail programs noted of them.
//
// Guarantees: events depend on the octets alone, not on where they were cut. No octet of a message is lost or copied:
// content is ranges of the caller's input. A message begins at the start of the file or behind an empty line; the empty
// line before the next From_ line, or at the end of the file, belongs to the format. CRLF and LF both end a line, each by
// itself; content has CRLF alone. NUL, octets above 127 and a CR without LF are content.

package struct MboxSplitter: Sendable {
    package enum Event: Equatable, Sendable {
        /// Octets of the message come next.
        case begins(MboxOpening)
        case content(MboxPiece)
        case ends(MboxEnding)
        /// Asks for `limits.ahead` octets of the file from this place on; only `receive(ahead:)` leads further.
        case looksAhead(at: UInt64)
        /// More octets, or the word that there are no more. What stands from the offset on must be in the input again.
        case needsInput
        /// The file is over, and every message has ended.
        case finished
    }

    enum Place: Equatable, Sendable {
        /// Nothing but empty lines has been seen.
        case fileStart
        /// At the From_ line that is in `found`.
        case separator
        /// At the first octet of a line of a message.
        case lineStart
        /// At a `>` that only others precede in its line.
        case quotes
        case inLine
        /// At the empty line behind a header whose Content-Length is in doubt.
        case claim
        /// Behind as many octets as Content-Length said.
        case bodyEnd
        /// A message has ended; a From_ line is in `found`, or the file is over.
        case ending
        case finished
    }

    let dialect: MboxDialect
    let removes: MboxFields
    package let limits: MboxLimits
    let zone: Int
    let canLookAhead: Bool

    /// What the first message's header says of the whole; nil before that, when it says nothing, or when reading began
    /// behind it.
    package internal(set) var folder: MboxFolder?

    var place = Place.fileStart
    /// The offset in the file of the input's first octet.
    var origin: UInt64
    private var consumed: UInt64
    /// The LF that comes next has got its CR already.
    private var hasAddedReturn = false

    // The message that is being read.
    var inHeader = false
    var isFirst = true
    var header = MboxHeader()
    var headerStart: UInt64 = 0
    var found: (separator: MboxSeparator, octets: Int)?
    /// Where Content-Length says that the body ends, in doubt and believed.
    var claimed: UInt64?
    var claimEnd: UInt64?

    /// - Parameters:
    ///   - removes: Fields that are not given as content, where they stand for the first time in a header.
    ///   - zone: Seconds east of UTC for the dates that have no zone. Most programs write the machine's local time.
    ///   - start: The offset of the first octet that will come; it must be a From_ line's.
    ///   - canLookAhead: The file can be read at any place. Otherwise no Content-Length is trusted.
    package init(
        dialect: MboxDialect = .detected, removes: MboxFields = [.status, .uid], zone: Int = 0, start: UInt64 = 0,
        canLookAhead: Bool = true, limits: MboxLimits = MboxLimits()
    ) {
        (self.dialect, self.removes, self.zone, self.canLookAhead) = (dialect, removes, zone, canLookAhead)
        self.limits = limits
        isFirst = start == 0
        origin = start
        consumed = start
    }

    /// The next event of the input from `offset` on, which is moved behind what is done with.
    /// - Parameter isLast: Nothing follows the input.
    package mutating func next(in input: borrowing Span<UInt8>, from offset: inout Int, isLast: Bool) -> Event {
        origin = consumed &- UInt64(offset)
        defer { consumed = origin &+ UInt64(offset) }
        return input.withUnsafeBufferPointer { octets in
            guard let base = octets.baseAddress else {
                return withUnsafePointer(to: 0) { step(MboxView(base: $0, count: 0, isLast: isLast), &offset) }
            }
            return step(MboxView(base: base, count: octets.count, isLast: isLast), &offset)
        }
    }

    /// The answer to `looksAhead`: as many octets as were asked for, fewer only where the file ends, none behind its end.
    package mutating func receive(ahead octets: borrowing Span<UInt8>) {
        guard place == .claim, let claimed else { preconditionFailure("nothing was asked") }
        let holds = octets.withUnsafeBufferPointer { octets in
            guard let base = octets.baseAddress else { return false }
            let view = MboxView(base: base, count: octets.count, isLast: octets.count < limits.ahead)
            return self.holds(view, 1) == .yes
        }
        settle(holds ? claimed : nil)
    }

    private mutating func step(_ view: MboxView, _ offset: inout Int) -> Event {
        while true {
            let event: Event?
            switch place {
            case .fileStart: event = startFile(view, &offset)
            case .separator: event = open(&offset)
            case .lineStart, .quotes, .inLine: event = readContent(view, &offset)
            case .claim: event = examineClaim(view, offset)
            case .bodyEnd: event = endBody(view, &offset)
            case .ending: event = end()
            case .finished:
                offset = view.count
                event = .finished
            }
            if let event { return event }
        }
    }

    // MARK: - Between the messages

    private mutating func startFile(_ view: MboxView, _ offset: inout Int) -> Event? {
        while let length = view.lineEnd(at: offset) {
            if length == 0 { break }
            offset += length
        }
        guard view.lineEnd(at: offset) != nil else { return .needsInput }
        guard offset < view.count else {
            place = .finished
            return nil
        }
        switch look(view, at: offset, first: true) {
        case .more: return .needsInput
        case .yes:
            place = .separator
            return nil
        case .no:
            // Whatever this is, its bytes are given as one message.
            begin(at: origin &+ UInt64(offset))
            return .begins(MboxOpening(offset: headerStart, separator: nil))
        }
    }

    private mutating func open(_ offset: inout Int) -> Event {
        guard let (separator, octets) = found else { preconditionFailure("no From_ line") }
        found = nil
        let opening = MboxOpening(offset: origin &+ UInt64(offset), separator: separator)
        offset += octets
        begin(at: opening.offset &+ UInt64(octets))
        header.message.internalDate = separator.date
        return .begins(opening)
    }

    private mutating func begin(at start: UInt64) {
        headerStart = start
        header = MboxHeader()
        inHeader = true
        claimed = nil
        claimEnd = nil
        place = .lineStart
    }

    private mutating func end() -> Event {
        place = found == nil ? .finished : .separator
        defer { isFirst = false }
        // Thunderbird writes lines without a date.
        if header.message.internalDate == nil { header.message.internalDate = header.date }
        return .ends(MboxEnding(message: header.message, isFolderRecord: isFirst && header.isFolderRecord))
    }

    // MARK: - In a message

    /// Octets up to where something else is due, which the place tells; or where more octets are needed to know.
    private mutating func readContent(_ view: MboxView, _ offset: inout Int) -> Event? {
        let start = offset
        var line = MboxReading(start: start, index: start, limit: view.count)
        if let claimEnd { line.limit = Int(clamping: min(UInt64(view.count), claimEnd &- origin)) }
        if hasAddedReturn { line.index += 1 }
        hasAddedReturn = false
        while true {
            let stop: MboxStop?
            switch place {
            case .inLine: stop = passLine(view, &line)
            case .quotes: stop = passQuotes(view, &line)
            default: stop = beginLine(view, &line)
            }
            switch stop {
            case nil: continue
            case .lineFeed(let end):
                (offset, hasAddedReturn) = (end, true)
                return .content(MboxPiece(range: start..<end, addsReturn: true))
            case .skip(let range):
                offset = range.upperBound
                return range.lowerBound > start ? .content(MboxPiece(range: start..<range.lowerBound)) : nil
            case .hold(let end, let event):
                offset = end
                return end > start ? .content(MboxPiece(range: start..<end)) : event
            }
        }
    }

    private mutating func passLine(_ view: MboxView, _ line: inout MboxReading) -> MboxStop? {
        let end = OctetSearch.lineFeed(view.base, from: line.index, to: line.limit)
        if end < line.limit {
            place = .lineStart
            guard end > line.start, view.base[end - 1] == 0x0D else { return .lineFeed(end) }
            line.index = end + 1
            return nil
        }
        if let claimEnd, origin &+ UInt64(end) == claimEnd {
            place = .bodyEnd
            return .hold(end, nil)
        }
        // Whether a CR is a line's end shows behind it.
        if !view.isLast { return .hold(end > line.start && view.base[end - 1] == 0x0D ? end - 1 : end, .needsInput) }
        place = .ending
        return .hold(end, nil)
    }

    private mutating func passQuotes(_ view: MboxView, _ line: inout MboxReading) -> MboxStop? {
        let first = line.index
        var end = first
        while end < view.count, view.base[end] == UInt8(ascii: ">") { end += 1 }
        let matched = OctetSearch.common(view.base, from: end, to: view.count, with: "From ")
        // The last `>` is taken for the one that was added: it makes no difference which, and a run has no limit.
        let isQuoted = dialect == .mboxo ? end == first + 1 : true
        if isQuoted, matched == 5 {
            place = .inLine
            return .skip(end - 1..<end)
        }
        if isQuoted, end + matched == view.count, !view.isLast { return .hold(dialect == .mboxo ? first : end - 1, .needsInput) }
        place = .inLine
        line.index = end
        return nil
    }
}

/// A message begins.
package struct MboxOpening: Equatable, Sendable {
    /// Where its From_ line stands in the file, in octets; reading can begin there again.
    package var offset: UInt64
    /// nil when the file does not begin with a From_ line: then it may not be an mbox at all.
    package var separator: MboxSeparator?
}

/// Octets of a message.
package struct MboxPiece: Equatable, Sendable {
    /// They stand here in the input. May be empty.
    package var range: Range<Int>
    /// A CR follows them; its LF is the next piece's first octet.
    package var addsReturn = false
}

/// A message has ended.
package struct MboxEnding: Equatable, Sendable {
    /// What its header and its From_ line tell. The size is not known: the header does not tell the whole message's.
    package var message: ArchivedMessage
    /// It is no mail, but the record in which UW IMAP and Dovecot keep what `folder` says.
    package var isFolderRecord: Bool
}
