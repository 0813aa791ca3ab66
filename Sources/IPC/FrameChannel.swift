// The NIO handler at either end of a channel: frames in and out, conversations by number, one flush per loop turn,
// deadlines, and the end. It knows no word of any edge.
import NIOCore

/// The asking or the serving half of a channel. Every call comes on the channel's event loop.
protocol ChannelSide: AnyObject {
    /// The socket is connected; the hello may begin.
    func connected(_ channel: FrameChannel)
    /// A hello frame.
    func hello(_ payload: ByteBuffer, on channel: FrameChannel) throws(HelloFailure)
    /// A frame of a conversation that is not open here. nil: it was, and is forgotten; the frame is ignored.
    func flow(for frame: Frame, on channel: FrameChannel) throws(FrameViolation) -> Flow?
    /// The peer broke the protocol; the channel closes.
    func violated(_ because: String)
    /// Our own code did; its conversation was cancelled.
    func mistaken(_ because: String)
    /// The channel is gone, all its conversations have been told.
    func disconnected(_ because: String)
}

final class FrameChannel: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let limits: FrameLimits
    let eventLoop: any EventLoop
    let encoder = BinaryEncoder()
    let decoder = BinaryDecoder()
    /// The hello succeeded and the channel is not closed.
    private(set) var isUp = false
    /// The socket's buffers have room.
    private(set) var isWritable = true
    /// The highest number of a conversation so far (serial: it wraps).
    private(set) var lastNumber: UInt32
    private let side: any ChannelSide
    private var context: ChannelHandlerContext?
    private var reader: FrameReader
    private var flows: [UInt32: Flow] = [:]
    /// Opened by us and without a first frame yet, so that they hear of the channel's end too.
    private var unnumbered: [ObjectIdentifier: Flow] = [:]
    /// Those that wait for the socket.
    private var waiting: [Flow] = []

    /// Small frames of this turn of the loop.
    private var pending = ByteBuffer()
    private var isReading = false
    private var flushScheduled = false

    private var sweep: Scheduled<Void>?
    private var sweepTime: NIODeadline?
    private var helloTimer: Scheduled<Void>?
    private var hasBegun = false
    private var isClosed = false

    /// From here on content goes out as its own buffer instead of being copied behind the other frames.
    private static let ownBuffer = 16 << 10
    /// Small frames are handed to the socket's queue in pieces of this size.
    private static let spill = 64 << 10
    /// How late a deadline may be noticed.
    private static let coarseness = TimeAmount.milliseconds(100)

    /// `lastNumber` is where the numbers of conversations begin: 0 but for tests of the wrap.
    init(side: any ChannelSide, eventLoop: any EventLoop, limits: FrameLimits, lastNumber: UInt32 = 0) {
        self.side = side
        self.eventLoop = eventLoop
        self.limits = limits
        self.lastNumber = lastNumber
        reader = FrameReader(limits: limits)
    }
}

