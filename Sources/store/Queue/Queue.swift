// The queue as the rooms see it: claims that wait for work, leases, outcomes. `Schedule` says whose turn it is; the
// database has what must survive.

import IPC
import Mail
import NIOCore
import Synchronization

package final class Queue: Sendable {
    package struct Limits: Sendable {
        package var schedule = Schedule.Limits()
        /// How long a claim waits for work.
        package var claim = TimeAmount.seconds(30)
        /// Claims that wait at once; more are answered with nothing.
        package var claims = 1_024
        /// Leases of one claim.
        package var leases = 256
        /// An outcome that the index did not take is brought to it again after this time.
        package var again = TimeAmount.seconds(1)

        package init() {}
    }

    /// A claim that waits.
    struct Waiting: Sendable {
        let number: UInt64
        let request: ClaimRequest
        let agent: Int32
        let answer: @Sendable ([Lease]) -> Void
    }

    /// What an agent may read, and why.
    struct Readable {
        var location: SpoolLocation
        var leases: [LeaseID]
    }

    struct State {
        var schedule: Schedule
        var claims: [Waiting] = []
        var nextClaim: UInt64 = 0
        var readable: [SpoolID: Readable] = [:]
        /// When the timer will ring.
        var alarm: Int64?
        var isStopped = false

        /// Leases that ended in another way are forgotten with the message's next one.
        mutating func forget(_ lease: LeaseID, _ spool: SpoolID) {
            guard var known = readable[spool] else { return }
            known.leases.removeAll { $0 == lease || !schedule.isOpen($0) }
            readable[spool] = known.leases.isEmpty ? nil : known
        }
    }

    private let limits: Limits
    let database: any Database
    private let transport: @Sendable (String) -> String?
    private let eventLoop: any EventLoop
    let now: @Sendable () -> Int64
    private let log: @Sendable (StoreEvent) -> Void
    let state: Mutex<State>

    /// - Parameters:
    ///   - firstLease: above every lease of every earlier run.
    ///   - transport: where the mail of a domain goes by the directory, now.
    ///   - eventLoop: for the timer only.
    package init(
        _ waiting: [Loaded.Waiting], limits: Limits, firstLease: UInt64, database: any Database,
        transport: @escaping @Sendable (String) -> String? = { _ in nil }, on eventLoop: any EventLoop,
        now: @escaping @Sendable () -> Int64, log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.limits = limits
        self.database = database
        self.transport = transport
        self.eventLoop = eventLoop
        self.now = now
        self.log = log
        var schedule = Schedule(limits.schedule, firstLease: firstLease)
        let time = now()
        for entry in waiting where !entry.isHeld {
            schedule.add(entry.entry, to: entry.destination, dueAt: entry.nextAttemptAt, now: time)
        }
        state = Mutex(State(schedule: schedule))
    }

    package var figures: [Figure] {
        state.withLock {
            [
                Figure("queue-entries", Int64($0.schedule.count)), Figure("leases", Int64($0.schedule.leaseCount)),
                Figure("claims-waiting", Int64($0.claims.count)),
            ]
        }
    }

    /// Every waiting claim is answered with nothing.
    package func stop() {
        let claims = state.withLock { state in
            state.isStopped = true
            defer { state.claims = [] }
            return state.claims
        }
        for claim in claims { claim.answer([]) }
    }

    /// Whether an agent has it just now, for listings.
    package func isLeased(_ entry: EntryID) -> Bool {
        state.withLock { $0.schedule.isTaken(entry) }
    }
}

// Work comes in and goes out.
extension Queue {
    /// Messages that were accepted just now. On any thread.
    package func add(_ messages: [IndexedMessage]) {
        let time = now()
        state.withLock { state in
            for message in messages {
                for (index, relay) in message.plan.relays.enumerated() {
                    let entry = EntryID(message.spool, ordinal: message.plan.placements.count + index)
                    state.schedule.add(entry, to: relay.address.domain, dueAt: message.acceptedAt, now: time)
                }
            }
        }
        handOut()
    }

