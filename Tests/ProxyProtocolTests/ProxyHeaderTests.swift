// PROXY headers, valid and broken, whole and octet by octet: the outcome never depends on how the octets come.
import Mail
import Testing

@testable import ProxyProtocol

private func read(_ bytes: [UInt8]) -> ProxyHeader { ProxyHeader.read(bytes.span) }

/// What a caller sees who passes one octet more at a time, until something is decided.
private func growing(_ bytes: [UInt8]) -> ProxyHeader {
    for count in 0..<bytes.count {
        let outcome = read(Array(bytes[..<count]))
        if outcome != .needsMore { return outcome }
    }
    return read(bytes)
}

private func words(_ outcome: ProxyHeader) -> String {
    switch outcome {
    case .header(let source, let destination, let length):
        "\(source.address) \(source.port) \(destination.address) \(destination.port) \(length)"
    case .local(let length): "local \(length)"
    case .needsMore: "more"
    case .malformed: "malformed"
    }
}

struct VersionOneTests {
    private static let longest =
        "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535" + String(repeating: " ", count: 48)

    /// proxy-protocol.txt §2.1, with its own examples.
    static let rows: [(String, String)] = [
        ("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1 56324 198.51.100.2 443 45"),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255 65535 255.255.255.255 65535 56"),
        ("PROXY TCP6 2001:db8::1 2001:db8::2 1 0\r\n", "2001:db8::1 1 2001:db8::2 0 40"),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 104"
        ),
        ("PROXY UNKNOWN\r\n", "local 15"), ("PROXY UNKNOWN a b c\r\n", "local 21"), (longest + "\r\n", "local 107"),
        (longest + " \r\n", "malformed"), ("PROXY UNKNOWNS\r\n", "malformed"), ("PROXY \r\n", "malformed"),
        ("PROXY\r\n", "malformed"), ("proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "malformed"), ("EHLO x\r\n", "malformed"),
        ("PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n", "malformed"), ("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "malformed"),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", "malformed"), ("PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", "malformed"),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "malformed"), ("PROXY TCP4 ::1 ::1 1 1\r\n", "malformed"),
        ("PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", "malformed"), ("PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n", "malformed"),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "malformed"), ("PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", "malformed"),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n", "malformed"), ("PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", "malformed"),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", "malformed"), ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rx", "malformed"),
        ("PROXY TCP4\t1.2.3.4 1.2.3.4 1 1\r\n", "malformed"), ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r", "more"),
        ("PROXY TCP4 1.2", "more"), ("P", "more"), ("", "more"), (String(repeating: "x", count: 200), "malformed"),
        ("PROXY " + String(repeating: "x", count: 99), "more"),
        ("PROXY " + String(repeating: "x", count: 100), "malformed"),
    ]

    @Test(arguments: rows)
    func table(text: String, expected: String) {
        let bytes = Array(text.utf8)
        #expect(words(read(bytes)) == expected)
        #expect(words(growing(bytes)) == expected)
    }

    @Test func whatTheClientSaysBehindTheHeaderIsNotTouched() {
        let header = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
        #expect(words(read(Array((header + "EHLO x\r\n").utf8))) == "192.0.2.1 56324 198.51.100.2 443 45")
    }
}

struct VersionTwoTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    private static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0x01, 0xBB]
    private static let v6: [UInt8] = [
        0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 25, 0, 26,
    ]
    /// PP2_TYPE_NOOP with five octets.
    private static let tlv: [UInt8] = [4, 0, 5, 1, 2, 3, 4, 5]

    private static func header(_ command: UInt8, _ kind: UInt8, _ rest: [UInt8], announced: Int? = nil) -> [UInt8] {
        let length = announced ?? rest.count
        return signature + [command, kind, UInt8(length >> 8), UInt8(length & 255)] + rest
    }

    /// proxy-protocol.txt §2.2.
    static let rows: [([UInt8], String)] = [
        (header(0x21, 0x11, v4), "192.0.2.1 56324 198.51.100.2 443 28"),
        (header(0x21, 0x11, v4 + tlv), "192.0.2.1 56324 198.51.100.2 443 36"),
        (header(0x21, 0x21, v6), "2001:db8::1 25 2001:db8::2 26 52"),
        (header(0x21, 0x31, Array(repeating: 47, count: 216)), "local 232"), (header(0x21, 0x00, []), "local 16"),
        (header(0x21, 0x00, tlv), "local 24"), (header(0x20, 0x00, []), "local 16"), (header(0x20, 0x11, []), "local 16"),
        (header(0x20, 0xFF, v4), "local 28"), (header(0x21, 0x11, Array(v4.dropLast())), "malformed"),
        (header(0x21, 0x21, v4), "malformed"), (header(0x21, 0x31, v4), "malformed"),
        (header(0x21, 0x12, v4), "malformed"), (header(0x21, 0x41, v4), "malformed"), (header(0x21, 0x13, v4), "malformed"),
        (header(0x22, 0x11, v4), "malformed"), (header(0x11, 0x11, v4), "malformed"), (header(0x31, 0x11, v4), "malformed"),
        (header(0x21, 0x11, v4, announced: 4097), "malformed"), (header(0x21, 0x11, v4, announced: 65535), "malformed"),
        (header(0x21, 0x11, v4, announced: 13), "more"), (header(0x21, 0x11, v4, announced: 4096), "more"),
        (signature, "more"), (Array(signature.prefix(5)), "more"), (Array(signature.dropLast()) + [11], "malformed"),
        (signature + [0x21], "more"), (signature + [0x21, 0x11, 0], "more"), ([13, 10, 13, 10, 13], "malformed"),
        (
            header(0x21, 0x11, v4 + Array(repeating: 0, count: 4096 - 12)),
            "192.0.2.1 56324 198.51.100.2 443 \(ProxyHeader.limit)"
        ),
    ]

    @Test(arguments: rows)
    func table(bytes: [UInt8], expected: String) {
        #expect(words(read(bytes)) == expected)
        #expect(words(growing(bytes)) == expected)
    }

    @Test func everyPrefixOfAHeaderNeedsMore() {
        let whole = Self.header(0x21, 0x21, Self.v6 + Self.tlv)
        for count in 0..<whole.count { #expect(read(Array(whole[..<count])) == .needsMore) }
    }

    /// Whoever keeps at most `limit` octets always gets an answer.
    @Test func nothingNeedsMoreThanTheLimit() {
        for lead in [Self.signature, Array("PROXY ".utf8), []] as [[UInt8]] {
            for filling in UInt8.min...UInt8.max {
                let bytes = lead + Array(repeating: filling, count: ProxyHeader.limit - lead.count)
                #expect(read(bytes) != .needsMore)
            }
        }
    }
}
