// The first address of a From field, for the journal: found, not judged. The value keeps its folds.

struct FirstAddress {
    private var text: [UInt8] = []
    private var isInAngle = false
    private var isQuoted = false
    private var commentDepth = 0

    /// 64 octets, `@`, 255 octets (RFC 5321 §4.5.3.1), as written.
    private static let longest = 320

    /// RFC 5322 §3.4: `[display-name] "<" addr-spec ">" / addr-spec`, in groups too. Without comments and folds.
    /// - Returns: nil when there is no `@` in it or it is longer than 320 octets.
    static func find(in value: [UInt8]) -> [UInt8]? {
        var search = FirstAddress()
        search.text.reserveCapacity(value.count)
        var index = 0
        while index < value.count, !search.ends(at: value[index]) {
            let isEscape = value[index] == UInt8(ascii: "\\") && (search.isQuoted || search.commentDepth > 0)
            search.take(value[index])
            index += 1
            if isEscape, index < value.count {
                if search.commentDepth == 0 { search.text.append(value[index]) }
                index += 1
            }
        }
        guard search.text.contains(UInt8(ascii: "@")), search.text.count <= longest else { return nil }
        return search.text
    }

    private var isPlain: Bool { !isQuoted && commentDepth == 0 }

    private func ends(at octet: UInt8) -> Bool {
        guard isPlain else { return false }
        if octet == UInt8(ascii: ">") { return isInAngle }
        let separates = octet == UInt8(ascii: ",") || octet == UInt8(ascii: ";")
        return separates && !isInAngle && text.contains(UInt8(ascii: "@"))
    }

    private mutating func take(_ octet: UInt8) {
        switch octet {
        case UInt8(ascii: "\"") where commentDepth == 0:
            isQuoted.toggle()
            text.append(octet)
        case 13, 10: break
        case _ where isQuoted: text.append(octet)
        case UInt8(ascii: "("): commentDepth += 1
        case UInt8(ascii: ")"): commentDepth = max(0, commentDepth - 1)
        case _ where commentDepth > 0: break
        case UInt8(ascii: "<"):
            text.removeAll(keepingCapacity: true)
            isInAngle = true
        // What stands before is a group's name, or the route of RFC 5322 §4.4.
        case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: ";"): text.removeAll(keepingCapacity: true)
        case 0x20, 9: break
        default: text.append(octet)
        }
    }
}
