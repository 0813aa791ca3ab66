// RFC 5321 §4.1.2: Mail-parameters = esmtp-param *(SP esmtp-param), read octet by octet.

enum ParameterFault: Error { case unknown, syntax, twice }

enum ParameterGrammar {
    // esmtp-param = esmtp-keyword ["=" esmtp-value], here those of MAIL: SIZE (RFC 1870 §6.1), BODY (RFC 6152 §3).
    static func mail(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ leniency: SMTPLimits.Leniency
    ) throws(ParameterFault) -> MailParameters {
        var parameters = MailParameters()
        while let token = try next(bytes, &at, end, leniency) {
            if equals(bytes, token.keyword, "SIZE") {
                guard parameters.size == nil else { throw .twice }
                parameters.size = try size(bytes, token.value)
            } else if equals(bytes, token.keyword, "BODY") {
                guard parameters.body == nil else { throw .twice }
                parameters.body = try body(bytes, token.value)
            } else {
                throw .unknown
            }
        }
        return parameters
    }

    static func recipient(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ leniency: SMTPLimits.Leniency
    ) throws(ParameterFault) -> RcptParameters {
        if try next(bytes, &at, end, leniency) != nil { throw .unknown }
        return RcptParameters()
    }

    // size-value = 1*20DIGIT. More than fits is more than anybody takes.
    private static func size(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(ParameterFault) -> Int {
        guard (1...20).contains(range.count) else { throw .syntax }
        var value = 0
        for index in range {
            guard (48...57).contains(bytes[index]) else { throw .syntax }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int(bytes[index] - 48))
            value = overflow || carry ? Int.max : sum
            if value == Int.max { break }
        }
        return value
    }

    private static func body(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(ParameterFault) -> MailParameters.Body {
        if equals(bytes, range, "8BITMIME") { return .eightBitMIME }
        if equals(bytes, range, "7BIT") { return .sevenBit }
        throw .syntax
    }

    /// The next keyword and value; nil at the end of the line.
    private static func next(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ leniency: SMTPLimits.Leniency
    ) throws(ParameterFault) -> (keyword: Range<Int>, value: Range<Int>)? {
        guard at < end else { return nil }
        guard bytes[at] == 0x20 else { throw .syntax }
        at += 1
        if leniency.contains(.trailingSpace) {
            while at < end, bytes[at] == 0x20 { at += 1 }
            if at == end { return nil }
        }
        let start = at
        // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
        while at < end, isKeywordText(bytes[at]) { at += 1 }
        let keyword = start..<at
        guard !keyword.isEmpty, bytes[start] != UInt8(ascii: "-") else { throw .syntax }
        guard at < end, bytes[at] == UInt8(ascii: "=") else { return (keyword, at..<at) }
        at += 1
        let valueStart = at
        // esmtp-value = 1*(%d33-60 / %d62-126)
        while at < end, (0x21...0x7E).contains(bytes[at]), bytes[at] != UInt8(ascii: "=") { at += 1 }
        guard at > valueStart else { throw .syntax }
        return (keyword, valueStart..<at)
    }

    private static func isKeywordText(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet) || octet == 0x2D
    }

    private static func equals(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where Verb.upper(bytes[range.lowerBound + offset]) != word.utf8Start[offset] {
            return false
        }
        return true
    }
}
