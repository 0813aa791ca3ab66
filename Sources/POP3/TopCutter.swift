// How much of a message TOP shows (RFC 1939 §7): the header, the empty line, and some lines of the body.

package struct TopCutter: Equatable, Sendable {
    private enum Place: Equatable {
        /// Whether this line has had nothing but CR so far.
        case header(lineIsEmpty: Bool)
        case body(linesLeft: UInt32)
        case behind
    }

    private let bodyLines: UInt32
    private var place = Place.header(lineIsEmpty: true)

    package init(bodyLines: UInt32) { self.bodyLines = bodyLines }

    /// The rest of the message need not be read.
    package var isComplete: Bool { place == .behind }

    /// How many octets of the chunk, from its beginning, belong to the response. Lines are counted by their LF, so
    /// that a message with bare LFs is cut as well.
    package mutating func keep(of chunk: borrowing Span<UInt8>) -> Int {
        for index in 0..<chunk.count {
            let octet = chunk[index]
            switch place {
            case .header(let lineIsEmpty):
                if octet != 0x0A {
                    if octet != 0x0D { place = .header(lineIsEmpty: false) }
                } else if !lineIsEmpty {
                    place = .header(lineIsEmpty: true)
                } else {
                    place = bodyLines == 0 ? .behind : .body(linesLeft: bodyLines)
                }
            case .body(let linesLeft):
                if octet == 0x0A { place = linesLeft == 1 ? .behind : .body(linesLeft: linesLeft - 1) }
            case .behind:
                return index
            }
        }
        return chunk.count
    }
}
