// When which entry of the queue is whose turn: pure, with the time as an argument. What is durable stands in the
// database; a restart makes this again from there, with no lease in it.
//
//  state      in the database       here                     leads to
//  ready      ready, or deferred    in its destination's     leased: claim()
//             and due               line
//  deferred   deferred, not due     in the heap by time      ready: its time comes
//  leased     ready or deferred     in a lease               ready: expired, released; settling: settle()
//  settling   as before             in a settled lease       gone, deferred, or ready: settled()
//  held       held                  not here                 – (only an administrator ends it)
//  gone       no row                not here                 –
//
//  Guarantee: an entry is in one lease at most, and the outcome of a lease is taken once, while it is the entry's last.

import IPC
import Mail

package struct Schedule: Sendable {
    /// How work is handed out.
    package struct Limits: Sendable {
        /// RFC 5321 §4.5.3.1.8: no server has to take more at a time.
        package var recipients = 100
        /// Milliseconds until a lease that nobody renews is given up.
        package var lease: Int64 = 600_000

        package init() {}
    }

    package enum State: Sendable, Equatable {
        case ready
        case deferred(until: Int64)
        case leased(LeaseID)
        case settling(LeaseID)
    }

    private struct Entry {
        var destination: Int
        var state: State
        /// The lease that had it last.
        var lastLease: UInt64
    }

    private struct Destination {
        let name: String
        /// Entries in the order in which they became ready; some may not be ready any more.
        var line = Line()
        /// In `turns`.
        var hasTurn = false
        var entries = 0
    }

    /// What an agent holds.
    package struct Holding: Sendable {
        package var entries: [EntryID]
        package var agent: Int32
        package var name: String
        package var expiresAt: Int64
    }

    /// What a claim got: the entries of one message at one destination.
    package struct Parcel: Sendable, Equatable {
        package var lease: LeaseID
        package var destination: String
        package var entries: [EntryID]
    }

    private let limits: Limits
    private var entries: [EntryID: Entry] = [:]
    private var destinations: [Destination] = []
    private var numbers: [String: Int] = [:]
    private var unused: [Int] = []
    /// Destinations with ready entries, in the order of their turns.
    private var turns = Line()
    private var waiting = TimeHeap<EntryID>()
    private var expiries = TimeHeap<UInt64>()
    private var leases: [LeaseID: Holding] = [:]
    private let firstLease: UInt64
    private var nextLease: UInt64

    /// - Parameter firstLease: above every lease of every earlier run.
    package init(_ limits: Limits, firstLease: UInt64) {
        self.limits = limits
        self.firstLease = firstLease
        nextLease = firstLease
    }
}

// Entries come and become due.
extension Schedule {
    package mutating func add(_ entry: EntryID, to destination: String, dueAt: Int64, now: Int64) {
        guard entries[entry] == nil else { return }
        let number = number(of: destination)
        destinations[number].entries += 1
        entries[entry] = Entry(destination: number, state: .ready, lastLease: 0)
        wait(entry, until: dueAt, now)
    }

    private mutating func number(of destination: String) -> Int {
        if let known = numbers[destination] { return known }
        let number: Int
        if let free = unused.popLast() {
            number = free
            destinations[number] = Destination(name: destination)
        } else {
            number = destinations.count
            destinations.append(Destination(name: destination))
        }
        numbers[destination] = number
        return number
    }

    private mutating func wait(_ entry: EntryID, until time: Int64, _ now: Int64) {
        guard time > now else { return ready(entry) }
        entries[entry]?.state = .deferred(until: time)
        waiting.push(entry, at: time)
    }

    private mutating func ready(_ entry: EntryID) {
        guard let destination = entries[entry]?.destination else { return }
        entries[entry]?.state = .ready
        destinations[destination].line.append(entry.rawValue)
        guard !destinations[destination].hasTurn else { return }
        destinations[destination].hasTurn = true
        turns.append(UInt64(destination))
    }

    /// Entries whose time has come become ready; leases whose time is over are given up and returned.
    package mutating func advance(to now: Int64) -> [(LeaseID, Holding)] {
        while let (entry, time) = waiting.pop(until: now) {
            if entries[entry]?.state == .deferred(until: time) { ready(entry) }
        }
        var expired: [(LeaseID, Holding)] = []
        while let (number, time) = expiries.pop(until: now) {
            let lease = LeaseID(rawValue: number)
            guard let holding = leases[lease], holding.expiresAt == time else { continue }
            giveUp(lease)
            expired.append((lease, holding))
        }
        return expired
    }

    /// When `advance` has something to do next.
    package var nextEvent: Int64? {
        switch (waiting.first, expiries.first) {
        case (let first?, let second?): min(first, second)
        case (let first, let second): first ?? second
        }
    }

    package var hasReady: Bool { !turns.isEmpty }
    package var count: Int { entries.count }
    package var leaseCount: Int { leases.count }

    package func state(of entry: EntryID) -> State? { entries[entry]?.state }

    /// Somebody has it, or its outcome is on the way to the disk.
    package func isTaken(_ entry: EntryID) -> Bool {
        switch entries[entry]?.state {
        case .leased, .settling: true
        case .ready, .deferred, nil: false
        }
    }

    package func destination(of entry: EntryID) -> String? { entries[entry].map { destinations[$0.destination].name } }

