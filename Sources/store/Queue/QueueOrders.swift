// What an administrator says about entries of the queue: try again now, or give up.

import IPC
import Mail

extension Queue {
    /// Entries of one order.
    package static let orders = 1_000

    /// Held and deferred entries become ready. Calls `done` once, on any thread: with how many of them there were, or with
    /// the database's trouble.
    package func release(_ entries: [EntryID], _ done: @escaping @Sendable (Result<Int, DatabaseError>) -> Void) {
        let time = now()
        database.commit([.release(entries, at: time)]) { [self] results in
            switch results.first {
            case .entries(let found)?:
                state.withLock { state in
                    for (entry, destination) in found {
                        // One that was held is new to the schedule.
                        state.schedule.add(entry, to: destination, dueAt: time, now: time)
                        state.schedule.hasten(entry)
                    }
                }
                handOut()
                done(.success(found.count))
            case .failed(let error)?: done(.failure(error))
            default: preconditionFailure("the answer to another change")
            }
        }
    }

    /// Entries are given up, but those that an agent has just now: they may have been delivered. Calls `done` as `release`.
    package func drop(_ entries: [EntryID], _ done: @escaping @Sendable (Result<Int, DatabaseError>) -> Void) {
        let (free, known) = state.withLock { state in
            var free: [EntryID] = []
            var known: [(EntryID, String)] = []
            for entry in entries where !state.schedule.isTaken(entry) {
                free.append(entry)
                if let destination = state.schedule.destination(of: entry) { known.append((entry, destination)) }
                // From now on nobody gets it.
                state.schedule.remove(entry)
            }
            return (free, known)
        }
        let time = now()
        database.commit([.drop(free, at: time)]) { [self] results in
            switch results.first {
            case .entries(let found)?: done(.success(found.count))
            case .failed(let error)?:
                state.withLock { state in
                    for (entry, destination) in known { state.schedule.add(entry, to: destination, dueAt: time, now: time) }
                }
                handOut()
                done(.failure(error))
            default: preconditionFailure("the answer to another change")
            }
        }
    }
}
