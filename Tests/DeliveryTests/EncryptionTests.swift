// TLS as the policy wants it, against servers that have it, break it, or do not know it (P-03, P-07, P-17, P-18, T-12).

import Foundation
import IPC
import Mail
import NIOCore
import NIOSSL
import SMTP
import TLS
import Testing

@testable import delivery

extension DeliveryRoomTests {
    @Suite struct EncryptionTests {
        static let withTLS = ["PIPELINING", "STARTTLS"]

        /// Signed by itself, for mx0.remote.test.
        private func certificate() throws -> (path: String, context: NIOSSLContext) {
            let path = NSTemporaryDirectory() + "postern-cert-\(UUID().uuidString).pem"
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2",
                "-subj", "/CN=mx0.remote.test", "-addext", "subjectAltName=DNS:mx0.remote.test",
                "-keyout", path, "-out", path + ".cert",
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            let configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(path + ".cert").map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: path, format: .pem)))
            return (path + ".cert", try NIOSSLContext(configuration: configuration))
        }

        private func outcome(
            _ sink: Sink, _ mode: TLSMode, trust: String = "/nonexistent", _ letter: Letter = Letter()
        ) async throws -> (Outcome, [DeliveryEvent]) {
            let house = try await FakeHouse(.mx(port: sink.port, tls: mode), trust: .file(trust))
            house.domain("remote.test", sink)
            let outcome = try await house.store.outcome(of: house.store.add(letter))
            await house.stop()
            return (outcome, house.events)
        }

        private func expectDeferred(_ outcome: Outcome, _ category: String) throws {
            guard case .deferred(let report, _) = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(report.category == category && report.status.hasPrefix("4.7."), "\(report)")
        }

        @Test(arguments: [TLSMode.wanted, .required]) func startTLS(mode: TLSMode) async throws {
            let (path, context) = try certificate()
            let sink = try await Sink(capabilities: Self.withTLS, tls: context)
            guard case .delivered = try await outcome(sink, mode, trust: path).0 else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(sink.messages.map(\.isSecured) == [true])
            // RFC 3207 §4.2: EHLO again behind the handshake.
            #expect(sink.lines.filter { $0 == "EHLO us.test" }.count == 2)
        }

        @Test func implicit() async throws {
            let (path, context) = try certificate()
            let sink = try await Sink(tls: context, isImplicit: true)
            guard case .delivered = try await outcome(sink, .implicit, trust: path).0 else {
                throw UnexpectedAnswer("not delivered")
            }
            #expect(sink.messages.map(\.isSecured) == [true])
        }

        /// RFC 7435: any TLS is better than none.
        @Test func wantedTakesAnUnknownCertificate() async throws {
            let sink = try await Sink(capabilities: Self.withTLS, tls: try certificate().context)
            guard case .delivered = try await outcome(sink, .wanted).0 else { throw UnexpectedAnswer("not delivered") }
            #expect(sink.messages.map(\.isSecured) == [true])
        }

        @Test func requiredRefusesAnUnknownCertificate() async throws {
            let sink = try await Sink(capabilities: Self.withTLS, tls: try certificate().context)
            let other = try certificate().path
            try expectDeferred(try await outcome(sink, .required, trust: other).0, "tls-failed")
            #expect(!sink.lines.contains { $0.hasPrefix("MAIL") })
        }

        @Test func requiredRefusesClearText() async throws {
            let sink = try await Sink()
            try expectDeferred(try await outcome(sink, .required).0, "tls-required")
            #expect(!sink.lines.contains { $0.hasPrefix("MAIL") })
        }

        @Test func requiredDoesNotTakeNoForAnAnswer() async throws {
            let sink = try await Sink(capabilities: Self.withTLS)
            sink.on(.startTLS, .reply("454 4.7.0 Not now"))
            try expectDeferred(try await outcome(sink, .required).0, "tls-required")
            #expect(!sink.lines.contains { $0.hasPrefix("MAIL") })
        }

        @Test func wantedGoesInClearWhereThereIsNone() async throws {
            let sink = try await Sink()
            guard case .delivered = try await outcome(sink, .wanted).0 else { throw UnexpectedAnswer("not delivered") }
            #expect(sink.messages.map(\.isSecured) == [false])
        }

        /// P-17: announced, begun, broken: a second connection carries it in clear, and that is said.
        @Test func wantedGoesInClearWhereItIsBroken() async throws {
            let sink = try await Sink(capabilities: Self.withTLS)
            sink.on(.startTLS, .replyAndDrop("220 Go on"))
            let (outcome, events) = try await outcome(sink, .wanted)
            guard case .delivered = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(sink.sessions == 2 && sink.messages.map(\.isSecured) == [false])
            #expect(events.contains { if case .fellBackToClear = $0 { true } else { false } })
        }

        /// P-03: nothing is said before the handshake, and there is no way back to clear text.
        @Test func implicitNeverSpeaksInClear() async throws {
            let sink = try await Sink()
            try expectDeferred(try await outcome(sink, .implicit).0, "tls-failed")
            #expect(!sink.lines.contains { $0.hasPrefix("EHLO") })
        }

        /// P-07: what a man in the middle adds behind 220 in clear is not heard, neither as an answer to EHLO nor later.
        @Test func whatIsInjectedBeforeTLSIsNotHeard() async throws {
            let sink = try await Sink(capabilities: Self.withTLS, tls: try certificate().context)
            sink.on(.startTLS, .reply("220 Go on\r\n250-evil.test\r\n250 8BITMIME"))
            let (outcome, _) = try await outcome(sink, .wanted, trust: "/nonexistent", Letter(isEightBit: true))
            guard case .delivered = outcome else { throw UnexpectedAnswer(outcome) }
            #expect(sink.messages.map(\.isSecured) == [true] && sink.sessions == 1)
            #expect(!sink.lines.contains { $0.contains("BODY=8BITMIME") })
        }
    }
}
