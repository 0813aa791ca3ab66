// RFC 3461 §4: the values of RET, ENVID, NOTIFY and ORCPT.

enum DSNGrammar {
    private static let envelopeIDLimit = 100
    private static let originalRecipientLimit = 500

    // ret-value = "FULL" / "HDRS"
    static func reportReturns(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(ParameterFault) -> MailParameters.ReportReturn {
        if ParameterGrammar.equals(bytes, range, "FULL") { return .full }
        if ParameterGrammar.equals(bytes, range, "HDRS") { return .headers }
        throw .syntax
    }

    // envid-parameter = "ENVID=" xtext
    static func envelopeID(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(ParameterFault) -> XText {
        guard (1...envelopeIDLimit).contains(range.count), let text = XText.read(bytes, range) else { throw .syntax }
        return text
    }

    // notify-esmtp-value = "NEVER" / 1#notify-list-element
    // notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
    static func notify(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(ParameterFault) -> RcptParameters.Notify {
        if ParameterGrammar.equals(bytes, range, "NEVER") { return .never }
        var wanted: RcptParameters.Notify = []
        var start = range.lowerBound
        while start <= range.upperBound {
            var stop = start
            while stop < range.upperBound, bytes[stop] != UInt8(ascii: ",") { stop += 1 }
            guard let element = element(bytes, start..<stop), !wanted.contains(element) else { throw .syntax }
            wanted.insert(element)
            start = stop + 1
        }
        return wanted
    }

    // original-recipient-address = addr-type ";" xtext ; addr-type = atom
    // RFC 6533 §3: only the type "utf-8" may hold UTF-8.
    static func originalRecipient(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>, allowsUTF8: Bool
    ) throws(ParameterFault) -> RcptParameters.OriginalRecipient {
        guard range.count <= originalRecipientLimit else { throw .syntax }
        var separator = range.lowerBound
        while separator < range.upperBound, PathGrammar.isAtomText(bytes[separator]) { separator += 1 }
        guard separator > range.lowerBound, separator + 1 < range.upperBound, bytes[separator] == UInt8(ascii: ";") else {
            throw .syntax
        }
        let isUTF8 = allowsUTF8 && ParameterGrammar.equals(bytes, range.lowerBound..<separator, "UTF-8")
        guard let address = XText.read(bytes, separator + 1..<range.upperBound, allowsUTF8: isUTF8) else { throw .syntax }
        return RcptParameters.OriginalRecipient(
            type: PathGrammar.lowercased(bytes, range.lowerBound..<separator), address: address)
    }

    private static func element(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> RcptParameters.Notify? {
        if ParameterGrammar.equals(bytes, range, "SUCCESS") { return .success }
        if ParameterGrammar.equals(bytes, range, "FAILURE") { return .failure }
        if ParameterGrammar.equals(bytes, range, "DELAY") { return .delay }
        return nil
    }
}