    package func isOpen(_ lease: LeaseID) -> Bool { leases[lease] != nil }

    package func holds(_ lease: LeaseID, agent: Int32) -> Bool { leases[lease]?.agent == agent }
}

// Work goes out.
extension Schedule {
    /// At most `limit` parcels, from each destination in turn, none from those that the agent has enough of.
    package mutating func claim(
        _ limit: Int, agent: Int32, name: String, saturated: Set<String>, now: Int64
    ) -> [Parcel] {
        var parcels: [Parcel] = []
        var passed: [UInt64] = []
        while parcels.count < limit, let turn = turns.popFirst() {
            let number = Int(turn)
            if saturated.contains(destinations[number].name) {
                passed.append(turn)
                continue
            }
            let taken = take(from: number)
            destinations[number].hasTurn = !destinations[number].line.isEmpty
            if destinations[number].hasTurn { turns.append(turn) }
            if taken.isEmpty {
                retire(number)
            } else {
                parcels.append(lease(taken, destinations[number].name, agent, name, now))
            }
        }
        // Who was passed over is next.
        turns.prepend(passed)
        return parcels
    }

    /// The first ready entries of one message.
    private mutating func take(from destination: Int) -> [EntryID] {
        var taken: [EntryID] = []
        while taken.count < limits.recipients, let first = destinations[destination].line.first {
            let entry = EntryID(rawValue: first)
            if entries[entry]?.state == .ready, entries[entry]?.destination == destination {
                if let message = taken.first?.spool, message != entry.spool { break }
                taken.append(entry)
                // Out of the line at once: an entry may stand in it twice.
                entries[entry]?.state = .leased(LeaseID(rawValue: nextLease))
            }
            _ = destinations[destination].line.popFirst()
        }
        return taken
    }

    private mutating func lease(
        _ taken: [EntryID], _ destination: String, _ agent: Int32, _ name: String, _ now: Int64
    ) -> Parcel {
        let lease = LeaseID(rawValue: nextLease)
        nextLease += 1
        for entry in taken { entries[entry]?.lastLease = lease.rawValue }
        let expiresAt = now + limits.lease
        leases[lease] = Holding(entries: taken, agent: agent, name: name, expiresAt: expiresAt)
        expiries.push(lease.rawValue, at: expiresAt)
        return Parcel(lease: lease, destination: destination, entries: taken)
    }

    /// False: the lease is over.
    package mutating func renew(_ lease: LeaseID, now: Int64) -> Bool {
        guard leases[lease] != nil else { return false }
        leases[lease]?.expiresAt = now + limits.lease
        expiries.push(lease.rawValue, at: now + limits.lease)
        return true
    }

    /// The agent is gone: what it held is ready again. Returns how many leases that were.
    package mutating func release(agent: Int32) -> Int {
        let gone = leases.filter { $0.value.agent == agent }.map(\.key)
        for lease in gone { giveUp(lease) }
        return gone.count
    }

    /// Work that never reached its agent.
    package mutating func giveUp(_ lease: LeaseID) {
        guard let holding = leases.removeValue(forKey: lease) else { return }
        for entry in holding.entries where entries[entry]?.state == .leased(lease) { ready(entry) }
    }
}

// Outcomes come back.
extension Schedule {
    /// The entries among these whose outcome by this lease counts: it was the last to have them, and nobody has them
    /// now. A lease that expired or whose agent lost its road is still good for that, so that nothing that was sent is
    /// sent again. A lease of an earlier run is good for entries that nobody has had since.
    package mutating func settle(_ lease: LeaseID, _ results: [EntryID]) -> [EntryID] {
        let holding = leases.removeValue(forKey: lease)
        let isEarlier = lease.rawValue < firstLease
        let taken = results.filter { entry in
            guard let known = entries[entry] else { return false }
            switch known.state {
            case .leased(let holder): return holder == lease
            case .settling: return false
            case .ready, .deferred: return known.lastLease == lease.rawValue || isEarlier && known.lastLease == 0
            }
        }
        for entry in taken { entries[entry]?.state = .settling(lease) }
        // An entry without an outcome is ready again.
        for entry in holding?.entries ?? [] where entries[entry]?.state == .leased(lease) { ready(entry) }
        return taken
    }

    /// The outcomes are durable. `deferred`: when to try again; nil for entries that are gone.
    package mutating func settled(_ entry: EntryID, by lease: LeaseID, deferredUntil time: Int64?, now: Int64) {
        guard entries[entry]?.state == .settling(lease) else { return }
        guard let time else { return remove(entry) }
        // Its outcome was taken: a second one by the same lease does not count.
        entries[entry]?.lastLease = .max
        wait(entry, until: time, now)
    }

    /// An entry that waits for a later time is ready now.
    package mutating func hasten(_ entry: EntryID) {
        if case .deferred? = entries[entry]?.state { ready(entry) }
    }

    /// There is no such entry any more.
    package mutating func remove(_ entry: EntryID) {
        guard let number = entries.removeValue(forKey: entry)?.destination else { return }
        destinations[number].entries -= 1
        retire(number)
    }

    /// A destination without entries is forgotten.
    private mutating func retire(_ number: Int) {
        guard destinations[number].entries == 0, !destinations[number].hasTurn else { return }
        numbers[destinations[number].name] = nil
        destinations[number] = Destination(name: "")
        unused.append(number)
    }
}
