// Text as NTLM carries and hashes it: UTF-16LE, and Windows's capital letters.

enum UTF16Text {
    static func encode(_ text: String) -> [UInt8] { octets(text.utf16) }

    /// - Returns: nil for an odd count and for half a surrogate pair.
    static func decode(_ octets: some Collection<UInt8>) -> String? {
        guard octets.count % 2 == 0 else { return nil }
        var units: [UInt16] = []
        var low: UInt8?
        for octet in octets {
            if let first = low {
                units.append(UInt16(octet) << 8 | UInt16(first))
                low = nil
            } else {
                low = octet
            }
        }
        return String(validating: units, as: UTF16.self)
    }

    /// As Windows does it: one unit becomes one unit, so ß stays.
    static func capitals(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let capital = scalar.properties.uppercaseMapping.unicodeScalars
                    guard let first = capital.first, capital.count == 1, first.value < 0x1_0000 else { return scalar }
                    return first
                }))
    }

    /// As curl does it: only a to z.
    static func asciiCapitals(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { "a"..."z" ~= $0 ? Unicode.Scalar(UInt8($0.value) - 32) : $0 }))
    }

    private static func octets(_ units: some Sequence<UInt16>) -> [UInt8] {
        units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    }
}
