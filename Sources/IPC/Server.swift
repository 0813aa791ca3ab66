// The serving end of an edge: accepts, checks who comes, and makes one room's object per conversation. Nothing that a
// peer says stops it: its channel is closed, the others go on.
import CLinux
import Mail
import NIOCore
import NIOPosix
import Synchronization

package final class Server<E: Edge>: Sendable {
    private let descriptor: CInt
    private let door: Door<E>
    private let group: any EventLoopGroup
    private let listening = Mutex<(any Channel)?>(nil)

    /// `listening` is bound and listens already (`UnixSocket.listen`, or the service manager's). It is closed by `stop`.
    package init(
        _ edge: E.Type, listening descriptor: CInt, identity: Identity, rule: PeerRule, on group: any EventLoopGroup,
        limits: FrameLimits = .standard, log: @escaping @Sendable (IPCEvent) -> Void,
        conversation: @escaping @Sendable (Peer, any EventLoop) -> any Conversing<E>
    ) {
        self.descriptor = descriptor
        self.group = group
        door = Door(
            terms: HelloTerms(edge, identity: identity), rule: rule, limits: limits, log: log,
            conversation: conversation)
    }

    /// Begins to accept. Connections that came before wait in the socket and are served.
    package func start() -> EventLoopFuture<Void> {
        let door = door
        return ServerBootstrap(group: group)
            .childChannelOption(.recvAllocator, value: RoadBuffers.reading)
            .childChannelOption(.writeBufferWaterMark, value: RoadBuffers.waterMark)
            .childChannelOption(.socketOption(.so_sndbuf), value: RoadBuffers.socket)
            .childChannelOption(.socketOption(.so_rcvbuf), value: RoadBuffers.socket)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let side = ServingSide(door: door, channel: channel)
                    try channel.pipeline.syncOperations.addHandler(
                        FrameChannel(side: side, eventLoop: channel.eventLoop, limits: door.limits))
                }
            }
            .withBoundSocket(descriptor)
            .map { [self] channel in listening.withLock { $0 = channel } }
    }

    /// Accepts no more and closes every channel.
    package func stop() -> EventLoopFuture<Void> {
        let listening = listening.withLock { channel in
            defer { channel = nil }
            return channel
        }
        let loop = group.next()
        let accepting = listening?.close() ?? loop.makeSucceededVoidFuture()
        return accepting.hop(to: loop).flatMap { [door] in
            EventLoopFuture.andAllComplete(door.takeAll().map { $0.close() }, on: loop)
        }
    }
}

/// Socket settings of both ends. A store that is fed in bulk wants large reads and few wake-ups.
enum RoadBuffers {
    static let socket = 1 << 20
    static let reading = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 16 << 10, maximum: 1 << 20)
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
}

/// What all channels of one server have in common.
final class Door<E: Edge>: Sendable {
    let terms: HelloTerms
    let rule: PeerRule
    let limits: FrameLimits
    let log: @Sendable (IPCEvent) -> Void
    let conversation: @Sendable (Peer, any EventLoop) -> any Conversing<E>
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(
        terms: HelloTerms, rule: PeerRule, limits: FrameLimits, log: @escaping @Sendable (IPCEvent) -> Void,
        conversation: @escaping @Sendable (Peer, any EventLoop) -> any Conversing<E>
    ) {
        self.terms = terms
        self.rule = rule
        self.limits = limits
        self.log = log
        self.conversation = conversation
    }

