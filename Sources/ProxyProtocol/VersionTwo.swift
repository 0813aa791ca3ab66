// Version 2, §2.2: 12 octets of signature, version and command, family and protocol, length; then addresses, then TLVs,
// which are skipped.
import Mail

enum VersionTwo {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let fixed = 16

    static func read(_ bytes: borrowing Span<UInt8>) -> ProxyHeader {
        for index in 0..<min(signature.count, bytes.count) where bytes[index] != signature[index] {
            return .malformed("no PROXY header")
        }
        guard bytes.count > 12 else { return .needsMore }
        guard bytes[12] >> 4 == 2 else { return .malformed("unknown version") }
        // §2.2: LOCAL is 0, PROXY is 1; any other is to be dropped.
        let command = bytes[12] & 15
        guard command <= 1 else { return .malformed("unknown command") }
        guard bytes.count >= fixed else { return .needsMore }
        let length = Int(number(bytes, 14, octets: 2))
        guard fixed + length <= ProxyHeader.limit else { return .malformed("\(length) octets announced") }
        // §2.2: with LOCAL the family and what follows it have no meaning.
        guard command == 1 else { return bytes.count < fixed + length ? .needsMore : .local(length: fixed + length) }
        guard let kind = Kind(bytes[13]) else { return .malformed("unknown family or protocol") }
        guard kind.octets <= length else { return .malformed("too short for its addresses") }
        guard bytes.count >= fixed + length else { return .needsMore }
        switch kind {
        case .unspecified, .unix: return .local(length: fixed + length)
        case .v4: return header(bytes, width: 4, fixed + length)
        case .v6: return header(bytes, width: 16, fixed + length)
        case .datagram: return .malformed("not a stream")
        }
    }

    /// §2.2: family in the upper four bits, protocol in the lower.
    private enum Kind {
        case unspecified, v4, v6, unix, datagram

        init?(_ octet: UInt8) {
            switch octet {
            case 0x00: self = .unspecified
            case 0x11: self = .v4
            case 0x21: self = .v6
            case 0x31: self = .unix
            case 0x12, 0x22, 0x32: self = .datagram
            default: return nil
            }
        }

        /// What its addresses need.
        var octets: Int {
            switch self {
            case .unspecified, .datagram: 0
            case .v4: 12
            case .v6: 36
            case .unix: 216
            }
        }
    }

    private static func header(_ bytes: borrowing Span<UInt8>, width: Int, _ length: Int) -> ProxyHeader {
        let ports = fixed + 2 * width
        return .header(
            source: ProxyHeader.Endpoint(
                address(bytes, fixed, width), port: UInt16(number(bytes, ports, octets: 2))),
            destination: ProxyHeader.Endpoint(
                address(bytes, fixed + width, width), port: UInt16(number(bytes, ports + 2, octets: 2))),
            length: length)
    }

    private static func address(_ bytes: borrowing Span<UInt8>, _ at: Int, _ width: Int) -> InternetAddress {
        if width == 4 { return InternetAddress(v4: UInt32(number(bytes, at, octets: 4))) }
        return InternetAddress(high: number(bytes, at, octets: 8), low: number(bytes, at + 8, octets: 8))
    }

    private static func number(_ bytes: borrowing Span<UInt8>, _ at: Int, octets: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in at..<at + octets { value = value << 8 | UInt64(bytes[index]) }
        return value
    }
}
