// The beginning of a header line: enough octets to know what the line is.

enum LineHead: Equatable {
    /// More octets are needed.
    case incomplete
    /// The empty line, so many octets long.
    case empty(Int)
    /// A folded line of the field before.
    case continuation
    /// Two hyphens: perhaps a delimiter.
    case dashes
    /// A name and its colon, so many octets long. nil: a field that nobody asks about.
    case field(FieldName?, Int)
    /// Nothing of all that, seen after so many octets.
    case malformed(Int)

    /// No name is so long; whoever sends one has no colon.
    static let longest = 128

    init(_ octets: UnsafeBufferPointer<UInt8>) {
        switch octets.first {
        case nil: self = .incomplete
        case 0x20, 9: self = .continuation
        case 10: self = .empty(1)
        case 13: self = octets.count < 2 ? .incomplete : octets[1] == 10 ? .empty(2) : .malformed(1)
        case 0x2D where octets.count < 2: self = .incomplete
        case 0x2D where octets[1] == 0x2D: self = .dashes
        default: self = LineHead.field(octets)
        }
    }

    /// RFC 5322 §3.6.8: printable octets but the colon; §4.5: old messages have white space before the colon.
    private static func field(_ octets: UnsafeBufferPointer<UInt8>) -> LineHead {
        let end = min(octets.count, longest)
        var index = 0
        while index < end, octets[index] != UInt8(ascii: ":"), octets[index] &- 33 < 94 { index += 1 }
        let name = index
        while index < end, octets[index] == 0x20 || octets[index] == 9 { index += 1 }
        if index < end, octets[index] == UInt8(ascii: ":"), name > 0 {
            return .field(FieldName(UnsafeBufferPointer(rebasing: octets[..<name])), index + 1)
        }
        while index < end, octets[index] != UInt8(ascii: ":"), octets[index] != 10 { index += 1 }
        guard index < end else { return octets.count < longest ? .incomplete : .malformed(longest) }
        return .malformed(octets[index] == 10 ? index : index + 1)
    }
}
