// Looks at a message's content while it streams past, in pieces of any size cut anywhere: holds it to limits (R-05, D7)
// and notes what its header has (RFC 6409 §8 needs to know what is missing).
//
// Guarantees: no octet of the content is kept but the few fields that are asked for, each to 4 KB at most, one line
// that may be a delimiter, and the boundaries of the open multiparts. Facts and fault depend on the octets alone, not
// on where they were cut. Time is linear in the octets. Nothing that the message says can make it fail otherwise.

package struct ContentInspector: Sendable {
    /// What the next octet belongs to.
    enum Place: Equatable {
        /// The beginning of a header line; `head` has what came of it.
        case lineStart
        /// The rest of a header line.
        case fieldRest
        /// A line that began with two hyphens, and may be a delimiter; `line` has what came of it.
        case dashes(inHeader: Bool)
        /// A leaf, or what stands before, between and behind the parts of a multipart.
        case body
    }

    let limits: InspectionLimits
    package internal(set) var facts = ContentFacts()
    /// The first fault; inspection ends there.
    package internal(set) var fault: InspectionFault?

    var place = Place.lineStart
    /// The last four octets of the pieces before, the nearest lowest.
    var tail: UInt32 = 0

    // The header that is being read.
    var part = PartHeader()
    /// How deep it lies; the message's own is 0.
    var depth = 0
    var headerOctets = 0
    var fieldCount = 0
    var fieldOctets = 0
    /// The beginning of a line that a cut went through.
    var head: [UInt8] = []
    /// The field whose value is being kept.
    var kept: FieldName?
    var value: [UInt8] = []
    var valueIsTruncated = false

    // The structure.
    var boundaries = Boundaries()
    var line: [UInt8] = []
    var lineOctets = 0
    /// Decoded octets of the leaf if `line` is a delimiter.
    var leafSizeBeforeLine = 0
    /// The leaf that the limit is held to.
    var leaf: LeafCounter?
    /// What stands before the first delimiter of the innermost multipart; a leaf if none comes.
    var leafIsPreamble = false

    /// The header being read is the message's own.
    private(set) var isInMessageHeader = true
    /// Where the message's body begins in this piece.
    private var bodyStart = 0
    private var lineLength = 0

    package init(limits: InspectionLimits = InspectionLimits()) { self.limits = limits }

    /// The next octets of the content, as they are stored: without dot-stuffing.
    /// - Returns: the first fault, from when it was found on with every call. Then no octet is looked at any more.
    @discardableResult
    package mutating func inspect(_ bytes: borrowing Span<UInt8>) -> InspectionFault? {
        bytes.withUnsafeBytes { inspect($0) }
    }

    @discardableResult
    package mutating func inspect(_ bytes: UnsafeRawBufferPointer) -> InspectionFault? {
        guard fault == nil, !bytes.isEmpty else { return fault }
        bytes.withMemoryRebound(to: UInt8.self) { octets in
            if let base = octets.baseAddress { read(base, count: octets.count) }
        }
        return fault
    }

    /// The content has ended; nothing may follow. A part that was not closed ends here too.
    package mutating func finish() -> InspectionFault? {
        guard fault == nil else { return fault }
        switch place {
        case .lineStart:
            if !head.isEmpty {
                noteNonASCII(head.contains { $0 > 127 })
                takeMalformed(head.count)
            }
            finishHeader()
        case .fieldRest: finishHeader()
        case .dashes:
            endDashes(at: 0)
            // A delimiter has begun a part, whose header ends here.
            if place == .lineStart { finishHeader() }
        case .body: break
        }
        if let leaf, fault == nil { endLeaf(leaf.decoded) }
        place = .body
        return fault
    }

    private mutating func finishHeader() {
        guard fault == nil else { return }
        endField()
        beginBody()
    }

    private mutating func read(_ base: UnsafePointer<UInt8>, count: Int) {
        let end = limits.line.map { limit in endOfShortLines(base, count, limit) } ?? count
        bodyStart = isInMessageHeader ? end : 0
        var index = 0
        while index < end, fault == nil {
            switch place {
            case .lineStart: index = readLineStart(base, from: index, to: end)
            case .fieldRest: index = readFieldRest(base, from: index, to: end)
            case .dashes(let inHeader): index = readDashes(base, from: index, to: end, inHeader: inHeader)
            case .body: index = readBody(base, from: index, to: end)
            }
        }
        if !facts.bodyHasEightBit || !facts.bodyHasNUL {
            let (eightBit, hasNUL) = OctetScan.survey(base, from: bodyStart, to: end)
            if eightBit { facts.bodyHasEightBit = true }
            if hasNUL { facts.bodyHasNUL = true }
        }
        tail = window(base, count)
        if end < count, fault == nil, let limit = limits.line { fault = .lineTooLong(limit: limit) }
    }

    /// The message's own header has ended right before this octet of the piece.
    mutating func endMessageHeader(at index: Int) {
        isInMessageHeader = false
        bodyStart = index
    }

    /// The four octets before one of this piece, the nearest lowest.
    func window(_ base: UnsafePointer<UInt8>, _ index: Int) -> UInt32 {
        var window = tail
        for place in max(0, index - 4)..<index { window = window << 8 | UInt32(base[place]) }
        return window
    }

    /// The index of the first octet that makes a line too long, or the count. A CR does so only when no LF follows.
    private mutating func endOfShortLines(_ base: UnsafePointer<UInt8>, _ count: Int, _ limit: Int) -> Int {
        var index = 0
        var seen: UInt64 = 0
        while index < count {
            let stop = OctetScan.lineFeed(base, from: index, to: count, seen: &seen)
            let length = lineLength + stop - index
            let endsInCarriageReturn = window(base, stop) & 0xFF == 13
            if length - (endsInCarriageReturn ? 1 : 0) > limit {
                let excess = stop - length + limit
                return window(base, excess + 1) & 0xFF == 13 ? excess + 1 : excess
            }
            lineLength = stop < count ? 0 : length
            index = stop + 1
        }
        return count
    }
}
