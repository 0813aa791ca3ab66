import Mail
import Testing

@Suite struct InternetAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::", "fe80::"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
    ])
    func readsAndWrites(text: String, written: String) {
        #expect(InternetAddress(text)?.description == written)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.256", "1.2.3.4.5", "01234.1.1.1", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "g::",
        "1:2:3:4:5:6:7:8:9",
        "1.2.3.4:", "::1%eth0", "+1.2.3.4",
    ])
    func refuses(text: String) { #expect(InternetAddress(text) == nil) }

    @Test(arguments: [
        ("192.168.1.%", "192.168.1.0", "192.168.1.255"), ("192.168.*.*", "192.168.0.0", "192.168.255.255"),
        ("10.0.0.0/8", "10.0.0.0", "10.255.255.255"), ("10.0.0.5-10.0.0.9", "10.0.0.5", "10.0.0.9"),
        ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), ("::1", "::1", "::1"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"), ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"),
        ("2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
    ])
    func ranges(text: String, lowest: String, highest: String) throws {
        let range = try #require(AddressRange(text))
        #expect(range.lowest.description == lowest)
        #expect(range.highest.description == highest)
        #expect(range.contains(range.lowest) && range.contains(range.highest))
    }

    @Test(
        "E-15: what is no range",
        arguments: [
            "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "2001:db8::/129", "2001:db8::1/64", "%",
            "10.0.0.9-10.0.0.5", "10.0.0.1-::1", "10.0.0.0/", "/8", "10.0.0.0/8/8", "a.b", "", " ", "10.0.0.1 ", "-",
            "192.168.1.%%", "192.168.%5", "192.168.1.%5", "192.168.1.5%", "192.168.%", "%.%.%", "%.%.%.%.%", "10..5.%",
            "10.%.256.%", "10.%.-1.%", "10.%.5.%/16", "10.%.5.1-10.%.5.9", "::10.%.5.%", "2001:db8::10.%.5.%", "2001:db8::%",
            "2001:%::",
            "::ffff:10.0.0.0/8", "::ffff:10.0.0.1/104", "10.%.5.?", "10.%*.5.1",
        ])
    func refusesRanges(text: String) { #expect(AddressRange(text) == nil) }

    @Test(
        "E-15: a wildcard is one whole octet, anywhere",
        arguments: [
            ("192.168.1.%", ["192.168.1.0", "192.168.1.1", "192.168.1.255"], ["192.168.2.1", "192.168.10.1", "192.168.0.255"]),
            ("10.%.5.%", ["10.0.5.0", "10.255.5.255", "10.7.5.9"], ["10.0.4.0", "10.7.6.9", "10.255.4.255", "11.0.5.0"]),
            ("10.*.5.7", ["10.0.5.7", "10.255.5.7"], ["10.0.5.6", "10.9.5.8", "10.9.6.7", "9.0.5.7"]),
            ("%.168.1.1", ["0.168.1.1", "192.168.1.1", "255.168.1.1"], ["192.169.1.1", "192.168.1.2", "192.168.2.1"]),
            ("%.%.%.1", ["0.0.0.1", "1.2.3.1", "255.255.255.1"], ["1.2.3.2", "0.0.0.0"]),
            ("%.*.%.*", ["0.0.0.0", "255.255.255.255"], ["::", "2001:db8::1", "::1"]),
            ("192.168.%.%", ["192.168.0.0", "192.168.255.255"], ["192.167.255.255", "192.169.0.0"]),
        ])
    func wildcards(text: String, inside: [String], outside: [String]) throws {
        let range = try #require(AddressRange(text))
        #expect(range.description == text)
        for address in inside { #expect(range.contains(try #require(InternetAddress(address))), "\(address)") }
        for address in outside { #expect(!range.contains(try #require(InternetAddress(address))), "\(address)") }
        #expect(range.contains(range.lowest) && range.contains(range.highest))
    }

    /// Octet by octet, against the text.
    @Test func wildcardsAgreeWithTheirOctets() throws {
        let range = try #require(AddressRange("10.%.5.%"))
        for value in stride(from: UInt32(0x0900_0000), to: 0x0C00_0000, by: 97) {
            let isInside = value >> 24 == 10 && (value >> 8) & 0xFF == 5
            guard range.contains(InternetAddress(v4: value)) != isInside else { continue }
            Issue.record("\(InternetAddress(v4: value))")
            return
        }
    }

    @Test(
        "The mapped form of IPv4 is IPv4",
        arguments: [
            ("10.1.2.3", "::ffff:10.1.2.3"), ("10.1.2.0/24", "::ffff:10.1.2.3"), ("10.%.2.%", "::ffff:a01:203"),
            ("10.1.2.0-10.1.2.9", "::ffff:10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("::ffff:10.0.0.0/104", "10.1.2.3"),
            ("::ffff:0:0/96", "10.1.2.3"), ("::ffff:10.%.2.%", "10.1.2.3"), ("::ffff:10.1.2.0-::ffff:10.1.2.9", "10.1.2.3"),
            ("10.1.2.0-::ffff:10.1.2.9", "10.1.2.3"),
        ])
    func mapped(range: String, address: String) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(InternetAddress(address))))
    }

    @Test func rangesHoldOneFamilyOnly() throws {
        let v4 = try #require(AddressRange("0.0.0.0/0"))
        #expect(!v4.contains(try #require(InternetAddress("::1"))))
        #expect(!v4.contains(try #require(InternetAddress("2001:db8::1"))))
        for text in ["::/0", "::-ffff::", "::/64"] {
            let v6 = try #require(AddressRange(text))
            #expect(!v6.contains(try #require(InternetAddress("192.0.2.1"))))
            #expect(v6.contains(try #require(InternetAddress("::1"))))
        }
    }

    @Test(
        "A-23: wider than a /24, or than one IPv6 network",
        arguments: [
            ("10.0.0.1", false), ("10.0.0.0/24", false), ("10.0.0.0/23", true), ("10.0.0.%", false), ("10.%.0.5", false),
            ("10.%.5.%", true), ("%.%.%.%", true), ("10.0.0.0-10.0.0.255", false), ("10.0.0.0-10.0.1.0", true),
            ("0.0.0.0/0", true),
            ("::1", false), ("2001:db8::/64", false), ("2001:db8::/63", true), ("::/0", true),
            ("2001:db8::ffff:0:0:0-2001:db8:0:1::", false), ("2001:db8::1-2001:db8:0:1::1", true),
            ("2001:db8::1-2001:db8:0:1::", false),
        ])
    func wide(text: String, isWide: Bool) throws { #expect(try #require(AddressRange(text)).isWide == isWide) }

    @Test(
        "A-23: with addresses that may be a stranger's",
        arguments: [
            ("10.0.0.0/8", false), ("10.%.5.%", false), ("172.16.0.0/12", false), ("172.%.0.1", true), ("192.168.1.%", false),
            ("127.0.0.1", false), ("169.254.0.0/16", false), ("8.8.8.8", true), ("100.64.0.0/10", true), ("0.0.0.0/0", true),
            ("10.0.0.0/7", true), ("%.168.1.1", true), ("9.255.255.255-10.0.0.1", true), ("10.0.0.1-192.168.0.1", true),
            ("::1", false),
            ("fc00::/7", false), ("fd12::/64", false), ("fe80::/10", false), ("2001:db8::/32", true), ("::/0", true),
            ("::", true),
            ("::ffff:192.168.0.1", false),
        ])
    func publicRanges(text: String, isPublic: Bool) throws {
        #expect(try #require(AddressRange(text)).isPublic == isPublic)
    }
}
