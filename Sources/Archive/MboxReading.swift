// Questions that the splitter has at a line's start: an empty line, a From_ line, a header field, the end that
// Content-Length claims. Each is answered from the octets at hand, or says that these do not suffice.

/// The caller's input.
struct MboxView {
    let base: UnsafePointer<UInt8>
    let count: Int
    let isLast: Bool

    /// The octets of a line end: 0 where none stands, nil when that cannot be known yet.
    func lineEnd(at index: Int) -> Int? {
        guard index < count else { return isLast ? 0 : nil }
        if base[index] == 0x0A { return 1 }
        guard base[index] == 0x0D else { return 0 }
        guard index + 1 < count else { return isLast ? 0 : nil }
        return base[index + 1] == 0x0A ? 2 : 0
    }

    func octets(_ range: Range<Int>) -> Octets { UnsafeBufferPointer(start: base, count: count)[range] }
}

/// Where reading stands in the view.
struct MboxReading {
    /// The first octet that has not been given.
    let start: Int
    var index: Int
    /// The end of what may be looked at as content.
    var limit: Int
}

/// Why reading of content stops.
enum MboxStop {
    /// At an LF that lacks its CR.
    case lineFeed(Int)
    /// At octets that are no content.
    case skip(Range<Int>)
    /// At something else, which comes next; the event for when no content precedes it.
    case hold(Int, MboxSplitter.Event?)
}

enum MboxLook { case no, more, yes }

extension MboxSplitter {
    mutating func beginLine(_ view: MboxView, _ line: inout MboxReading) -> MboxStop? {
        let index = line.index
        guard claimEnd == nil else {
            place = .inLine
            return nil
        }
        guard index < view.count else {
            if view.isLast { place = .ending }
            return .hold(index, view.isLast ? nil : .needsInput)
        }
        switch view.base[index] {
        case 0x0A, 0x0D: return beginShortLine(view, &line)
        case UInt8(ascii: ">") where dialect != .mboxcl2: place = .quotes
        case _ where inHeader: return beginField(view, &line)
        default: place = .inLine
        }
        return nil
    }

    private mutating func beginShortLine(_ view: MboxView, _ line: inout MboxReading) -> MboxStop? {
        let index = line.index
        guard let length = view.lineEnd(at: index) else { return .hold(index, .needsInput) }
        guard length > 0 else {
            place = .inLine
            return nil
        }
        let next = index + length
        if inHeader {
            inHeader = false
            if trustsLength, let octets = header.contentLength { claimed = claim(octets, from: next) }
        }
        if claimed != nil {
            place = .claim
            return .hold(index, nil)
        }
        let follows = look(view, at: next, first: false)
        if follows == .more { return .hold(index, .needsInput) }
        if follows == .yes || view.isLast && next == view.count {
            place = .ending
            return .skip(index..<next)
        }
        guard length == 2 else { return .lineFeed(index) }
        line.index = next
        return nil
    }

    /// Whether a From_ line stands here; then it is in `found`.
    mutating func look(_ view: MboxView, at start: Int, first: Bool) -> MboxLook {
        let matched = OctetSearch.common(view.base, from: start, to: view.count, with: "From ")
        guard matched == 5 else { return start + matched == view.count && !view.isLast ? .more : .no }
        let bound = min(view.count, start + limits.separator)
        let end = OctetSearch.lineFeed(view.base, from: start, to: bound)
        if end == bound {
            if bound == start + limits.separator { return .no }
            if !view.isLast { return .more }
        }
        let hasReturn = end < bound && view.base[end - 1] == 0x0D
        let text = view.octets(start..<(hasReturn ? end - 1 : end))
        guard let separator = MboxSeparator(line: text, zone: zone, first: first) else { return .no }
        found = (separator, min(end + 1, view.count) - start)
        return .yes
    }

    // MARK: - Content-Length

    private var trustsLength: Bool { canLookAhead && (dialect == .mboxcl2 || dialect == .detected) }

    private func claim(_ octets: UInt64, from index: Int) -> UInt64? {
        let (end, overflow) = (origin &+ UInt64(index)).addingReportingOverflow(octets)
        return overflow ? nil : end
    }

    mutating func examineClaim(_ view: MboxView, _ offset: Int) -> Event? {
        guard let claimed else { preconditionFailure("no claim") }
        let place = claimed &- origin
        guard place <= UInt64(view.count) else { return lookAhead(view, claimed) }
        switch holds(view, Int(place)) {
        case .more: return lookAhead(view, claimed)
        case .yes: settle(claimed)
        case .no: settle(nil)
        }
        return nil
    }

    private mutating func lookAhead(_ view: MboxView, _ claimed: UInt64) -> Event? {
        guard view.isLast else { return .looksAhead(at: claimed &- 1) }
        settle(nil)
        return nil
    }

    mutating func settle(_ end: UInt64?) {
        claimed = nil
        claimEnd = end
        place = .lineStart
    }

    /// Whether a body that ends at this index is followed by a From_ line or by nothing. A line end that it lacks and the
    /// empty line may stand between.
    mutating func holds(_ view: MboxView, _ end: Int) -> MboxLook {
        guard end <= view.count else { return view.isLast ? .no : .more }
        defer { found = nil }
        return afterBody(view, end).look
    }

    private mutating func afterBody(_ view: MboxView, _ end: Int) -> (look: MboxLook, next: Int) {
        let last = view.base[end - 1]
        var next = end
        // A body that does not end in a line end has two of them behind it.
        for _ in 0..<(last == 0x0A ? 1 : 2) {
            guard let length = view.lineEnd(at: next) else { return (.more, next) }
            next += length
        }
        if last == 0x0D, next > end, view.base[end] == 0x0A { return (.no, end) }
        if next == view.count { return (view.isLast ? .yes : .more, next) }
        guard last == 0x0A || next > end else { return (.no, end) }
        return (look(view, at: next, first: false), next)
    }

    mutating func endBody(_ view: MboxView, _ offset: inout Int) -> Event? {
        // The octet before it may be gone; that a From_ line or the end follows is known.
        var next = offset
        for _ in 0..<2 {
            guard let length = view.lineEnd(at: next) else { return .needsInput }
            next += length
        }
        let isOver = next == view.count && view.isLast
        switch look(view, at: next, first: false) {
        case .more: return .needsInput
        case .no where !isOver:
            // The file is not what it was when it was looked at: what follows is content.
            settle(nil)
        default:
            offset = next
            place = .ending
        }
        return nil
    }
}
