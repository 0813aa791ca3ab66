// The shell around `SMTPClientSession`: moves octets between a channel and the machine, and keeps the time. Knows no
// word of SMTP. Confined to its channel's event loop.

import NIOCore
import SMTP
import TLS

final class SMTPClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Who is at the other end, for reports: `mx.example.org[192.0.2.1]:25`.
    let remote: String
    /// Messages that were handed to the remote on this connection.
    private(set) var served = 0
    private(set) var isClosed = false
    /// The handshake's result, when there was one.
    var tls: TLSFacts?
    /// Called once when the connection is gone or must not be used any more, outside of `open` and `send`.
    var onEnd: (() -> Void)?
    let openedAt = NIODeadline.now()
    var idleSince = NIODeadline.now()

    private var session: SMTPClientSession
    private let times: DeliveryTimes
    private let upgrade: (any Channel) -> EventLoopFuture<TLSFacts>
    private var context: ChannelHandlerContext?
    private var inbox = ByteBuffer()
    private var outbox = ByteBuffer()
    private var isPulling = false
    private var content: MessageContent?
    private var isSendingContent = false
    private var wait = Wait.none
    private var outcomes: [SMTPClientOutcome]?
    private var phase = AttemptPhase.greeting
    private var phaseBegan = NIODeadline.now()
    private var clock: Scheduled<Void>?

    /// What the caller waits for. Both are called once.
    private enum Wait {
        case none
        case opening((AttemptFailure?) -> Void)
        case sending(([SMTPClientOutcome]) -> Void)
    }

    /// - Parameter upgrade: secures the channel after STARTTLS.
    init(
        _ configuration: SMTPClientConfiguration, remote: String, times: DeliveryTimes, tls: TLSFacts? = nil,
        upgrade: @escaping (any Channel) -> EventLoopFuture<TLSFacts>
    ) {
        session = SMTPClientSession(configuration)
        self.remote = remote
        self.times = times
        self.tls = tls
        self.upgrade = upgrade
    }

    /// Reports are the remote's task then (RFC 3461 §5.2.2).
    var offersNotifications: Bool { session.capabilities.notifications }

    /// Whether another message may be given.
    var isReady: Bool {
        if case .none = wait { return !isClosed && phase == .idle }
        return false
    }

    /// Greeting, EHLO, TLS, AUTH. Called once, in the pipeline.
    /// - Returns: nil when the remote is ready for mail.
    nonisolated(nonsending) func open() async -> AttemptFailure? {
        await withCheckedContinuation { continuation in
            wait = .opening { continuation.resume(returning: $0) }
            startClock()
            pull()
        }
    }

    /// Sends one message. Only when `isReady`. The content is cancelled when it is not wanted.
    nonisolated(nonsending) func send(
        _ message: SMTPClientMessage, _ content: MessageContent
    ) async -> [SMTPClientOutcome] {
        let outcomes = await withCheckedContinuation { continuation in
            served += 1
            wait = .sending { continuation.resume(returning: $0) }
            self.content = content
            content.onArrival = { [unowned self] in pump() }
            session.begin(message)
            startClock()
            pull()
        }
        idleSince = .now()
        return outcomes
    }

    /// Ends the session politely; the channel closes by itself. Not while a message is in hand.
    func quit() {
        guard isReady else { return }
        onEnd = nil
        session.quit()
        startClock()
        pull()
    }

    /// Closes at once. Whoever waits is told.
    func abort(_ because: String) {
        session.connectionLost(because)
        pull()
        context?.close(promise: nil)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        clock?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if inbox.readableBytes == 0 { inbox = bytes } else { inbox.writeBuffer(&bytes) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { pull() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { pump() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        session.connectionLost("\(error)")
        pull()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        session.connectionLost("the remote server closed it")
        pull()
    }

    // MARK: The machine

    private func pull() {
        // Before `open` the greeting waits in the inbox.
        if case .none = wait, phase == .greeting { return }
        guard !isPulling else { return }
        isPulling = true
        while step() {}
        isPulling = false
        flush()
        notePhase()
        tellOutcome()
    }

    /// - Returns: whether to go on.
    private func step() -> Bool {
        var offset = 0
        let action = session.next(in: inbox.readableBytesUInt8Span, from: &offset)
        inbox.moveReaderIndex(forwardBy: offset)
        switch action {
        case .send(let bytes): outbox.writeBytes(bytes)
        case .sendSecret(let line): outbox.writeBytes(line.bytes)
        case .startTLS: startTLS()
        case .openContent:
            isSendingContent = true
            fill()
        case .abandonContent: dropContent()
        case .finished(let outcomes):
            dropContent()
            self.outcomes = outcomes
        case .failed(let failure):
            if case .opening(let tell) = wait {
                wait = .none
                tell(failure)
            }
        case .ready:
            if case .opening(let tell) = wait {
                wait = .none
                tell(nil)
            }
            return false
        case .needsInput, .waits: return false
        case .close:
            close()
            return false
        }
        return true
    }

    /// The caller hears of the outcome when everything that followed from it is done.
    private func tellOutcome() {
        guard let outcomes, case .sending(let tell) = wait else { return }
        self.outcomes = nil
        wait = .none
        tell(outcomes)
    }

    private func close() {
        guard !isClosed else { return }
        isClosed = true
        clock?.cancel()
        flush()
        // Behind the queue: what was written last, QUIT, still goes out.
        context?.close(promise: nil)
        let onEnd = self.onEnd
        self.onEnd = nil
        if case .none = wait { onEnd?() }
    }

    private func startTLS() {
        flush()
        guard let context else { return }
        let secured = upgrade(context.channel)
        secured.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let facts):
                tls = facts
                session.tlsStarted()
            case .failure(let error): session.tlsFailed("\(error)")
            }
            pull()
        }
    }

    private func flush() {
        guard outbox.readableBytes > 0, let context else { return }
        // The buffer goes away with its memory: a connection at rest holds none.
        let bytes = outbox
        outbox = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: Content

    /// More content, or more room for it.
    private func pump() {
        guard isSendingContent, !isPulling else { return }
        fill()
        pull()
    }

    /// As much content as there is and as the socket takes. NIOSSL hides what is not flushed from `isWritable`,
    /// so that no more than `flushSize` is ever held back.
    private func fill() {
        guard isSendingContent, let content, let context else { return }
        while context.channel.isWritable, let chunk = content.next() {
            write(chunk, context)
            content.consumed(chunk.readableBytes)
            if outbox.readableBytes >= SMTPClientConnection.flushSize { flush() }
            phaseBegan = .now()
        }
        if content.isExhausted {
            isSendingContent = false
            session.endContent()
        } else if let failure = content.failure {
            // Without the final dot the remote forgets the message.
            isSendingContent = false
            session.connectionLost("it was given up, because \(failure)")
        }
    }

    private static let flushSize = 64 << 10

    private func write(_ chunk: ByteBuffer, _ context: ChannelHandlerContext) {
        var offset = 0
        while let piece = session.contentPiece(of: chunk.readableBytesUInt8Span, from: &offset) {
            switch piece {
            case .insertion(let octet): outbox.writeInteger(octet)
            case .octets(let range) where range.count >= SMTPClientConnection.flushSize / 4:
                flush()
                if let slice = chunk.getSlice(at: chunk.readerIndex + range.lowerBound, length: range.count) {
                    context.writeAndFlush(wrapOutboundOut(slice), promise: nil)
                }
            case .octets(let range):
                outbox.writeBytes(
                    chunk.readableBytesView[(chunk.readerIndex + range.lowerBound)...].prefix(range.count))
            }
        }
    }

    private func dropContent() {
        isSendingContent = false
        content?.cancel()
        content = nil
    }

    // MARK: Time

    private func notePhase() {
        let now = session.attemptPhase
        guard now != phase else { return }
        phase = now
        phaseBegan = .now()
    }

    private func startClock() {
        phase = session.attemptPhase
        phaseBegan = .now()
        guard clock == nil else { return }
        tick()
    }

    /// One timer a connection, not one a command: it looks now and then whether the phase has lasted too long.
    private func tick() {
        guard let eventLoop = context?.eventLoop, !isClosed else { return }
        clock = eventLoop.assumeIsolated().scheduleTask(in: times.tick) { [weak self] in self?.look() }
    }

    private func look() {
        clock = nil
        guard !isClosed else { return }
        if isReady { return }
        if NIODeadline.now() - phaseBegan > times.limit(for: phase) {
            session.timedOut()
            pull()
            context?.close(promise: nil)
        } else {
            tick()
        }
    }
}