    /// False when there are too many channels already.
    func add(_ channel: any Channel) -> Bool {
        channels.withLock { channels in
            guard channels.count < limits.channels else { return false }
            channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func remove(_ channel: any Channel) { channels.withLock { $0[ObjectIdentifier(channel)] = nil } }

    func takeAll() -> [any Channel] { channels.withLock { Array($0.values) } }
}

/// One peer's channel as the serving room sees it. Confined to the channel's loop.
private final class ServingSide<E: Edge>: ChannelSide {
    private let door: Door<E>
    private let channel: any Channel
    private var nonce: [UInt8] = []
    private var credentials = clinux_peer()
    private var peer: Peer?

    init(door: Door<E>, channel: any Channel) {
        self.door = door
        self.channel = channel
    }

    /// The kernel's word first, then our greeting.
    func connected(_ frames: FrameChannel) {
        guard door.add(channel) else { return turnAway("more than \(door.limits.channels) channels", frames) }
        do throws(HelloFailure) {
            try admit()
            nonce = (0..<Hello.nonceLength).map { _ in UInt8.random(in: 0...255) }
            let greeting = door.terms.greeting(nonce: nonce, demandsProof: door.rule.demandsProof)
            frames.write(Frame(.hello, number: 0, payload: try Self.payload(greeting, door.terms)))
        } catch { turnAway(error.because, frames) }
    }

    private func admit() throws(HelloFailure) {
        guard let found: clinux_peer = option(clinux_so_peercred()) else {
            throw HelloFailure("\(door.terms.edge): the kernel does not say who the peer is")
        }
        credentials = found
        var groups: [UInt32]?
        if !door.rule.gids.isEmpty, let found: clinux_peer_groups = option(clinux_so_peergroups()) {
            // Zeros stand for nothing: root's group admits by the peer's own gid only.
            groups = withUnsafeBytes(of: found) { Array($0.bindMemory(to: UInt32.self)).filter { $0 != 0 } }
        }
        try door.rule.check(uid: found.uid, gid: found.gid, groups: groups, edge: door.terms.edge)
    }

    /// NIO owns the descriptor; on the channel's loop its answer is there at once.
    private func option<Value: Sendable>(_ name: CInt) -> Value? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        var value: Value?
        let future: EventLoopFuture<Value> = provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: name))
        future.assumeIsolated().whenSuccess { value = $0 }
        return value
    }

    func hello(_ payload: ByteBuffer, on frames: FrameChannel) throws(HelloFailure) {
        let terms = door.terms
        let room: RoomName
        let release: String
        do throws(HelloFailure) {
            switch try Hello(payload, version: terms.version, edge: terms.edge) {
            case .introduction(let introduction):
                (room, release) = try terms.check(introduction, nonce: nonce, demandsProof: door.rule.demandsProof)
            case .refusal(let because): throw HelloFailure("\(terms.edge): the peer refuses: \(because)")
            default: throw HelloFailure("\(terms.edge): not an introduction")
            }
        } catch {
            door.log(turnedAway(error.because))
            throw error
        }
        let peer = Peer(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, room: room, release: release)
        self.peer = peer
        frames.write(Frame(.hello, number: 0, payload: try Self.payload(.welcome, terms)))
        frames.up()
        door.log(.accepted(edge: terms.edge, peer: peer))
    }

    private static func payload(_ hello: Hello, _ terms: HelloTerms) throws(HelloFailure) -> ByteBuffer {
        do { return try hello.payload(version: terms.version) } catch { throw HelloFailure("\(terms.edge): \(error)") }
    }

    private func turnedAway(_ because: String) -> IPCEvent {
        .turnedAway(edge: door.terms.edge, uid: credentials.uid, pid: credentials.pid, because: because)
    }

    private func turnAway(_ because: String, _ frames: FrameChannel) {
        door.log(turnedAway(because))
        frames.turnAway(because, version: door.terms.version)
    }

    func flow(for frame: Frame, on frames: FrameChannel) throws(FrameViolation) -> Flow? {
        guard frames.isNew(frame.number), frame.kind != .cancel, let peer else { return nil }
        guard frame.kind == .question || frame.kind == .content else {
            throw FrameViolation("\(frame.kind) opens a conversation")
        }
        guard frames.hasRoom else { throw FrameViolation("more than \(door.limits.conversations) conversations") }
        let exchange = Exchange<E>(frames, peer: peer)
        frames.enter(exchange, number: frame.number)
        exchange.serve(by: door.conversation(peer, frames.eventLoop))
        return exchange
    }

    func violated(_ because: String) {
        guard let peer else { return door.log(turnedAway("violation: \(because)")) }
        door.log(.violation(edge: door.terms.edge, peer: peer, because: because))
    }

    func mistaken(_ because: String) { door.log(.mistake(edge: door.terms.edge, because: because)) }

    func disconnected(_ because: String) {
        door.remove(channel)
        if let peer { door.log(.left(edge: door.terms.edge, peer: peer, because: because)) }
    }
}
