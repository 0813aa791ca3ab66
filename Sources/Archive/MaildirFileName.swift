// The name of a message's file in a Maildir: what is unique in it, what is said of the size, and the flags.
//
//   1276528487.M364837P9451.host,S=1355,W=1394:2,FSab
//   `unique`                    `fields`       `suffix`
//
// Everything that is not understood is kept, so that a name which is read and written is the same name, but for the
// order of its flags.

package struct MaildirFileName: Equatable, Sendable {
    /// What stands before the flags. A colon cannot be in a name on some file systems.
    package enum Mark: UInt8, Sendable, CaseIterable {
        case colon = 0x3A
        case semicolon = 0x3B
        case exclamation = 0x21
    }

    package enum Suffix: Equatable, Sendable {
        /// As files in `new` have it.
        case none
        /// `:2,` and the flags. `others` are flags that are not known, `rest` is what follows them from a comma on.
        case flags(MaildirFlags, others: [UInt8] = [], rest: [UInt8] = [])
        /// `:1,` is for experiments; nobody knows what a higher number will mean. `text` begins behind the mark.
        case other(text: [UInt8])
    }

    /// Names the message in its Maildir, whatever becomes of its flags and its size.
    package var unique: [UInt8]
    /// Between commas, such as `S=1355`.
    package var fields: [[UInt8]]
    package var mark: Mark
    package var suffix: Suffix

    package init(
        unique: [UInt8], fields: [[UInt8]] = [], mark: Mark = .colon, suffix: Suffix = .none
    ) {
        (self.unique, self.fields, self.mark, self.suffix) = (unique, fields, mark, suffix)
    }

    /// - Parameter name: The last part of the file's path.
    /// - Returns: nil for what is no message: an empty name, one that begins with a dot or a mark, that has a slash or a
    ///   NUL, or over 255 octets.
    package init?(_ name: some Collection<UInt8>) {
        let name = Array(name)
        guard (1...255).contains(name.count), name[0] != UInt8(ascii: "."), !name.contains(0), !name.contains(0x2F) else {
            return nil
        }
        let place = MaildirFileName.place(in: name)
        let words = name[..<(place ?? name.count)].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard !words[0].isEmpty else { return nil }
        unique = Array(words[0])
        fields = words.dropFirst().map { Array($0) }
        mark = place.flatMap { Mark(rawValue: name[$0]) } ?? .colon
        suffix = place.map { MaildirFileName.suffix(name[($0 + 1)...]) } ?? .none
    }

    /// The whole name.
    package var octets: [UInt8] {
        var name = withoutFlags
        switch suffix {
        case .none: break
        case .flags(let flags, let others, let rest): name += [mark.rawValue] + "2,".utf8 + flags.letters(with: others) + rest
        case .other(let text): name += [mark.rawValue] + text
        }
        return name
    }

    /// The name without its flags: what stays as long as the message is in its Maildir.
    package var withoutFlags: [UInt8] { fields.reduce(into: unique) { $0 += [UInt8(ascii: ",")] + $1 } }

    package var flags: MaildirFlags {
        if case .flags(let flags, _, _) = suffix { return flags }
        return MaildirFlags()
    }

    /// Octets of the file, if the name says so.
    package var size: UInt64? { number("S") }

    /// Octets of the message with CRLF line ends, if the name says so.
    package var wireSize: UInt64? { number("W") }

    /// The time at which the message was delivered, which most programs put first: seconds since 1970 in UTC. nil when
    /// the name does not begin with such a number and a dot.
    package var deliveryTime: Int64? {
        let digits = unique.prefix(while: OctetSearch.isDigit)
        guard (1...11).contains(digits.count), digits.count == unique.count || unique[digits.count] == UInt8(ascii: ".") else {
            return nil
        }
        return OctetSearch.number(digits)
    }

    private func number(_ letter: Unicode.Scalar) -> UInt64? {
        let field = fields.first { $0.starts(with: [UInt8(ascii: letter), UInt8(ascii: "=")]) }
        return field.flatMap { OctetSearch.number($0.dropFirst(2)) }
    }

    /// A colon always begins the suffix; the other marks do when a version stands behind them.
    private static func place(in name: [UInt8]) -> Int? {
        if let colon = name.firstIndex(of: Mark.colon.rawValue) { return colon }
        return name.indices.dropLast(2).last { index in
            name[index] != Mark.colon.rawValue && Mark(rawValue: name[index]) != nil
                && (name[index + 1] == 0x31 || name[index + 1] == 0x32) && name[index + 2] == UInt8(ascii: ",")
        }
    }

    private static func suffix(_ text: ArraySlice<UInt8>) -> Suffix {
        guard text.starts(with: "2,".utf8) else { return .other(text: Array(text)) }
        let letters = text.dropFirst(2).prefix { $0 != UInt8(ascii: ",") }
        var flags = MaildirFlags()
        let unknown = letters.filter { !flags.insert(letter: $0) }
        let others = unknown.filter(MaildirFlags.isCapital).sorted() + unknown.filter { !MaildirFlags.isCapital($0) }
        return .flags(flags, others: others, rest: Array(text[letters.endIndex...]))
    }
}

/// The flags of a name: six capitals that everybody knows, and 26 letters that Dovecot gives to keywords.
package struct MaildirFlags: Hashable, Sendable {
    package var flags: ArchivedFlags = []
    /// Bit 0 is `a`. A folder's `dovecot-keywords` says what they mean.
    package var keywords: UInt32 = 0

    package init(_ flags: ArchivedFlags = [], keywords: UInt32 = 0) { (self.flags, self.keywords) = (flags, keywords) }

    private static let capitals: [(letter: UInt8, flag: ArchivedFlags)] = [
        (0x44, .draft), (0x46, .flagged), (0x50, .forwarded), (0x52, .answered), (0x53, .seen), (0x54, .deleted),
    ]

    /// - Returns: false when nobody knows this letter.
    mutating func insert(letter: UInt8) -> Bool {
        if letter &- 0x61 < 26 {
            keywords |= 1 << UInt32(letter &- 0x61)
            return true
        }
        guard let known = MaildirFlags.capitals.first(where: { $0.letter == letter }) else { return false }
        flags.insert(known.flag)
        return true
    }

    static func isCapital(_ letter: UInt8) -> Bool { letter &- 0x41 < 26 }

    /// In the order of ASCII, as the format demands; then what is no letter.
    func letters(with others: [UInt8]) -> [UInt8] {
        let capitals = MaildirFlags.capitals.filter { flags.contains($0.flag) }.map(\.letter)
        let small = (0..<26).filter { keywords & 1 << UInt32($0) != 0 }.map { UInt8(0x61 + $0) }
        let known = (capitals + small + others.filter(MaildirFlags.isCapital)).sorted()
        return known + others.filter { !MaildirFlags.isCapital($0) }
    }
}
