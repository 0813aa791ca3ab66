// One end of a channel without a socket: frames go in and come out one by one, the clock and the socket's room are ours.
import Mail
import NIOCore
import NIOEmbedded

@testable import IPC

/// Lets everybody in; serves with `Echoing` or what it is given.
final class OpenSide: ChannelSide {
    enum Role { case asking, serving }
    let role: Role
    var conversing: () -> any Conversing<TestEdge> = { Echoing() }
    private(set) var violations: [String] = []
    private(set) var mistakes: [String] = []
    private(set) var ending: String?

    init(_ role: Role) { self.role = role }

    func connected(_ channel: FrameChannel) { channel.up() }
    func hello(_ payload: ByteBuffer, on channel: FrameChannel) throws(HelloFailure) {}
    func flow(for frame: Frame, on channel: FrameChannel) throws(FrameViolation) -> Flow? {
        guard role == .serving, channel.isNew(frame.number) else {
            if channel.isNew(frame.number) { throw FrameViolation("never opened") }
            return nil
        }
        let exchange = Exchange<TestEdge>(
            channel, peer: Peer(uid: 1, gid: 1, pid: 1, room: .listener, release: "1"))
        channel.enter(exchange, number: frame.number)
        exchange.serve(by: conversing())
        return exchange
    }
    func violated(_ because: String) { violations.append(because) }
    func mistaken(_ because: String) { mistakes.append(because) }
    func disconnected(_ because: String) { ending = because }
}

/// Counts what reaches the socket.
final class Counting: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private(set) var writes = 0
    private(set) var flushes = 0
    /// What the socket does while it is being flushed; done once.
    var duringFlush: (() -> Void)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writes += 1
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        flushes += 1
        context.flush()
        let act = duringFlush
        duringFlush = nil
        act?()
    }
}

final class End {
    let channel = EmbeddedChannel()
    let frames: FrameChannel
    let side: OpenSide
    let counting = Counting()
    private var reader = FrameReader()

    init(_ role: OpenSide.Role, limits: FrameLimits = .standard, lastNumber: UInt32 = 0) throws {
        side = OpenSide(role)
        frames = FrameChannel(side: side, eventLoop: channel.eventLoop, limits: limits, lastNumber: lastNumber)
        try channel.pipeline.syncOperations.addHandlers([counting, frames])
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    }

    func open() -> Conversation<TestEdge> {
        let conversation = Conversation<TestEdge>(frames)
        frames.prepare(conversation)
        return conversation
    }

    /// All of it in one read.
    func hear(_ heard: Frame...) throws {
        var buffer = ByteBuffer()
        for frame in heard { frame.write(into: &buffer) }
        try channel.writeInbound(buffer)
    }

    /// What was sent since the last look, content in pieces as written.
    func sent() throws -> [Frame] {
        channel.embeddedEventLoop.run()
        var found: [Frame] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            reader.append(buffer)
            while let frame = try reader.next() { found.append(frame) }
        }
        return found
    }

    func setWritable(_ writable: Bool) {
        channel.isWritable = writable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    func finish() { _ = try? channel.finish(acceptAlreadyClosed: true) }
}

func payload(_ value: some Encodable) throws -> ByteBuffer {
    var buffer = ByteBuffer()
    try BinaryEncoder.encode(value, into: &buffer)
    return buffer
}

func question(_ question: TestEdge.Question, _ number: UInt32, last: Bool = false) throws -> Frame {
    Frame(.question, number: number, last: last, payload: try payload(question))
}

func answer(_ answer: TestEdge.Answer, _ number: UInt32, last: Bool = false) throws -> Frame {
    Frame(.answer, number: number, last: last, payload: try payload(answer))
}

func credit(_ bytes: Int, _ number: UInt32) -> Frame {
    Frame(.credit, number: number, payload: ByteBuffer(integer: UInt32(bytes), endianness: .little))
}
