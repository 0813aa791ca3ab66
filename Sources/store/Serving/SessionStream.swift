// A client's bytes, behind the splice of the listener, as one linear session reads and writes them. Nothing is read
// that the session has not asked for; nothing is written beyond what the socket takes.

import NIOCore

/// The last handler of a session's pipeline, and the session's way to it.
package final class SessionStream: ChannelInboundHandler, @unchecked Sendable {
    // Unchecked: everything that changes is only touched on the channel's event loop, where the session's actor is too.
    package typealias InboundIn = ByteBuffer

    package let channel: any Channel
    /// What has come and was not used yet.
    private var inbox = ByteBuffer()
    private var isOpen = true
    private var hasEnded = false
    private var waiter: CheckedContinuation<Void, Never>?

    /// - Parameter channel: it stays open when its peer has sent its last byte.
    package init(_ channel: any Channel) { self.channel = channel }

    /// The channel can still carry something.
    package var isAlive: Bool { isOpen }

    /// Shows `body` what has come; it moves the offset behind what it has used.
    package func use<Result>(_ body: (borrowing Span<UInt8>, inout Int) -> Result) -> Result {
        var offset = 0
        let result = inbox.withUnsafeReadableBytes { body($0.assumingMemoryBound(to: UInt8.self).span, &offset) }
        inbox.moveReaderIndex(forwardBy: offset)
        return result
    }

    /// Waits for more bytes than `use` has left. False: none will come.
    nonisolated(nonsending) package func fill() async -> Bool {
        channel.eventLoop.preconditionInEventLoop()
        let before = inbox.readableBytes
        // An empty inbox would hold the memory of the last read.
        if before == 0 { inbox = ByteBuffer() }
        if isOpen, !hasEnded { channel.read() }
        while isOpen, !hasEnded, inbox.readableBytes == before {
            await sleep { isOpen && !hasEnded && inbox.readableBytes == before }
        }
        return inbox.readableBytes > before
    }

    /// Sends, and waits until the socket has taken most of it. False: nobody is there any more.
    nonisolated(nonsending) package func send(_ bytes: ByteBuffer) async -> Bool {
        channel.eventLoop.preconditionInEventLoop()
        guard isOpen else { return false }
        channel.writeAndFlush(bytes, promise: nil)
        while isOpen, !channel.isWritable { await sleep { isOpen && !channel.isWritable } }
        return isOpen
    }

    /// Sends the last bytes and waits until the socket has taken all of it, or the channel is closed.
    nonisolated(nonsending) package func sendLast(_ bytes: ByteBuffer) async {
        channel.eventLoop.preconditionInEventLoop()
        guard isOpen else { return }
        try? await channel.writeAndFlush(bytes).get()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if inbox.readableBytes == 0 { inbox = bytes } else { inbox.writeBuffer(&bytes) }
        wake()
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { wake() }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            hasEnded = true
            wake()
        } else if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        wake()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// - Parameter isNeeded: asked where the waiter is kept. Between a caller's own look and that place the runtime may
    ///   have let the event loop do other work, and what comes then finds nobody to wake.
    nonisolated(nonsending) private func sleep(while isNeeded: () -> Bool) async {
        precondition(waiter == nil, "a session waits for one thing at a time")
        await withCheckedContinuation { continuation in
            channel.eventLoop.preconditionInEventLoop()
            if isNeeded() { waiter = continuation } else { continuation.resume() }
        }
    }

    private func wake() {
        waiter?.resume()
        waiter = nil
    }
}
