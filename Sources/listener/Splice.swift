// A session behind its login: plain bytes between the client and the store's session, with back-pressure both ways and
// small buffers. The tail of a reply is never lost, however slowly the client reads.

import IPC
import NIOCore

/// Both ends and their clock. Confined to the one event loop that both channels live on.
final class Splice {
    let client: SpliceEnd
    let store: SpliceEnd
    private let facts: SessionFacts
    private let limits: LoginLimits
    private let log: @Sendable (LoginEvent) -> Void
    private var lastActivity = NIODeadline.now()
    private var timer: Scheduled<Void>?
    private var hasEnded = false

    /// What the client is told when the store ends the session before its first byte.
    private let excuse: ByteBuffer

    init(_ facts: SessionFacts, limits: LoginLimits, excuse: ByteBuffer, log: @escaping @Sendable (LoginEvent) -> Void) {
        self.facts = facts
        self.limits = limits
        self.excuse = excuse
        self.log = log
        client = SpliceEnd(.client)
        store = SpliceEnd(.store)
        (client.splice, store.splice) = (self, self)
    }

    /// A stalled client holds what lies between the two marks and one read of each side, not the defaults' 270 KB.
    static let reading = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 4096, maximum: 32_768)
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 16_384, high: 32_768)

    /// Both handlers are in their pipelines.
    func start(clientHasEnded: Bool) {
        touch()
        scheduleIdleCheck(in: limits.idle)
        if clientHasEnded { client.inputEnded() }
        client.resumeReading()
        store.resumeReading()
    }

    /// It has not started and never will.
    func abandon() { (client.splice, store.splice) = (nil, nil) }

    func partner(of end: SpliceEnd) -> SpliceEnd { end === client ? store : client }

    func touch() { lastActivity = .now() }

    /// One end's channel is gone.
    func ended(by end: SpliceEnd) {
        finish(end === client ? .byClient : .byStore)
        if end === client {
            // What the client said last still reaches the store: QUIT may be in it.
            store.closeBehindQueue(within: limits.drain)
        } else {
            client.leave(saying: store.octets == 0 ? excuse : nil, limits: limits)
        }
    }

    private func finish(_ how: SpliceEnding) {
        guard !hasEnded else { return }
        hasEnded = true
        timer?.cancel()
        log(.ended(facts, fromClient: client.octets, fromStore: store.octets, how: how))
    }

    private func scheduleIdleCheck(in time: TimeAmount) {
        guard let eventLoop = client.eventLoop else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.assumeIsolated().scheduleTask(in: time) { bound.value.checkIdle() }
    }

    private func checkIdle() {
        guard !hasEnded else { return }
        let due = lastActivity + limits.idle
        let now = NIODeadline.now()
        guard now >= due else { return scheduleIdleCheck(in: due - now) }
        finish(.idle)
        // RFC 1939 §3: no response, and the session does not enter the UPDATE state.
        client.close()
        store.close()
    }
}

/// The last handler of one of the two pipelines.
final class SpliceEnd: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Side { case client, store }

    private let side: Side
    fileprivate var splice: Splice?
    private var context: ChannelHandlerContext?
    /// The channel wants to read, and the other side is full or not there yet.
    private var isHoldingRead = false
    private var inputHasEnded = false
    private var isOver = false
    private(set) var octets: UInt64 = 0

    fileprivate init(_ side: Side) { self.side = side }

    var eventLoop: (any EventLoop)? { context?.eventLoop }

    private var partner: SpliceEnd? { splice?.partner(of: self) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        splice = nil
    }

    func read(context: ChannelHandlerContext) {
        if isOver || partner?.isWritable == true { context.read() } else { isHoldingRead = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver, let splice else { return }
        octets += UInt64(unwrapInboundIn(data).readableBytes)
        splice.touch()
        partner?.write(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            splice?.touch()
            partner?.resumeReading()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { inputEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isOver {
            isOver = true
            splice?.ended(by: self)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

// What the other end and the splice ask of this one.
extension SpliceEnd {
    fileprivate var isWritable: Bool { context?.channel.isWritable ?? false }

    fileprivate func write(_ data: NIOAny) { context?.write(data, promise: nil) }

    fileprivate func flush() { context?.flush() }

    fileprivate func resumeReading() {
        guard isHoldingRead, let context, isOver || partner?.isWritable == true else { return }
        isHoldingRead = false
        context.read()
    }

    /// This side will say no more (the store never does that without closing): the other side is told behind what
    /// was said.
    fileprivate func inputEnded() {
        guard !inputHasEnded, !isOver else { return }
        inputHasEnded = true
        partner?.endOutput()
    }

    private func endOutput() {
        guard let context else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenSuccess {
            bound.value.close(mode: .output, promise: nil)
        }
    }

    /// The store's end, when the client has gone.
    fileprivate func closeBehindQueue(within time: TimeAmount) {
        guard let context, !isOver else { return }
        isOver = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            timer.cancel()
            bound.value.close(promise: nil)
        }
    }

    /// The client's end, when the store has gone.
    fileprivate func leave(saying excuse: ByteBuffer?, limits: LoginLimits) {
        guard let context, !isOver else { return }
        isOver = true
        if let excuse { context.write(wrapOutboundOut(excuse), promise: nil) }
        let (channel, hasEnded) = (context.channel, inputHasEnded)
        channel.pipeline.syncOperations.removeHandler(self).assumeIsolated().whenComplete { _ in
            SpliceFarewell.take(channel, limits: limits, clientHasEnded: hasEnded)
        }
    }

    fileprivate func close() {
        isOver = true
        context?.close(promise: nil)
    }
}
