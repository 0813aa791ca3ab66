// What doctor says about certificates that work. Feature R-14.

import Foundation
import Testing

@testable import TLS

@Suite struct CertificateFindingsTests {
    private let day = 86_400

    private func load(_ chain: String, _ key: String) throws -> ServedCertificate {
        let (tls, faults) = ServerTLS.load([.pem(chain: chain, key: key)], profiles: [.modern])
        #expect(faults.isEmpty)
        return try #require(tls.certificates.first)
    }

    private func kinds(
        _ served: ServedCertificate, now: Int? = nil, roots: String? = nil, names: [String] = []
    ) throws -> [CertificateFinding.Kind] {
        let now = now ?? Int(served.chain[0].notValidBefore) + day
        let findings = CertificateFindings(now: now, roots: try roots.map { try TrustAnchors.file($0).certificates() })
        return findings.all(in: [served], names: names).map(\.kind)
    }

    @Test("R-14: a good chain has no findings, with or without its root, and with roots to compare")
    func good() throws {
        let workshop = try Workshop()
        let root = try workshop.make("root")
        let middle = try workshop.make("middle", by: root)
        let leaf = try workshop.make("leaf", ["mx.test", "*.example.test"], by: middle)
        for issuers in [[middle], [middle, root]] {
            let chain = try workshop.join(([leaf] + issuers).map(\.certificate), into: "chain.pem")
            let served = try load(chain, leaf.key)
            let names = ["mx.test", "MX.test.", "imap.example.test"]
            #expect(try kinds(served, names: names) == [])
            #expect(try kinds(served, roots: root.certificate, names: names) == [])
        }
    }

    @Test("R-14: chains that are incomplete, out of order, or their own root")
    func chains() throws {
        let workshop = try Workshop()
        let root = try workshop.make("root")
        let middle = try workshop.make("middle", by: root)
        let leaf = try workshop.make("leaf", ["mx.test"], by: middle)
        let other = try workshop.make("other")
        let table: [([Workshop.Made], roots: Workshop.Made?, [CertificateFinding.Kind])] = [
            ([leaf], nil, [.chainIncomplete(issuer: "middle", isCertain: false)]),
            ([leaf], root, [.chainIncomplete(issuer: "middle", isCertain: true)]),
            ([leaf, middle], other, [.chainIncomplete(issuer: "root", isCertain: true)]),
            ([leaf, root], nil, [.chainOrder(place: 2)]),
            ([leaf, root, middle], nil, [.chainOrder(place: 2)]),
            ([leaf, middle, other], nil, [.chainOrder(place: 3)]),
            ([root], nil, [.selfSigned]),
        ]
        for (chain, roots, expected) in table {
            let file = try workshop.join(chain.map(\.certificate), into: "chain.pem")
            let served = try load(file, chain[0].key)
            #expect(try kinds(served, roots: roots?.certificate) == expected)
        }
    }

