// Behind a header: the structure of multiparts (RFC 2046 §5.1) and the size of leaves.

extension ContentInspector {
    /// A delimiter is never longer: hyphens, a boundary, hyphens. White space behind it may be of any length.
    private static let longestLine = Boundaries.longest + 4
    /// A preamble of this size passes even where no attachment may: it is a sentence for programs that know no MIME.
    private static let longestPreamble = 64 << 10
    /// Octets at the end of a leaf that may turn out to belong to the delimiter behind it.
    private static let doubtful = 4

    // MARK: What begins and ends

    /// The header is complete: says what its body is.
    mutating func beginBody() {
        place = .body
        switch part.kind {
        case .multipart(let isDigest) where depth < limits.depth:
            boundaries.open(part.boundary, depth: depth, isDigest: isDigest)
            (leaf, leafIsPreamble) = (LeafCounter(.identity), true)
        case .message where depth < limits.depth:
            beginHeader(depth: depth + 1, isInDigest: false)
        case .leaf where !part.isAttachment: break
        case .leaf, .multipart, .message: (leaf, leafIsPreamble) = (LeafCounter(part.encoding), false)
        }
    }

    private mutating func beginHeader(depth: Int, isInDigest: Bool) {
        place = .lineStart
        part = PartHeader(isInDigest: isInDigest)
        self.depth = depth
        (headerOctets, fieldCount, fieldOctets) = (0, 0, 0)
        facts.parts += 1
        if facts.parts > limits.parts { fault = .tooManyParts(limit: limits.parts) }
    }

    /// - Parameter size: its decoded octets.
    mutating func endLeaf(_ size: Int) {
        leaf = nil
        facts.attachments += 1
        facts.attachmentOctets += size
        facts.largestAttachment = max(facts.largestAttachment, size)
        if let limit = limits.attachment, size > limit { refuseLeaf(limit) }
    }

    private mutating func refuseLeaf(_ limit: Int) {
        fault = .attachmentTooLarge(name: part.fileName, limit: limit)
    }

    // MARK: Octets of a body

    mutating func readBody(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        // The octets before these are not in this piece.
        while index < min(4, end) {
            let behind = window(base, index)
            let isDashes = base[index] == 0x2D && behind & 0xFFFF == 0x0A2D && !boundaries.isEmpty
            if isDashes { beginDashes(inHeader: false, behind) }
            leaf?.add(base[index], behind: behind)
            index += 1
            if isDashes { return index }
            holdToLimit()
        }
        guard index < end else { return index }
        let stop = boundaries.isEmpty ? end : OctetScan.dashes(base, from: index, to: end)
        leaf?.add(base, from: index, to: stop)
        holdToLimit()
        guard stop < end else { return end }
        let behind = window(base, stop)
        beginDashes(inHeader: false, behind)
        leaf?.add(base[stop], behind: behind)
        return stop + 1
    }

    /// As soon as no delimiter can make the leaf small enough; `endLeaf` is exact.
    private mutating func holdToLimit() {
        guard let limit = limits.attachment, let leaf else { return }
        let allowed = leafIsPreamble ? max(limit, Self.longestPreamble) : limit
        guard leaf.decoded - Self.doubtful > allowed else { return }
        refuseLeaf(limit)
    }

    // MARK: Lines that may be delimiters

    /// - Parameter behind: the four octets before the second hyphen; of no use in a header.
    mutating func beginDashes(inHeader: Bool, _ behind: UInt32 = 0) {
        place = .dashes(inHeader: inHeader)
        line.removeAll(keepingCapacity: true)
        line += [0x2D, 0x2D]
        lineOctets = 2
        leafSizeBeforeLine = leaf?.decodedBeforeDelimiter(behind) ?? 0
    }

    mutating func readDashes(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int, inHeader: Bool) -> Int {
        var seen: UInt64 = 0
        let stop = OctetScan.lineFeed(base, from: start, to: end, seen: &seen)
        let room = min(stop - start, Self.longestLine - line.count)
        line += UnsafeBufferPointer(start: base + start, count: room)
        var index = start + room
        while index < stop, base[index].isSpace { index += 1 }
        let isOver = index < stop
        if !isOver, stop < end { index += 1 }
        lineOctets += index - start
        count(base, from: start, to: index)
        if isOver {
            endLongLine(inHeader: inHeader)
        } else if stop < end {
            endDashes(at: index)
        }
        return index
    }

    /// The line goes on beyond what a delimiter can have.
    private mutating func endLongLine(inHeader: Bool) {
        if inHeader {
            noteNonASCII(line.contains { $0 > 127 })
            takeMalformed(lineOctets)
        } else {
            place = .body
            holdToLimit()
        }
    }

    /// The line is complete, right before this octet of the piece.
    mutating func endDashes(at index: Int) {
        guard case .dashes(let inHeader) = place else { return }
        while let last = line.last, last.isSpace { line.removeLast() }
        if inHeader, part.isDelimiter(line) { return takeWithoutEmptyLine(at: index) }
        if let delimiter = boundaries.delimiter(line) { return take(delimiter, inHeader: inHeader) }
        endLongLine(inHeader: inHeader)
        if inHeader { place = .lineStart }
    }

    /// The first delimiter of a multipart whose header has not ended: some mail programs see the body begin there, and
    /// a part that only they see must not pass as a preamble.
    private mutating func takeWithoutEmptyLine(at index: Int) {
        facts.hasMalformedHeaderLine = true
        if isInMessageHeader { endMessageHeader(at: index) }
        beginBody()
        if let delimiter = boundaries.delimiter(line) { take(delimiter, inHeader: false) }
    }

    private mutating func take(_ delimiter: Boundaries.Delimiter, inHeader: Bool) {
        // A header without an end is that of an empty body.
        if inHeader { beginBody() }
        if leafIsPreamble, delimiter.level == boundaries.levels.count - 1 { leaf = nil }
        if leaf != nil { endLeaf(inHeader ? 0 : leafSizeBeforeLine) }
        guard fault == nil else { return }
        let level = boundaries.levels[delimiter.level]
        if delimiter.closes {
            boundaries.close(from: delimiter.level)
            place = .body
        } else {
            if delimiter.level + 1 < boundaries.levels.count { boundaries.close(from: delimiter.level + 1) }
            beginHeader(depth: level.depth + 1, isInDigest: level.isDigest)
        }
    }

    /// Octets of the leaf in this piece, wherever in it.
    private mutating func count(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) {
        guard leaf != nil else { return }
        var index = start
        while index < min(4, end) {
            let behind = window(base, index)
            leaf?.add(base[index], behind: behind)
            index += 1
        }
        if index < end { leaf?.add(base, from: index, to: end) }
    }
}
