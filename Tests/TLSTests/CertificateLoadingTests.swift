// Good and bad sources by table: what is served, and what is said about the rest. Features R-14, R-15.

import Foundation
import Mail
import Testing

@testable import TLS

@Suite struct CertificateLoadingTests {
    private func load(_ sources: CertificateSource...) -> (tls: ServerTLS, faults: [CertificateFault]) {
        ServerTLS.load(sources, profiles: [.modern, .oldClients])
    }

    @Test("R-14: PEM in one file or two, with a chain, RSA and ECDSA, PKCS#1 and PKCS#8")
    func goodPEM() throws {
        let workshop = try Workshop()
        let root = try workshop.make("root")
        let leaf = try workshop.make("leaf", ["A.Example.Test", "*.example.test"], by: root)
        let rsa = try workshop.make("rsa", ["rsa.test"], kind: Workshop.rsa)
        try workshop.openssl(["rsa", "-in", rsa.key, "-traditional", "-out", workshop.path("old.key")])
        try workshop.openssl(["ec", "-in", leaf.key, "-out", workshop.path("sec1.key")])
        let chain = try workshop.join([leaf.certificate, root.certificate], into: "chain.pem")
        let whole = try workshop.join([leaf.key, leaf.certificate], into: "whole.pem")
        let (tls, faults) = load(
            .pem(chain: chain, key: leaf.key), .pem(chain: whole, key: whole), .pem(chain: rsa.certificate, key: rsa.key),
            .pem(chain: rsa.certificate, key: workshop.path("old.key")), .pem(chain: chain, key: workshop.path("sec1.key")))
        #expect(faults.isEmpty)
        #expect(tls.certificates.map(\.chain.count) == [2, 1, 1, 1, 2])
        #expect(tls.certificates.first?.names == ["a.example.test", "*.example.test"])
    }

    @Test("R-14: each unusable PEM file is named with its own problem, and the good source serves")
    func badPEM() throws {
        let workshop = try Workshop()
        let good = try workshop.make("good", ["good.test"])
        let other = try workshop.make("other", ["other.test"])
        let pem = String(decoding: try workshop.read(good.certificate), as: UTF8.self)
        let key = String(decoding: try workshop.read(good.key), as: UTF8.self)
        let file: (String, String) throws -> String = { name, text in
            try workshop.write(text, to: workshop.path(name))
            return workshop.path(name)
        }
        try workshop.openssl(["ec", "-in", good.key, "-aes128", "-passout", "pass:x", "-out", workshop.path("locked.key")])
        let chain = try workshop.join([other.certificate, good.certificate], into: "turned.pem")
        let table: [(CertificateSource, String, CertificateFault.Problem)] = [
            (.pem(chain: "/nonexistent/c.pem", key: good.key), "/nonexistent/c.pem", .absent),
            (.pem(chain: good.certificate + "/x", key: good.key), good.certificate + "/x", .absent),
            (.pem(chain: good.certificate, key: workshop.directory), workshop.directory, .notAFile),
            (.pem(chain: "/dev/zero", key: good.key), "/dev/zero", .notAFile),
            (.pem(chain: good.certificate, key: try file("empty", "")), workshop.path("empty"), .empty),
            (.pem(chain: try file("words", "hello"), key: good.key), workshop.path("words"), .noCertificate),
            (.pem(chain: good.key, key: good.key), good.key, .noCertificate),
            (.pem(chain: try file("cut", String(pem.dropLast(40))), key: good.key), workshop.path("cut"), .damagedCertificate),
            (
                .pem(chain: try file("cut2", pem + pem.dropLast(40)), key: good.key), workshop.path("cut2"),
                .damagedCertificate
            ),
            (.pem(chain: good.certificate, key: good.certificate), good.certificate, .noKey),
            (.pem(chain: good.certificate, key: try file("cut3", String(key.dropLast(40)))), workshop.path("cut3"), .damagedKey),
            (.pem(chain: good.certificate, key: workshop.path("locked.key")), workshop.path("locked.key"), .encryptedKey),
            (.pem(chain: good.certificate, key: other.key), other.key, .otherKey(chain: good.certificate)),
            (.pem(chain: chain, key: good.key), good.key, .certificateNotFirst(place: 2, chain: chain)),
        ]
        for (source, name, problem) in table {
            let (tls, faults) = load(source, .pem(chain: good.certificate, key: good.key))
            #expect(faults.map(\.file) == [name])
            #expect(faults.map(\.problem) == [problem])
            #expect(tls.certificate(for: nil)?.names == ["good.test"])
            #expect(faults.allSatisfy { "\($0)".hasPrefix(name + ": ") && !$0.fix.isEmpty })
        }
    }

