// New files under running sessions, and files that are being written. Feature R-15.

import Foundation
import Mail
import Testing

@testable import TLS

@Suite struct RenewalTests {
    private func names(_ tls: ServerTLS) -> [[String]] { tls.certificates.map(\.names) }

    @Test("R-15: a session goes on over a renewal, and the next one sees the new certificate")
    func sessionsGoOn() async throws {
        let workshop = try Workshop()
        let old = try workshop.make("leaf", ["old.test"])
        let oldDigest = try workshop.digest(old.certificate, "sha256")
        let tls = ServerTLS.load([.pem(chain: old.certificate, key: old.key)], profiles: [.modern]).tls
        let port = try await LivePort(tls)
        let client = try ClientTLS(trust: .file("/nonexistent"))
        let first = try await LiveClient(port.port, tls: client, name: "old.test")
        #expect(try await first.hear() == "220 secure\r\n")
        #expect(try await first.ask("before") == "before\r\n")
        #expect(!tls.needsReload())

        let new = try workshop.make("new", ["new.test"], kind: Workshop.rsa)
        try workshop.move(new.key, over: old.key)
        try workshop.move(new.certificate, over: old.certificate)
        #expect(tls.needsReload())
        let renewal = tls.reload()
        #expect(renewal.faults.isEmpty)
        #expect(renewal.renewed.map(\.names) == [["new.test"]])
        #expect(!tls.needsReload())

        #expect(try await first.ask("after") == "after\r\n")
        let second = try await LiveClient(port.port, tls: client, name: "new.test")
        #expect(try await second.hear() == "220 secure\r\n")
        #expect(try await second.presented() != first.presented())
        #expect(try await second.presented() == tls.certificates[0].chain[0].toDERBytes())
        let bindings = try port.facts.all.map { try $0.get().endPointBinding.map(hexadecimal) }
        #expect(bindings == [oldDigest, try workshop.digest(old.certificate, "sha256")])
    }

    @Test("R-15: a half-written renewal keeps the old certificate, and its fault comes once for each change")
    func halfWritten() throws {
        let workshop = try Workshop()
        let served = try workshop.make("leaf", ["old.test"])
        let new = try workshop.make("new", ["new.test"])
        let tls = ServerTLS.load([.pem(chain: served.certificate, key: served.key)], profiles: [.modern]).tls

        try workshop.copy(new.key, into: served.key)
        #expect(tls.needsReload())
        #expect(tls.reload().faults.map(\.problem) == [.otherKey(chain: served.certificate)])
        #expect(names(tls) == [["old.test"]])
        #expect(!tls.needsReload())
        #expect(tls.reload().faults.isEmpty)
        #expect(tls.faults.map(\.file) == [served.key])

        let whole = String(decoding: try workshop.read(new.certificate), as: UTF8.self)
        for (text, problem) in [
            ("", CertificateFault.Problem.empty), (String(whole.prefix(20)), .noCertificate),
            (String(whole.prefix(200)), .damagedCertificate),
        ] {
            try workshop.write(text, to: served.certificate)
            #expect(tls.needsReload())
            #expect(tls.reload().faults.map(\.problem) == [problem])
            #expect(names(tls) == [["old.test"]])
        }
        try workshop.write(whole, to: served.certificate)
        #expect(tls.needsReload())
        let renewal = tls.reload()
        #expect(renewal.faults.isEmpty)
        #expect(renewal.renewed.count == 1)
        #expect(tls.faults.isEmpty)
        #expect(names(tls) == [["new.test"]])
    }