    /// Calls `answer` once, on any thread: with work as soon as there is some, with nothing after a while.
    /// - Parameter agent: the process that asks.
    /// - Returns: for `cancel`.
    package func claim(
        _ request: ClaimRequest, agent: Int32, _ answer: @escaping @Sendable ([Lease]) -> Void
    ) -> UInt64? {
        let number = state.withLock { state -> UInt64? in
            guard state.claims.count < limits.claims, !state.isStopped, request.limit > 0 else { return nil }
            state.nextClaim += 1
            let claim = Waiting(number: state.nextClaim, request: request, agent: agent, answer: answer)
            state.claims.append(claim)
            return claim.number
        }
        guard let number else {
            answer([])
            return nil
        }
        handOut()
        if state.withLock({ $0.claims.contains { $0.number == number } }) {
            eventLoop.scheduleTask(in: limits.claim) { [self] in remove(number)?.answer([]) }
        }
        return number
    }

    /// Nobody waits for the answer any more.
    package func cancel(_ claim: UInt64) { _ = remove(claim) }

    private func remove(_ number: UInt64) -> Waiting? {
        state.withLock { state in
            guard let index = state.claims.firstIndex(where: { $0.number == number }) else { return nil }
            return state.claims.remove(at: index)
        }
    }

    /// Gives what is ready to the claims that wait, in the order in which they came.
    func handOut() {
        let time = now()
        let (given, expired) = state.withLock { state in
            let expired = state.schedule.advance(to: time)
            var given: [(Waiting, [Schedule.Parcel])] = []
            var index = 0
            while index < state.claims.count, state.schedule.hasReady {
                let claim = state.claims[index]
                let parcels = state.schedule.claim(
                    min(Int(claim.request.limit), limits.leases), agent: claim.agent, name: claim.request.agent,
                    saturated: Set(claim.request.saturated), now: time)
                if parcels.isEmpty {
                    index += 1
                } else {
                    given.append((claim, parcels))
                    state.claims.remove(at: index)
                }
            }
            return (given, expired)
        }
        for (lease, holding) in expired {
            log(.leaseExpired(lease, agent: holding.name, entries: holding.entries.count))
        }
        for (claim, parcels) in given { Task { await answer(claim, parcels) } }
        setAlarm()
    }

    private func answer(_ claim: Waiting, _ parcels: [Schedule.Parcel]) async {
        do throws(DatabaseError) {
            let work = try await database.work(parcels.map(\.entries))
            claim.answer(leases(parcels, work))
        } catch {
            log(.indexFailed(because: "claim: \(error)", changes: 0))
            state.withLock { state in for parcel in parcels { state.schedule.giveUp(parcel.lease) } }
            claim.answer([])
        }
    }

    private func leases(_ parcels: [Schedule.Parcel], _ work: [OpenWork?]) -> [Lease] {
        state.withLock { state in
            zip(parcels, work).compactMap { parcel, work in
                guard let work, !work.recipients.isEmpty else {
                    // The database does not know them: an administrator ended them meanwhile.
                    for entry in parcel.entries { state.schedule.remove(entry) }
                    state.schedule.giveUp(parcel.lease)
                    return nil
                }
                var readable = state.readable[work.spool] ?? Readable(location: work.location, leases: [])
                readable.leases.append(parcel.lease)
                state.readable[work.spool] = readable
                return Lease(
                    id: parcel.lease, expiresIn: UInt32(limits.schedule.lease / 1000), message: work.spool,
                    trace: work.trace, sender: work.sender, destination: parcel.destination,
                    transport: transport(parcel.destination), recipients: work.recipients, size: work.size,
                    parameters: work.parameters, acceptedAt: work.acceptedAt)
            }
        }
    }

