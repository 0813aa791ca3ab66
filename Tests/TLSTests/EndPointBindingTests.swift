// RFC 5929 §4.1 against openssl's digests, and DER that is none.

import Testing

@testable import TLS

@Suite struct EndPointBindingTests {
    private static let pss = ["-sigopt", "rsa_padding_mode:pss"]

    /// Key, options of the signature, and the hash that the RFC asks for.
    static let table: [([String], [String], String?)] = [
        (Workshop.p256, ["-sha256"], "sha256"), (Workshop.p256, ["-sha384"], "sha384"),
        (Workshop.p256, ["-sha512"], "sha512"), (Workshop.p256, ["-sha1"], "sha256"), (Workshop.p256, ["-sha224"], nil),
        (Workshop.rsa, ["-sha256"], "sha256"), (Workshop.rsa, ["-sha384"], "sha384"),
        (Workshop.rsa, ["-sha512"], "sha512"), (Workshop.rsa, ["-sha1"], "sha256"), (Workshop.rsa, ["-md5"], "sha256"),
        (Workshop.rsa, pss + ["-sha1"], "sha256"), (Workshop.rsa, pss + ["-sha256"], "sha256"),
        (Workshop.rsa, pss + ["-sha384"], "sha384"), (Workshop.rsa, pss + ["-sha512"], "sha512"),
        (["ed25519"], [], nil),
    ]

    @Test("tls-server-end-point is the hash of the signature, but never a broken one", arguments: table)
    func binding(kind: [String], options: [String], hash: String?) throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["mx.test"], kind: kind, options: options)
        let (tls, faults) = ServerTLS.load([.pem(chain: made.certificate, key: made.key)], profiles: [.modern])
        #expect(faults.isEmpty)
        let expected = try hash.map { try workshop.digest(made.certificate, $0) }
        let served = try #require(tls.certificates.first)
        #expect(served.endPointBinding.map(hexadecimal) == expected)
    }

    @Test(arguments: [(Workshop.p256, CertificateKey.ellipticCurve), (Workshop.rsa, .rsa(bits: 2_048)), (["ed25519"], .other)])
    func keys(kind: [String], expected: CertificateKey) throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["mx.test"], kind: kind)
        let tls = ServerTLS.load([.pem(chain: made.certificate, key: made.key)], profiles: [.modern]).tls
        let octets = try #require(tls.certificates.first).chain[0].toDERBytes()
        #expect(CertificateAlgorithms(octets).key == expected)
        // Whatever is cut off, nothing is read beyond the end, and no key is made up.
        for length in 0..<octets.count {
            let cut = CertificateAlgorithms(Array(octets.prefix(length)))
            #expect(cut.signatureHash == nil)
            #expect(cut.key == .other)
        }
    }

    @Test(
        "DER elements, valid and not",
        arguments: [
            ([0x02, 0x01, 0x07], 0x02, [0x07]), ([0x30, 0x00], 0x30, []), ([0x04, 0x02, 1, 2, 3], 0x04, [1, 2]),
            ([0x04, 0x81, 0x01, 9], 0x04, [9]), ([0x04, 0x84, 0, 0, 0, 1, 9], 0x04, [9]),
            ([], nil, []), ([0x02], nil, []), ([0x02, 0x02, 1], nil, []), ([0x02, 0x80, 0, 0], nil, []),
            ([0x02, 0x82, 1], nil, []), ([0x02, 0x85, 0, 0, 0, 0, 1, 9], nil, []), ([0x02, 0xFF], nil, []),
            ([0x1F, 0x01, 0x00], nil, []), ([0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], nil, []),
        ] as [([UInt8], UInt8?, [UInt8])])
    func elements(octets: [UInt8], tag: UInt8?, content: [UInt8]) {
        var reader = DERReader(octets[...])
        let element = reader.next()
        #expect(element?.tag == tag)
        #expect(element.map { Array($0.content) } ?? [] == content)
    }

    @Test func anotherTagIsNotConsumed() {
        var reader = DERReader([0x02, 0x01, 0x07])
        #expect(reader.next(.sequence) == nil)
        #expect(reader.next(.integer) == [0x07])
        #expect(reader.next(.integer) == nil)
    }
}
