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

    @Test(arguments: [
        "10.0.0.1/8", "10.0.0.0/33", "10.%.0.1", "%", "10.0.0.9-10.0.0.5", "10.0.0.1-::1", "10.0.0.0/", "a.b",
    ])
    func refusesRanges(text: String) { #expect(AddressRange(text) == nil) }

    @Test func rangeOfV4DoesNotReachIntoV6() throws {
        let all = try #require(AddressRange("0.0.0.0/0"))
        #expect(!all.contains(try #require(InternetAddress("::1"))))
        #expect(!all.contains(try #require(InternetAddress("2001:db8::1"))))
    }
}
