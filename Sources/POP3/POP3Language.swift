// LANG (RFC 6856 §3). Our texts are English; what a client chooses by it are names for the same words, so that nothing of
// the choice has to be remembered or handed over.

enum POP3Language {
    enum Answer {
        /// To write as it is.
        case listing([UInt8])
        case chosen(POP3Reply)
        case refused(POP3Reply)
    }

    /// RFC 2277 §4.5: i-default is what everybody may be spoken to.
    private static let tags = [(tag: "en", name: "English"), (tag: "i-default", name: "Default language")]

    // lang = "LANG" [SP language-range]
    static func answer(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Answer {
        guard let argument else {
            return .listing(POP3Reply.lines(["+OK Languages follow"] + tags.map { "\($0.tag) \($0.name)" } + ["."]))
        }
        guard let range = range(bytes, argument) else { return .refused(.syntax) }
        guard let tag = lookUp(range) else { return .refused(.unknownLanguage) }
        // RFC 6856 §3: the tag, a space, and text in the language chosen.
        return .chosen(.ok("\(tag) This is English"))
    }

    // language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*"
    /// RFC 4647 §2.1: the subtags in lower case; nil: no language range.
    private static func range(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [Substring]? {
        var octets: [UInt8] = []
        // Not `lowercased()`: Unicode has a Kelvin sign that becomes a k.
        for index in range { octets.append((0x41...0x5A).contains(bytes[index]) ? bytes[index] | 0x20 : bytes[index]) }
        let text = String(decoding: octets, as: UTF8.self)
        if text == "*" { return ["*"] }
        let subtags = text.split(separator: "-", omittingEmptySubsequences: false)
        let isRange = subtags.enumerated().allSatisfy { place, subtag in
            (1...8).contains(subtag.utf8.count)
                && subtag.utf8.allSatisfy { (0x61...0x7A).contains($0) || place > 0 && (0x30...0x39).contains($0) }
        }
        return isRange ? subtags : nil
    }

    /// RFC 4647 §3.4: the range itself or the nearest that is wider, so that en-GB finds en. nil: none of ours.
    private static func lookUp(_ range: [Substring]) -> String? {
        if range == ["*"] { return tags[0].tag }
        var rest = range
        while !rest.isEmpty {
            let candidate = rest.joined(separator: "-")
            if let found = tags.first(where: { $0.tag == candidate }) { return found.tag }
            rest.removeLast()
            // A singleton says nothing without what follows it.
            if let last = rest.last, last.utf8.count == 1 { rest.removeLast() }
        }
        return nil
    }
}
