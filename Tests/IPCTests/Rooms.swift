// What the tests of the road have in common: an edge of their own, a serving room that does as it is told, and the two
// ends over a real socket.
import Glibc
import Mail
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import IPC

enum TestEdge: Edge {
    enum Question: Word, Equatable {
        case echo(String)
        case never
        case bytes(Int)
        case commit
    }
    enum Answer: Word, Equatable {
        case echo(String)
        case count(Int)
    }
    static let asker = RoomName.listener
    static let server = RoomName.router
    static let name = "listener-router"
}

/// Echoes, counts content, and keeps what it heard.
final class Echoing: Conversing {
    typealias E = TestEdge
    private var counted = 0
    /// Consume at once; otherwise only when told.
    let consumes: Bool
    let note: @Sendable (String) -> Void

    init(consumes: Bool = true, note: @escaping @Sendable (String) -> Void = { _ in }) {
        self.consumes = consumes
        self.note = note
    }

    func question(_ question: TestEdge.Question, in exchange: Exchange<TestEdge>) {
        switch question {
        case .echo(let text): exchange.answer(.echo(text))
        case .never: note("never")
        case .commit:
            exchange.answer(.count(counted))
            counted = 0
        case .bytes(let count): Pump(exchange, count).go()
        }
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<TestEdge>) {
        counted += bytes.readableBytes
        if consumes { exchange.consumed(bytes.readableBytes) }
    }

    func ended(in exchange: Exchange<TestEdge>) { note("ended") }
    func cancelled() { note("cancelled") }
}

/// Sends so many bytes as the other side takes them, then answers with their number.
final class Pump {
    let exchange: Exchange<TestEdge>
    let total: Int
    var left: Int
    private let piece = ByteBuffer(repeating: 0x61, count: 64 << 10)

    init(_ exchange: Exchange<TestEdge>, _ total: Int) {
        self.exchange = exchange
        self.total = total
        left = total
    }

    func go() {
        while left > 0 {
            guard exchange.isWritable else {
                exchange.onWritable = { self.go() }
                return
            }
            let length = min(left, piece.readableBytes)
            exchange.send(piece.getSlice(at: 0, length: length)!)
            left -= length
        }
        exchange.onWritable = nil
        exchange.answer(.count(total))
    }
}

/// Things noted from any thread, and a way to wait for one.
final class Notes: Sendable {
    private let state = Mutex<(all: [String], waiters: [(String, Int, CheckedContinuation<Void, Never>)])>(([], []))

    var all: [String] { state.withLock { $0.all } }

    func add(_ text: String) {
        let ready = state.withLock { state in
            state.all.append(text)
            let ready = state.waiters.filter { Self.count($0.0, state.all) >= $0.1 }
            state.waiters.removeAll { Self.count($0.0, state.all) >= $0.1 }
            return ready
        }
        for waiter in ready { waiter.2.resume() }
    }

    func add(_ event: IPCEvent) { add("\(event)") }

    /// Until a note that contains `text` has come `times` times.
    func wait(for text: String, times: Int = 1) async {
        await withCheckedContinuation { continuation in
            let there = state.withLock { state in
                if Self.count(text, state.all) >= times { return true }
                state.waiters.append((text, times, continuation))
                return false
            }
            if there { continuation.resume() }
        }
    }

    private static func count(_ text: String, _ all: [String]) -> Int { all.count { $0.contains(text) } }
}

/// Both ends of an edge over a real socket, each with its own loop.
final class Road: Sendable {
    let path: String
    let server: Server<TestEdge>
    let asker: Asker<TestEdge>
    let served = Notes()
    let asked = Notes()
    let askerLoop: any EventLoop

    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private static let counter = Atomic(0)

    static func newPath() -> String {
        "/tmp/postern-ipc-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue)"
    }

    init(
        path: String = Road.newPath(), limits: FrameLimits = .standard,
        serving: Identity = Identity(room: .router, release: "1.0"),
        asking: Identity = Identity(room: .listener, release: "1.0"),
        rule: PeerRule = PeerRule(uids: [getuid()]), backOff: BackOff = BackOff(),
        conversing: (@Sendable (Peer, any EventLoop) -> any Conversing<TestEdge>)? = nil
    ) throws {
        self.path = path
        let served = served
        let asked = asked
        server = Server(
            TestEdge.self, listening: try UnixSocket.listen(path: path, mode: 0o600), identity: serving, rule: rule,
            on: Self.group.next(), limits: limits, log: { served.add($0) },
            conversation: conversing ?? { _, _ in Echoing(note: { served.add($0) }) })
        askerLoop = Self.group.next()
        asker = Asker(
            TestEdge.self, path: path, identity: asking, on: askerLoop, limits: limits, backOff: backOff,
            log: { asked.add($0) })
    }

    func start() async throws {
        try await server.start().get()
        asker.start()
    }

    func connect() async throws {
        try await start()
        await asked.wait(for: "connected(")
    }

    func stop() async throws {
        try await asker.close().get()
        try await server.stop().get()
        unlink(path)
    }

    /// Runs on the asker's loop.
    func onLoop<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await askerLoop.submit(body).get()
    }
}

func hex(_ buffer: ByteBuffer) -> String {
    buffer.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
