// Whether the disk has room. Says so once when it has none, and once when it has some again.

import Synchronization

package final class DiskGauge: Sendable {
    private let path: String
    private let reserve: UInt64
    private let disk: DiskCalls
    private let log: @Sendable (StoreEvent) -> Void
    private let isFull = Mutex(false)

    package init(_ path: String, reserve: UInt64, disk: DiskCalls, log: @escaping @Sendable (StoreEvent) -> Void) {
        self.path = path
        self.reserve = reserve
        self.disk = disk
        self.log = log
    }

    /// Looks anew each time: a full disk heals by itself.
    package func hasRoom() -> Bool {
        let free = disk.free(path)
        let hasRoom = free.map { $0 >= reserve } ?? true
        change(isFull: !hasRoom, free)
        return hasRoom
    }

    /// A write found no room, whatever the figures say.
    package func reportFull() { change(isFull: true, disk.free(path)) }

    private func change(isFull: Bool, _ free: UInt64?) {
        let changed = self.isFull.withLock { state in
            defer { state = isFull }
            return state != isFull
        }
        if changed { log(isFull ? .diskFull(free: free) : .diskFree) }
    }
}
