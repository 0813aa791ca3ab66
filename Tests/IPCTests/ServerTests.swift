// The serving end against peers that do not keep the rules: their channel ends, the others go on.
import Glibc
import Mail
import NIOCore
import NIOPosix
import Testing

@testable import IPC

/// A peer that writes what it likes, with blocking calls.
final class RawPeer: Sendable {
    let descriptor: CInt

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let connected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw SystemCallError("connect", errno) }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Short when the other end has closed.
    @discardableResult
    func write(_ buffer: ByteBuffer) -> Int {
        buffer.withUnsafeReadableBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    func write(_ frame: Frame) {
        var buffer = ByteBuffer()
        frame.write(into: &buffer)
        write(buffer)
    }

    func read() -> ByteBuffer? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? ByteBuffer(bytes: bytes.prefix(count)) : nil
    }

    /// Everything until the other end closes.
    func readToEnd() -> ByteBuffer {
        var all = ByteBuffer()
        while let more = read() { all.writeImmutableBuffer(more) }
        return all
    }

    /// Does the hello as the listener would.
    func introduce(version: UInt32 = WireVersion.current) throws {
        _ = read()
        let introduction = Hello.Introduction(edge: "listener-router", room: "listener", release: "raw", proof: [])
        write(Frame(.hello, number: 0, payload: try Hello.introduction(introduction).payload(version: version)))
        _ = read()
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ServerTests {
    @Test func rubbishClosesOnlyItsOwnChannel() async throws {
        let road = try Road()
        try await road.connect()
        var random = SplitMix(7)
        for round in 0..<200 {
            let peer = try RawPeer(road.path)
            if round % 2 == 0 { try peer.introduce() }
            var buffer = ByteBuffer()
            for _ in 0..<40 { buffer.writeInteger(random.next()) }
            peer.write(buffer)
        }
        #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        #expect(road.served.all.contains { $0.hasPrefix("violation(") })
        #expect(road.served.all.contains { $0.hasPrefix("turnedAway(") })
        try await road.stop()
    }

    @Test func otherVersionIsToldInWords() async throws {
        let road = try Road()
        try await road.server.start().get()
        let peer = try RawPeer(road.path)
        try peer.introduce(version: 77)
        await road.served.wait(for: "speaks version 77, this one version 1")
        let other = try RawPeer(road.path)
        _ = other.read()
        let introduction = Hello.Introduction(edge: "listener-router", room: "listener", release: "", proof: [])
        other.write(Frame(.hello, number: 0, payload: try Hello.introduction(introduction).payload(version: 77)))
        let text = String(buffer: other.readToEnd())
        #expect(text.contains("version 77") && text.contains("version 1"))
        try await road.server.stop().get()
        unlink(road.path)
    }

    /// The asking side against a server of another version: it says so, tells the server, and goes on trying.
    @Test func askerNamesBothVersions() async throws {
        let path = Road.newPath()
        let listening = try UnixSocket.listen(path: path, mode: 0o600)
        let said = Notes()
        let asker = Asker(
            TestEdge.self, path: path, identity: Identity(room: .listener, release: "1"), on: Road.group.next(),
            log: { said.add($0) })
        asker.start()
        let greeting = Hello.greeting(
            .init(edge: "listener-router", room: "router", release: "", nonce: [], demandsProof: false))
        let payload = try greeting.payload(version: 5)
        let heard = Task.detached {
            var peer = accept(listening, nil, nil)
            while peer < 0 { poll(nil, 0, 1); peer = accept(listening, nil, nil) }
            var buffer = ByteBuffer()
            Frame(.hello, number: 0, payload: payload).write(into: &buffer)
            buffer.withUnsafeReadableBytes { _ = send(peer, $0.baseAddress, $0.count, 0) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(peer, &bytes, bytes.count, 0)
            close(peer)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
        await said.wait(for: "the other room speaks version 5, this one version 1")
        #expect(said.all.contains { $0.hasPrefix("refused(") })
        #expect(await heard.value.contains("speaks version 5, this one version 1"))
        try await asker.close().get()
        close(listening)
        unlink(path)
    }

    @Test func silentPeerIsClosed() async throws {
        var limits = FrameLimits()
        limits.helloTime = .milliseconds(50)
        let road = try Road(limits: limits)
        try await road.server.start().get()
        let peer = try RawPeer(road.path)
        #expect(peer.readToEnd().readableBytes > 0, "the greeting, then the end")
        try await road.server.stop().get()
        unlink(road.path)
    }

    @Test func channelsAreBounded() async throws {
        var limits = FrameLimits()
        limits.channels = 3
        let road = try Road(limits: limits)
        try await road.connect()
        let others = try (0..<2).map { _ in try RawPeer(road.path) }
        for other in others { try other.introduce() }
        let last = try RawPeer(road.path)
        #expect(String(buffer: last.readToEnd()).contains("more than 3 channels"))
        #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        try await road.stop()
    }

    /// A peer that asks and never reads: bounded memory, then closed; the others are served all the while.
    @Test func peerThatDoesNotRead() async throws {
        var limits = FrameLimits()
        limits.unsentBytes = 1 << 20
        let road = try Road(limits: limits)
        try await road.connect()
        let peer = try RawPeer(road.path)
        try peer.introduce()
        var buffer = ByteBuffer()
        let text = String(repeating: "x", count: 60_000)
        for number in 1...200 { try question(.echo(text), UInt32(number), last: true).write(into: &buffer) }
        while buffer.readableBytes > 0 {
            let count = peer.write(buffer)
            guard count > 0 else { break }
            buffer.moveReaderIndex(forwardBy: count)
        }
        await road.served.wait(for: "does not read")
        #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        try await road.stop()
    }

    @Test func conversationsAreToldWhenTheirPeerGoes() async throws {
        let road = try Road()
        try await road.server.start().get()
        do {
            let peer = try RawPeer(road.path)
            try peer.introduce()
            peer.write(try question(.never, 1))
            peer.write(try question(.never, 2))
            await road.served.wait(for: "never", times: 2)
            shutdown(peer.descriptor, Int32(SHUT_RDWR))
        }
        await road.served.wait(for: "cancelled", times: 2)
        await road.served.wait(for: "left(")
        try await road.server.stop().get()
        unlink(road.path)
    }

    /// Answers may come later, and from elsewhere.
    @Test func lateAnswers() async throws {
        let road = try Road(conversing: { _, _ in Later() })
        try await road.connect()
        let heard = Notes()
        try await road.onLoop {
            let conversation = try road.asker.open()
            for name in ["a", "b", "c"] {
                conversation.ask(.echo(name), last: name == "c", deadline: .seconds(5)) { heard.add("\($0)") }
            }
        }
        await heard.wait(for: "\"c\"")
        #expect(heard.all.map { $0.suffix(5).prefix(3) } == ["\"a\"", "\"b\"", "\"c\""])
        try await road.stop()
    }
}

/// Answers in a later turn of the loop.
private final class Later: Conversing {
    typealias E = TestEdge
    func question(_ question: TestEdge.Question, in exchange: Exchange<TestEdge>) {
        guard case .echo(let text) = question else { return }
        exchange.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { exchange.answer(.echo(text)) }
    }
    func content(_ bytes: ByteBuffer, in exchange: Exchange<TestEdge>) { exchange.consumed(bytes.readableBytes) }
    func ended(in exchange: Exchange<TestEdge>) {}
    func cancelled() {}
}
