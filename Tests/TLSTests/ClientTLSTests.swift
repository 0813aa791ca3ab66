// Each mode against real servers on the loopback whose certificates `openssl` makes for the test.

import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import TLS
import Testing

/// A certificate for `mx.test` and 127.0.0.1, signed by itself, in a directory that goes away with it.
final class TestCertificate: Sendable {
    let directory: String
    var certificate: String { directory + "/cert.pem" }
    var key: String { directory + "/key.pem" }

    init() throws {
        directory = NSTemporaryDirectory() + "postern-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=mx.test", "-addext", "subjectAltName=DNS:mx.test,IP:127.0.0.1",
            "-keyout", directory + "/key.pem", "-out", directory + "/cert.pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }
}

/// Answers "pong" to whoever gets through the handshake; remembers the name that was asked for.
private final class Pong: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "pong")), promise: nil)
    }
}

private final class FirstBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let promise: EventLoopPromise<String>

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(ByteBuffer(string: "ping")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        promise.succeed(String(buffer: unwrapInboundIn(data)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}

@Suite struct ClientTLSTests {
    /// Connects to a fresh server and gives its first word.
    private func exchange(
        _ tls: ClientTLS, _ mode: TLSMode, name: String, _ certificate: TestCertificate,
        highest: TLSVersion = .tlsv13
    ) async throws -> String {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = highest
        let context = try NIOSSLContext(configuration: configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let server = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: context), Pong())
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        let promise = loop.makePromise(of: String.self)
        let client = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers(
                    tls.handler(mode, serverName: name), FirstBytes(promise))
            }
        }
        do { _ = try await client.connect(to: server.localAddress!).get() } catch { promise.fail(error) }
        return try await promise.futureResult.get()
    }

    @Test func wantedTakesAnyCertificate() async throws {
        let certificate = try TestCertificate()
        let tls = try ClientTLS(trust: .file("/nonexistent"))
        #expect(try await exchange(tls, .wanted, name: "other.test", certificate) == "pong")
    }

    @Test(arguments: [TLSMode.required, .implicit])
    func mandatoryTakesATrustedCertificate(mode: TLSMode) async throws {
        let certificate = try TestCertificate()
        let tls = try ClientTLS(trust: .file(certificate.certificate))
        #expect(try await exchange(tls, mode, name: "mx.test.", certificate) == "pong")
        #expect(try await exchange(tls, mode, name: "127.0.0.1", certificate) == "pong")
    }

    @Test(arguments: [TLSMode.required, .implicit])
    func mandatoryRefusesAnUnknownAuthority(mode: TLSMode) async throws {
        let (certificate, other) = (try TestCertificate(), try TestCertificate())
        let tls = try ClientTLS(trust: .file(other.certificate))
        await #expect(throws: (any Error).self) { try await exchange(tls, mode, name: "mx.test", certificate) }
    }

    @Test func mandatoryRefusesAnotherName() async throws {
        let certificate = try TestCertificate()
        let tls = try ClientTLS(trust: .file(certificate.certificate))
        await #expect(throws: (any Error).self) { try await exchange(tls, .required, name: "my.test", certificate) }
    }

    @Test func mandatoryWithoutAuthoritiesSaysSo() async throws {
        let certificate = try TestCertificate()
        let tls = try ClientTLS(trust: .file("/nonexistent"))
        await #expect(throws: (any Error).self) { try await exchange(tls, .required, name: "mx.test", certificate) }
    }

    @Test func oldVersionsAreRefused() async throws {
        let certificate = try TestCertificate()
        let tls = try ClientTLS(trust: .file(certificate.certificate))
        #expect(try await exchange(tls, .wanted, name: "mx.test", certificate, highest: .tlsv12) == "pong")
        await #expect(throws: (any Error).self) {
            try await exchange(tls, .wanted, name: "mx.test", certificate, highest: .tlsv11)
        }
    }
}
