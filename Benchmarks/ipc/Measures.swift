// The measurements themselves.
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix

/// Runs tasks on the event loop, as the rooms' sessions do.
final class LoopExecutor: TaskExecutor {
    let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        eventLoop.execute { job.runSynchronously(on: executor) }
    }
}

struct Measures {
    let path: String
    let seconds: Double
    private let loop: any EventLoop
    private let asker: Asker<BenchEdge>
    private let asked = Total()

    /// The server's process, whose CPU time counts too.
    private let server: pid_t

    init(path: String, seconds: Double, server: pid_t) {
        self.path = path
        self.server = server
        self.seconds = seconds
        loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        asker = Asker(
            BenchEdge.self, path: path, identity: Identity(room: .listener, release: "bench"), on: loop, log: { _ in })
    }

    func run() async throws -> [Measure] {
        let (connected, continuation) = AsyncStream<Void>.makeStream()
        asker.onConnect { continuation.yield() }
        asker.start()
        for await _ in connected { break }
        var measures = Self.coder()
        let cpu = cpuTime()
        let best = try await bestOfThree { try await roundTrips(askers: 64) }
        measures.append(Measure(name: "round trips, 64 askers (await)", value: best, unit: "/s", least: 100_000))
        let spent = (cpuTime() - cpu) / Double(max(1, asked.value)) * 1e6
        measures.append(Measure(name: "their CPU time, both processes", value: spent, unit: "us each"))
        let futures = try await bestOfThree { try await futureRoundTrips(askers: 64) }
        measures.append(Measure(name: "round trips, 64 askers (futures)", value: futures, unit: "/s"))
        let up = try await bestOfThree { try await stream(bytes: 10 << 20, upwards: true) }
        measures.append(Measure(name: "10 MB body, asker to server", value: up / 1e6, unit: "MB/s", least: 1_000))
        let down = try await bestOfThree { try await stream(bytes: 10 << 20, upwards: false) }
        measures.append(Measure(name: "10 MB body, server to asker", value: down / 1e6, unit: "MB/s", least: 1_000))
        measures += try await lone()
        try await asker.close().get()
        return measures
    }

    /// CPU seconds of both processes.
    private func cpuTime() -> Double {
        var clock = clockid_t()
        clock_getcpuclockid(server, &clock)
        return now(clock) + now(CLOCK_PROCESS_CPUTIME_ID)
    }

    private func bestOfThree(_ body: () async throws -> Double) async throws -> Double {
        var best = 0.0
        for _ in 0..<3 { best = max(best, try await body()) }
        return best
    }

