// The delivery room: carries mail to other servers. It holds nothing that the store does not have: killing it loses no
// message, and any number of them may work side by side.

import DNS
import Glibc
import IPC
import Mail
import NIOCore
import TLS

final class DeliveryRoom: Sendable {
    private let store: Asker<DeliveryToStore>
    private let router: Asker<DeliveryToRouter>
    private let desk: DeliveryDesk
    private let tally = DeliveryFigures()
    private let loop: any EventLoop

    /// What tests bring along.
    struct World: Sendable {
        /// Milliseconds since 1970.
        var clock: @Sendable () -> Int64 = DeliveryRoom.systemClock
        var randomness = Randomness.system
        /// nil: libunbound.
        var resolver: (any DNS.Resolver)?

        init() {}
    }

    /// Made behind the walls: libunbound's threads begin later than this.
    /// - Parameters:
    ///   - agent: names this room among its brothers, such as "delivery@1".
    ///   - paths: the sockets of the store and of the router.
    init(
        _ policy: DeliveryPolicy, agent: String, paths: (store: String, router: String), identity: Identity,
        on group: any EventLoopGroup, tls: ClientTLS, world: World = World(),
        road: @escaping @Sendable (IPCEvent) -> Void, log: @escaping @Sendable (DeliveryEvent) -> Void
    ) {
        // One loop for everything: nothing is locked, and no message changes threads.
        let loop = group.next()
        store = Asker(DeliveryToStore.self, path: paths.store, identity: identity, on: loop, log: road)
        router = Asker(DeliveryToRouter.self, path: paths.router, identity: identity, on: loop, log: road)
        self.loop = loop
        let resolver =
            world.resolver ?? UnboundResolver(servers: policy.dnsServers, limits: policy.resolverLimits, on: loop)
        desk = DeliveryDesk(
            policy, agent: agent, store: store, router: router, resolver: resolver, tls: tls, figures: tally,
            randomness: world.randomness, clock: world.clock, log: log)
    }

    func start() {
        store.start()
        router.start()
        Task { await desk.start() }
    }

    /// Ends what is under way, then closes. What was not begun goes back to the store.
    func stop() async {
        await desk.stop()
        try? await store.close().get()
        try? await router.close().get()
    }

    func reload(_ policy: DeliveryPolicy) async {
        await desk.reload(policy) { [loop] in
            UnboundResolver(servers: policy.dnsServers, limits: policy.resolverLimits, on: loop)
        }
    }

    func figures() -> [Figure] { tally.list() }

    static let systemClock: @Sendable () -> Int64 = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
