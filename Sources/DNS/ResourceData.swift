// Reads the data part of resource records as a resolver hands it over: uncompressed names, network byte order.
// Promises never to read past the bytes given; a record that does not fit its form exactly is nil.

import Mail

/// RFC 1035 §3.2.2 and RFC 3596: the record types that a mail server asks for.
package enum RecordType: UInt16, Sendable {
    case a = 1
    case mx = 15
    case aaaa = 28
}

/// RFC 1035 §3.3.9: a host willing to take mail for a domain.
package struct MailExchange: Hashable, Sendable {
    /// Lower values are tried first.
    package let preference: UInt16
    /// In lower case without the final dot; empty is the root, RFC 7505's "no mail here".
    package let host: String

    package init(preference: UInt16, host: String) {
        self.preference = preference
        self.host = host
    }

    /// `PREFERENCE EXCHANGE`
    package init?(data: some RandomAccessCollection<UInt8>) {
        guard data.count >= 3, let host = DomainName.read(data.dropFirst(2)) else { return nil }
        preference = data.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
        self.host = host
    }

    /// RFC 7505 §3.
    package var isNull: Bool { host.isEmpty }
}

extension InternetAddress {
    /// The data of an A (RFC 1035 §3.4.1) or AAAA (RFC 3596 §2.2) record.
    package init?(data: some RandomAccessCollection<UInt8>) {
        switch data.count {
        case 4:
            self.init(v4: data.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: data.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: data.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default:
            return nil
        }
    }
}

/// Domain names on the wire.
package enum DomainName {
    /// RFC 1035 §3.1: labels with their lengths, closed by the empty label, and nothing behind it.
    /// - Returns: lower-case text without the final dot; nil when a length is wrong (a compression pointer included),
    ///   or when an octet is none that a host name may have, so that no name can smuggle white space or a dot.
    package static func read(_ data: some RandomAccessCollection<UInt8>) -> String? {
        guard (1...255).contains(data.count) else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(data.count)
        var index = data.startIndex
        while true {
            let length = Int(data[index])
            data.formIndex(after: &index)
            if length == 0 { break }
            // One octet must remain for the next length.
            guard length <= 63, data.distance(from: index, to: data.endIndex) > length else { return nil }
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            let end = data.index(index, offsetBy: length)
            for octet in data[index..<end] {
                guard let lowered = lowered(octet) else { return nil }
                text.append(lowered)
            }
            index = end
        }
        guard index == data.endIndex else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// The form in which names are compared and asked for: lower case, no final dot.
    package static func normalized(_ name: String) -> String {
        let lowered = name.lowercased()
        return lowered.hasSuffix(".") ? String(lowered.dropLast()) : lowered
    }

    private static func lowered(_ octet: UInt8) -> UInt8? {
        switch octet {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): octet | 0x20
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            octet
        default: nil
        }
    }
}
