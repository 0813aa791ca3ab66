// Local parts with a detail: `alice+lists` is alice's, filed under lists.

import Mail

enum SubAddress {
    /// Bases that are tried for one address. A stranger chooses how many delimiters a local part has, and each try is a
    /// look-up.
    static let limit = 8

    /// How many ways there are to divide this local part, at most `limit`.
    static func count(in localPart: String, delimiters: String) -> Int {
        if delimiters.isEmpty { return 0 }
        var count = 0
        for sign in localPart.unicodeScalars.dropFirst() where delimiters.unicodeScalars.contains(sign) {
            count += 1
            if count == limit { break }
        }
        return count
    }

    /// Divides at the delimiter of this number, from 1; one at the very beginning does not count, since a base has at
    /// least one character. Asked from the highest number down, it names the longest base first: `anne-marie+lists` is
    /// anne-marie's rather than anne's.
    /// - Returns: detail nil where nothing follows the delimiter.
    static func divide(
        _ localPart: String, delimiters: String, at number: Int
    ) -> (base: String, detail: String?)? {
        let signs = localPart.unicodeScalars
        var seen = 0
        for index in signs.indices.dropFirst() where delimiters.unicodeScalars.contains(signs[index]) {
            seen += 1
            guard seen == number else { continue }
            let detail = String(signs[signs.index(after: index)...])
            return (String(signs[..<index]), detail.isEmpty ? nil : detail)
        }
        return nil
    }
}
