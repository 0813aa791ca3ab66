// Names of certificates by table.

import TLS
import Testing

@Suite struct ServerIdentityTests {
    @Test(arguments: [
        ("mx.test", "mx.test", true),
        ("MX.Test", "mx.tEst", true),
        ("mx.test", "mx.test.", true),
        ("mx.example.test", "*.example.test", true),
        ("mx.test", "my.test", false),
        ("mx.test", "", false),
        ("", "", false),
        ("example.test", "*.example.test", false),
        ("a.b.example.test", "*.example.test", false),
        (".example.test", "*.example.test", false),
        ("mx.test", "*.test", false),
        ("mx.test", "*", false),
        ("mx.test", "m*.test", false),
        ("mx.example.test", "mx.*.test", false),
        ("mx.test", "mx.test\0.evil.test", false),
        ("mx.test", "xmx.test", false),
    ])
    func compares(name: String, presented: String, isSame: Bool) {
        #expect(ServerIdentity.matches(name, Array(presented.utf8)) == isSame)
    }
}