    @Test("R-15: all faults at once")
    func allFaults() throws {
        let workshop = try Workshop()
        let (tls, faults) = load(
            .pem(chain: workshop.path("a"), key: workshop.path("b")), .pfx(file: workshop.path("c"), password: nil))
        #expect(faults.map(\.file) == ["a", "b", "c"].map(workshop.path))
        #expect(tls.certificates.isEmpty)
        #expect(tls.certificate(for: "a.test") == nil)
    }

    @Test func aFIFOInThePlaceOfAFileHoldsNobodyUp() throws {
        let workshop = try Workshop()
        try #require(mkfifo(workshop.path("fifo"), 0o600) == 0)
        #expect(load(.pfx(file: workshop.path("fifo"), password: nil)).faults.map(\.problem) == [.notAFile])
    }

    @Test func aFileThatIsTooLargeIsNotTaken() throws {
        let workshop = try Workshop()
        for (size, problem) in [(1 << 20, CertificateFault.Problem.noCertificate), (1 << 20 + 1, .tooLarge)] {
            try workshop.write(String(repeating: "x", count: size), to: workshop.path("large"))
            let faults = load(.pem(chain: workshop.path("large"), key: workshop.path("none"))).faults
            #expect(faults.map(\.problem) == [problem, .absent])
        }
    }

    @Test("R-15: an unreadable file comes with mode, owner and user")
    func unreadable() throws {
        // This file of the kernel cannot be read by anybody, not even by root, as whom tests may run.
        let file = "/proc/sys/vm/drop_caches"
        let faults = load(.pfx(file: file, password: nil)).faults
        let rights = CertificateFault.Rights(mode: 0o200, owner: 0, group: 0, user: geteuid())
        #expect(faults.map(\.problem) == [.unreadable(because: EACCES, rights: rights)])
        #expect("\(faults)".contains("its mode is 0200, its owner 0:0, and this process runs as user \(geteuid())"))
        let locked = CertificateFault.Problem.opening(EACCES, FileStamp(path: "/nonexistent"))
        #expect(locked == .unreadable(because: EACCES, rights: nil))
    }

    @Test func anExpiredCertificateStillServes() throws {
        let workshop = try Workshop()
        let made = try workshop.make("old", ["old.test"])
        try workshop.openssl([
            "x509", "-in", made.certificate, "-signkey", made.key, "-days", "-1", "-out", workshop.path("past"),
        ])
        let (tls, faults) = load(.pem(chain: workshop.path("past"), key: made.key))
        #expect(faults.isEmpty)
        #expect(tls.certificates.count == 1)
    }

    @Test func aCurveThatNobodyKnowsIsAFault() throws {
        let workshop = try Workshop()
        let made = try workshop.make("odd", ["odd.test"], kind: ["ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"])
        let known = try workshop.make("known", ["known.test"])
        #expect(load(.pem(chain: made.certificate, key: made.key)).faults.map(\.problem) == [.damagedKey])
        #expect(load(.pem(chain: made.certificate, key: known.key)).faults.map(\.problem) == [.unsupportedKey])
    }

    @Test("R-14: the name decides: exact before wildcard, the first source when no name fits")
    func choosesByName() throws {
        let workshop = try Workshop()
        let sources = try [
            ("first", ["first.test", "Both.Test"]), ("wild", ["*.example.test", "*.test"]),
            ("exact", ["mail.example.test", "both.test", "trailing.test."]),
        ].map { name, names in
            let made = try workshop.make(name, names)
            return CertificateSource.pem(chain: made.certificate, key: made.key)
        }
        let (tls, faults) = ServerTLS.load(sources, profiles: [.modern])
        #expect(faults.isEmpty)
        for (name, expected) in [
            (nil, 0), ("first.test", 0), ("FIRST.test.", 0), ("both.test", 0), ("mail.example.test", 2),
            ("MAIL.Example.Test", 2), ("imap.example.test", 1), ("a.b.example.test", 0), ("example.test", 0),
            (".example.test", 0), ("x.test", 0), ("trailing.test", 2), ("unknown.org", 0), ("", 0), ("test", 0), (".", 0),
        ] as [(String?, Int)] {
            #expect(tls.certificate(for: name)?.source.file == sources[expected].file, "\(name ?? "no name")")
        }
    }
}
