// What waits for one destination, and the connections that stand ready for it.

import IPC
import NIOCore

/// Connections are reused by this.
enum DestinationKey: Hashable {
    case domain(String)
    /// One for everybody: all of them are served by the same host.
    case smartHost
    /// The host and port that the directory names for a domain (E-09).
    case transport(String)
}

/// One lease in our hands.
final class Work {
    let lease: Lease
    let deadline: NIODeadline
    /// The lease holds until then.
    var expires: NIODeadline
    /// The store has given the lease to somebody else.
    var isLost = false

    init(_ lease: Lease) {
        self.lease = lease
        deadline = .now() + .seconds(Int64(lease.expiresIn))
        expires = deadline
    }

    /// When half of the lease's time is over.
    var renewal: NIODeadline { expires - .milliseconds(Int64(lease.expiresIn) * 500) }
}

/// Confined to the room's event loop.
final class Destination {
    let key: DestinationKey
    var queue = CircularBuffer<Work>()
    /// Tasks that work the queue, each with at most one connection.
    var workers = 0
    /// Of those, the ones that have not taken their first lease yet.
    var starting = 0
    /// Of those, the ones that have a connection with a ready remote.
    var connected = 0
    /// Connections without work, the youngest last.
    private(set) var idle: [SMTPClientConnection] = []
    /// In the room's list of those that wait for a free worker.
    var isWaiting = false
    /// Has as many leases as it should; until half of them are gone.
    var isSaturated = false

    init(_ key: DestinationKey) { self.key = key }

    var isEmpty: Bool { queue.isEmpty && workers == 0 && idle.isEmpty && !isWaiting }

    /// The youngest connection without work: it is the least likely to be closed at the other end.
    func takeIdle() -> SMTPClientConnection? {
        while let connection = idle.popLast() {
            connection.onEnd = nil
            if connection.isReady { return connection }
        }
        return nil
    }

    func park(_ connection: SMTPClientConnection) {
        connection.onEnd = { [weak self, weak connection] in self?.idle.removeAll { $0 === connection } }
        idle.append(connection)
    }

    /// Those that rest since before the given time, the oldest first.
    func takeIdle(since limit: NIODeadline) -> [SMTPClientConnection] {
        let old = idle.prefix { $0.idleSince <= limit }
        idle.removeFirst(old.count)
        return Array(old)
    }

    func updateSaturation(limit: Int) {
        let held = queue.count + workers
        if held >= limit { isSaturated = true } else if held <= limit / 2 { isSaturated = false }
    }
}
