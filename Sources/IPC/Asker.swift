// The asking end of an edge: one channel to the serving room, made again for ever when it is lost.
import Mail
import NIOCore
import NIOPosix
import Synchronization

/// May be used from anywhere; its state lives on its event loop.
package final class Asker<E: Edge>: @unchecked Sendable {
    // Unchecked: `isUp` is atomic, everything else that changes is only touched on `eventLoop`.
    package let eventLoop: any EventLoop
    private let terms: HelloTerms
    private let path: String
    private let limits: FrameLimits
    private let backOff: BackOff
    private let log: @Sendable (IPCEvent) -> Void
    private let isUp = Atomic(false)

    private var frames: FrameChannel?
    private var channel: (any Channel)?
    private var listeners: [@Sendable () -> Void] = []
    private var isStarted = false
    private var isClosed = false
    /// Attempts since a channel last stood for a while, and what the last one said.
    private var failures = 0
    private var lastReason: String?
    private var retry: Scheduled<Void>?

    package init(
        _ edge: E.Type, path: String, identity: Identity, on eventLoop: any EventLoop,
        limits: FrameLimits = .standard, backOff: BackOff = BackOff(), log: @escaping @Sendable (IPCEvent) -> Void
    ) {
        self.eventLoop = eventLoop
        self.path = path
        self.limits = limits
        self.backOff = backOff
        self.log = log
        terms = HelloTerms(edge, identity: identity)
    }

    /// Connects, and goes on connecting until `close`.
    package func start() {
        eventLoop.execute { [self] in
            guard !isStarted, !isClosed else { return }
            isStarted = true
            connect()
        }
    }

    /// Whether the hello is done and questions can be asked now.
    package var isConnected: Bool { isUp.load(ordering: .acquiring) }

    /// Calls `body` on the event loop each time a channel is established, and at once if one stands already.
    package func onConnect(_ body: @escaping @Sendable () -> Void) {
        eventLoop.execute { [self] in
            listeners.append(body)
            if frames?.isUp == true { body() }
        }
    }

    /// Connects no more and closes the channel; open questions are told `.disconnected`.
    package func close() -> EventLoopFuture<Void> {
        eventLoop.submit { [self] in
            isClosed = true
            retry?.cancel()
            listeners = []
            frames?.close("closed by this room")
            return channel?.closeFuture
        }.flatMap { [eventLoop] closed in closed ?? eventLoop.makeSucceededVoidFuture() }
    }
}

// Asking.
extension Asker {
    /// One question in a conversation of its own.
    package func ask(_ question: E.Question, deadline: TimeAmount) -> EventLoopFuture<E.Answer> {
        let promise = eventLoop.makePromise(of: E.Answer.self)
        if eventLoop.inEventLoop {
            askOnce(question, deadline) { promise.completeWith($0.mapError { $0 }) }
        } else {
            eventLoop.execute { [self] in
                askOnce(question, deadline) { promise.completeWith($0.mapError { $0 }) }
            }
        }
        return promise.futureResult
    }

    /// The same, awaited. A task that is cancelled cancels its question.
    nonisolated(nonsending) package func ask(_ question: E.Question, deadline: TimeAmount) async throws -> E.Answer {
        let asked = Asked<E>()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                if eventLoop.inEventLoop {
                    askOnce(question, deadline, asked) { continuation.resume(with: $0) }
                } else {
                    eventLoop.execute { [self] in
                        askOnce(question, deadline, asked) { continuation.resume(with: $0) }
                    }
                }
            }
        } onCancel: {
            eventLoop.execute { asked.cancel() }
        }
    }

    /// A conversation of several questions, with content. On the event loop only.
    package func open() throws -> Conversation<E> {
        eventLoop.preconditionInEventLoop()
        guard let frames, frames.isUp else { throw IPCError.unreachable }
        guard frames.hasRoom else { throw IPCError.overrun }
        let conversation = Conversation<E>(frames)
        frames.prepare(conversation)
        return conversation
    }

    private func askOnce(
        _ question: E.Question, _ deadline: TimeAmount, _ asked: Asked<E>? = nil,
        _ receive: @escaping (Result<E.Answer, IPCError>) -> Void
    ) {
        guard let frames, frames.isUp else { return receive(.failure(.unreachable)) }
        guard frames.hasRoom else { return receive(.failure(.overrun)) }
        let conversation = Conversation<E>(frames)
        if let asked, !asked.begin(conversation) { return receive(.failure(.cancelled)) }
        conversation.ask(question, last: true, deadline: deadline, receive)
    }
}

/// Lets the cancellation of a task find its question.
private final class Asked<E: Edge>: @unchecked Sendable {
    // Unchecked: only touched on the asker's event loop.
    private var conversation: Conversation<E>?
    private var isCancelled = false

    func begin(_ conversation: Conversation<E>) -> Bool {
        self.conversation = conversation
        return !isCancelled
    }

    func cancel() {
        isCancelled = true
        conversation?.cancel()
    }
}

