// The listener: hears. Owns every port, speaks to strangers, asks the router about everything, keeps nothing.

import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

final class ListenerRoom: Sendable {
    private struct State {
        var policy: ListenerPolicy
        var accepting: [(port: BoundPort, channel: any Channel)] = []
        /// Ports that are wanted and not open, with what was last said about them.
        var missing: [PortPlan: String] = [:]
        var retry: RepeatedTask?
        var isStopping = false
    }

    private let state: Mutex<State>
    private let group: MultiThreadedEventLoopGroup
    private let loops: [SessionLoop]
    private let acceptor: Acceptor
    private let occupancy: Occupancy
    private let counters = ListenerFigures()
    private let log: @Sendable (ListenerEvent) -> Void
    private let opening: [BoundPort]

    /// Descriptors beside those of sessions: ports, roads, event loops, standard streams.
    private static let spareDescriptors = 64
    /// A session of POP3 has one to the stranger and one to the store.
    private static let descriptorsPerSession = 2

    /// - Parameters:
    ///   - ports: What `Ports.bind` gave before the walls.
    ///   - router: The path of the router's socket.
    ///   - encryption: The certificates.
    ///   - makers: What to do with connections of services other than SMTP.
    ///   - mint: Makes trace ids.
    ///   - clockUnit: How coarse time-outs are.
    init(
        _ policy: ListenerPolicy, ports: Ports, router: String, identity: Identity,
        on group: MultiThreadedEventLoopGroup, encryption: Encryption = .none,
        makers: [ServiceName: ConnectionMaker] = [:],
        clockUnit: TimeAmount = .seconds(1), mint: @escaping @Sendable () -> TraceID = ListenerRoom.randomTrace,
        road: @escaping @Sendable (IPCEvent) -> Void, log: @escaping @Sendable (ListenerEvent) -> Void
    ) {
        let counters = counters
        let service = SMTPService(policy)
        let loops = group.makeIterator().map { eventLoop in
            SessionLoop(
                Asker(ListenerToRouter.self, path: router, identity: identity, on: eventLoop, log: road),
                settings: service.separate(), figures: counters, unit: clockUnit, log: log)
        }
        let ceiling = (ports.descriptorLimit - Self.spareDescriptors) / Self.descriptorsPerSession
        let occupancy = Occupancy(policy, ceiling: max(1, ceiling))
        var makers = makers
        for service in [ServiceName.smtp, .submission, .lmtp] { makers[service] = ListenerRoom.speakSMTP }
        acceptor = Acceptor(
            group, loops: loops, makers: makers, occupancy: occupancy, encryption: encryption, figures: counters,
            mint: mint, log: log)
        var state = State(policy: policy)
        for failure in ports.failures { state.missing[failure.plan] = failure.description }
        self.state = Mutex(state)
        self.group = group
        self.loops = loops
        self.occupancy = occupancy
        self.log = log
        opening = ports.open
        for failure in ports.failures { log(.portFailed(failure)) }
    }

    @Sendable static func randomTrace() -> TraceID { TraceID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)) }

    @Sendable private static func speakSMTP(_ channel: any Channel, _ arrival: Arrival, _ loop: SessionLoop) throws {
        try channel.pipeline.syncOperations.addHandler(SMTPConnection(arrival, on: loop))
    }

    /// Begins to accept.
    func start() -> EventLoopFuture<Void> {
        for loop in loops { loop.start() }
        let interval = state.withLock { $0.policy.timeouts.port }
        let retry = group.next().scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.tryAgain()
        }
        state.withLock { $0.retry = retry }
        return EventLoopFuture.andAllSucceed(opening.map { accept($0) }, on: group.next())
    }

    /// Accepts no more, lets every session say its last word, and closes those that take too long.
    func stop() -> EventLoopFuture<Void> {
        let (channels, patience) = state.withLock { state in
            state.isStopping = true
            state.retry?.cancel()
            defer { state.accepting = [] }
            return (state.accepting.map(\.channel), state.policy.timeouts.stop)
        }
        let loop = group.next()
        for session in loops { session.stop() }
        return EventLoopFuture.andAllComplete(channels.map { $0.close() }, on: loop).flatMap { [self] in
            emptied(by: .now() + patience, on: loop)
        }.flatMap { [loops] in EventLoopFuture.andAllComplete(loops.map { $0.close() }, on: loop) }
    }

    /// Limits and time-outs hold at once, the rest for new sessions. Ports are opened and closed as declared; those that
    /// cannot be opened are tried again.
    func reload(_ policy: ListenerPolicy) {
        occupancy.use(policy)
        let service = SMTPService(policy)
        for loop in loops { loop.use(service.separate()) }
        let wanted = Set(policy.ports.filter(\.isOpen))
        let unwanted = state.withLock { state in
            state.policy = policy
            let unwanted = state.accepting.filter { !wanted.contains($0.port.plan) }
            state.accepting.removeAll { !wanted.contains($0.port.plan) }
            let present = Set(state.accepting.map(\.port.plan)).union(state.missing.keys)
            state.missing = state.missing.filter { wanted.contains($0.key) }
            for plan in wanted.subtracting(present) { state.missing[plan] = "" }
            return unwanted
        }
        let closing = unwanted.map { port, channel in
            log(.portClosed(port.plan, port.place))
            return channel.close()
        }
        EventLoopFuture.andAllComplete(closing, on: group.next()).whenComplete { [self] _ in tryAgain() }
    }

    func figures() -> [Figure] { counters.figures() }
}

// Ports.
extension ListenerRoom {
    private func accept(_ port: BoundPort) -> EventLoopFuture<Void> {
        acceptor.accept(at: port).map { [self] channel in
            let isLate = state.withLock { state in
                if !state.isStopping { state.accepting.append((port, channel)) }
                return state.isStopping
            }
            if isLate { return channel.close(promise: nil) }
            log(.portOpened(port.plan, port.place))
        }
    }

    /// Opens what is missing. Each port's trouble is said when it changes.
    private func tryAgain() {
        let missing = state.withLock { $0.isStopping ? [:] : $0.missing }
        for (plan, said) in missing {
            switch Ports.open(plan, namesOwner: said.isEmpty) {
            case .success(let ports):
                _ = state.withLock { $0.missing.removeValue(forKey: plan) }
                for port in ports { _ = accept(port) }
            case .failure(let failure):
                guard said.isEmpty else { continue }
                state.withLock { $0.missing[plan] = failure.description }
                log(.portFailed(failure))
            }
        }
    }

    /// Done when all sessions have ended or time is over.
    private func emptied(by deadline: NIODeadline, on loop: any EventLoop) -> EventLoopFuture<Void> {
        if occupancy.total == 0 || .now() >= deadline { return loop.makeSucceededVoidFuture() }
        return loop.flatScheduleTask(in: .milliseconds(20)) { [self] in emptied(by: deadline, on: loop) }.futureResult
    }
}
