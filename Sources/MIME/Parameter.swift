// One parameter of a MIME header field, put together from what RFC 2231 lets a sender cut it into.

struct Parameter {
    /// RFC 2231 §3: a numbered piece; §4: the piece is percent-encoded.
    private struct Section {
        let number: Int
        let isEncoded: Bool
        let value: ArraySlice<UInt8>
    }

    private let name: StaticString
    private var plain: ArraySlice<UInt8>?
    private var sections: [Section] = []

    /// Pieces beyond these are left out, so that no header can make us sort for long.
    private static let sectionLimit = 64

    /// - Parameter name: in small letters.
    init(_ name: StaticString) { self.name = name }

    /// Takes the value if the attribute is ours: `name`, `name*`, `name*3` or `name*3*`. The first of equal ones wins.
    mutating func take(_ attribute: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        guard attribute.prefix(name.utf8CodeUnitCount).equals(name) else { return }
        var rest = attribute.dropFirst(name.utf8CodeUnitCount)
        if rest.isEmpty {
            if plain == nil { plain = value }
            return
        }
        guard rest.removeFirst() == UInt8(ascii: "*"), sections.count < Parameter.sectionLimit else { return }
        let isEncoded = rest.isEmpty || rest.last == UInt8(ascii: "*")
        if rest.last == UInt8(ascii: "*") { rest.removeLast() }
        guard rest.count <= 3, let number = Parameter.number(rest) else { return }
        if !sections.contains(where: { $0.number == number }) {
            sections.append(Section(number: number, isEncoded: isEncoded, value: value))
        }
    }

    /// The plain form if there is one: where senders give both, it is the one in ASCII. Otherwise the pieces from 0 on
    /// until one is missing. Percent-encoding is taken off if the text is UTF-8 or ASCII, and stays if not.
    var value: [UInt8]? {
        if let plain { return Array(plain) }
        if sections.isEmpty { return nil }
        let ordered = sections.sorted { $0.number < $1.number }
        var text: [UInt8] = []
        var isReadable = true
        for (number, section) in ordered.enumerated() where section.number == number {
            guard section.isEncoded else {
                text += section.value
                continue
            }
            var octets = section.value
            if number == 0 { (isReadable, octets) = Parameter.withoutCharset(octets) }
            text += isReadable ? Parameter.percentDecoded(octets) : Array(octets)
        }
        return ordered.first?.number == 0 ? text : nil
    }

    /// RFC 2231 §4: `charset'language'text`.
    private static func withoutCharset(_ octets: ArraySlice<UInt8>) -> (isReadable: Bool, text: ArraySlice<UInt8>) {
        let parts = octets.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return (true, octets) }
        return (parts[0].isEmpty || EncodedWords.isReadable(parts[0]), parts[2])
    }

    static func percentDecoded(_ octets: ArraySlice<UInt8>) -> [UInt8] {
        EncodedWords.unescaped(octets, mark: UInt8(ascii: "%"))
    }

    /// Nothing is 0: `name*` is not cut.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var number = 0
        for digit in digits {
            guard digit &- 0x30 < 10 else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return number
    }
}