/// How long to wait before the next attempt to connect.
package struct BackOff: Sendable {
    package let first: TimeAmount
    package let longest: TimeAmount
    /// Spreads a wait, so that rooms that lost the same peer do not come back in step.
    package let jitter: @Sendable (TimeAmount) -> TimeAmount

    package init(
        first: TimeAmount = .milliseconds(10), longest: TimeAmount = .seconds(1),
        jitter: @escaping @Sendable (TimeAmount) -> TimeAmount = {
            .nanoseconds(Int64.random(in: $0.nanoseconds / 2...$0.nanoseconds))
        }
    ) {
        self.first = first
        self.longest = longest
        self.jitter = jitter
    }

    /// The wait after so many failures, doubling from `first` to `longest`.
    package func wait(after failures: Int) -> TimeAmount {
        let doubled = first.nanoseconds << Int64(min(max(0, failures - 1), 20))
        return jitter(.nanoseconds(min(longest.nanoseconds, doubled)))
    }
}

// The channel.
extension Asker {
    private func connect() {
        retry = nil
        guard !isClosed else { return }
        ClientBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: RoadBuffers.reading)
            .channelOption(.writeBufferWaterMark, value: RoadBuffers.waterMark)
            .channelOption(.socketOption(.so_sndbuf), value: RoadBuffers.socket)
            .channelOption(.socketOption(.so_rcvbuf), value: RoadBuffers.socket)
            .channelInitializer { [self] channel in
                eventLoop.makeCompletedFuture {
                    let side = AskingSide(asker: self, channel: channel, terms: terms)
                    try channel.pipeline.syncOperations.addHandler(
                        FrameChannel(side: side, eventLoop: eventLoop, limits: limits))
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenFailure { [self] error in unreachable("\(path): \(error)") }
    }

    private func unreachable(_ because: String) {
        if lastReason != because { log(.unreachable(edge: terms.edge, because: because)) }
        lastReason = because
        again()
    }

    private func again() {
        guard !isClosed else { return }
        failures += 1
        retry?.cancel()
        retry = eventLoop.scheduleTask(in: backOff.wait(after: failures)) { [self] in connect() }
    }

    fileprivate func connecting(_ frames: FrameChannel, _ channel: any Channel) {
        self.frames = frames
        self.channel = channel
        if isClosed { frames.close("closed by this room") }
    }

    fileprivate func established(release: String) {
        lastReason = nil
        isUp.store(true, ordering: .releasing)
        log(.connected(edge: terms.edge, release: release))
        for listener in listeners { listener() }
    }

    /// The channel is gone. A channel that stood for a while begins the back-off anew.
    fileprivate func lost(_ ending: AskingSide<E>.Ending, _ because: String) {
        isUp.store(false, ordering: .releasing)
        frames = nil
        channel = nil
        switch ending {
        case .established(let since):
            log(.disconnected(edge: terms.edge, because: because))
            if NIODeadline.now() - since >= backOff.longest { failures = 0 }
            again()
        case .refused where lastReason == because: again()
        case .refused:
            log(.refused(edge: terms.edge, because: because))
            lastReason = because
            again()
        case .unanswered: unreachable("\(path): \(because)")
        }
    }

    fileprivate func report(_ event: IPCEvent) { log(event) }
}

/// The asker's channel during and after the hello. Confined to the loop.
private final class AskingSide<E: Edge>: ChannelSide {
    enum Ending {
        case unanswered
        case refused
        case established(since: NIODeadline)
    }

    private let asker: Asker<E>
    private let channel: any Channel
    private let terms: HelloTerms
    private var release: String?
    private var ending = Ending.unanswered
    private var refusal: String?

    init(asker: Asker<E>, channel: any Channel, terms: HelloTerms) {
        self.asker = asker
        self.channel = channel
        self.terms = terms
    }

    func connected(_ frames: FrameChannel) { asker.connecting(frames, channel) }

    func hello(_ payload: ByteBuffer, on frames: FrameChannel) throws(HelloFailure) {
        do throws(HelloFailure) {
            switch try Hello(payload, version: terms.version, edge: terms.edge) {
            case .greeting(let greeting) where release == nil:
                let (introduction, release) = try terms.introduction(to: greeting)
                self.release = release
                frames.write(Frame(.hello, number: 0, payload: try encode(introduction)))
            case .welcome where release != nil:
                ending = .established(since: .now())
                frames.up()
                asker.established(release: release ?? "")
            case .refusal(let because):
                refused(because)
                frames.close(because)
            default: throw HelloFailure("\(terms.edge): hello out of order")
            }
        } catch {
            refused(error.because)
            throw error
        }
    }

    private func encode(_ hello: Hello) throws(HelloFailure) -> ByteBuffer {
        do { return try hello.payload(version: terms.version) } catch { throw HelloFailure("\(terms.edge): \(error)") }
    }

    private func refused(_ because: String) {
        ending = .refused
        refusal = because
    }

    /// Frames of conversations that we have forgotten may still be under way; of others never.
    func flow(for frame: Frame, on frames: FrameChannel) throws(FrameViolation) -> Flow? {
        if frames.isNew(frame.number) { throw FrameViolation("\(frame.kind) in a conversation that was never opened") }
        return nil
    }

    func violated(_ because: String) { asker.report(.violation(edge: terms.edge, peer: nil, because: because)) }

    func mistaken(_ because: String) { asker.report(.mistake(edge: terms.edge, because: because)) }

    func disconnected(_ because: String) { asker.lost(ending, refusal ?? because) }
}
