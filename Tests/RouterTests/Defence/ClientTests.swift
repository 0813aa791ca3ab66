// Who is counted as one.

import Mail
import Testing

@testable import router

@Suite struct ClientTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8::1", "2001:db8::ffff:1:2:3", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("2001:db8::1", "2001:db9::1", false), ("::1", "::2", false), ("::1", "127.0.0.1", false),
        ("::192.0.2.1", "192.0.2.1", false), ("0.0.0.0", "::", false),
    ])
    func anAddressOfIPv4AndASixtyFourOfIPv6(one: String, other: String, isSame: Bool) {
        #expect((client(one) == client(other)) == isSame)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::77", "2001:db8::/64"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"), ("::1", "::1"),
    ])
    func isWrittenAsWhatItIs(address: String, text: String) { #expect("\(client(address))" == text) }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.0/24", true), ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8::1", "2001:db8::77", true), ("2001:db8::1", "2001:db8::/32", true),
        ("2001:db8::1", "2001:db8:0:1::/64", false), ("::1", "0.0.0.0/0", false), ("192.0.2.1", "::/0", true),
        ("2001:db8::1", "0.0.0.0/0", false),
    ])
    func overlapsARange(address: String, range: String, does: Bool) throws {
        #expect(client(address).overlaps(try #require(AddressRange(range))) == does)
    }
}
