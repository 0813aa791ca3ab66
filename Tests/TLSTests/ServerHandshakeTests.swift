// Handshakes on the loopback, with NIO's client and with OpenSSL's. Features T-15, R-13, R-14.

import Foundation
import Testing

@testable import TLS

@Suite struct ServerHandshakeTests {
    private func facts(_ port: LivePort) throws -> ServerTLSFacts { try #require(port.facts.all.last).get() }

    /// What openssl says about one connection. It sends QUIT once it is secure.
    private func connect(_ workshop: Workshop, _ port: LivePort, _ options: [String]) throws -> String {
        try workshop.openssl(
            ["s_client", "-connect", "127.0.0.1:\(port.port)", "-ign_eof", "-showcerts"] + options, input: "QUIT\r\n",
            mayFail: true)
    }

    @Test("R-13: TLS from the first byte; nothing leaves in clear; the whole chain is shown")
    func implicit() async throws {
        let workshop = try Workshop()
        let root = try workshop.make("root")
        let middle = try workshop.make("middle", by: root)
        let leaf = try workshop.make("leaf", ["mx.test"], by: middle)
        let chain = try workshop.join([leaf.certificate, middle.certificate], into: "chain.pem")
        let (tls, faults) = ServerTLS.load([.pem(chain: chain, key: leaf.key)], profiles: [.modern])
        #expect(faults.isEmpty)
        let port = try await LivePort(tls)
        let text = try connect(
            workshop, port, ["-servername", "mx.test", "-CAfile", root.certificate, "-verify_return_error"])
        #expect(text.contains("Verify return code: 0 (ok)"))
        #expect(text.contains("220 secure"))
        #expect(text.contains("221 bye"))
        #expect(!text.contains("in clear"))
        let facts = try facts(port)
        #expect(facts.version == "TLSv1.3")
        #expect(facts.serverName == "mx.test")
        #expect(facts.endPointBinding.map(hexadecimal) == (try workshop.digest(leaf.certificate, "sha256")))
    }

    @Test("STARTTLS: after the clear greeting, with TLS 1.2 and 1.3", arguments: ["-tls1_2", "-tls1_3"])
    func startTLS(version: String) async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [.modern]).tls
        let port = try await LivePort(tls, isStartTLS: true)
        let text = try connect(workshop, port, ["-starttls", "smtp", version, "-servername", "mx.test"])
        #expect(text.contains("221 bye"))
        #expect(try facts(port).version == (version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"))
    }

    @Test("The name that the client sends decides; the facts are those of the certificate it got")
    func serverNames() async throws {
        let workshop = try Workshop()
        let first = try workshop.make("first", ["first.test"])
        let second = try workshop.make("second", ["*.example.test"], kind: Workshop.rsa, options: ["-sha384"])
        let tls = ServerTLS.load(
            [first, second].map { .pem(chain: $0.certificate, key: $0.key) }, profiles: [.modern]
        ).tls
        let port = try await LivePort(tls)
        for (options, shown, hash, name) in [
            (["-servername", "first.test"], first, "sha256", "first.test"),
            (["-servername", "MX.example.test"], second, "sha384", "MX.example.test"),
            (["-servername", "other.test"], first, "sha256", "other.test"),
            (["-servername", "bad name\u{1}"], first, "sha256", nil),
            (["-servername", String(repeating: "a", count: 255)], first, "sha256", nil),
            (["-noservername"], first, "sha256", nil),
            (["-noservername", "-tls1_2"], first, "sha256", nil),
        ] as [([String], Workshop.Made, String, String?)] {
            let text = try connect(workshop, port, options)
            let subject = shown.certificate == first.certificate ? "first" : "second"
            #expect(text.contains("subject=CN = \(subject)\n"), "\(options)")
            let facts = try facts(port)
            #expect(facts.serverName == name)
            #expect(facts.endPointBinding.map(hexadecimal) == (try workshop.digest(shown.certificate, hash)))
        }
    }

    @Test("Versions and suites: modern refuses what old clients may have")
    func profiles() async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"], kind: Workshop.rsa)
        let only11 = TLSProfile(minimum: .tls11, cipherSuites: [.ecdheRSAWithAES128CBC])
        let only13 = TLSProfile(minimum: .tls13)
        let profiles = [TLSProfile.modern, .oldClients, only11, only13]
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: Set(profiles)).tls
        let clients: [([String], served: [Bool])] = [
            (["-tls1_3"], [true, true, true, true]),
            (["-tls1_2"], [true, true, true, false]),
            (["-tls1_2", "-cipher", "ECDHE+CHACHA20"], [true, true, false, false]),
            (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"], [false, true, true, false]),
            (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], [false, true, false, false]),
            (["-tls1_2", "-cipher", "kDHE"], [false, false, false, false]),
            (["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], [false, false, false, false]),
            (["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"], [false, true, true, false]),
            (["-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"], [false, true, false, false]),
            (["-tls1", "-cipher", "AES256-SHA:@SECLEVEL=0"], [false, true, false, false]),
        ]
        for (place, profile) in profiles.enumerated() {
            let port = try await LivePort(tls, profile)
            for (options, served) in clients {
                let text = try connect(workshop, port, options)
                #expect(text.contains("221 bye") == served[place], "\(options), profile \(place)")
            }
        }
    }

    @Test("The words of the settings, and what they mean")
    func words() {
        #expect(TLSProfile.Version.allCases.map(\.rawValue) == ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"])
        #expect(TLSProfile(minimum: .tls12, cipherSuites: []) == .modern)
        #expect(TLSProfile.modern.cipherSuites.count == 6)
        #expect(TLSProfile.modern.cipherSuites.allSatisfy { $0.rawValue.hasPrefix("ECDHE-") && !$0.rawValue.hasSuffix("-SHA") })
        #expect(TLSProfile.CipherSuite(rawValue: "DHE-RSA-AES128-GCM-SHA256") == nil)
        #expect(TLSProfile.CipherSuite(rawValue: "ALL:!aNULL") == nil)
    }

    @Test("Every suite of the settings is known to NIOSSL", arguments: TLSProfile.CipherSuite.allCases)
    func suite(suite: TLSProfile.CipherSuite) async throws {
        let workshop = try Workshop()
        let isECDSA = suite.rawValue.contains("ECDSA")
        let leaf = try workshop.make("leaf", ["mx.test"], kind: isECDSA ? Workshop.p256 : Workshop.rsa)
        let profile = TLSProfile(minimum: .tls12, cipherSuites: [suite])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [profile]).tls
        let port = try await LivePort(tls, profile)
        let text = try connect(workshop, port, ["-tls1_2", "-cipher", "ALL:@SECLEVEL=0"])
        #expect(text.contains("Cipher is \(suite.rawValue)\n"))
    }

    @Test("Everything in pieces of one octet", arguments: ["-tls1_2", "-tls1_3"])
    func pieces(version: String) async throws {
        let workshop = try Workshop()
        let first = try workshop.make("first", ["first.test"])
        let second = try workshop.make("second", ["second.test"])
        let tls = ServerTLS.load(
            [first, second].map { .pem(chain: $0.certificate, key: $0.key) }, profiles: [.modern]
        ).tls
        let port = try await LivePort(tls, isSplit: true)
        let text = try connect(workshop, port, [version, "-servername", "second.test"])
        #expect(text.contains("subject=CN = second\n"))
        #expect(text.contains("221 bye"))
        #expect(port.facts.heard == ["QUIT"])
    }

    @Test("Clear text instead of a hello is answered by nothing that is clear, and goes nowhere")
    func clearText() async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [.modern]).tls
        for text in [
            "EHLO there\r\n", "GET / HTTP/1.0\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}hello", "\u{80}\u{2E}\u{1}\u{3}\u{1}",
        ] {
            let port = try await LivePort(tls)
            let client = try await LiveClient(port.port, tls: nil, name: "")
            for octet in text.utf8 { try? await client.send([octet]) }
            // An alert may come before the end; the clear greeting must not.
            var heard = ""
            while let more = try? await client.hear() { heard += more }
            #expect(!heard.contains("clear") && !heard.contains("secure"))
            #expect(port.facts.heard.isEmpty)
            #expect(throws: (any Error).self) { try facts(port) }
        }
    }

    @Test("A connection that ends within the hello fails the handshake and gives nobody its octets")
    func endsEarly() async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [.modern]).tls
        for octets in [[], [0x16], [0x16, 3, 1, 2, 0, 1]] as [[UInt8]] {
            let port = try await LivePort(tls)
            let client = try await LiveClient(port.port, tls: nil, name: "")
            if !octets.isEmpty { try await client.send(octets) }
            try await client.shutDown()
            try await port.firstResult()
            #expect(port.facts.heard.isEmpty)
            #expect(throws: (any Error).self) { try facts(port) }
        }
    }

    @Test("A hello that never ends is cut off after one record")
    func endlessHello() async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [.modern]).tls
        let port = try await LivePort(tls)
        let client = try await LiveClient(port.port, tls: nil, name: "")
        try? await client.send([0x16, 3, 1, 0xFF, 0xFF] + Array(repeating: 0, count: 20_000))
        try await port.firstResult()
        #expect(throws: (any Error).self) { try facts(port) }
    }

    @Test("T-15, R-15: without any certificate a handshake fails at once, and works after a reload")
    func noCertificate() async throws {
        let workshop = try Workshop()
        let (tls, faults) = ServerTLS.load(
            [.pem(chain: workshop.path("leaf.pem"), key: workshop.path("leaf.key"))], profiles: [.modern])
        #expect(faults.map(\.problem) == [.absent, .absent])
        let port = try await LivePort(tls)
        #expect(!(try connect(workshop, port, [])).contains("221 bye"))
        #expect(throws: NoCertificate.self) { try facts(port) }
        try workshop.make("leaf", ["mx.test"])
        #expect(tls.needsReload())
        #expect(tls.reload().faults.isEmpty)
        #expect(try connect(workshop, port, []).contains("221 bye"))
    }

    @Test("An Ed25519 certificate serves those who know its kind, and has no channel binding")
    func ed25519() async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"], kind: ["ed25519"])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [.modern]).tls
        let port = try await LivePort(tls)
        #expect(try connect(workshop, port, []).contains("221 bye"))
        #expect(try facts(port).endPointBinding == nil)
        #expect(!(try connect(workshop, port, ["-sigalgs", "ECDSA+SHA256:RSA-PSS+SHA256"])).contains("221 bye"))
    }

    @Test("TLS 1.2 and 1.3 sessions are resumed")
    func resumption() async throws {
        let workshop = try Workshop()
        let leaf = try workshop.make("leaf", ["mx.test"])
        let tls = ServerTLS.load([.pem(chain: leaf.certificate, key: leaf.key)], profiles: [.modern]).tls
        let port = try await LivePort(tls)
        for version in ["-tls1_2", "-tls1_3"] {
            let session = workshop.path("session" + version)
            #expect(try connect(workshop, port, [version, "-sess_out", session]).contains("New, TLS"))
            let text = try connect(workshop, port, [version, "-sess_in", session])
            #expect(text.contains("Reused, TLS"))
            #expect(text.contains("221 bye"))
        }
    }
}
