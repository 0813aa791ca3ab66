// Patterns of addresses, as administrators write them.

/// Text in which `*` stands for any characters and `?` for one. Compared without case.
package struct WildcardPattern: Sendable {
    private let text: String
    private let isPlain: Bool

    package init(_ text: String) {
        self.text = text.lowercased()
        isPlain = !text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    /// Goes back to the last `*` only: at most pattern × text steps.
    /// - Parameter folded: in lower case.
    package func matches(_ folded: String) -> Bool {
        if isPlain { return text == folded }
        let (signs, letters) = (text.unicodeScalars, folded.unicodeScalars)
        var (sign, letter) = (signs.startIndex, letters.startIndex)
        var retry: (sign: String.Index, letter: String.Index)?
        while letter < letters.endIndex {
            if sign < signs.endIndex, signs[sign] == "*" {
                sign = signs.index(after: sign)
                retry = (sign, letter)
            } else if sign < signs.endIndex, signs[sign] == "?" || signs[sign] == letters[letter] {
                sign = signs.index(after: sign)
                letter = letters.index(after: letter)
            } else if let (afterStar, start) = retry {
                // The star takes one character more.
                sign = afterStar
                letter = letters.index(after: start)
                retry = (afterStar, letter)
            } else {
                return false
            }
        }
        return signs[sign...].allSatisfy { $0 == "*" }
    }
}
