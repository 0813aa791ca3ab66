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

    /// - Parameter expectsDashes: some multipart is open.
    init(_ octets: UnsafeBufferPointer<UInt8>, expectsDashes: Bool) {
        switch octets.first {
        case nil: self = .incomplete
        case 0x20, 9: self = .continuation
        case 10: self = .empty(1)
        case 13: self = octets.count < 2 ? .incomplete : octets[1] == 10 ? .empty(2) : .malformed(1)
        case 0x2D where expectsDashes && octets.count < 2: self = .incomplete
        case 0x2D where expectsDashes && octets[1] == 0x2D: self = .dashes
        default: self = LineHead.field(octets)
        }
    }

    /// RFC 5322 §3.6.8: printable octets but the colon; §4.5: old messages have white space before the colon.
    private static func field(_ octets: UnsafeBufferPointer<UInt8>) -> LineHead {
        let end = min(octets.count, longest)
        var spaces = 0
        var isLegal = true
        for index in 0..<end {
            let octet = octets[index]
            if octet == UInt8(ascii: ":") {
                guard isLegal, index > spaces else { return .malformed(index + 1) }
                return .field(FieldName(UnsafeBufferPointer(rebasing: octets[..<(index - spaces)])), index + 1)
            }
            if octet == 10 { return .malformed(index) }
            if octet == 0x20 || octet == 9 {
                spaces += 1
            } else if spaces > 0 || octet &- 33 > 93 {
                isLegal = false
            }
        }
        return octets.count < longest ? .incomplete : .malformed(longest)
    }
}
