// PKCS#12 with new and old encryption, right and wrong passwords. Feature R-15.

import Foundation
import Mail
import Testing

@testable import TLS

@Suite struct PFXTests {
    private func load(_ file: String, _ password: Secret?) -> (
        certificate: ServedCertificate?, problem: CertificateFault.Problem?
    ) {
        let (tls, faults) = ServerTLS.load([.pfx(file: file, password: password)], profiles: [.modern])
        #expect(faults.allSatisfy { $0.file == file })
        return (tls.certificates.first, faults.first?.problem)
    }

    /// Encryptions that are met: OpenSSL 3, OpenSSL 1 and Windows before 2019 (RC2 and 3DES), and no encryption.
    static let encryptions: [[String]] = [
        [], ["-legacy"], ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        ["-keypbe", "NONE", "-certpbe", "NONE"], ["-keypbe", "NONE"], ["-certpbe", "NONE"], ["-keypbe", "AES-128-CBC"],
    ]

    @Test("R-15: right, wrong and missing passwords", arguments: encryptions)
    func passwords(options: [String]) throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["pfx.test"])
        for password in ["", "geheim", "pässwörd €", String(repeating: "x", count: 200)] {
            let file = try workshop.pfx("leaf.pfx", made, password: password, options: options)
            #expect(load(file, Secret(password)).certificate?.names == ["pfx.test"])
            #expect(load(file, Secret(password + "x")).problem == .wrongPassword)
            #expect(load(file, nil).problem == (password.isEmpty ? nil : .wrongPassword))
            #expect(load(file, Secret([0xFF, 0xFE])).problem == .wrongPassword)
        }
    }

    @Test func theChainIsPutInOrder() throws {
        let workshop = try Workshop()
        let root = try workshop.make("root")
        let middle = try workshop.make("middle", by: root)
        let leaf = try workshop.make("leaf", ["pfx.test"], kind: Workshop.rsa, by: middle)
        let stranger = try workshop.make("stranger")
        for issuers in [[root, middle, stranger], [middle, root], [stranger, root, middle]] {
            let others = try workshop.join(issuers.map(\.certificate), into: "issuers.pem")
            let file = try workshop.pfx("chain.pfx", leaf, password: "p", options: ["-certfile", others])
            let chain = load(file, Secret("p")).certificate?.chain ?? []
            #expect(chain.map { $0.subjectName.first?.value } == ["leaf", "middle", "root"])
        }
    }

    @Test("A PFX without key or certificate is a fault, not the end of the process")
    func missingParts() throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["pfx.test"])
        for encryption in [[], ["-certpbe", "NONE"], ["-legacy"]] {
            let noKey = workshop.path("nokey.pfx")
            try workshop.openssl(
                ["pkcs12", "-export", "-nokeys", "-in", made.certificate, "-out", noKey, "-passout", "pass:p"] + encryption)
            #expect(load(noKey, Secret("p")).problem == .noPFXKey)
        }
        let noCertificate = workshop.path("nocert.pfx")
        try workshop.openssl(
            ["pkcs12", "-export", "-nocerts", "-inkey", made.key, "-out", noCertificate, "-passout", "pass:p"])
        #expect(load(noCertificate, Secret("p")).problem == .noPFXCertificate)
    }

    @Test func everyOtherFileIsNoPFX() throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["pfx.test"])
        #expect(load(made.certificate, nil).problem == .notPFX)
        #expect(load(workshop.path("absent"), nil).problem == .absent)
        for text in ["0", "0\u{0}", "hello", "\u{0}\u{0}\u{0}"] {
            try workshop.write(text, to: workshop.path("text"))
            #expect(load(workshop.path("text"), nil).problem == .notPFX)
        }
    }

    @Test("A file that is cut short at any place is a fault")
    func cutShort() throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["pfx.test"])
        let whole = try workshop.read(try workshop.pfx("whole.pfx", made, password: "p"))
        for length in stride(from: 1, to: whole.count, by: 7) {
            try Data(whole.prefix(length)).write(to: URL(fileURLWithPath: workshop.path("cut.pfx")))
            let read = load(workshop.path("cut.pfx"), Secret("p"))
            #expect(read.certificate == nil)
            #expect(read.problem != nil)
        }
    }
}
