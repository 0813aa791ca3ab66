// The router: decides. Serves listeners and delivery agents, asks the store. One event loop does by default; with more
// each has its own road to the store and its own memory of the directory, and nothing is locked.

import Glibc
import IPC
import Mail
import NIOCore

/// A socket of the runtime directory that listens already, and who may connect to it.
struct ServedEdge: Sendable {
    let descriptor: CInt
    let rule: PeerRule
}

final class RouterRoom: Sendable {
    private let loops: [RouterLoop]
    private let listeners: Server<ListenerToRouter>
    private let deliveries: Server<DeliveryToRouter>
    private let counters = RouterFigures()
    private let addresses: MachineAddresses
    private let defence: Defence

    /// - Parameters:
    ///   - store: The path of the store's socket.
    ///   - addresses: Of this machine.
    ///   - now: Seconds since 1970 in UTC.
    init(
        _ policy: RouterPolicy, listener: ServedEdge, delivery: ServedEdge,
        store: String, addresses: MachineAddresses = MachineAddresses(),
        identity: Identity, on group: any EventLoopGroup, directoryLimit: Int = 100_000,
        now: @escaping @Sendable () -> Int64 = { Int64(time(nil)) },
        road: @escaping @Sendable (IPCEvent) -> Void, log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        let counters = counters
        let defence = Defence(policy, clock: { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }, log: log)
        self.defence = defence
        self.addresses = addresses
        let loops = group.makeIterator().map { eventLoop in
            RouterLoop(
                Asker(RouterToStore.self, path: store, identity: identity, on: eventLoop, log: road),
                policy: policy, addresses: addresses, defence: defence, figures: counters, directoryLimit: directoryLimit,
                now: now, log: log)
        }
        self.loops = loops
        let byLoop = LoopTable(loops)
        listeners = Server(
            ListenerToRouter.self, listening: listener.descriptor, identity: identity, rule: listener.rule, on: group,
            log: road
        ) { _, eventLoop in ListenerConversation(byLoop[eventLoop]) }
        deliveries = Server(
            DeliveryToRouter.self, listening: delivery.descriptor, identity: identity, rule: delivery.rule, on: group,
            log: road
        ) { _, eventLoop in DeliveryConversation(byLoop[eventLoop]) }
    }

    /// Begins to serve. Who connects before the store answers is told to come later.
    func start() -> EventLoopFuture<Void> {
        addresses.start(on: loops[0].store.eventLoop)
        for loop in loops {
            loop.directory.start()
            loop.store.start()
        }
        return listeners.start().and(deliveries.start()).map { _ in }
    }

    /// Serves no more; open transactions are told that we are gone.
    func stop() -> EventLoopFuture<Void> {
        let closing = listeners.stop().and(deliveries.stop())
        return closing.flatMap { [loops] _ in
            EventLoopFuture.andAllComplete(loops.map { $0.store.close() }, on: loops[0].store.eventLoop)
        }
    }

    /// A new policy holds for every transaction that begins from now on.
    func reload(_ policy: RouterPolicy) {
        defence.use(policy)
        for loop in loops { loop.store.eventLoop.execute { loop.use(policy) } }
    }

    func figures() -> [Figure] { counters.figures() + defence.figures() }

    /// Serves the administrator's command.
    func serve(_ question: CommandToRouter.Question, _ answer: @escaping @Sendable (CommandToRouter.Answer) -> Void) {
        switch question {
        case .room: answer(.refused("the room itself answers this"))
        case .listBans: answer(.bans(defence.bans()))
        case .ban(let range, let seconds):
            if let because = defence.ban(range, seconds: seconds) { answer(.refused(because)) } else { answer(.done) }
        case .pardon(let range): answer(.pardoned(defence.pardon(range)))
        case .explain(let hypothesis):
            let loop = loops[0]
            loop.store.eventLoop.execute { loop.explain(hypothesis, answer) }
        }
    }
}

/// Finds what belongs to an event loop.
private struct LoopTable: Sendable {
    private let loops: [RouterLoop]

    init(_ loops: [RouterLoop]) { self.loops = loops }

    subscript(eventLoop: any EventLoop) -> RouterLoop {
        for loop in loops where loop.store.eventLoop === eventLoop { return loop }
        preconditionFailure("an event loop that is not of the room's group")
    }
}
