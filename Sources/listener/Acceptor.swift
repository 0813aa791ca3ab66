// Lets strangers in at the ports, as many as there is room for, and gives each to the code that speaks its protocol.

import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

/// Adds the handlers of one service to a connection, with the router's word about it. Runs on the connection's loop;
/// reading begins when a handler asks for it.
typealias ConnectionMaker = @Sendable (any Channel, Arrival, SessionLoop) throws -> Void

final class Acceptor: Sendable {
    private let group: any EventLoopGroup
    private let loops: [SessionLoop]
    private let makers: [ServiceName: ConnectionMaker]
    private let occupancy: Occupancy
    private let figures: ListenerFigures
    private let encryption: Encryption
    private let mint: @Sendable () -> TraceID
    private let log: @Sendable (ListenerEvent) -> Void
    private let farewells = Farewells()

    init(
        _ group: any EventLoopGroup, loops: [SessionLoop], makers: [ServiceName: ConnectionMaker], occupancy: Occupancy,
        encryption: Encryption, figures: ListenerFigures, mint: @escaping @Sendable () -> TraceID,
        log: @escaping @Sendable (ListenerEvent) -> Void
    ) {
        self.encryption = encryption
        self.group = group
        self.loops = loops
        self.makers = makers
        self.occupancy = occupancy
        self.figures = figures
        self.mint = mint
        self.log = log
    }

    /// Begins to accept at a port; its descriptor belongs to the channel from then on. When there are no descriptors left
    /// NIO pauses for a second at a time (AcceptBackoffHandler).
    func accept(at port: BoundPort) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group, childGroup: group)
            .serverChannelInitializer { [farewells] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(farewells))
                }
            }
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: SessionReads())
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 32 << 10))
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try meet(channel, port) }
            }
            .withBoundSocket(port.descriptor)
    }

    private func meet(_ channel: any Channel, _ port: BoundPort) throws {
        guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }) else { throw ChannelError.eof }
        // Who connects to a Unix socket is on this machine.
        let here = SocketPlace(address: InternetAddress(v4: 0x7F00_0001), port: 0)
        let isUnix = port.plan.path != nil
        guard let client = isUnix ? here : SocketPlace(channel.remoteAddress),
            let local = isUnix ? here : SocketPlace(channel.localAddress)
        else { throw ChannelError.eof }
        let facts = SessionFacts(
            trace: mint(), service: port.plan.service, client: client.address, clientPort: client.port,
            local: local.address, localPort: local.port, listener: port.plan.number)
        if port.plan.proxies.contains(where: { $0.contains(client.address) }) {
            // What the channel has read is only known when it is active.
            try ProxyEntrance.add(to: channel, facts, within: loop.settings.timeouts.entrance, log: log) {
                [self] facts, rest in enter(channel, facts, port.plan, loop, rest)
            }
        } else {
            enter(channel, facts, port.plan, loop, ByteBuffer())
        }
    }

    /// Takes a place for the client, if there is one, and hears the router.
    /// - Parameter first: what the client has sent already.
    private func enter(
        _ channel: any Channel, _ facts: SessionFacts, _ plan: PortPlan, _ loop: SessionLoop, _ first: ByteBuffer
    ) {
        if let refusal = occupancy.enter(plan, facts.client) { return turnAway(channel, plan, facts, refusal) }
        let counter = figures[facts.service]
        counter.total.add()
        counter.open.add()
        channel.closeFuture.whenComplete { [occupancy] _ in
            occupancy.leave(plan, facts.client)
            counter.open.add(-1)
        }
        guard let make = makers[facts.service] else { return channel.close(promise: nil) }
        Entrance(facts, plan, loop, encryption, make).begin(channel, first)
    }

    /// Says why and closes. Nothing is read.
    private func turnAway(
        _ channel: any Channel, _ plan: PortPlan, _ facts: SessionFacts, _ refusal: Occupancy.Refusal
    ) {
        figures.turnedAway.add()
        log(.turnedAway(facts, because: refusal.reason))
        farewells.begin()
        let text = plan.tls == .implicit ? nil : ByteBuffer(string: Acceptor.text(refusal, facts.service))
        channel.closeFuture.whenComplete { [farewells] _ in farewells.end() }
        // The channel becomes active behind its initialiser.
        channel.eventLoop.execute {
            guard let text else { return channel.close(promise: nil) }
            channel.writeAndFlush(text).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private static func text(_ refusal: Occupancy.Refusal, _ service: ServiceName) -> String {
        switch (service, refusal) {
        case (.pop3, .full), (.pop3, .port): "-ERR [SYS/TEMP] Too many sessions, try again later\r\n"
        case (.pop3, .client): "-ERR [SYS/TEMP] Too many sessions from your address\r\n"
        case (_, .full), (_, .port): "421 4.3.2 Too many sessions, try again later\r\n"
        case (_, .client): "421 4.7.0 Too many sessions from your address, try again later\r\n"
        }
    }
}

extension Occupancy.Refusal {
    fileprivate var reason: String {
        switch self {
        case .full: "too many sessions"
        case .client: "too many from this address"
        case .port: "too many sessions at this port"
        }
    }
}

/// Connections that are being turned away.
final class Farewells: Sendable {
    private let count = Atomic(0)
    /// More than this are not turned away at once: they wait in the kernel's queue.
    private static let limit = 64

    func begin() { count.wrappingAdd(1, ordering: .relaxed) }
    func end() { count.wrappingSubtract(1, ordering: .relaxed) }
    var areTooMany: Bool { count.load(ordering: .relaxed) >= Self.limit }
}

/// Under pressure strangers wait in the kernel's queue: nobody is accepted while too many are being turned away.
private final class AcceptGate: ChannelOutboundHandler {
    typealias OutboundIn = any Channel

    private let farewells: Farewells
    private var isPaused = false
    private static let pause = TimeAmount.milliseconds(50)

    init(_ farewells: Farewells) { self.farewells = farewells }

    func read(context: ChannelHandlerContext) {
        guard farewells.areTooMany else { return context.read() }
        guard !isPaused else { return }
        isPaused = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            let (gate, context) = bound.value
            gate.isPaused = false
            gate.read(context: context)
        }
    }
}

/// Reads of 2 to 64 KB, as the stranger sends. Every read gets a buffer of its own, so that a session that was busy once
/// does not keep a large one while it is idle.
private struct SessionReads: RecvByteBufferAllocator {
    private var sizes = AdaptiveRecvByteBufferAllocator(minimum: 2 << 10, initial: 2 << 10, maximum: 64 << 10)

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { sizes.buffer(allocator: allocator) }

    mutating func record(actualReadBytes: Int) -> Bool {
        _ = sizes.record(actualReadBytes: actualReadBytes)
        // "May grow" makes NIO ask for a new buffer instead of keeping one.
        return true
    }
}
