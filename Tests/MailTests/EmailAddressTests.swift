import Mail
import Testing

@Suite struct EmailAddressTests {
    @Test(arguments: [
        ("alice@Example.TEST", "alice@example.test"), ("Al.Ice+tag@x.y", "Al.Ice+tag@x.y"), ("a@b", "a@b"),
        ("jürgen@exämple.test", "jürgen@exämple.test"),
    ])
    func reads(text: String, written: String) { #expect(EmailAddress(text)?.description == written) }

    @Test(arguments: [
        "", "@", "a@", "@b", "a b@c", "a@b c", "a@-b", "a@b..c", "a@b.", "<a@b>", "a\r\n@b", "a@[127.0.0.1]",
    ])
    func refuses(text: String) { #expect(EmailAddress(text) == nil) }

    @Test(arguments: [
        ("a b", "\"a b\"@x"), ("a\"b", "\"a\\\"b\"@x"), ("a..b", "\"a..b\"@x"), ("", "\"\"@x"), ("a.b", "a.b@x"),
    ])
    func quotesWhereTheGrammarWantsIt(local: String, written: String) {
        #expect(EmailAddress(localPart: local, domain: "X").description == written)
    }

    @Test func limitsOfLength() {
        #expect(EmailAddress(String(repeating: "a", count: 64) + "@b") != nil)
        #expect(EmailAddress(String(repeating: "a", count: 65) + "@b") == nil)
        #expect(EmailAddress("a@" + String(repeating: "b", count: 64)) == nil)
    }

    @Test func secretsNeverPrint() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "***" && String(reflecting: secret) == "***")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test func identifiersAreFixedWidth() {
        #expect(SpoolID(rawValue: 0xAB).description == "00000000000000ab")
        #expect(SpoolID("ab") == SpoolID(rawValue: 0xAB))
        #expect(SpoolID("xyz") == nil && SpoolID("") == nil)
        #expect(TraceID(high: 1, low: 2).description == "00000000000000010000000000000002")
    }
}
