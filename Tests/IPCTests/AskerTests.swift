// The asking end over real sockets: round trips, order, failures, deadlines, coming back.
import Glibc
import Mail
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import IPC

@Suite(.timeLimit(.minutes(1)))
struct AskerTests {
    @Test func roundTrip() async throws {
        let road = try Road()
        try await road.connect()
        #expect(road.asker.isConnected)
        let answer = try await road.asker.ask(.echo("hello"), deadline: .seconds(5))
        #expect(answer == .echo("hello"))
        #expect(try await road.asker.ask(.echo("again"), deadline: .seconds(5)).get() == .echo("again"))
        let peer = Peer(uid: getuid(), gid: getgid(), pid: getpid(), room: .listener, release: "1.0")
        #expect(road.served.all.contains("\(IPCEvent.accepted(edge: "listener-router", peer: peer))"))
        try await road.stop()
        #expect(!road.asker.isConnected)
    }

    @Test func manyInFlight() async throws {
        let road = try Road()
        try await road.connect()
        let asker = road.asker
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<64 {
                group.addTask {
                    for round in 0..<50 {
                        let text = "\(task).\(round)"
                        let answer = try await asker.ask(.echo(text), deadline: .seconds(20))
                        #expect(answer == .echo(text))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await road.onLoop { try road.asker.open().openOnChannel } == 1)
        try await road.stop()
    }

    @Test func conversationKeepsOrder() async throws {
        let road = try Road()
        try await road.connect()
        let heard = Notes()
        try await road.onLoop {
            let conversation = try road.asker.open()
            for number in 0..<500 {
                conversation.ask(.echo("\(number)"), last: number == 499, deadline: .seconds(20)) { heard.add("\($0)") }
            }
        }
        await heard.wait(for: "\"499\"")
        #expect(heard.all.count == 500)
        for (number, text) in heard.all.enumerated() { #expect(text.contains("\"\(number)\"")) }
        try await road.stop()
    }

    @Test func notConnectedIsUnreachable() async throws {
        let asker = Asker(
            TestEdge.self, path: "/nowhere/at/all", identity: Identity(room: .listener, release: "1"),
            on: Road.group.next(), log: { _ in })
        await #expect(throws: IPCError.unreachable) { try await asker.ask(.never, deadline: .seconds(1)) }
        asker.start()
        await #expect(throws: IPCError.unreachable) { try await asker.ask(.never, deadline: .seconds(1)) }
        await #expect(throws: IPCError.unreachable) {
            try await asker.eventLoop.submit { _ = try asker.open() }.get()
        }
        try await asker.close().get()
    }

    @Test func deadlinePasses() async throws {
        let road = try Road()
        try await road.connect()
        let start = NIODeadline.now()
        await #expect(throws: IPCError.deadline) {
            try await road.asker.ask(.never, deadline: .milliseconds(150))
        }
        let taken = NIODeadline.now() - start
        #expect(taken >= .milliseconds(150))
        #expect(taken < .seconds(5))
        await road.served.wait(for: "cancelled")
        #expect(try await road.asker.ask(.echo("still"), deadline: .seconds(5)) == .echo("still"))
        try await road.stop()
    }

    @Test func cancelledTaskCancelsItsQuestion() async throws {
        let road = try Road()
        try await road.connect()
        let task = Task { try await road.asker.ask(.never, deadline: .seconds(60)) }
        await road.served.wait(for: "never")
        task.cancel()
        await #expect(throws: IPCError.cancelled) { try await task.value }
        await road.served.wait(for: "cancelled")
        try await road.stop()
    }

    @Test func lostServerFailsOpenQuestionsAtOnce() async throws {
        let road = try Road()
        try await road.connect()
        let futures = (0..<10).map { _ in road.asker.ask(.never, deadline: .seconds(60)) }
        await road.served.wait(for: "never", times: 10)
        try await road.server.stop().get()
        for future in futures {
            await #expect(throws: IPCError.disconnected) { try await future.get() }
        }
        await road.asked.wait(for: "disconnected(")
        try await road.stop()
    }

    /// The server is away, comes, goes and comes again: nobody else is restarted.
    @Test func comesBackForEver() async throws {
        let waits = Notes()
        let backOff = BackOff(first: .milliseconds(10), longest: .milliseconds(40)) {
            waits.add("\($0.nanoseconds / 1_000_000)")
            return .milliseconds(1)
        }
        let path = Road.newPath()
        let asked = Notes()
        let asker = Asker(
            TestEdge.self, path: path, identity: Identity(room: .listener, release: "1"), on: Road.group.next(),
            backOff: backOff, log: { asked.add($0) })
        let counter = Counter()
        asker.onConnect { counter.add() }
        asker.start()
        await waits.wait(for: "40", times: 2)
        #expect(Array(waits.all.prefix(4)) == ["10", "20", "40", "40"])
        #expect(asked.all.count { $0.contains("unreachable") } == 1, "said once")
        for round in 1...3 {
            let road = try Road(path: path)
            try await road.server.start().get()
            await asked.wait(for: "connected(edge", times: round * 2 - 1)
            #expect(try await asker.ask(.echo("\(round)"), deadline: .seconds(5)) == .echo("\(round)"))
            try await road.server.stop().get()
            await asked.wait(for: "disconnected(", times: round)
        }
        #expect(counter.value == 3)
        try await asker.close().get()
        unlink(path)
    }

    /// A connection made while the serving room is away waits in the socket and is served.
    @Test func waitsInTheSocket() async throws {
        let road = try Road()
        road.asker.start()
        let answer = Task {
            await road.asked.wait(for: "connected(")
            return try await road.asker.ask(.echo("x"), deadline: .seconds(5))
        }
        try await road.server.start().get()
        #expect(try await answer.value == .echo("x"))
        try await road.stop()
    }

    @Test func onConnectIsCalledForAStandingChannelToo() async throws {
        let road = try Road()
        try await road.connect()
        let heard = Notes()
        road.asker.onConnect { heard.add("up") }
        await heard.wait(for: "up")
        try await road.stop()
    }

    @Test func backOffDoublesToItsBound() {
        let backOff = BackOff(jitter: { $0 })
        let waits = (1...9).map { backOff.wait(after: $0).nanoseconds / 1_000_000 }
        #expect(waits == [10, 20, 40, 80, 160, 320, 640, 1000, 1000])
        #expect(backOff.wait(after: 1_000_000) == .seconds(1))
        for _ in 0..<100 {
            let wait = BackOff().wait(after: 5)
            #expect(wait >= .milliseconds(80) && wait <= .milliseconds(160))
        }
    }

    /// 20 MB up, read slowly: what is on the way stays bounded, and every byte arrives.
    @Test(arguments: [1 << 20, 20 << 20]) func bodyUp(bytes: Int) async throws {
        let road = try Road()
        try await road.connect()
        let done = road.askerLoop.makePromise(of: Int.self)
        road.askerLoop.execute {
            do { Sending(try road.asker.open(), bytes, done).go() } catch { done.fail(error) }
        }
        #expect(try await done.futureResult.get() == bytes)
        try await road.stop()
    }

    /// Many bodies at once fill the socket, with questions in between: every byte arrives, once.
    @Test func manyBodiesShareOneSocket() async throws {
        let road = try Road()
        try await road.connect()
        let sizes = (0..<80).map { 900_000 + $0 * 977 }
        let all = try await road.onLoop {
            try sizes.map { size in
                let done = road.askerLoop.makePromise(of: Int.self)
                Sending(try road.asker.open(), size, done, piece: 45_000).go()
                return done.futureResult
            }
        }
        for _ in 0..<400 { #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(20)) == .echo("x")) }
        for (size, done) in zip(sizes, all) { #expect(try await done.get() == size) }
        try await road.stop()
    }

    @Test(arguments: [0, 1, 1 << 20, 20 << 20]) func bodyDown(bytes: Int) async throws {
        let road = try Road()
        try await road.connect()
        let done = road.askerLoop.makePromise(of: Int.self)
        road.askerLoop.execute {
            do {
                let conversation = try road.asker.open()
                let counter = Counter()
                conversation.onContent = { [unowned conversation] content in
                    counter.add(content.readableBytes)
                    conversation.consumed(content.readableBytes)
                }
                conversation.ask(.bytes(bytes), last: true, deadline: .seconds(30)) { answer in
                    done.completeWith(answer.map { _ in counter.value }.mapError { $0 })
                }
            } catch { done.fail(error) }
        }
        #expect(try await done.futureResult.get() == bytes)
        try await road.stop()
    }

    /// An asker that does not consume holds up its own conversation, at one window, and no other.
    @Test func slowAskerHoldsUpOnlyItself() async throws {
        let road = try Road()
        try await road.connect()
        let heard = Counter()
        let full = Notes()
        let held = try await road.onLoop {
            let conversation = try road.asker.open()
            conversation.onContent = { content in
                heard.add(content.readableBytes)
                if heard.value == 1 << 20 { full.add("full") }
            }
            conversation.ask(.bytes(8 << 20), last: true, deadline: .seconds(30)) { full.add("\($0)") }
            return NIOLoopBound(conversation, eventLoop: road.askerLoop)
        }
        await full.wait(for: "full")
        for _ in 0..<100 {
            #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        }
        #expect(heard.value == 1 << 20)
        try await road.onLoop {
            held.value.onContent = { [unowned conversation = held.value] content in
                heard.add(content.readableBytes)
                conversation.consumed(content.readableBytes)
            }
            held.value.consumed(1 << 20)
        }
        await full.wait(for: "count(8388608)")
        #expect(heard.value == 8 << 20)
        try await road.stop()
    }

    /// A server that does not consume: the asker is told to wait, at one window.
    @Test func slowServerStopsTheAsker() async throws {
        let road = try Road(conversing: { _, _ in Echoing(consumes: false) })
        try await road.connect()
        let sent = try await road.onLoop {
            let conversation = try road.asker.open()
            var sent = 0
            while conversation.isWritable && sent < 64 << 20 {
                conversation.send(ByteBuffer(repeating: 1, count: 64 << 10))
                sent += 64 << 10
            }
            return sent
        }
        #expect(sent == 1 << 20)
        #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        try await road.stop()
    }
}

final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .acquiring) }
    func add(_ more: Int = 1) { count.add(more, ordering: .acquiringAndReleasing) }
}

/// Sends a body as the window allows, then asks for its length.
final class Sending {
    private let conversation: Conversation<TestEdge>
    private let done: EventLoopPromise<Int>
    private var left: Int
    private let piece: Int

    init(
        _ conversation: Conversation<TestEdge>, _ bytes: Int, _ done: EventLoopPromise<Int>, piece: Int = 100_000
    ) {
        self.conversation = conversation
        self.done = done
        self.piece = piece
        left = bytes
    }

    func go() {
        conversation.onWritable = { self.go() }
        while left > 0, conversation.isWritable {
            let length = min(left, piece)
            conversation.send(ByteBuffer(repeating: 0x61, count: length))
            left -= length
        }
        guard left == 0 else { return }
        conversation.onWritable = nil
        conversation.ask(.commit, last: true, deadline: .seconds(30)) { [done] answer in
            done.completeWith(answer.map { if case .count(let count) = $0 { count } else { -1 } }.mapError { $0 })
        }
    }
}

extension Conversation {
    /// Conversations open on this one's channel.
    var openOnChannel: Int { channel?.openConversations ?? 0 }
}
