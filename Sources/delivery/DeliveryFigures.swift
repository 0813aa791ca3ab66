// What `postern status` shows of this room. Counted on the event loop, read from anywhere.

import IPC
import Synchronization

final class DeliveryFigures: Sendable {
    struct Counts: Sendable {
        var delivered: Int64 = 0
        var deferred: Int64 = 0
        var failed: Int64 = 0
        var bounces: Int64 = 0
        var connections: Int64 = 0
        var secured: Int64 = 0
        var leases: Int64 = 0
        var destinations: Int64 = 0
        var workers: Int64 = 0
    }

    private let counts = Mutex(Counts())

    func count(_ body: (inout Counts) -> Void) { counts.withLock { body(&$0) } }

    func list() -> [Figure] {
        let counts = counts.withLock { $0 }
        return [
            Figure("delivered", counts.delivered), Figure("deferred", counts.deferred), Figure("failed", counts.failed),
            Figure("bounces", counts.bounces), Figure("connections made", counts.connections),
            Figure("of these with TLS", counts.secured), Figure("leases in hand", counts.leases),
            Figure("destinations now", counts.destinations), Figure("workers now", counts.workers),
        ]
    }
}
