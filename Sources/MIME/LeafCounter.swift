// How large a part is once its transfer encoding is taken off, counted while it streams past in pieces of any cut.

/// RFC 2045 §6. What is unknown, and uuencode, counts as it comes.
enum TransferEncoding: Equatable { case identity, base64, quotedPrintable }

struct LeafCounter {
    private let encoding: TransferEncoding
    /// Octets as they came.
    private var octets = 0
    /// base64: octets of the alphabet. quoted-printable: octets that are not there after decoding.
    private var special = 0

    init(_ encoding: TransferEncoding) { self.encoding = encoding }

    /// Of all that was added. base64: four octets of the alphabet make three, two or three at the end make one or two;
    /// padding, line ends and whatever else is there say nothing (RFC 2045 §6.8), so that nobody who decodes it gets more.
    /// quoted-printable: white space at the end of a line stays, as with the decoders in use.
    var decoded: Int {
        switch encoding {
        case .identity: octets
        case .base64: special / 4 * 3 + special % 4 * 3 / 4
        case .quotedPrintable: octets - special
        }
    }

    /// - Precondition: the two octets before `start` can be read, and are those that came before.
    mutating func add(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) {
        octets &+= end &- start
        switch encoding {
        case .identity: break
        case .base64: special &+= OctetScan.base64Octets(base, from: start, to: end)
        case .quotedPrintable: special &+= OctetScan.quotedPrintableLoss(base, from: start, to: end)
        }
    }

    /// - Parameter behind: the four octets before, the nearest lowest.
    mutating func add(_ octet: UInt8, behind: UInt32) {
        octets &+= 1
        switch encoding {
        case .identity: break
        case .base64: special &+= Int(OctetScan.isBase64(octet))
        case .quotedPrintable:
            let before = (UInt8(truncatingIfNeeded: behind >> 8), UInt8(truncatingIfNeeded: behind))
            special &+= Int(OctetScan.loss(before.0, before.1, octet))
        }
    }

    /// The size if what follows is a delimiter line, of which one hyphen is counted already. The line end before a
    /// delimiter belongs to the delimiter (RFC 2046 §5.1.1).
    /// - Parameter behind: the last four octets: what was before the line end, CR, LF, hyphen.
    func decodedBeforeDelimiter(_ behind: UInt32) -> Int {
        guard encoding != .base64 else { return decoded }
        let hasCarriageReturn = behind >> 16 & 0xFF == 13
        let before = behind >> (hasCarriageReturn ? 24 : 16) & 0xFF
        let lineEnd = min(octets - 1, hasCarriageReturn ? 2 : 1)
        // A soft break before the delimiter has lost its line end already.
        let isSoft = encoding == .quotedPrintable && octets - 1 > lineEnd && before == 0x3D
        return decoded - 1 - (isSoft ? 0 : lineEnd)
    }
}
