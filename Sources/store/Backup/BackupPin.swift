// While a backup reads, what its snapshot names stays on the disk: purging and compaction put removals off.

import Synchronization

/// Held by one backup at a time. A crash forgets what was put off, and the next start finds it: a large file that the index
/// does not know is a stray one, a segment in which nothing lies is removed by the first round of compaction.
package final class BackupPin: Sendable {
    private struct State {
        var isHeld = false
        /// Large files whose messages are forgotten; no more than one step of purging, since no step begins meanwhile.
        var waiting: [String] = []
    }

    private let state = Mutex(State())

    var isHeld: Bool { state.withLock { $0.isHeld } }

    /// From its return on nothing is removed. False: somebody else holds it.
    func hold() -> Bool {
        state.withLock { state in
            guard !state.isHeld else { return false }
            state.isHeld = true
            return true
        }
    }

    /// Removes what was put off.
    func release(_ disk: DiskCalls) {
        state.withLock { state in
            state.isHeld = false
            for path in state.waiting { _ = disk.remove(path) }
            state.waiting = []
        }
    }

    /// Under the lock, so that `hold` waits for it. False: not now.
    func unlessHeld(_ body: () -> Void) -> Bool {
        state.withLock { state in
            guard !state.isHeld else { return false }
            body()
            return true
        }
    }

    /// Now, or at the release.
    func remove(_ path: String, _ disk: DiskCalls) {
        state.withLock { state in
            if state.isHeld { state.waiting.append(path) } else { _ = disk.remove(path) }
        }
    }
}