    /// Each asker is a task on the loop that asks again as soon as it is answered.
    private func roundTrips(askers: Int) async throws -> Double {
        let start = now()
        let end = start + seconds
        let executor = LoopExecutor(loop)
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<askers {
                group.addTask(executorPreference: executor) {
                    let question = BenchEdge.question(.recipient(number: 7, address: "bob@example.test"))
                    var count = 0
                    while count % 64 != 0 || now() < end {
                        _ = try await asker.ask(question, deadline: .seconds(30))
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        asked.value += total
        return Double(total) / (now() - start)
    }

    private func futureRoundTrips(askers: Int) async throws -> Double {
        let start = now()
        let end = start + seconds
        @Sendable func again(_ count: Int) -> EventLoopFuture<Int> {
            if count % 64 == 0 && now() >= end { return loop.makeSucceededFuture(count) }
            let question = BenchEdge.question(.recipient(number: 7, address: "bob@example.test"))
            return asker.ask(question, deadline: .seconds(30)).flatMap { _ in again(count + 1) }
        }
        let all = (0..<askers).map { _ in loop.flatSubmit { again(0) } }
        let total = try await EventLoopFuture.reduce(0, all, on: loop, +).get()
        return Double(total) / (now() - start)
    }

    /// Bodies one behind the other, each a conversation: content and one question, or one question and content.
    private func stream(bytes: Int, upwards: Bool) async throws -> Double {
        let start = now()
        var total = 0
        while now() - start < seconds {
            for _ in 0..<8 {
                let done = loop.makePromise(of: Int.self)
                let asker = asker
                loop.execute {
                    do {
                        let body = Body(try asker.open(), bytes, done)
                        if upwards { body.send() } else { body.read() }
                    } catch { done.fail(error) }
                }
                guard try await done.futureResult.get() == bytes else { throw IPCError.violation("bytes are missing") }
                total += bytes
            }
        }
        return Double(total) / (now() - start)
    }

    private func lone() async throws -> [Measure] {
        let executor = LoopExecutor(loop)
        let asker = asker
        let count = max(2_000, Int(seconds * 5_000))
        let times = try await Task(executorPreference: executor) {
            let question = BenchEdge.question(.recipient(number: 7, address: "bob@example.test"))
            var times: [Double] = []
            for _ in 0..<count {
                let start = now()
                _ = try await asker.ask(question, deadline: .seconds(30))
                times.append((now() - start) * 1e6)
            }
            return times.sorted()
        }.value
        return [
            Measure(name: "lone round trip, median", value: times[count / 2], unit: "us"),
            Measure(name: "lone round trip, 99 %", value: times[count * 99 / 100], unit: "us"),
        ]
    }

    /// The coder by itself.
    static func coder() -> [Measure] {
        let encoder = BinaryEncoder()
        let decoder = BinaryDecoder()
        let question = BenchEdge.question(.recipient(number: 7, address: "bob@example.test"))
        var buffer = ByteBuffer()
        let rounds = 200_000
        var encoding = Double.infinity
        var decoding = Double.infinity
        for _ in 0..<5 {
            var start = now(CLOCK_PROCESS_CPUTIME_ID)
            for _ in 0..<rounds {
                buffer.clear()
                try? encoder.encode(question, into: &buffer)
            }
            encoding = min(encoding, (now(CLOCK_PROCESS_CPUTIME_ID) - start) / Double(rounds) * 1e6)
            start = now(CLOCK_PROCESS_CPUTIME_ID)
            for _ in 0..<rounds { _ = try? decoder.decode(BenchEdge.Question.self, from: buffer) }
            decoding = min(decoding, (now(CLOCK_PROCESS_CPUTIME_ID) - start) / Double(rounds) * 1e6)
        }
        return [
            Measure(name: "encode 9 fields (\(buffer.readableBytes) bytes)", value: encoding, unit: "us", most: 2),
            Measure(name: "decode 9 fields", value: decoding, unit: "us", most: 3),
        ]
    }
}

/// One body on its way.
private final class Body {
    private let conversation: Conversation<BenchEdge>
    private let bytes: Int
    private let done: EventLoopPromise<Int>
    private var left: Int
    private var heard = 0
    private static let piece = ByteBuffer(repeating: 0x61, count: 256 << 10)

    init(_ conversation: Conversation<BenchEdge>, _ bytes: Int, _ done: EventLoopPromise<Int>) {
        self.conversation = conversation
        self.bytes = bytes
        self.done = done
        left = bytes
    }

    func send() {
        conversation.onWritable = { self.send() }
        while left > 0, conversation.isWritable {
            let length = min(left, Self.piece.readableBytes)
            conversation.send(Self.piece.getSlice(at: 0, length: length)!)
            left -= length
        }
        guard left == 0 else { return }
        conversation.onWritable = nil
        conversation.ask(BenchEdge.question(.content), last: true, deadline: .seconds(30)) { [done] in
            done.completeWith($0.map(\.code).mapError { $0 })
        }
    }

    func read() {
        conversation.onContent = { content in
            self.heard += content.readableBytes
            self.conversation.consumed(content.readableBytes)
        }
        conversation.ask(BenchEdge.question(.read(bytes: bytes)), last: true, deadline: .seconds(30)) { answer in
            self.done.completeWith(answer.map { _ in self.heard }.mapError { $0 })
        }
    }
}

/// Questions so far.
private final class Total: @unchecked Sendable {
    // Unchecked: written and read by the measuring task only.
    var value = 0
}

/// Seconds.
func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
