// The name of an attachment as a refusal names it: one line of printable ASCII, whatever the sender wrote.

enum FileName {
    private static let longest = 255

    /// Encoded words are decoded; a character that an SMTP reply cannot carry becomes `?`.
    /// - Returns: nil when nothing is left.
    static func printable(_ octets: [UInt8]) -> String? {
        // Decoding makes text shorter, never longer: what is beyond this is never seen.
        let text = String(decoding: EncodedWords.decoded(Array(octets.prefix(4 * longest))), as: UTF8.self)
        var name: [UInt8] = []
        for scalar in text.unicodeScalars.prefix(longest) {
            name.append((0x20...0x7E).contains(scalar.value) ? UInt8(scalar.value) : UInt8(ascii: "?"))
        }
        while name.last == 0x20 { name.removeLast() }
        let printable = name.drop { $0 == 0x20 }
        return printable.isEmpty ? nil : String(decoding: printable, as: UTF8.self)
    }
}
