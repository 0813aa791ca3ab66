// RFC 2047: encoded words, which many senders put into file names although §5 forbids it.

import Mail

enum EncodedWords {
    /// Text with its encoded words decoded if they are UTF-8 or ASCII; others stay as they are.
    static func decoded(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = text[...]
        // White space between two encoded words is none of the text (RFC 2047 §6.2).
        var gap = 0
        var followsWord = false
        while let octet = rest.first {
            if let (word, end) = word(at: rest) {
                if followsWord { output.removeLast(gap) }
                output += word
                rest = text[end...]
                (followsWord, gap) = (true, 0)
            } else {
                output.append(octet)
                rest.removeFirst()
                if octet.isSpace { gap += 1 } else { followsWord = false }
            }
        }
        return output
    }

    /// `=?charset?encoding?text?=` at the beginning, of at most 255 octets (RFC 2047 §2 says 75).
    private static func word(at text: ArraySlice<UInt8>) -> (decoded: [UInt8], end: Int)? {
        guard text.starts(with: "=?".utf8) else { return nil }
        let parts = text.prefix(255).split(separator: UInt8(ascii: "?"), maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[4].first == UInt8(ascii: "="), parts[2].count == 1 else { return nil }
        let charset = parts[1].split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)[0]
        guard isReadable(charset), let encoding = parts[2].first else { return nil }
        let end = parts[4].startIndex + 1
        switch encoding.lowercased {
        case UInt8(ascii: "q"):
            let spaced = parts[3].map { $0 == UInt8(ascii: "_") ? 0x20 : $0 }
            return (unescaped(spaced[...], mark: UInt8(ascii: "=")), end)
        case UInt8(ascii: "b"): return (base64Decoded(parts[3]), end)
        default: return nil
        }
    }

    static func isReadable(_ charset: ArraySlice<UInt8>) -> Bool {
        charset.equals("utf-8") || charset.equals("us-ascii")
    }

    /// The mark and two hexadecimal digits stand for an octet; a mark without them is itself.
    static func unescaped(_ text: ArraySlice<UInt8>, mark: UInt8) -> [UInt8] {
        var output: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == mark, index + 2 < text.endIndex, let high = hex(text[index + 1]), let low = hex(text[index + 2]) {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    private static func hex(_ octet: UInt8) -> UInt8? {
        if octet &- 0x30 < 10 { return octet - 0x30 }
        let letter = octet.lowercased &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    private static func base64Decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for octet in text {
            guard let value = Base64.value(octet) else { continue }
            bits = bits << 6 | value
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        return output
    }
}