    @Test("A file that vanishes keeps the certificate, and one that comes later is taken up")
    func vanishes() throws {
        let workshop = try Workshop()
        let first = try workshop.make("first", ["first.test"])
        let second = CertificateSource.pfx(file: workshop.path("second.pfx"), password: Secret("p"))
        let (tls, faults) = ServerTLS.load(
            [.pem(chain: first.certificate, key: first.key), second], profiles: [.modern])
        #expect(faults.map(\.problem) == [.absent])
        #expect(tls.certificate(for: "second.test")?.names == ["first.test"])

        let made = try workshop.make("made", ["second.test"])
        _ = try workshop.pfx("second.pfx", made, password: "p")
        try workshop.move(first.key, over: workshop.path("away"))
        #expect(tls.needsReload())
        let renewal = tls.reload()
        #expect(renewal.faults.map(\.file) == [first.key])
        #expect(renewal.renewed.map(\.names) == [["second.test"]])
        #expect(tls.certificate(for: "second.test")?.names == ["second.test"])
        #expect(tls.certificate(for: "first.test")?.names == ["first.test"])
        #expect(!tls.needsReload())
    }

    @Test("Symbolic links as certbot keeps them: the target changes")
    func links() throws {
        let workshop = try Workshop()
        let (old, new) = (try workshop.make("old", ["old.test"]), try workshop.make("new", ["new.test"]))
        let manager = FileManager.default
        let live = (chain: workshop.path("live.pem"), key: workshop.path("live.key"))
        let point: (Workshop.Made) throws -> Void = { made in
            for (link, target) in [(live.chain, made.certificate), (live.key, made.key)] {
                try? manager.removeItem(atPath: link)
                try manager.createSymbolicLink(atPath: link, withDestinationPath: target)
            }
        }
        try point(old)
        let tls = ServerTLS.load([.pem(chain: live.chain, key: live.key)], profiles: [.modern]).tls
        #expect(!tls.needsReload())
        try point(new)
        #expect(tls.needsReload())
        #expect(tls.reload().faults.isEmpty)
        #expect(names(tls) == [["new.test"]])
    }

    @Test("A change of the mode alone is a change: that is how an unreadable key is mended")
    func mode() throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["old.test"])
        let tls = ServerTLS.load([.pem(chain: made.certificate, key: made.key)], profiles: [.modern]).tls
        #expect(tls.certificates.map(\.isKeyOpen) == [false])
        try #require(chmod(made.key, 0o644) == 0)
        #expect(tls.needsReload())
        #expect(tls.reload().renewed.map(\.isKeyOpen) == [true])
    }

    @Test("A copy into the same file that keeps size and time of modification is a change")
    func keptTime() throws {
        let workshop = try Workshop()
        let made = try workshop.make("leaf", ["old.test"])
        let tls = ServerTLS.load([.pem(chain: made.certificate, key: made.key)], profiles: [.modern]).tls
        let (content, before) = (try workshop.read(made.certificate), try status(made.certificate))
        var after = before
        // The kernel's clock for files ticks every few milliseconds.
        while after.st_ctim.tv_sec == before.st_ctim.tv_sec, after.st_ctim.tv_nsec == before.st_ctim.tv_nsec {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: made.certificate))
            try file.write(contentsOf: Data(content))
            try #require(futimens(file.fileDescriptor, [before.st_atim, before.st_mtim]) == 0)
            try file.close()
            after = try status(made.certificate)
        }
        #expect(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
        #expect(after.st_ino == before.st_ino)
        #expect(tls.needsReload())
        #expect(tls.reload().renewed.count == 1)
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status
    }

    @Test("A wrong password after a renewal keeps the old certificate")
    func pfx() throws {
        let workshop = try Workshop()
        let (old, new) = (try workshop.make("old", ["old.test"]), try workshop.make("new", ["new.test"]))
        let file = try workshop.pfx("served.pfx", old, password: "p")
        let tls = ServerTLS.load([.pfx(file: file, password: Secret("p"))], profiles: [.modern]).tls
        _ = try workshop.pfx("served.pfx", new, password: "q")
        #expect(tls.reload().faults.map(\.problem) == [.wrongPassword])
        #expect(names(tls) == [["old.test"]])
        _ = try workshop.pfx("served.pfx", new, password: "p")
        #expect(tls.reload().faults.isEmpty)
        #expect(names(tls) == [["new.test"]])
    }
}
