// A port on the loopback behind ServerTLS that says each line again, and a client for it.

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TLS

/// Greets once TLS stands, echoes, and closes after QUIT. With STARTTLS it first speaks the clear part of SMTP.
final class LivePort: Sendable {
    let channel: any Channel
    let facts: Handshakes
    var port: Int { channel.localAddress!.port! }

    /// What the handshakes of a port came to, in their order.
    final class Handshakes: Sendable {
        private let results = Mutex<[Result<ServerTLSFacts, any Error>]>([])
        /// Lines that reached the protocol behind TLS.
        private let lines = Mutex<[String]>([])
        var heard: [String] { lines.withLock { $0 } }

        func note(_ line: String) { lines.withLock { $0.append(line) } }

        var all: [Result<ServerTLSFacts, any Error>] { results.withLock { $0 } }
        let first = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)

        func add(_ result: Result<ServerTLSFacts, any Error>) {
            let isFirst = results.withLock { results in
                results.append(result)
                return results.count == 1
            }
            if isFirst { first.succeed() }
        }
    }

    /// Waits for the first handshake to come to something.
    func firstResult() async throws { try await facts.first.futureResult.get() }

    init(_ tls: ServerTLS, _ profile: TLSProfile = .modern, isStartTLS: Bool = false, isSplit: Bool = false) async throws {
        let facts = Handshakes()
        self.facts = facts
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let lines = Lines(isClear: isStartTLS, facts) { context in
                        LivePort.secure(context.channel, tls, profile, facts)
                    }
                    try channel.pipeline.syncOperations.addHandler(lines)
                    if !isStartTLS { LivePort.secure(channel, tls, profile, facts) }
                    if isSplit { try channel.pipeline.syncOperations.addHandler(Splitter(), position: .first) }
                }
            }.bind(host: "127.0.0.1", port: 0).get()
    }

    deinit { channel.close(promise: nil) }

    private static func secure(
        _ channel: any Channel, _ tls: ServerTLS, _ profile: TLSProfile, _ facts: Handshakes
    ) {
        // A write before the hello must go nowhere.
        let secured = tls.secure(channel, profile)
        channel.writeAndFlush(ByteBuffer(string: "in clear\r\n"), promise: nil)
        secured.whenComplete { result in
            facts.add(result)
            guard case .success = result else { return channel.close(promise: nil) }
            channel.writeAndFlush(ByteBuffer(string: "220 secure\r\n"), promise: nil)
        }
    }

    /// What comes in goes on octet by octet.
    private final class Splitter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            for octet in unwrapInboundIn(data).readableBytesView {
                context.fireChannelRead(NIOAny(ByteBuffer(bytes: [octet])))
            }
        }
    }

    private final class Lines: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var isClear: Bool
        private let facts: Handshakes
        private let secure: (ChannelHandlerContext) -> Void

        init(isClear: Bool, _ facts: Handshakes, secure: @escaping (ChannelHandlerContext) -> Void) {
            (self.isClear, self.facts, self.secure) = (isClear, facts, secure)
        }

        func channelActive(context: ChannelHandlerContext) {
            if isClear { say("220 clear", context) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let line = String(buffer: unwrapInboundIn(data)).split(whereSeparator: \.isNewline).joined()
            switch (isClear, line) {
            case (true, "STARTTLS"):
                isClear = false
                say("220 go", context)
                secure(context)
            case (true, _): say("250-clear\r\n250 STARTTLS", context)
            case (false, "QUIT"):
                facts.note(line)
                say("221 bye", context)
                context.close(promise: nil)
            case (false, _):
                facts.note(line)
                say(line, context)
            }
        }

        private func say(_ line: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(NIOAny(ByteBuffer(string: line + "\r\n")), promise: nil)
        }
    }
}

/// A client that asks and waits for the answer.
final class LiveClient: Sendable {
    private let channel: any Channel
    private let answers: Answers

    /// - Parameter tls: nobody: the connection stays clear.
    init(_ port: Int, tls: ClientTLS?, name: String) async throws {
        let answers = Answers()
        self.answers = answers
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler(.wanted, serverName: name)) }
                    try channel.pipeline.syncOperations.addHandler(Words(answers))
                }
            }.connect(host: "127.0.0.1", port: port).get()
    }

    deinit { channel.close(promise: nil) }

    /// The next octets from the server. Fails when the connection ends.
    func hear() async throws -> String { try await answers.next(on: channel.eventLoop) }

    func ask(_ line: String) async throws -> String {
        try await channel.writeAndFlush(ByteBuffer(string: line + "\r\n"))
        return try await hear()
    }

    func send(_ octets: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: octets)) }

    func shutDown() async throws { try await channel.close() }

    /// DER of the certificate that the server showed.
    func presented() async throws -> [UInt8] {
        let channel = channel
        return try await channel.eventLoop.submit {
            let tls = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
            return try tls.peerCertificate?.toDERBytes() ?? []
        }.get()
    }

    /// Octets that came and waiters that have none yet: one of both is empty.
    private final class Answers: Sendable {
        private struct State {
            var heard: [Result<String, any Error>] = []
            var waiting: [EventLoopPromise<String>] = []
        }
        private let state = Mutex(State())

        func add(_ word: Result<String, any Error>) {
            let waiter = state.withLock { state -> EventLoopPromise<String>? in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.heard.append(word)
                return nil
            }
            waiter?.completeWith(word)
        }

        func next(on loop: any EventLoop) async throws -> String {
            let promise = loop.makePromise(of: String.self)
            let word = state.withLock { state -> Result<String, any Error>? in
                guard state.heard.isEmpty else { return state.heard.removeFirst() }
                state.waiting.append(promise)
                return nil
            }
            if let word { promise.completeWith(word) }
            return try await promise.futureResult.get()
        }
    }

    private final class Words: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let answers: Answers

        init(_ answers: Answers) { self.answers = answers }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            answers.add(.success(String(buffer: unwrapInboundIn(data))))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answers.add(.failure(error))
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { answers.add(.failure(ChannelError.eof)) }
    }
}
