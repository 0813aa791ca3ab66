// The middle of the room: takes leases from the store and sees that each destination has as many workers as it needs
// and may have. Guarantees: a slow destination takes no other's workers; no more leases, connections and claims than
// the policy allows; a lease is in hand until the store knows what became of it, or until it expires.

import DNS
import IPC
import Mail
import NIOCore
import TLS

actor DeliveryDesk {
    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }
    let store: Asker<DeliveryToStore>
    let router: Asker<DeliveryToRouter>
    let tls: ClientTLS
    let figures: DeliveryFigures
    let log: @Sendable (DeliveryEvent) -> Void
    let clock: @Sendable () -> Int64
    private let agent: String

    var policy: DeliveryPolicy
    var resolver: any DNS.Resolver
    var randomness: Randomness
    var settled = SettledMemory()
    private(set) var isStopping = false

    private var destinations: [DestinationKey: Destination] = [:]
    private var inHand: [LeaseID: Work] = [:]
    private var workers = 0
    /// Destinations with work for which no worker was free, the longest waiting first.
    private var waiting = CircularBuffer<Destination>()
    private var saturated: Set<String> = []
    private var claims: [UInt64: Claim] = [:]
    private var nextClaim: UInt64 = 0
    private var isClaimPaused = false
    private var stopped: [CheckedContinuation<Void, Never>] = []

    /// A claim that the store has not answered yet.
    private struct Claim {
        let limit: Int
        let saturated: Set<String>
    }

    /// Claims with different lists of saturated destinations that may be open at the same time.
    private static let mostClaims = 4
    /// The store answers a claim within 30 seconds.
    private static let claimDeadline = TimeAmount.seconds(45)
    private static let housekeeping = TimeAmount.seconds(1)

    init(
        _ policy: DeliveryPolicy, agent: String, store: Asker<DeliveryToStore>, router: Asker<DeliveryToRouter>,
        resolver: any DNS.Resolver, tls: ClientTLS, figures: DeliveryFigures, randomness: Randomness,
        clock: @escaping @Sendable () -> Int64, log: @escaping @Sendable (DeliveryEvent) -> Void
    ) {
        eventLoop = store.eventLoop
        self.policy = policy
        self.agent = agent
        self.store = store
        self.router = router
        self.resolver = resolver
        self.tls = tls
        self.figures = figures
        self.randomness = randomness
        self.clock = clock
        self.log = log
    }

    func start() {
        keepHouse()
        claimMore()
    }

    /// Connections at rest are made by the old policy: they go.
    /// - Parameter newResolver: called when the name servers have changed.
    func reload(_ policy: DeliveryPolicy, newResolver: () -> any DNS.Resolver) {
        if policy.dnsServers != self.policy.dnsServers || policy.dnsTimeout != self.policy.dnsTimeout {
            resolver.stop()
            resolver = newResolver()
        }
        self.policy = policy
        for destination in destinations.values { quitIdle(destination, since: .distantFuture) }
        claimMore()
    }

    /// Takes no more work and gives back what was not begun. Returns when the messages under way are settled.
    func stop() async {
        isStopping = true
        for destination in destinations.values {
            quitIdle(destination, since: .distantFuture)
            let text = "The delivery room stopped before the attempt"
            drain(destination, Fate(.deferred, .roomStopping, status: "4.3.0", text: text))
        }
        await withCheckedContinuation { continuation in
            if inHand.isEmpty { continuation.resume() } else { stopped.append(continuation) }
        }
        resolver.stop()
    }

    // MARK: Claims

    func claimMore() {
        guard policy.isEnabled, !isStopping, !isClaimPaused, claims.count < DeliveryDesk.mostClaims else { return }
        if case .smartHost = policy.route, destinations[.smartHost]?.isSaturated == true { return }
        let room = policy.leases - inHand.count - claims.values.reduce(0) { $0 + $1.limit }
        guard room > 0, !claims.values.contains(where: { $0.saturated == saturated }) else { return }
        nextClaim += 1
        let number = nextClaim
        let claim = Claim(limit: min(room, policy.leasesPerClaim), saturated: saturated)
        claims[number] = claim
        let request = ClaimRequest(agent: agent, limit: UInt16(claim.limit), saturated: claim.saturated.sorted())
        Task { await self.ask(request, number) }
    }

    private func ask(_ request: ClaimRequest, _ number: UInt64) async {
        do {
            let answer = try await store.ask(.claim(request), deadline: DeliveryDesk.claimDeadline)
            claims[number] = nil
            guard case .work(let leases) = answer else { throw IPCError.violation("not an answer to claim") }
            for lease in leases { take(lease) }
        } catch {
            claims[number] = nil
            guard !isStopping else { return }
            log(.claimFailed(because: "\(error)"))
            isClaimPaused = true
            await pause(.milliseconds(250))
            isClaimPaused = false
        }
        claimMore()
    }

    private func take(_ lease: Lease) {
        guard inHand[lease.id] == nil else { return }
        let work = Work(lease)
        inHand[lease.id] = work
        figures.count { $0.leases += 1 }
        let destination = destination(for: lease)
        destination.queue.append(work)
        noteLoad(destination)
        // A claim may have been open when the service was switched off.
        if isStopping || !policy.isEnabled {
            let text = "The delivery room stopped before the attempt"
            return drain(destination, Fate(.deferred, .roomStopping, status: "4.3.0", text: text))
        }
        staff(destination)
    }

    private func destination(for lease: Lease) -> Destination {
        let key: DestinationKey
        if let transport = lease.transport {
            key = .transport(transport)
        } else if case .smartHost = policy.route {
            key = .smartHost
        } else {
            key = .domain(lease.destination)
        }
        if let known = destinations[key] { return known }
        let destination = Destination(key)
        destinations[key] = destination
        figures.count { $0.destinations += 1 }
        return destination
    }

    private func noteLoad(_ destination: Destination) {
        destination.updateSaturation(limit: policy.leasesPerDestination)
        guard case .domain(let name) = destination.key else { return }
        if destination.isSaturated { saturated.insert(name) } else { saturated.remove(name) }
    }

    /// The store knows what became of it, or the lease has run out.
    func release(_ work: Work) {
        guard inHand.removeValue(forKey: work.lease.id) != nil else { return }
        figures.count { $0.leases -= 1 }
        claimMore()
        guard isStopping, inHand.isEmpty else { return }
        for continuation in stopped { continuation.resume() }
        stopped = []
    }

    // MARK: Workers

    private func staff(_ destination: Destination) {
        while destination.workers < policy.connectionsPerDestination, !destination.queue.isEmpty {
            guard workers < policy.connections else {
                guard !destination.isWaiting else { return }
                destination.isWaiting = true
                return waiting.append(destination)
            }
            // Workers take their first lease in a later turn; more of them than leases are of no use.
            guard destination.starting < destination.queue.count else { return }
            destination.starting += 1
            destination.workers += 1
            workers += 1
            figures.count { $0.workers += 1 }
            Task { await self.work(destination) }
        }
    }

    private func work(_ destination: Destination) async {
        destination.starting -= 1
        var connection = destination.takeIdle()
        if connection != nil { destination.connected += 1 }
        while let work = destination.queue.popFirst() {
            noteLoad(destination)
            if work.isLost { continue }
            connection = await attempt(work, at: destination, over: connection)
            // Others wait, and everybody gets the same share.
            if !waiting.isEmpty, !destination.queue.isEmpty { break }
        }
        if let connection {
            destination.connected -= 1
            keep(connection, destination)
        }
        destination.workers -= 1
        workers -= 1
        figures.count { $0.workers -= 1 }
        noteLoad(destination)
        claimMore()
        if !destination.queue.isEmpty, !destination.isWaiting {
            destination.isWaiting = true
            waiting.append(destination)
        }
        while workers < policy.connections, let next = waiting.popFirst() {
            next.isWaiting = false
            staff(next)
        }
        forget(destination)
    }

    private func keep(_ connection: SMTPClientConnection, _ destination: Destination) {
        guard connection.isReady, !isStopping else { return connection.quit() }
        destination.park(connection)
    }

    private func forget(_ destination: Destination) {
        guard destination.isEmpty, destinations[destination.key] === destination else { return }
        destinations[destination.key] = nil
        figures.count { $0.destinations -= 1 }
    }

    /// Nobody could be reached: what waits for the same destination shares the fate instead of the time-outs.
    func drain(_ destination: Destination, _ fate: Fate) {
        let left = destination.queue
        destination.queue = CircularBuffer()
        for work in left where !work.isLost { settle(work, work.lease.recipients.map { ($0, fate) }) }
        noteLoad(destination)
    }

    // MARK: Time

    /// Closes what rests for too long, and renews leases that are half over.
    private func keepHouse() {
        eventLoop.scheduleRepeatedTask(
            initialDelay: DeliveryDesk.housekeeping, delay: DeliveryDesk.housekeeping
        ) { [weak self] task in
            guard let self else { return task.cancel() }
            self.assumeIsolated { $0.lookAfterHouse() }
        }
    }

    private func lookAfterHouse() {
        for destination in destinations.values {
            quitIdle(destination, since: .now() - policy.idle)
            forget(destination)
        }
        let now = NIODeadline.now()
        for work in inHand.values where now >= work.renewal && !work.isLost {
            let lease = work.lease
            // Not asked twice while the answer is under way.
            work.expires = now + .seconds(Int64(lease.expiresIn))
            Task { await self.renew(lease) }
        }
    }

    private func renew(_ lease: Lease) async {
        let asked = NIODeadline.now()
        let answer = try? await store.ask(.renew(lease.id), deadline: .seconds(Int64(lease.expiresIn)))
        guard let work = inHand[lease.id] else { return }
        guard case .settled(let isOurs) = answer else {
            // Not renewed for all that we know.
            work.expires = min(work.expires, asked + .seconds(Int64(lease.expiresIn) / 2))
            return
        }
        guard !isOurs else { return }
        log(.leaseLost(lease.id))
        work.isLost = true
        guard let destination = destinations.values.first(where: { $0.queue.contains { $0 === work } }) else { return }
        destination.queue.removeAll { $0 === work }
        noteLoad(destination)
        release(work)
    }

    private func quitIdle(_ destination: Destination, since limit: NIODeadline) {
        for connection in destination.takeIdle(since: limit) { connection.quit() }
    }

    func pause(_ time: TimeAmount) async {
        try? await eventLoop.scheduleTask(in: time) {}.futureResult.get()
    }
}
