// How the upkeep waits: for a while, until it is woken, and never once the room stops.

import Dispatch
import Synchronization

final class Rest: Sendable {
    private let signal = DispatchSemaphore(value: 0)
    private let isStopped = Atomic(false)

    var isOver: Bool { isStopped.load(ordering: .acquiring) }

    /// Returns when the time is over, or at once when the room stops.
    func wait(_ duration: Duration) {
        guard !isOver, duration > .zero else { return }
        _ = signal.wait(timeout: .now() + .microseconds(Int(duration / .microseconds(1))))
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        signal.signal()
    }
}
