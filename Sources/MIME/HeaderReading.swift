// Header lines: which field is it, how long, and is its value one that is asked for.

extension ContentInspector {
    /// Values beyond this are cut; what a mail program needs to show a part stands well before.
    private static let longestValue = 4096
    private static let usualValue = 256

    mutating func readLineStart(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        if head.isEmpty {
            let octets = UnsafeBufferPointer(start: base + start, count: end - start)
            let line = LineHead(octets)
            if line != .incomplete { return take(line, octets, at: start) }
            head += octets
            return end
        }
        for index in start..<end {
            head.append(base[index])
            // Until there is a name the line can only be known by its first two octets.
            guard head.count <= 2 || base[index] == UInt8(ascii: ":") || base[index] == 10 || head.count == LineHead.longest
            else { continue }
            let octets = head
            let line = octets.withUnsafeBufferPointer { LineHead($0) }
            guard line != .incomplete else { continue }
            head.removeAll(keepingCapacity: true)
            let offset = index + 1 - octets.count
            return octets.withUnsafeBufferPointer { take(line, $0, at: offset) }
        }
        return end
    }

    /// - Parameter start: where the line begins in the piece; below 0 if it began in an earlier one.
    /// - Returns: the first octet behind what the line's head took.
    private mutating func take(_ line: LineHead, _ octets: UnsafeBufferPointer<UInt8>, at start: Int) -> Int {
        switch line {
        case .incomplete: return start + octets.count
        case .empty(let count):
            endField()
            if isInMessageHeader {
                facts.headerHasEnded = true
                endMessageHeader(at: start + count)
            }
            beginBody()
            return start + count
        case .continuation:
            if fieldCount == 0 { facts.hasMalformedHeaderLine = true }
            place = .fieldRest
            return start
        case .dashes:
            endField()
            beginDashes(inHeader: true)
            return start + 2
        case .field(let name, let count):
            beginField(name, count)
            return start + count
        case .malformed(let count):
            noteNonASCII(octets[..<count].contains { $0 > 127 })
            takeMalformed(count)
            return start + count
        }
    }

    /// A line that is no field is passed over, and the header goes on behind it: some mail programs read on there.
    mutating func takeMalformed(_ count: Int) {
        facts.hasMalformedHeaderLine = true
        beginField(nil, count)
    }

    private mutating func beginField(_ name: FieldName?, _ count: Int) {
        endField()
        place = .fieldRest
        fieldCount += 1
        fieldOctets = 0
        guard fieldCount <= limits.fields else {
            fault = .tooManyFields(limit: limits.fields)
            return
        }
        account(count)
        guard let name else { return }
        if value.capacity == 0 { value.reserveCapacity(Self.usualValue) }
        if isInMessageHeader { facts.fields.add(name) }
        switch name {
        case .contentType, .contentDisposition, .contentTransferEncoding: kept = name
        case .messageID, .from: kept = isInMessageHeader && facts.fields[name] == 1 ? name : nil
        default: break
        }
    }

    mutating func readFieldRest(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var seen: UInt64 = 0
        let stop = OctetScan.lineFeed(base, from: start, to: end, seen: &seen)
        if OctetScan.hasHighBit(seen) { noteNonASCII(true) }
        let next = min(stop + 1, end)
        account(next - start)
        if kept != nil {
            let room = Self.longestValue - value.count
            value += UnsafeBufferPointer(start: base + start, count: min(room, stop - start))
            if stop - start > room { valueIsTruncated = true }
        }
        if stop < end { place = .lineStart }
        return next
    }

    mutating func noteNonASCII(_ isThere: Bool) {
        guard isThere else { return }
        if isInMessageHeader { facts.headerHasNonASCII = true } else { facts.partHeaderHasNonASCII = true }
    }

    /// More octets of the field and so of the header. When both become too long, the one that does so first counts.
    mutating func account(_ count: Int) {
        let headerRoom = limits.header - headerOctets
        let fieldRoom = limits.field - fieldOctets
        headerOctets += count
        fieldOctets += count
        guard count > min(headerRoom, fieldRoom) else { return }
        fault = headerRoom <= fieldRoom ? .headerTooLarge(limit: limits.header) : .fieldTooLong(limit: limits.field)
    }

    /// The next line belongs to another field, or to none.
    mutating func endField() {
        guard let name = kept else { return }
        kept = nil
        switch name {
        case .messageID: facts.messageIDValue = Array(value[...])
        case .from: facts.fromValue = Array(value[...])
        case .contentType: part.takeType(value)
        case .contentDisposition: part.takeDisposition(value)
        case .contentTransferEncoding: part.takeEncoding(value)
        default: break
        }
        if valueIsTruncated { part.takeTruncated() }
        valueIsTruncated = false
        value.removeAll(keepingCapacity: true)
    }
}
