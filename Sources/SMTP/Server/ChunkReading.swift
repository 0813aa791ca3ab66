// BDAT (RFC 3030): content in chunks of announced length. Guarantee: the octets of a chunk are never read as commands,
// whatever becomes of the chunk; and unless BODY=BINARYMIME was declared, no bare CR or LF goes through, or it would be
// smuggled out by DATA later.

extension SMTPServerSession {
    // bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CRLF ; chunk-size = 1*DIGIT ; end-marker = "LAST"
    // Every answer of the transaction is here (`perform` has waited).
    mutating func chunk(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        guard let (size, isLast) = chunkSize(bytes, argument, end) else {
            // Nobody knows how many octets follow: to go on would be to read content as commands.
            self.end(saying: .standard(.chunkSyntax))
            return nil
        }
        finalReplies = 1
        if let refusal = chunkRefusal {
            chunkRefusal = nil
            return giveUp(.swallowing(left: size, refusal), announced: size)
        }
        if let refusal = refusalOfContent() { return skip(size, saying: refusal) }
        guard transaction!.accepted > 0 else { return skip(size, saying: noValidRecipients) }
        if isLast, configuration.dialect == .lmtp { finalReplies = transaction!.accepted }
        let (total, overflow) = transaction!.octets.addingReportingOverflow(size)
        guard !overflow, total <= configuration.limits.messageSize else {
            return giveUp(.swallowing(left: size, .standard(.messageTooLarge)), announced: size)
        }
        if size < SMTPLimits.smallChunk { transaction!.smallChunks += 1 }
        guard transaction!.smallChunks <= configuration.limits.smallChunks else {
            self.end(saying: .standard(.tooManyErrors))
            return nil
        }
        if !transaction!.isChunked { pending.append(.openContent) }
        transaction!.isChunked = true
        transaction!.octets = total
        phase = .chunk(left: size, isLast: isLast)
        return nil
    }

    mutating func readChunk(
        _ left: Int, _ isLast: Bool, in bytes: borrowing Span<UInt8>, from offset: inout Int
    ) -> SMTPServerAction? {
        guard left > 0 else { return endChunk(isLast) }
        guard offset < bytes.count else { return .needsInput }
        var range = offset..<offset + min(left, bytes.count - offset)
        if !transaction!.isBinary {
            range = range.lowerBound..<firstBareLineEnd(bytes, range)
            if range.isEmpty { return giveUp(.swallowing(left: left, .standard(.bareLineEndInContent))) }
        }
        offset = range.upperBound
        phase = .chunk(left: left - range.count, isLast: isLast)
        guard !transaction!.isBinary else { return .content(range) }
        if configuration.limits.refusesNUL, holdsNUL(bytes, range) {
            return giveUp(.swallowing(left: left - range.count, .standard(.nulInContent)))
        }
        transaction!.endsInCarriageReturn = bytes[range.upperBound - 1] == 13
        return .content(range)
    }

    mutating func swallowChunk(
        _ left: Int, _ reply: SMTPReply, in bytes: borrowing Span<UInt8>, from offset: inout Int
    ) -> SMTPServerAction? {
        let count = min(left, bytes.count - offset)
        offset += count
        phase = .swallowing(left: left - count, reply)
        if left > count { return .needsInput }
        refuseContent(finally: reply)
        return nil
    }

    private mutating func endChunk(_ isLast: Bool) -> SMTPServerAction? {
        guard isLast else {
            pending.append(.reply(.standard(.ok)))
            phase = .commands
            return nil
        }
        // What ends in a CR alone has a bare one.
        guard !transaction!.endsInCarriageReturn else {
            return giveUp(.swallowing(left: 0, .standard(.bareLineEndInContent)))
        }
        pending.append(.receipt)
        phase = .receipt(thenShutDown: false)
        return .endContent
    }

    /// A chunk that comes out of order. Refused without an error's weight: behind one refused chunk a client that
    /// pipelines has more of them under way (RFC 3030 §2).
    private mutating func skip(_ size: Int, saying reply: StandardReply) -> SMTPServerAction? {
        guard size <= discardLimit else {
            end(saying: .standard(reply))
            return nil
        }
        phase = .swallowing(left: size, .standard(reply))
        return nil
    }

    /// Refused because of its size; the octets are thrown away first (RFC 3030 §2), unless they are too many even for that.
    private mutating func giveUp(_ next: Phase, announced size: Int) -> SMTPServerAction? {
        guard size > discardLimit, case .swallowing(_, let reply) = next else { return giveUp(next) }
        end(saying: reply)
        return nil
    }

    /// The size and whether LAST stands behind it. Sizes beyond all numbers are `Int.max`.
    private func chunkSize(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> (size: Int, isLast: Bool)? {
        let end = withoutTrailingSpace(bytes, argument, end)
        var sizeEnd = argument
        while sizeEnd < end, bytes[sizeEnd] != 0x20 { sizeEnd += 1 }
        guard let size = try? ParameterGrammar.size(bytes, argument..<sizeEnd) else { return nil }
        if sizeEnd == end { return (size, false) }
        return ParameterGrammar.equals(bytes, sizeEnd + 1..<end, "LAST") ? (size, true) : nil
    }

    /// Where an LF stands without CR, or something else than LF behind a CR; the end of the range if nowhere.
    private func firstBareLineEnd(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Int {
        let bytes = bytes.extracting(0..<range.upperBound)
        if transaction!.endsInCarriageReturn != (bytes[range.lowerBound] == 10) { return range.lowerBound }
        var index = range.lowerBound + 1
        while index < range.upperBound {
            index = LineScan.firstEvent(in: bytes, from: index)
            guard index < range.upperBound else { break }
            // A dot behind LF is an event for DATA only.
            if (bytes[index] == 10) != (bytes[index - 1] == 13) { return index }
            index += 1
        }
        return range.upperBound
    }
}
