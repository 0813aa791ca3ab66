// Records as bytes: every rule with valid and invalid data.

import DNS
import Mail
import Testing

private func name(_ labels: String...) -> [UInt8] {
    labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
}

@Suite struct ResourceDataTests {
    @Test(arguments: [
        (name("mx", "example", "org"), "mx.example.org"),
        (name("MX", "Example", "ORG"), "mx.example.org"),
        (name("_smtp-1", "test"), "_smtp-1.test"),
        ([0], ""),
        (name(String(repeating: "a", count: 63)), String(repeating: "a", count: 63)),
    ])
    func readsNames(data: [UInt8], text: String) {
        #expect(DomainName.read(data) == text)
        // A slice has other indices than an array: both must be read alike.
        #expect(DomainName.read(([7, 7] + data)[2...]) == text)
    }

    @Test(arguments: [
        [],  // not even the root
        [2, 0x61],  // the label is cut
        [2, 0x61, 0x62],  // no closing label
        [1, 0x61, 0, 0],  // something behind the root
        [0xC0, 0x0C],  // a compression pointer
        [64] + [UInt8](repeating: 0x61, count: 64) + [0],  // label too long
        name("a b"), name("a.b"), name("a\r\nb"), name("é"), [1, 0, 0],  // octets that no host name has
        [UInt8]((0..<5).flatMap { _ in [63] + [UInt8](repeating: 0x61, count: 63) } + [0]),  // 321 octets
    ])
    func refusesNames(data: [UInt8]) {
        #expect(DomainName.read(data) == nil)
    }

    @Test func everyPrefixOfANameIsRefused() {
        let whole = name("mx", "example", "org")
        for length in 0..<whole.count { #expect(DomainName.read(whole[..<length]) == nil) }
    }

    @Test func readsExchanges() {
        #expect(
            MailExchange(data: [0x01, 0x02] + name("mx", "test")) == MailExchange(preference: 258, host: "mx.test"))
        #expect(MailExchange(data: [0, 0, 0])?.isNull == true)
        for bad: [UInt8] in [[], [0], [0, 10], [0, 10, 1], [0, 10, 1, 0x61]] { #expect(MailExchange(data: bad) == nil) }
    }

    @Test func readsAddresses() {
        #expect(InternetAddress(data: [192, 0, 2, 1])?.description == "192.0.2.1")
        let six: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]
        #expect(InternetAddress(data: six)?.description == "2001:db8::5")
        for length in [0, 3, 5, 15, 17] { #expect(InternetAddress(data: [UInt8](repeating: 1, count: length)) == nil) }
    }
}
