// The end of a connection that must not cost its client the last bytes. A plain close with unread input makes the
// kernel throw away what the client has not read yet; so our half is closed behind everything written, what the client
// still says is thrown away, and only its own end, or the time-out, closes the rest.

import NIOCore

final class SpliceFarewell: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let limits: LoginLimits
    private var clientHasEnded: Bool
    private var isSent = false
    private var timer: Scheduled<Void>?

    private init(limits: LoginLimits, clientHasEnded: Bool) {
        self.limits = limits
        self.clientHasEnded = clientHasEnded
    }

    /// Takes over a channel whose other handlers write no more. On the channel's event loop.
    static func take(_ channel: any Channel, limits: LoginLimits, clientHasEnded: Bool) {
        guard channel.isActive else { return channel.close(promise: nil) }
        let farewell = SpliceFarewell(limits: limits, clientHasEnded: clientHasEnded)
        do { try channel.pipeline.syncOperations.addHandler(farewell) } catch {
            return channel.close(promise: nil)
        }
        // A read may have been held back; from now on everything is read, to be thrown away.
        channel.read()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(limits.drain, context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // Completes when everything written before has been taken by the kernel.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { result in
            let (farewell, context) = bound.value
            switch result {
            case .success: farewell.sent(context)
            case .failure: context.close(promise: nil)
            }
        }
    }

    private func sent(_ context: ChannelHandlerContext) {
        isSent = true
        if clientHasEnded { return context.close(promise: nil) }
        schedule(limits.linger, context)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.close(mode: .output).assumeIsolated().whenFailure { _ in bound.value.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event as? ChannelEvent == .inputClosed else { return }
        clientHasEnded = true
        if isSent { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { timer?.cancel() }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func schedule(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { bound.value.close(promise: nil) }
    }
}
