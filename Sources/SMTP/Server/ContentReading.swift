// The octets between 354 and the final dot: handed out as ranges, counted, refused when they are too many or when a
// line end in them is not one.

extension SMTPServerSession {
    mutating func readContent(
        _ scanner: ContentScanner, _ octets: Int, in bytes: borrowing Span<UInt8>, from offset: inout Int
    ) -> SMTPServerAction? {
        var scanner = scanner
        switch scanner.next(in: bytes, from: &offset) {
        case .content(let range):
            let total = octets + range.count
            if total > configuration.limits.messageSize {
                return giveUp(.discarding(scanner, .standard(.messageTooLarge), octets: total))
            }
            if configuration.limits.refusesNUL, holdsNUL(bytes, range) {
                return giveUp(.discarding(scanner, .standard(.nulInContent), octets: total))
            }
            phase = .content(scanner, octets: total)
            return .content(range)
        case .ended:
            pending.append(.receipt)
            phase = .receipt(thenShutDown: false)
            return .endContent
        case .bare(let endsLeniently):
            return refuseBareLineEnd(endsLeniently, octets)
        case .exhausted:
            phase = .content(scanner, octets: octets)
            return .needsInput
        }
    }

    /// Reads a refused message to its true end and then says why.
    mutating func discard(
        _ scanner: ContentScanner, _ reply: SMTPReply, _ octets: Int, in bytes: borrowing Span<UInt8>,
        from offset: inout Int
    ) -> SMTPServerAction? {
        var scanner = scanner
        switch scanner.next(in: bytes, from: &offset) {
        case .content(let range):
            let total = octets + range.count
            phase = .discarding(scanner, reply, octets: total)
            if total > discardLimit { end(saying: reply) }
        case .ended:
            refuseContent(finally: reply)
        case .bare(let endsLeniently):
            return refuseBareLineEnd(endsLeniently, octets)
        case .exhausted:
            phase = .discarding(scanner, reply, octets: octets)
            return .needsInput
        }
        return nil
    }

    mutating func discardCarelessly(
        _ scanner: CarelessEndScanner, _ octets: Int, in bytes: borrowing Span<UInt8>, from offset: inout Int
    ) -> SMTPServerAction? {
        var scanner = scanner
        let start = offset
        let hasEnded = scanner.findEnd(in: bytes, from: &offset)
        let total = octets + offset - start
        phase = .discardingCarelessly(scanner, octets: total)
        if hasEnded || total > discardLimit {
            end(saying: .standard(.bareLineEndInContent))
            return nil
        }
        return .needsInput
    }

    private mutating func refuseBareLineEnd(_ endsLeniently: Bool, _ octets: Int) -> SMTPServerAction? {
        if endsLeniently {
            end(saying: .standard(.bareLineEndInContent))
            return nil
        }
        return giveUp(.discardingCarelessly(CarelessEndScanner(), octets: octets))
    }

    /// The refused message has been read to its end.
    mutating func refuseContent(finally reply: SMTPReply) {
        pending.append(.reply(reply))
        phase = reply.closesSession ? .closing : .commands
        repeatFinal(reply)
        countRefusal()
    }

    /// The router may forget the message now; the client hears of it when it has finished.
    mutating func giveUp(_ next: Phase) -> SMTPServerAction? {
        phase = next
        guard transaction != nil else { return nil }
        transaction = nil
        return .abortTransaction
    }

    /// Beyond this a refused message is not even read.
    var discardLimit: Int { 2 * configuration.limits.messageSize + 1_048_576 }

    func holdsNUL(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] == 0 { return true }
        return false
    }
}
