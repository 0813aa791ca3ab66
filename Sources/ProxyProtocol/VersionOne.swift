// Version 1, §2.1: one line of text, at most 107 octets with its CRLF, with exactly one space between its words.
//   "PROXY" SP ( "TCP4" / "TCP6" ) SP source SP destination SP source-port SP destination-port CRLF
//   "PROXY UNKNOWN" [ SP anything ] CRLF
import Mail

enum VersionOne {
    /// §2.1: the longest line that the specification can produce.
    static let limit = 107
    private static let start = Array("PROXY ".utf8)

    static func read(_ bytes: borrowing Span<UInt8>) -> ProxyHeader {
        for index in 0..<min(start.count, bytes.count) where bytes[index] != start[index] {
            return .malformed("no PROXY header")
        }
        var end = 0
        while true {
            guard end + 1 < limit else { return .malformed("a line of more than 107 octets") }
            guard end < bytes.count else { return .needsMore }
            if bytes[end] == 10 { return .malformed("LF without CR") }
            if bytes[end] == 13 { break }
            end += 1
        }
        guard end + 1 < bytes.count else { return .needsMore }
        guard bytes[end + 1] == 10 else { return .malformed("CR without LF") }
        return line(bytes, end)
    }

    private static func line(_ bytes: borrowing Span<UInt8>, _ end: Int) -> ProxyHeader {
        guard end > start.count else { return .malformed("no protocol") }
        for index in 0..<end where !(0x20...0x7E).contains(bytes[index]) { return .malformed("not printable") }
        let text = bytes.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[start.count..<end]), as: UTF8.self)
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        // §2.1: whatever stands behind UNKNOWN is to be ignored.
        if words[0] == "UNKNOWN" { return .local(length: end + 2) }
        guard words[0] == "TCP4" || words[0] == "TCP6" else { return .malformed("unknown protocol") }
        guard words.count == 5 else { return .malformed("not four words behind the protocol") }
        let isV4 = words[0] == "TCP4"
        guard let source = address(words[1], isV4), let destination = address(words[2], isV4) else {
            return .malformed("bad address")
        }
        guard let sourcePort = port(words[3]), let destinationPort = port(words[4]) else { return .malformed("bad port") }
        return .header(
            source: ProxyHeader.Endpoint(source, port: sourcePort),
            destination: ProxyHeader.Endpoint(destination, port: destinationPort), length: end + 2)
    }

    private static func address(_ text: Substring, _ isV4: Bool) -> InternetAddress? {
        guard isV4 != text.contains(":") else { return nil }
        return InternetAddress(text)
    }

    // §2.1: decimal, 0 to 65535, without leading zeroes.
    private static func port(_ text: Substring) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return text.utf8.count > 1 && text.first == "0" ? nil : UInt16(text)
    }
}
