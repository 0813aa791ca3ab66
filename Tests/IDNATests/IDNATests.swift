// U-labels and A-labels, valid and not.

import Mail
import Testing

@testable import IDNA

@Suite struct IDNATests {
    @Test(arguments: [
        ("example.org", "example.org"), ("müller.example", "xn--mller-kva.example"),
        ("MÜLLER.Example", "xn--mller-kva.example"), ("bücher.xn--mller-kva.de", "xn--bcher-kva.xn--mller-kva.de"),
        ("straße.example", "xn--strae-oqa.example"), ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        // Composed and decomposed are one name.
        ("mu\u{308}ller.example", "xn--mller-kva.example"), ("[192.0.2.1]", "[192.0.2.1]"),
    ])
    func names(domain: String, ascii: String) { #expect(IDNA.ascii(domain) == ascii) }

    @Test(arguments: ["\u{200D}ü.example", "ü-.example", "ü..example", String(repeating: "ü", count: 64) + ".example"])
    func whatIsNoName(domain: String) { #expect(IDNA.ascii(domain) == nil) }

    @Test func theLocalPartStays() throws {
        let address = EmailAddress(localPart: "Jörg", domain: "müller.example")
        #expect(IDNA.ascii(address) == EmailAddress(localPart: "Jörg", domain: "xn--mller-kva.example"))
    }
}
