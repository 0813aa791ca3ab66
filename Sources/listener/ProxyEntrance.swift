// Reads the PROXY header of a load balancer, which says who the client is, before anything else of the connection.
// A connection without one, or with a broken one, is closed without a byte. Confined to the connection's loop.

import IPC
import Mail
import NIOCore
import ProxyProtocol

final class ProxyEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var facts: SessionFacts
    private let patience: TimeAmount
    private let log: @Sendable (ListenerEvent) -> Void
    private let next: (SessionFacts, ByteBuffer) -> Void
    /// At most `ProxyHeader.limit` and one read.
    private var bytes = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isOver = false

    private init(
        _ facts: SessionFacts, _ patience: TimeAmount, _ log: @escaping @Sendable (ListenerEvent) -> Void,
        _ next: @escaping (SessionFacts, ByteBuffer) -> Void
    ) {
        self.facts = facts
        self.patience = patience
        self.log = log
        self.next = next
    }

    /// - Parameter next: gets the facts with the client's own address, and what has come behind the header.
    static func add(
        to channel: any Channel, _ facts: SessionFacts, within patience: TimeAmount,
        log: @escaping @Sendable (ListenerEvent) -> Void, _ next: @escaping (SessionFacts, ByteBuffer) -> Void
    ) throws {
        try channel.pipeline.syncOperations.addHandler(ProxyEntrance(facts, patience, log, next))
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { [self] in
            refuse("no PROXY header in time", channel)
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var more = unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        let header = bytes.withUnsafeReadableBytes { ProxyHeader.read(Span(_unsafeBytes: $0)) }
        switch header {
        case .needsMore: context.read()
        case .malformed(let because): refuse(because, context.channel)
        case .local(let length): enter(length, context)
        case .header(let source, let destination, let length):
            (facts.client, facts.clientPort) = (source.address, source.port)
            (facts.local, facts.localPort) = (destination.address, destination.port)
            enter(length, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        timer?.cancel()
        context.fireChannelInactive()
    }

    private func refuse(_ because: String, _ channel: any Channel) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        log(.notEntered(facts, because: "PROXY: \(because)"))
        channel.close(promise: nil)
    }

    private func enter(_ length: Int, _ context: ChannelHandlerContext) {
        isOver = true
        timer?.cancel()
        bytes.moveReaderIndex(forwardBy: length)
        let (facts, rest, next) = (facts, bytes, next)
        context.pipeline.syncOperations.removeHandler(self).assumeIsolated().whenComplete { _ in next(facts, rest) }
    }
}
