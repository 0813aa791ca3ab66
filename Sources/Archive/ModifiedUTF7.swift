// Names of folders as IMAP and Maildir++ write them: printable ASCII for itself, `&-` for an ampersand, and everything
// else as UTF-16 in a Base64 of its own between `&` and `-` (RFC 3501 §5.1.3).

package enum ModifiedUTF7Error: Error, Equatable, Sendable {
    /// An octet outside of printable ASCII.
    case octet
    /// A `&` without its `-`.
    case unterminated
    /// Neither a letter, a digit, `+` nor `,` between `&` and `-`.
    case alphabet
    /// Bits are left over, or too few, or not zero.
    case padding
    /// Half of a surrogate pair.
    case surrogate
    /// Printable ASCII that was encoded, or two encoded runs with nothing between them: there is a shorter form, which
    /// must be taken, so that a name has only one.
    case superfluous
}

package enum ModifiedUTF7 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,".utf8)

    package static func encode(_ text: String) -> [UInt8] {
        var octets: [UInt8] = []
        var run: [UInt16] = []
        for unit in text.utf16 {
            guard isPrintable(unit) else {
                run.append(unit)
                continue
            }
            append(&run, to: &octets)
            octets.append(UInt8(unit))
            if unit == 0x26 { octets.append(0x2D) }
        }
        append(&run, to: &octets)
        return octets
    }

    package static func decode(_ octets: some Collection<UInt8>) throws(ModifiedUTF7Error) -> String {
        let octets = Array(octets)
        var units: [UInt16] = []
        var index = 0
        /// Where the last encoded run ended.
        var runEnd: Int?
        while index < octets.count {
            let octet = octets[index]
            guard isPrintable(UInt16(octet)) else { throw .octet }
            index += 1
            guard octet == 0x26 else {
                units.append(UInt16(octet))
                continue
            }
            guard let end = octets[index...].firstIndex(of: 0x2D) else { throw .unterminated }
            if end == index {
                units.append(0x26)
            } else {
                if runEnd == index - 1 { throw .superfluous }
                units += try run(octets[index..<end])
                runEnd = end + 1
            }
            index = end + 1
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw .surrogate }
        return text
    }

    private static func isPrintable(_ unit: UInt16) -> Bool { (0x20...0x7E).contains(unit) }

    private static func append(_ run: inout [UInt16], to octets: inout [UInt8]) {
        guard !run.isEmpty else { return }
        octets.append(0x26)
        var (bits, count): (UInt32, Int) = (0, 0)
        for unit in run {
            bits = bits << 16 | UInt32(unit)
            count += 16
            while count >= 6 {
                count -= 6
                octets.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
            bits &= 63
        }
        if count > 0 { octets.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        octets.append(0x2D)
        run.removeAll()
    }

    private static func run(_ letters: ArraySlice<UInt8>) throws(ModifiedUTF7Error) -> [UInt16] {
        var units: [UInt16] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for letter in letters {
            guard let value = alphabet.firstIndex(of: letter) else { throw isPrintable(UInt16(letter)) ? .alphabet : .octet }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 16 else { continue }
            count -= 16
            let unit = UInt16(truncatingIfNeeded: bits >> UInt32(count))
            if isPrintable(unit) { throw .superfluous }
            units.append(unit)
            bits &= 1 << UInt32(count) - 1
        }
        guard count < 6, bits == 0 else { throw .padding }
        return units
    }
}
