// A real server under attack, and a good asker that must be served all the while.
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

final class LivingServer {
    private let path = "/tmp/postern-ipc-fuzz-\(getpid())"
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let server: Server<FuzzEdge>
    private let asker: Asker<FuzzEdge>
    private let refused = Atomics()
    private(set) var attacks = 0

    var refusals: Int { refused.count.load(ordering: .relaxed) }

    init() throws {
        let refused = refused
        server = Server(
            FuzzEdge.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: .router, release: "fuzz"), rule: PeerRule(uids: [getuid()]), on: group,
            log: { event in
                switch event {
                case .violation, .turnedAway: refused.count.add(1, ordering: .relaxed)
                default: break
                }
            }, conversation: { _, _ in FuzzServing() })
        asker = Asker(
            FuzzEdge.self, path: path, identity: Identity(room: .listener, release: "fuzz"), on: group.next(),
            log: { _ in })
        try server.start().wait()
        let connected = group.next().makePromise(of: Void.self)
        asker.onConnect { connected.succeed() }
        asker.start()
        try connected.futureResult.wait()
    }

    func stop() {
        try? asker.close().wait()
        try? server.stop().wait()
        unlink(path)
    }

    /// The good asker is answered.
    func serves() throws {
        guard case .echo("hello") = try asker.ask(.echo("hello"), deadline: .seconds(10)).wait() else {
            throw BrokenRule(rule: "wrong answer")
        }
    }

    /// One connection: a hello that is mostly good, then frames that are mostly not.
    func attack(_ random: inout SplitMix) throws {
        attacks += 1
        var stream = ByteBuffer()
        hello(&random).write(into: &stream)
        for _ in 0..<random.below(12) { Frame.random(&random).write(into: &stream) }
        if random.chance(1, of: 2) { random.mutate(&stream) }
        let descriptor = try connected()
        defer { close(descriptor) }
        stream.withUnsafeReadableBytes { _ = send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if random.chance(1, of: 4) {
            var bytes = [UInt8](repeating: 0, count: 4096)
            _ = recv(descriptor, &bytes, bytes.count, 0)
        }
    }

    private struct Introduction: Encodable {
        var edge = "listener-router"
        var room = "listener"
        var release = "fuzz"
        var proof: [UInt8] = []
    }

    private func hello(_ random: inout SplitMix) -> Frame {
        var payload = ByteBuffer(integer: WireVersion.current, endianness: .little)
        payload.writeInteger(UInt8(random.chance(1, of: 20) ? random.below(5) : 1))
        _ = try? BinaryEncoder.encode(Introduction(), into: &payload)
        if random.chance(1, of: 10) { random.mutate(&payload) }
        return Frame(.hello, number: 0, payload: payload)
    }

    private func connected() throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let failed = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard failed == 0 else { throw BrokenRule(rule: "the server does not accept: errno \(errno)") }
        return descriptor
    }
}

final class Atomics: Sendable {
    let count = Atomic(0)
}

/// Answers some questions at once, some never; sends content without regard for its window.
private final class FuzzServing: Conversing {
    typealias E = FuzzEdge

    func question(_ question: FuzzEdge.Question, in exchange: Exchange<FuzzEdge>) {
        switch question {
        case .echo(let text): exchange.answer(.echo(text))
        case .never: break
        case .send(let bytes):
            exchange.send(ByteBuffer(repeating: 0, count: bytes))
            exchange.answer(.done)
        case .many: exchange.answer(.done)
        case .deeper: exchange.cancel()
        }
    }
    func content(_ bytes: ByteBuffer, in exchange: Exchange<FuzzEdge>) { exchange.consumed(bytes.readableBytes) }
    func ended(in exchange: Exchange<FuzzEdge>) {}
    func cancelled() {}
}
