// The splice against a store that sends what it likes and closes right behind it: nothing may be lost for a client that
// reads slowly, nothing may be held for one that does not read at all.

import Glibc
import IPC
import Mail
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import POP3House
import Testing

@testable import listener

/// Behind the opening: sends `reply` at once and closes, or keeps what it hears.
final class ScriptedStore: Sendable {
    enum Script: Sendable {
        case sendAndClose([UInt8])
        case closeAtOnce
        /// Hears until the end, sends as many octets as it heard, closes.
        case count
        case silent
    }

    let path: String
    private let listening: any Channel

    init(_ script: Script) async throws {
        path = try freshSocketPath()
        let descriptor = try UnixSocket.listen(path: path, mode: 0o600)
        listening = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        OpeningReader<SessionOpening> { _, channel in
                            try? channel.pipeline.syncOperations.addHandler(Player(script))
                            return nil
                        })
                }
            }
            .withBoundSocket(descriptor).get()
    }

    func stop() async throws { try await listening.close() }

    private final class Player: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let script: Script
        private var heard = 0

        init(_ script: Script) { self.script = script }

        func handlerAdded(context: ChannelHandlerContext) {
            switch script {
            case .sendAndClose(let reply):
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply))).assumeIsolated().whenComplete { _ in
                    bound.value.close(promise: nil)
                }
            case .closeAtOnce: context.close(promise: nil)
            case .count, .silent: break
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { heard += unwrapInboundIn(data).readableBytes }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event as? ChannelEvent == .inputClosed else { return }
            guard case .count = script else { return context.close(promise: nil) }
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            let answer = wrapOutboundOut(ByteBuffer(string: "\(heard)\r\n"))
            context.writeAndFlush(answer).assumeIsolated().whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}

@Suite struct SpliceTests {
    static func login(_ port: Int, receiveBuffer: CInt? = nil) throws -> SocketClient {
        let client = try SocketClient(port: port, receiveBuffer: receiveBuffer)
        try client.send("USER alice\r\nPASS secret\r\n")
        #expect(try client.text() == "+OK Postern ready")
        #expect(try client.text() == "+OK Password next")
        return client
    }

    /// 6 MB whose every stretch is unlike its neighbours.
    static let pattern: [UInt8] = {
        var bytes = (0..<1_009).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        while bytes.count < 6_000_000 { bytes += bytes + [UInt8(truncatingIfNeeded: bytes.count)] }
        return bytes
    }()

    /// Everything until the end, after a pause, in small pieces with pauses.
    static func readSlowly(_ client: SocketClient) throws -> [UInt8] {
        var all: [UInt8] = []
        usleep(30_000)
        while true {
            let piece = try client.read(16_384)
            if piece.isEmpty { return all }
            all += piece
            if all.count % 7 == 0 { usleep(500) }
        }
    }

    /// SWIFT-NOTES' trap: closing the partner at once cuts the tail of replies of 0.1 to 6 MB.
    @Test(arguments: Array(stride(from: 100_000, through: 6_000_000, by: 393_333)))
    func theTailReachesASlowReader(_ size: Int) async throws {
        let reply = Array(Self.pattern[..<size])
        let store = try await ScriptedStore(.sendAndClose(reply))
        let login = try await LoginHouse(store: store.path, sendBuffer: 16_384)
        try await onThread {
            let client = try Self.login(login.port, receiveBuffer: 4_096)
            #expect(try Self.readSlowly(client) == reply)
        }
        try await login.stop()
        try await store.stop()
    }

    /// The client has said more than was heard: the close must not throw the unread tail away.
    @Test func unheardCommandsDoNotCostTheTail() async throws {
        let reply = [UInt8](repeating: 0x61, count: 500_000)
        let store = try await ScriptedStore(.sendAndClose(reply))
        let login = try await LoginHouse(store: store.path, sendBuffer: 16_384)
        try await onThread {
            for _ in 0..<10 {
                let client = try SocketClient(port: login.port, receiveBuffer: 4_096)
                try client.send("USER alice\r\nPASS secret\r\n" + String(repeating: "NOOP\r\n", count: 5_000))
                #expect(try client.text() == "+OK Postern ready")
                #expect(try client.text() == "+OK Password next")
                #expect(try Self.readSlowly(client).count == reply.count)
            }
        }
        try await login.stop()
        try await store.stop()
    }

