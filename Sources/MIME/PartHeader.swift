// What the header of a message or part says about its body: what kind it is, how it is encoded, whether the limit on
// attachments is held to it.
//
// The rule (R-05, D7): every leaf is an attachment, except a body to be read: text/plain or text/html without a file
// name and without Content-Disposition: attachment. A leaf is what has no parts that can be seen: a multipart without a
// boundary or without a delimiter, and a message in base64, are leaves.
//
// Fields that are there twice: mail programs read the first, so the first Content-Type says what the structure is. Some
// read another one, so a leaf is a body to be read only if all of them say so; and when two transfer encodings
// contradict each other, the leaf counts as it comes, which is the most that any of them can make of it.

struct PartHeader {
    enum Kind: Equatable { case leaf, multipart(isDigest: Bool), message }

    private(set) var boundary: [UInt8] = []
    private var declaredKind: Kind?
    private var isReadable = true
    private var declaredEncoding: TransferEncoding?
    private var encodingsAgree = true
    private var dispositionName: [UInt8]?
    private var typeName: [UInt8]?
    private let isInDigest: Bool

    /// - Parameter isInDigest: RFC 2046 §5.1.5: without Content-Type it is a message.
    init(isInDigest: Bool = false) { self.isInDigest = isInDigest }

    var encoding: TransferEncoding { encodingsAgree ? declaredEncoding ?? .identity : .identity }

    /// A message that is encoded cannot be looked into (RFC 2046 §5.2.1 forbids it); a multipart's parts are read whatever
    /// encoding it claims, since that is what mail programs do (RFC 2045 §6.4 forbids the claim).
    var kind: Kind {
        switch declaredKind ?? (isInDigest ? .message : .leaf) {
        case .message where encoding != .identity: .leaf
        case .multipart where boundary.isEmpty: .leaf
        case let kind: kind
        }
    }

    /// Whether the line is a delimiter of this multipart. - Parameter line: without its end and white space there.
    func isDelimiter(_ line: [UInt8]) -> Bool {
        guard case .multipart = kind, line.count >= boundary.count + 2 else { return false }
        let rest = line.dropFirst(2 + boundary.count)
        return line.dropFirst(2).starts(with: boundary) && (rest.isEmpty || rest.elementsEqual([0x2D, 0x2D]))
    }

    var isAttachment: Bool { !isReadable || dispositionName != nil || typeName != nil || declaredKind == nil && isInDigest }

    /// Of the part as an SMTP reply can say it.
    var fileName: String? { (dispositionName ?? typeName).flatMap(FileName.printable) }

    /// Something was too long to be kept; nothing that it might have said is taken for granted.
    mutating func takeTruncated() { isReadable = false }

    /// RFC 2045 §5.1: `type "/" subtype *(";" parameter)`.
    mutating func takeType(_ value: [UInt8]) {
        var reader = ValueReader(value)
        reader.skipSpace()
        let type = reader.word(until: UInt8(ascii: "/"))
        reader.skipSpace()
        var subtype: ArraySlice<UInt8> = []
        if reader.skip(UInt8(ascii: "/")) {
            reader.skipSpace()
            subtype = reader.word(until: UInt8(ascii: ";"))
        }
        if !PartHeader.isReadable(type, subtype) { isReadable = false }
        let isFirst = declaredKind == nil
        if isFirst { declaredKind = PartHeader.kind(type, subtype) }
        takeTypeParameters(&reader, isFirst: isFirst)
    }

    private mutating func takeTypeParameters(_ reader: inout ValueReader, isFirst: Bool) {
        var boundary = Parameter("boundary")
        var name = Parameter("name")
        while let (attribute, text) = reader.parameter() {
            boundary.take(attribute, text)
            name.take(attribute, text)
        }
        if typeName == nil { typeName = name.value }
        guard isFirst, case .multipart = declaredKind, var octets = boundary.value else { return }
        // RFC 2046 §5.1.1: a boundary does not end in white space, which a line may gain on its way.
        while let last = octets.last, last.isSpace { octets.removeLast() }
        if octets.count <= Boundaries.longest { self.boundary = octets }
    }

    /// RFC 2183 §2.
    mutating func takeDisposition(_ value: [UInt8]) {
        var reader = ValueReader(value)
        reader.skipSpace()
        // RFC 2183 §2.8: a type that is not known is an attachment.
        if !reader.word(until: UInt8(ascii: ";")).equals("inline") { isReadable = false }
        var name = Parameter("filename")
        while let (attribute, text) = reader.parameter() { name.take(attribute, text) }
        if dispositionName == nil { dispositionName = name.value }
    }

    /// RFC 2045 §6.1: one token; capitals, comments and white space do not matter.
    mutating func takeEncoding(_ value: [UInt8]) {
        var reader = ValueReader(value)
        reader.skipSpace()
        let word = reader.word(until: UInt8(ascii: ";"))
        let encoding: TransferEncoding =
            word.equals("base64")
            ? .base64 : word.equals("quoted-printable") ? .quotedPrintable : .identity
        if let declaredEncoding, declaredEncoding != encoding { encodingsAgree = false }
        declaredEncoding = declaredEncoding ?? encoding
    }

    private static func kind(_ type: ArraySlice<UInt8>, _ subtype: ArraySlice<UInt8>) -> Kind {
        if type.equals("multipart") { return .multipart(isDigest: subtype.equals("digest")) }
        // RFC 2046 §5.2.1 and RFC 6532 §3.7. Other messages are fragments, references or reports.
        let isWhole = subtype.equals("rfc822") || subtype.equals("global")
        return type.equals("message") && isWhole ? .message : .leaf
    }

    private static func isReadable(_ type: ArraySlice<UInt8>, _ subtype: ArraySlice<UInt8>) -> Bool {
        type.equals("text") && (subtype.equals("plain") || subtype.equals("html"))
    }
}