    private func setAlarm() {
        let next = state.withLock { state -> Int64? in
            guard !state.isStopped, let next = state.schedule.nextEvent, state.alarm.map({ next < $0 }) ?? true else {
                return nil
            }
            state.alarm = next
            return next
        }
        guard let next else { return }
        eventLoop.scheduleTask(in: .milliseconds(max(1, next - now()))) { [self] in
            state.withLock { if $0.alarm == next { $0.alarm = nil } }
            handOut()
        }
    }
}

// What agents say about their work.
extension Queue {
    /// Calls `done` once, on any thread, when the outcome is durable (true), or at once when it does not count (false).
    package func settle(_ settlement: Settlement, _ done: @escaping @Sendable (Bool) -> Void) {
        let time = now()
        let taken = state.withLock { state in
            let taken = Set(state.schedule.settle(settlement.lease, settlement.results.map { EntryID(rawValue: $0.entry) }))
            for entry in taken { state.forget(settlement.lease, entry.spool) }
            return taken
        }
        var results: [EntryResult] = []
        var seen: Set<EntryID> = []
        for result in settlement.results {
            let entry = EntryID(rawValue: result.entry)
            guard taken.contains(entry), seen.insert(entry).inserted else { continue }
            results.append(EntryResult(entry, result.outcome, now: time))
        }
        if results.count < settlement.results.count { handOut() }
        guard !results.isEmpty else { return done(false) }
        commit(settlement.lease, results, done)
    }

    /// What was sent must not be sent again: an outcome that the index does not take now is kept until it does.
    private func commit(_ lease: LeaseID, _ results: [EntryResult], _ done: @escaping @Sendable (Bool) -> Void) {
        database.commit([.settle(lease, results, at: now())]) { [self] answers in
            guard case .settled? = answers.first else {
                guard !state.withLock({ $0.isStopped }) else { return done(false) }
                eventLoop.scheduleTask(in: limits.again) { [self] in commit(lease, results, done) }
                return
            }
            let time = now()
            state.withLock { state in
                for result in results {
                    state.schedule.settled(result.entry, by: lease, deferredUntil: result.until, now: time)
                }
            }
            done(true)
            handOut()
        }
    }

    package func renew(_ lease: LeaseID) -> Bool { state.withLock { $0.schedule.renew(lease, now: now()) } }

    /// A lease whose answer reached nobody.
    package func giveUp(_ leases: [LeaseID]) {
        state.withLock { state in for lease in leases { state.schedule.giveUp(lease) } }
        handOut()
    }

    /// No road to this process is left: what it held is ready for others.
    package func agentLeft(_ agent: Int32) {
        let count = state.withLock { $0.schedule.release(agent: agent) }
        if count > 0 { log(.leasesReleased(agent: agent, count: count)) }
        handOut()
    }

    /// Where the message lies, if this agent has a lease for it: nothing else is for its eyes.
    package func location(of spool: SpoolID, for agent: Int32) -> SpoolLocation? {
        state.withLock { state in
            guard let readable = state.readable[spool] else { return nil }
            let live = readable.leases.filter { state.schedule.holds($0, agent: agent) }
            return live.isEmpty ? nil : readable.location
        }
    }
}

extension EntryResult {
    /// Times beyond a year are slips.
    private static let longest: Int64 = 366 * 86_400_000

    fileprivate init(_ entry: EntryID, _ outcome: Outcome, now: Int64) {
        switch outcome {
        case .delivered(let report): self.init(entry: entry, fate: .delivered, report: report)
        case .failed(let report): self.init(entry: entry, fate: .bounced, report: report)
        case .deferred(let report, let retryAfter):
            let until = now + min(Int64(retryAfter) * 1000, Self.longest)
            self.init(entry: entry, fate: .deferred(until: until), report: report)
        }
    }

    fileprivate var until: Int64? {
        if case .deferred(let time) = fate { return time }
        return nil
    }
}
