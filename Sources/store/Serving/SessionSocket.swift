// The socket on which the listener hands over its logged-in clients: one connection per session. A connection begins
// with a `SessionOpening`; without a ticket of ours not a byte behind it is looked at.

import CLinux
import IPC
import Mail
import NIOCore
import NIOPosix
import POP3
import Synchronization

package struct SessionLimits: Sendable {
    package var sessions = 10_000
    package var opening = TimeAmount.seconds(10)
    /// Longer than the listener's own, which is the one that counts (RFC 1939 §3: at least 10 minutes).
    package var idle = TimeAmount.minutes(15)
    package var pop3 = POP3Limits()
    package var uidl = POP3UIDLFormat.usual

    package init() {}
}

package final class SessionSocket: Sendable {
    private let descriptor: CInt
    private let rule: PeerRule
    private let group: any EventLoopGroup
    private let access: any MaildropAccess
    private let limits: SessionLimits
    private let pace: LoginPace
    private let holders: MaildropHolders
    private let redeem: @Sendable (SessionOpening) async -> MaildropVisit?
    private let log: @Sendable (SessionEvent) -> Void
    private let executors: [ObjectIdentifier: SessionExecutor]
    private let state = Mutex(State())

    private struct State {
        var listening: (any Channel)?
        var channels: [ObjectIdentifier: any Channel] = [:]
        var tasks: [ObjectIdentifier: Task<Void, Never>] = [:]
        var total: Int64 = 0
    }

    /// - Parameters:
    ///   - descriptor: bound and listening; closed by `stop`.
    ///   - rule: who may connect, by the kernel's word; the ticket is the proof of everything else.
    ///   - redeem: what a ticket is good for; nil when it is good for nothing.
    package init(
        listening descriptor: CInt, rule: PeerRule, on group: any EventLoopGroup, access: any MaildropAccess,
        limits: SessionLimits = SessionLimits(), pace: LoginPace = LoginPace { 0 },
        holders: MaildropHolders = MaildropHolders(),
        redeem: @escaping @Sendable (SessionOpening) async -> MaildropVisit?,
        log: @escaping @Sendable (SessionEvent) -> Void
    ) {
        self.descriptor = descriptor
        self.rule = rule
        self.group = group
        self.access = access
        self.limits = limits
        self.pace = pace
        self.holders = holders
        self.redeem = redeem
        self.log = log
        executors = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), SessionExecutor($0)) })
    }

    package func start() -> EventLoopFuture<Void> {
        ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 16_384)
            )
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 16_384, high: 65_536))
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try greet(channel) }
            }
            .withBoundSocket(descriptor)
            .map { [self] channel in state.withLock { $0.listening = channel } }
    }

    /// Accepts no more, closes every session, and returns when each has given its maildrop back.
    package func stop() async {
        let (listening, channels) = state.withLock { state in
            defer { state.listening = nil }
            return (state.listening, Array(state.channels.values))
        }
        try? await listening?.close()
        for channel in channels { try? await channel.close() }
        for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
    }

    package var figures: [Figure] {
        state.withLock { [Figure("sessions", Int64($0.channels.count)), Figure("sessions-total", $0.total)] }
    }

    private func greet(_ channel: any Channel) throws {
        guard admits(channel) else { throw ChannelError.eof }
        let opening = OpeningReader<SessionOpening>(within: limits.opening) { [self] result, channel in
            switch result {
            case .failure(let error): log(.noOpening(error))
            case .success(let opening): open(opening, channel)
            }
            return nil
        }
        try channel.pipeline.syncOperations.addHandler(opening)
    }

    private func admits(_ channel: any Channel) -> Bool {
        let peer = peer(of: channel)
        guard let peer, rule.uids.contains(peer.uid) || rule.gids.contains(peer.gid) else {
            log(.turnedAway(uid: peer?.uid ?? .max, pid: peer?.pid ?? 0))
            return false
        }
        let key = ObjectIdentifier(channel)
        let isAdded = state.withLock { state in
            guard state.channels.count < limits.sessions else { return false }
            state.channels[key] = channel
            state.total += 1
            return true
        }
        guard isAdded else {
            log(.tooMany(limit: limits.sessions))
            return false
        }
        channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.channels[key] = nil } }
        return true
    }

    /// NIO owns the descriptor; on the channel's loop its answer is there at once.
    private func peer(of channel: any Channel) -> clinux_peer? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        var peer: clinux_peer?
        let future: EventLoopFuture<clinux_peer> = provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: clinux_so_peercred()))
        future.assumeIsolated().whenSuccess { peer = $0 }
        return peer
    }

    private func open(_ opening: SessionOpening, _ channel: any Channel) {
        let stream = SessionStream(channel)
        do {
            try channel.syncOptions?.setOption(.autoRead, value: false)
            let idle = IdleStateHandler(allTimeout: limits.idle)
            try channel.pipeline.syncOperations.addHandlers(idle, stream)
        } catch {
            return channel.close(promise: nil)
        }
        let key = ObjectIdentifier(channel)
        let executor = executors[ObjectIdentifier(channel.eventLoop)]
        state.withLock { state in
            state.tasks[key] = Task(executorPreference: executor) { [self] in
                await serve(opening, stream)
                channel.close(promise: nil)
                self.state.withLock { $0.tasks[key] = nil }
            }
        }
    }

    nonisolated(nonsending) private func serve(_ opening: SessionOpening, _ stream: SessionStream) async {
        guard opening.facts.service == .pop3, let visit = await redeem(opening) else {
            log(.ticketRefused(opening.facts))
            return await stream.sendLast(ByteBuffer(string: POP3Reply.unavailable.line))
        }
        log(.entered(opening.facts, visit))
        let connection = POP3Connection(
            stream, opening, visit: visit, access: access, limits: limits, pace: pace, holders: holders,
            log: log)
        await connection.serve()
    }
}