    @Test func aStoreThatSaysNothingIsExcused() async throws {
        let store = try await ScriptedStore(.closeAtOnce)
        let login = try await LoginHouse(store: store.path)
        try await onThread {
            let client = try Self.login(login.port)
            #expect(try client.text() == "-ERR [SYS/TEMP] The mailbox cannot be reached now, try again later")
            #expect(try client.isAtEnd())
        }
        try await login.stop()
        try await store.stop()
    }

    /// The client's last bytes and its end of the connection reach the store, also when it is gone at once.
    @Test func theClientsTailReachesTheStore() async throws {
        let store = try await ScriptedStore(.count)
        let login = try await LoginHouse(store: store.path)
        try await onThread {
            let client = try Self.login(login.port)
            try client.send([UInt8](repeating: 0x78, count: 3_000_000))
            client.endOutput()
            #expect(try client.text() == "3000000")
            #expect(try client.isAtEnd())
        }
        try await login.stop()
        try await store.stop()
    }

    /// RFC 1939 §3: silence is ended without a word; and the store's session goes with it.
    @Test func idleSessionsEnd() async throws {
        var limits = LoginHouse.quick
        limits.idle = .milliseconds(1_500)
        let store = try await ScriptedStore(.silent)
        let login = try await LoginHouse(store: store.path, limits: limits)
        try await onThread {
            let client = try Self.login(login.port)
            let began = NIODeadline.now()
            usleep(400_000)
            try client.send("NOOP\r\n")
            #expect(try client.isAtEnd())
            #expect(NIODeadline.now() - began >= .milliseconds(1_880))
        }
        let endings = login.events.withLockedValue { $0 }.compactMap { event -> SpliceEnding? in
            if case .ended(_, _, _, let how) = event { how } else { nil }
        }
        #expect(endings == [.idle])
        try await login.stop()
        try await store.stop()
    }

    /// A client that never reads its last reply is closed when its time is over.
    @Test func drainingHasAnEnd() async throws {
        var limits = LoginHouse.quick
        limits.drain = .milliseconds(300)
        limits.linger = .milliseconds(300)
        let store = try await ScriptedStore(.sendAndClose([UInt8](repeating: 0x61, count: 20_000_000)))
        let login = try await LoginHouse(store: store.path, limits: limits)
        let before = openSockets()
        try await onThread {
            let clients = try (0..<5).map { _ in try Self.login(login.port, receiveBuffer: 4_096) }
            // They keep their sockets open and read nothing; the listener lets go.
            usleep(100_000)
            for client in clients { withExtendedLifetime(client) {} }
        }
        for _ in 0..<400 where openSockets() > before { try await Task.sleep(for: .milliseconds(10)) }
        #expect(openSockets() <= before)
        try await login.stop()
        try await store.stop()
    }

    /// Twenty stalled clients of a 20 MB reply: the listener holds some 100 KB for each, not the reply.
    @Test func aStalledClientHoldsLittle() async throws {
        let store = try await ScriptedStore(.sendAndClose([UInt8](repeating: 0x61, count: 20_000_000)))
        let login = try await LoginHouse(store: store.path)
        try await onThread {
            let clients = try (0..<3).map { _ in try Self.login(login.port, receiveBuffer: 4_096) }
            usleep(300_000)
            for client in clients {
                var count = 0
                while true {
                    let piece = try client.read()
                    if piece.isEmpty { break }
                    count += piece.count
                }
                #expect(count == 20_000_000)
            }
        }
        try await login.stop()
        try await store.stop()
    }

    private func openSockets() -> Int {
        var count = 0
        for descriptor in 0..<CInt(1_024) {
            var status = stat()
            if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { count += 1 }
        }
        return count
    }
}
