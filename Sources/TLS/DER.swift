// Reads the few parts of a certificate that NIOSSL does not tell: the signature's hash and the kind and size of the key.

/// One element after the other of DER (X.690 §10), never beyond the given octets. What is not DER reads as nothing.
struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ octets: ArraySlice<UInt8>) { rest = octets }

    /// The content of the next element when it has this tag. Nothing is consumed when it has another.
    mutating func next(_ tag: Tag) -> ArraySlice<UInt8>? {
        guard rest.first == tag.rawValue else { return nil }
        return next()?.content
    }

    /// The next element, whatever it is. Tags of several octets and lengths above four octets are not known in X.509.
    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        var left = rest
        guard let tag = left.popFirst(), tag & 0x1F != 0x1F, let first = left.popFirst() else { return nil }
        var length = Int(first)
        if first & 0x80 != 0 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), left.count >= count else { return nil }
            length = left.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            left = left.dropFirst(count)
        }
        guard left.count >= length else { return nil }
        rest = left.dropFirst(length)
        return (tag, left.prefix(length))
    }

    enum Tag: UInt8 {
        case integer = 0x02
        case bitString = 0x03
        case objectIdentifier = 0x06
        case sequence = 0x30
        /// Context-specific, constructed, number 0.
        case zero = 0xA0
    }
}

/// AlgorithmIdentifier of RFC 5280 §4.1.1.2.
struct AlgorithmIdentifier {
    /// The content octets of the object identifier.
    let identifier: [UInt8]
    private let rest: DERReader

    init?(_ content: ArraySlice<UInt8>?) {
        guard let content else { return nil }
        var reader = DERReader(content)
        guard let identifier = reader.next(.objectIdentifier) else { return nil }
        self.identifier = Array(identifier)
        rest = reader
    }

    /// The content of the parameters when they are a sequence.
    var parameters: ArraySlice<UInt8>? {
        var reader = rest
        return reader.next(.sequence)
    }
}