// What NIO tells.
extension FrameChannel {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        if context.channel.isActive { begin() }
    }

    func channelActive(context: ChannelHandlerContext) { begin() }

    private func begin() {
        guard !hasBegun, !isClosed else { return }
        hasBegun = true
        helloTimer = eventLoop.assumeIsolated().scheduleTask(in: limits.helloTime) { [self] in
            close("no hello within \(limits.helloTime.nanoseconds / 1_000_000_000) s")
        }
        side.connected(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        isReading = true
        reader.append(unwrapInboundIn(data))
        do throws(FrameViolation) {
            while !isClosed, let frame = try reader.next() { try take(frame) }
        } catch {
            side.violated(error.because)
            close("violation: \(error.because)")
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if !flushScheduled { flush() }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        guard isWritable else { return }
        let flows = waiting
        waiting = []
        for flow in flows { flow.enlisted = false }
        for flow in flows { flow.drain() }
    }

    func channelInactive(context: ChannelHandlerContext) { close("the other room closed the channel") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close("\(error)") }

    func handlerRemoved(context: ChannelHandlerContext) {
        close("closed")
        self.context = nil
    }
}

// Conversations.
extension FrameChannel {
    /// The hello is done.
    func up() {
        helloTimer?.cancel()
        isUp = true
    }

    private func take(_ frame: Frame) throws(FrameViolation) {
        guard frame.kind != .hello else {
            guard !isUp else { throw FrameViolation("a second hello") }
            do throws(HelloFailure) { try side.hello(frame.payload, on: self) } catch { turnAway(error.because) }
            return
        }
        guard isUp else { throw FrameViolation("\(frame.kind) before the hello") }
        var found = flows[frame.number]
        if found == nil { found = try side.flow(for: frame, on: self) }
        guard let flow = found else { return }
        switch frame.kind {
        case .credit: try flow.hear(credit: frame.payload)
        case .cancel: flow.end(.cancelled, tellPeer: false)
        case .content:
            try flow.hear(content: frame.payload)
            try flow.take(frame, on: self)
        default: try flow.take(frame, on: self)
        }
    }

    /// Whether `number` is later than every number so far.
    func isNew(_ number: UInt32) -> Bool { Int32(bitPattern: number &- lastNumber) > 0 }

    /// Serving: the peer opened this conversation.
    func enter(_ flow: Flow, number: UInt32) {
        lastNumber = number
        flow.number = number
        flows[number] = flow
    }

    /// Asking: gives the conversation its number, just before its first frame.
    func enter(_ flow: Flow) {
        if !unnumbered.isEmpty { unnumbered[ObjectIdentifier(flow)] = nil }
        repeat { lastNumber &+= 1 } while lastNumber == 0 || flows[lastNumber] != nil
        flow.number = lastNumber
        flows[lastNumber] = flow
    }

    /// Asking: a conversation that will speak later.
    func prepare(_ flow: Flow) { unnumbered[ObjectIdentifier(flow)] = flow }

    var openConversations: Int { flows.count + unnumbered.count }

    var hasRoom: Bool { openConversations < limits.conversations }

    func forget(_ flow: Flow) {
        if flow.number != 0 { flows[flow.number] = nil } else { unnumbered[ObjectIdentifier(flow)] = nil }
    }

    /// Our own code broke a rule of the conversation: it ends, the others go on.
    func mistake(_ because: String, in flow: Flow) {
        side.mistaken(because)
        flow.end(.violation(because), tellPeer: true, later: true)
    }

    func enlist(_ flow: Flow) {
        guard !flow.enlisted else { return }
        flow.enlisted = true
        waiting.append(flow)
    }
}

// Writing.
extension FrameChannel {
    /// A question or an answer, encoded right behind the other frames of this turn.
    func write(
        _ kind: FrameKind, _ value: some Word, last: Bool, of flow: Flow
    ) throws(BinaryCoderError) {
        try encoder.encode(word: value, limit: limits.message) { bytes in
            flow.begin(on: self)
            FrameHeader(kind: kind, last: last, number: flow.number, length: bytes.count).write(into: &pending)
            pending.writeBytes(bytes)
        }
        written()
    }

    func write(content: ByteBuffer, number: UInt32) {
        FrameHeader(kind: .content, last: false, number: number, length: content.readableBytes).write(into: &pending)
        if content.readableBytes < Self.ownBuffer {
            pending.writeImmutableBuffer(content)
        } else {
            handOver()
            context?.write(wrapOutboundOut(content), promise: nil)
        }
        written()
    }

    func write(_ frame: Frame) {
        frame.write(into: &pending)
        written()
    }

    private func written() {
        if pending.readableBytes >= Self.spill { handOver() }
        guard !isReading, !flushScheduled, !isClosed else { return }
        flushScheduled = true
        eventLoop.assumeIsolatedUnsafeUnchecked().execute { [self] in
            flushScheduled = false
            flush()
        }
    }

    /// Gives the small frames to the socket's queue.
    private func handOver() {
        guard pending.readableBytes > 0 else { return }
        context?.write(wrapOutboundOut(pending), promise: nil)
        pending = ByteBuffer()
    }

    /// The one flush of a turn.
    private func flush() {
        guard let context, !isClosed else { return }
        if pending.readableBytes > 0 {
            // Flushing may make the socket writable, and whoever waited for that writes at once: into a buffer that
            // holds nothing of this turn any more.
            var outgoing = pending
            pending = ByteBuffer()
            context.write(wrapOutboundOut(outgoing), promise: nil)
            context.flush()
            // The socket took it all: the storage is ours again. Otherwise this makes a new one.
            if pending.capacity == 0, outgoing.capacity <= Self.spill * 4 {
                outgoing.clear()
                pending = outgoing
            }
        } else {
            context.flush()
        }
        guard !isWritable, let options = context.channel.syncOptions else { return }
        guard let unsent = try? options.getOption(.bufferedWritableBytes), unsent > limits.unsentBytes else { return }
        close("the other room does not read: \(unsent) bytes wait for it")
    }
}

// Deadlines: one timer per channel, only while questions are open, moved only for an earlier deadline.
extension FrameChannel {
    func watch(_ deadline: NIODeadline) {
        if let sweepTime, sweepTime <= deadline { return }
        sweep?.cancel()
        schedule(deadline)
    }

    private func schedule(_ deadline: NIODeadline) {
        sweepTime = deadline
        let time = max(deadline, eventLoop.now + Self.coarseness)
        sweep = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [self] in sweepNow() }
    }

    private func sweepNow() {
        sweep = nil
        sweepTime = nil
        let now = eventLoop.now
        var late: [Flow] = []
        var next: NIODeadline?
        for flow in flows.values {
            guard let deadline = flow.earliestDeadline() else { continue }
            if deadline <= now { late.append(flow) } else { next = min(next ?? deadline, deadline) }
        }
        for flow in late { flow.end(.deadline, tellPeer: true) }
        // Those who were told may have asked again, which scheduled the sweep already.
        if let next { watch(next) }
    }
}

// The end.
extension FrameChannel {
    /// Says why and closes, once the words are out. For a hello that failed.
    func turnAway(_ because: String, version: UInt32 = WireVersion.current) {
        guard let context, !isClosed else { return }
        if let payload = try? Hello.refusal(because).payload(version: version) {
            Frame(.hello, number: 0, payload: payload).write(into: &pending)
        }
        flush()
        close(because)
        _ = context
    }

    /// Closes the channel; every open question is failed at once.
    func close(_ because: String) {
        guard !isClosed else { return }
        isClosed = true
        isUp = false
        helloTimer?.cancel()
        sweep?.cancel()
        let lost = Array(flows.values) + Array(unnumbered.values)
        flows = [:]
        unnumbered = [:]
        waiting = []
        context?.close(promise: nil)
        for flow in lost { flow.end(.disconnected, tellPeer: false) }
        // Without a connection there was nothing to lose: whoever tried to connect is told by that.
        if hasBegun { side.disconnected(because) }
    }
}