    @Test("R-14: the time of validity to the second, of every certificate in the chain")
    func validity() throws {
        let workshop = try Workshop()
        let root = try workshop.make("root", days: 1_000)
        let leaf = try workshop.make("leaf", ["mx.test"], by: root, days: 60)
        let served = try load(try workshop.join([leaf, root].map(\.certificate), into: "chain.pem"), leaf.key)
        let (first, last) = (Int(served.chain[0].notValidBefore), Int(served.chain[0].notValidAfter))
        let rootLast = Int(served.chain[1].notValidAfter)
        let table: [(Int, [CertificateFinding.Kind])] = [
            (first, []), (last - 21 * day - 1, []),
            (last - 21 * day, [.expiresSoon(certificate: "leaf", days: 21)]),
            (last - day + 1, [.expiresSoon(certificate: "leaf", days: 0)]),
            (last, [.expiresSoon(certificate: "leaf", days: 0)]),
            (last + 1, [.expired(certificate: "leaf", daysAgo: 0)]),
            (last + 3 * day, [.expired(certificate: "leaf", daysAgo: 3)]),
            (
                rootLast,
                [.expired(certificate: "leaf", daysAgo: (rootLast - last) / day), .expiresSoon(certificate: "root", days: 0)]
            ),
        ]
        for (now, expected) in table { #expect(try kinds(served, now: now) == expected) }
        let early = try kinds(served, now: first - 2 * day)
        #expect(early.contains(.notYetValid(certificate: "leaf", daysAhead: 2)))
    }

    @Test("R-14: names that no certificate covers")
    func names() throws {
        let workshop = try Workshop()
        let (one, two) = (try workshop.make("one", ["mx.test"]), try workshop.make("two", ["*.example.test"]))
        let served = try [one, two].map { try load($0.certificate, $0.key) }
        let all = CertificateFindings(now: Int(served[0].chain[0].notValidBefore) + day)
            .all(in: served, names: ["mx.test", "one", "a.example.test", "a.b.example.test", "example.test"])
        let uncovered = all.filter { $0.file == nil }
        #expect(uncovered.map(\.kind) == ["one", "a.b.example.test", "example.test"].map { .nameNotCovered($0) })
        #expect(CertificateFindings(now: 0).all(in: [], names: ["a.test"]).map(\.kind) == [.nameNotCovered("a.test")])
    }

    @Test("R-14: weak and unusual keys, weak signatures, keys that everybody reads")
    func weak() throws {
        let workshop = try Workshop()
        let root = try workshop.make("root", kind: ["rsa:1024"], options: ["-sha1"])
        let table: [([String], [String], [CertificateFinding.Kind])] = [
            (Workshop.p256, [], []), (Workshop.rsa, ["-sha512"], []),
            (["rsa:1024"], [], [.weakKey(certificate: "leaf", bits: 1_024)]),
            (["rsa:2047"], [], [.weakKey(certificate: "leaf", bits: 2_047)]),
            (Workshop.p256, ["-sha1"], [.weakSignature(certificate: "leaf", hash: "SHA-1")]),
            (["ed25519"], [], [.unusualKey]),
        ]
        for (kind, options, expected) in table {
            let leaf = try workshop.make("leaf", ["mx.test"], kind: kind, by: root, options: options)
            let served = try load(try workshop.join([leaf, root].map(\.certificate), into: "chain.pem"), leaf.key)
            // The root's own small key is told, its own signature means nothing.
            #expect(try kinds(served) == expected + [.weakKey(certificate: "root", bits: 1_024)])
        }
        let alone = try workshop.make("alone", ["mx.test"], options: ["-sha1"])
        try #require(chmod(alone.key, 0o604) == 0)
        let weakness = CertificateFinding.Kind.weakSignature(certificate: "alone", hash: "SHA-1")
        #expect(try kinds(load(alone.certificate, alone.key)) == [.selfSigned, weakness, .keyOpen(file: alone.key)])
    }

    @Test("Each finding says its file, what it is and what to do")
    func words() {
        let kinds: [(CertificateFinding.Kind, CertificateFinding.Severity, String)] = [
            (.expired(certificate: "c", daysAgo: 3), .error, "the certificate c expired 3 days ago"),
            (.notYetValid(certificate: "c", daysAhead: 2), .error, "the certificate c will be valid in 2 days, not yet"),
            (.expiresSoon(certificate: "c", days: 9), .warning, "the certificate c expires in 9 days"),
            (.chainIncomplete(issuer: "i", isCertain: true), .error, "the chain ends below i, which clients do not know"),
            (
                .chainIncomplete(issuer: "i", isCertain: false), .warning,
                "the certificate of its issuer, i, is not in the chain"
            ),
            (.chainOrder(place: 2), .warning, "certificate 2 in the chain is not the issuer of the one before it"),
            (
                .selfSigned, .warning,
                "the certificate is signed by itself: clients cannot tell it from a forged one"
            ),
            (.nameNotCovered("n"), .error, "no certificate covers the name n"),
            (.weakKey(certificate: "c", bits: 1_024), .warning, "the RSA key of c has only 1024 bits"),
            (.unusualKey, .warning, "the key is neither RSA nor ECDSA: many clients do not know its kind"),
            (.weakSignature(certificate: "c", hash: "MD5"), .warning, "the certificate c is signed with MD5"),
            (.keyOpen(file: "k"), .warning, "everybody on this machine can read the private key in k"),
        ]
        for (kind, severity, sentence) in kinds {
            let finding = CertificateFinding(file: "f", kind: kind)
            #expect(finding.severity == severity)
            #expect("\(finding)" == "f: " + sentence)
            #expect(!finding.fix.isEmpty)
        }
        #expect("\(CertificateFinding(file: nil, kind: .nameNotCovered("n")))" == "no certificate covers the name n")
    }
}
