// The store: remembers. Messages, mailboxes, queue and directory on its own disk; it asks nobody and has no network.

import CLinux
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import Settings
import Synchronization

/// A socket of the runtime directory that listens already, and who may connect to it.
package struct ServedEdge: Sendable {
    package let descriptor: CInt
    package let rule: PeerRule

    package init(descriptor: CInt, rule: PeerRule) {
        self.descriptor = descriptor
        self.rule = rule
    }
}

/// The sockets that the store serves.
package struct StoreSockets: Sendable {
    package var router: ServedEdge
    package var delivery: ServedEdge
    package var command: ServedEdge
    /// Where the listener hands over sessions.
    package var sessions: ServedEdge

    package init(router: ServedEdge, delivery: ServedEdge, command: ServedEdge, sessions: ServedEdge) {
        self.router = router
        self.delivery = delivery
        self.command = command
        self.sessions = sessions
    }
}

package final class StoreRoom: Sendable {
    private let house: Household
    private let routers: Server<RouterToStore>
    private let deliveries: Server<DeliveryToStore>
    private let commands: Server<CommandToStore>
    private let sessions: SessionSocket

    /// Opens what is stored and recovers what an end of any kind left. Blocks; throws when the state cannot be used: the
    /// text is for the administrator.
    /// - Parameters:
    ///   - answerRoom: what every room answers on its control socket.
    ///   - now: milliseconds since 1970.
    package init(
        _ settings: StoreSettings, sockets: StoreSockets, identity: Identity, on group: any EventLoopGroup,
        options: StoreOptions = StoreOptions(), now: @escaping @Sendable () -> Int64 = StoreClock.now,
        road: @escaping @Sendable (IPCEvent) -> Void, log: @escaping @Sendable (StoreEvent) -> Void,
        session: @escaping @Sendable (SessionEvent) -> Void,
        answerRoom: @escaping @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>
    ) throws {
        let house = try Household(settings, options: options, on: group, now: now, log: log)
        self.house = house
        let servings = house.servings(on: group)
        routers = Server(
            RouterToStore.self, listening: sockets.router.descriptor, identity: identity, rule: sockets.router.rule,
            on: group, log: road
        ) { _, eventLoop in RouterConversation(servings[eventLoop]) }
        let delivering = DeliveryServing(queue: house.queue, reader: house.reader, files: house.files, log: log)
        let agents = AgentRoads(house.queue)
        deliveries = Server(
            DeliveryToStore.self, listening: sockets.delivery.descriptor, identity: identity,
            rule: sockets.delivery.rule, on: group,
            log: { event in
                agents.heard(event)
                road(event)
            }
        ) { peer, _ in DeliveryConversation(delivering, peer) }
        let commanding = house.commandServing(answerRoom)
        commands = Server(
            CommandToStore.self, listening: sockets.command.descriptor, identity: identity, rule: sockets.command.rule,
            on: group, log: road
        ) { _, eventLoop in CommandConversation(commanding, house.contentServing(servings[eventLoop].uploads)) }
        sessions = SessionSocket(
            listening: sockets.sessions.descriptor, rule: sockets.sessions.rule, on: group, access: house.inboxes,
            limits: settings.sessionLimits, pace: house.pace, holders: house.holders,
            redeem: { [authentication = house.authentication] opening in
                opening.facts.service == .pop3 ? authentication.redeemMaildrop(opening.ticket) : nil
            }, log: session)
    }

    /// Begins to serve.
    package func start() -> EventLoopFuture<Void> {
        house.writer.start()
        house.upkeep.start()
        return EventLoopFuture.andAllSucceed(
            [routers.start(), deliveries.start(), commands.start(), sessions.start()], on: house.eventLoop)
    }

    /// Serves no more, finishes what is under way, and closes. Blocks; not for an event loop.
    package func stop() async {
        await sessions.stop()
        for stopping in [routers.stop(), deliveries.stop(), commands.stop()] { try? await stopping.get() }
        house.stop()
    }

    /// Takes what can change without a restart. Blocks. Throws, and goes on as before, when something cannot be taken.
    package func reload(_ settings: StoreSettings) throws { try house.reload(settings) }

    package func figures() -> [Figure] { house.figures + sessions.figures }
}

/// What the settings leave to the store.
package struct StoreOptions: Sendable {
    package var spool = SpoolLimits()
    package var queue = Queue.Limits()
    package var upkeep = UpkeepLimits()
    package var hashes = PasswordHashes.Limits()
    package var disk = DiskCalls.system
    /// What keeps the index.
    package var engine = Engine.sqlite
    /// Octets of content that all conversations together hold in memory.
    package var memory = 256 << 20
    /// Octets of a message that comes by `append`.
    package var largestAppended = AppendOrder.largest

    package init() {}
}

package enum StoreClock {
    /// Milliseconds since 1970 in UTC.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Counts the roads of each agent's process: with the last one its leases go.
private final class AgentRoads: Sendable {
    private let queue: Queue
    private let roads = Mutex<[Int32: Int]>([:])

    init(_ queue: Queue) { self.queue = queue }

    func heard(_ event: IPCEvent) {
        switch event {
        case .accepted(_, let peer): roads.withLock { $0[peer.pid, default: 0] += 1 }
        case .left(_, let peer, _):
            let isLast = roads.withLock { roads in
                let left = (roads[peer.pid] ?? 1) - 1
                roads[peer.pid] = left > 0 ? left : nil
                return left <= 0
            }
            if isLast { queue.agentLeft(peer.pid) }
        default: return
        }
    }
}
