// RFC 5321 §4.1.2: Mail-parameters = esmtp-param *(SP esmtp-param), read octet by octet. A parameter belongs to an
// extension; where that is off, the parameter is unknown.
import Mail

enum ParameterFault: Error { case unknown, syntax, twice }

struct ParameterGrammar {
    var leniency = SMTPLimits.Leniency.strict
    var extensions = SMTPExtensions.usual
    /// AUTH is offered, so MAIL's AUTH= is known.
    var allowsSubmitter = false

    /// esmtp-param = esmtp-keyword ["=" esmtp-value], here those of MAIL.
    func mail(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int
    ) throws(ParameterFault) -> MailParameters {
        var parameters = MailParameters()
        while let token = try next(bytes, &at, end) { try mail(bytes, token, &parameters) }
        return parameters
    }

    func recipient(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int
    ) throws(ParameterFault) -> RcptParameters {
        var parameters = RcptParameters()
        while let token = try next(bytes, &at, end) {
            guard extensions.contains(.deliveryStatus) else { throw .unknown }
            if Self.equals(bytes, token.keyword, "NOTIFY") {
                guard parameters.notify == nil else { throw .twice }
                parameters.notify = try DSNGrammar.notify(bytes, token.value)
            } else if Self.equals(bytes, token.keyword, "ORCPT") {
                guard parameters.originalRecipient == nil else { throw .twice }
                parameters.originalRecipient = try DSNGrammar.originalRecipient(
                    bytes, token.value, allowsUTF8: extensions.contains(.internationalized))
            } else {
                throw .unknown
            }
        }
        return parameters
    }

    private func mail(
        _ bytes: borrowing Span<UInt8>, _ token: Token, _ parameters: inout MailParameters
    ) throws(ParameterFault) {
        let keyword = token.keyword
        if Self.equals(bytes, keyword, "SIZE"), extensions.contains(.size) {
            guard parameters.size == nil else { throw .twice }
            parameters.size = try Self.size(bytes, token.value)
        } else if Self.equals(bytes, keyword, "BODY"), !extensions.isDisjoint(with: [.eightBitMIME, .binaryMIME]) {
            guard parameters.body == nil else { throw .twice }
            parameters.body = try body(bytes, token.value)
        } else if Self.equals(bytes, keyword, "SMTPUTF8"), extensions.contains(.internationalized) {
            guard !parameters.isInternationalized else { throw .twice }
            guard token.value.isEmpty else { throw .syntax }
            parameters.isInternationalized = true
        } else if Self.equals(bytes, keyword, "AUTH"), allowsSubmitter {
            guard parameters.submitter == nil else { throw .twice }
            parameters.submitter = try submitter(bytes, token.value)
        } else if Self.equals(bytes, keyword, "RET"), extensions.contains(.deliveryStatus) {
            guard parameters.reportReturns == nil else { throw .twice }
            parameters.reportReturns = try DSNGrammar.reportReturns(bytes, token.value)
        } else if Self.equals(bytes, keyword, "ENVID"), extensions.contains(.deliveryStatus) {
            guard parameters.envelopeID == nil else { throw .twice }
            parameters.envelopeID = try DSNGrammar.envelopeID(bytes, token.value)
        } else {
            throw .unknown
        }
    }

    // size-value = 1*20DIGIT. More than fits is more than anybody takes.
    static func size(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(ParameterFault) -> Int {
        guard (1...20).contains(range.count) else { throw .syntax }
        var value = 0
        for index in range {
            guard (48...57).contains(bytes[index]) else { throw .syntax }
            if value == Int.max { continue }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int(bytes[index] - 48))
            value = overflow || carry ? Int.max : sum
        }
        return value
    }

    // body-value = "7BIT" / "8BITMIME" / "BINARYMIME"
    private func body(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(ParameterFault) -> MailParameters.Body {
        if extensions.contains(.binaryMIME), Self.equals(bytes, range, "BINARYMIME") { return .binaryMIME }
        guard extensions.contains(.eightBitMIME) else { throw .syntax }
        if Self.equals(bytes, range, "8BITMIME") { return .eightBitMIME }
        if Self.equals(bytes, range, "7BIT") { return .sevenBit }
        throw .syntax
    }

    // RFC 4954 §5: "AUTH=" ( "<>" / xtext of a mailbox )
    private func submitter(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(ParameterFault) -> SenderPath {
        if Self.equals(bytes, range, "<>") { return .null }
        let allowsUTF8 = extensions.contains(.internationalized)
        guard let text = XText.read(bytes, range, allowsUTF8: allowsUTF8) else { throw .syntax }
        let plain = Array(text.text.utf8)
        var at = 0
        do throws(PathFault) {
            let address = try PathGrammar.mailbox(plain.span, &at, plain.count, allowsUTF8: allowsUTF8)
            guard at == plain.count else { throw .syntax }
            return .mailbox(address)
        } catch {
            throw .syntax
        }
    }

    struct Token {
        var keyword: Range<Int>
        /// Empty where there is no "=".
        var value: Range<Int>
    }

    /// The next keyword and value; nil at the end of the line.
    private func next(
        _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int
    ) throws(ParameterFault) -> Token? {
        guard at < end else { return nil }
        guard bytes[at] == 0x20 else { throw .syntax }
        at += 1
        if leniency.contains(.trailingSpace) {
            while at < end, bytes[at] == 0x20 { at += 1 }
            if at == end { return nil }
        }
        let start = at
        // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
        while at < end, Self.isKeywordText(bytes[at]) { at += 1 }
        let keyword = start..<at
        guard !keyword.isEmpty, bytes[start] != UInt8(ascii: "-") else { throw .syntax }
        guard at < end, bytes[at] == UInt8(ascii: "=") else { return Token(keyword: keyword, value: at..<at) }
        at += 1
        let valueStart = at
        while at < end, isValueText(bytes[at]) { at += 1 }
        guard at > valueStart else { throw .syntax }
        return Token(keyword: keyword, value: valueStart..<at)
    }

    // esmtp-value = 1*(%d33-60 / %d62-126), and UTF8-non-ascii by RFC 6531 §3.3
    @inline(__always)
    private func isValueText(_ octet: UInt8) -> Bool {
        if octet >= 0x80 { return extensions.contains(.internationalized) }
        return octet > 0x20 && octet < 0x7F && octet != UInt8(ascii: "=")
    }

    private static func isKeywordText(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet) || octet == 0x2D
    }

    static func equals(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where Verb.upper(bytes[range.lowerBound + offset]) != word.utf8Start[offset] {
            return false
        }
        return true
    }
}
