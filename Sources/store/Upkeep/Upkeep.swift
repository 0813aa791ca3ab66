// The room's own housework, on a thread of its own: what was removed is let go of, what is dead is dropped, sparse segments
// are compacted. Each step is small, and the next one begins when the index has taken the last: mail never waits for more.

import Dispatch
import IPC
import Mail
import Settings
import Synchronization

/// How the housework is done. Everything has a limit.
package struct UpkeepLimits: Sendable {
    /// How long a removed message is kept; zero: until the next round.
    package var keepRemoved = Duration.seconds(7 * 86_400)
    /// Between rounds.
    package var interval = Duration.seconds(5)
    /// Placements and messages of one purge.
    package var purge = 500
    /// Percent of live octets below which a segment is compacted; 0 for never.
    package var compactBelow = 50
    /// Octets that compaction copies a second.
    package var compactRate: UInt64 = 16 << 20

    /// Messages and octets that move in one step, and so what mail may have to wait for.
    static let batch = 256
    static let batchOctets = 1 << 20

    package init() {}
}

/// What the housework needs of the spool.
struct UpkeepSpool: Sendable {
    let folder: SegmentFolder
    let reader: SpoolReader
    let ownFiles: String
    let limits: SpoolLimits
    let disk: DiskCalls
    /// The segment of arriving mail: those before it get nothing more.
    let writing: @Sendable () -> UInt64
    /// While a backup holds files, none is removed.
    let pin: BackupPin
}

package final class Upkeep: Sendable {
    private let database: any Database
    private let spool: UpkeepSpool
    private let compaction: Compaction
    private let now: @Sendable () -> Int64
    private let limits: Mutex<UpkeepLimits>
    private let rest = Rest()
    private let thread = Mutex<RoomThread?>(nil)
    private let placements = Atomic<Int>(0)
    private let messages = Atomic<Int>(0)

    init(
        _ spool: UpkeepSpool, database: any Database, limits: UpkeepLimits, now: @escaping @Sendable () -> Int64,
        log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.database = database
        self.spool = spool
        compaction = Compaction(spool, database: database, log: log)
        self.now = now
        self.limits = Mutex(limits)
    }

    package func start() {
        let running = RoomThread("store-upkeep") { [self] in
            while !rest.isOver {
                round()
                rest.wait(limits.withLock { $0.interval })
            }
        }
        thread.withLock { $0 = running }
    }

    /// Ends after the step that is under way. Blocks.
    package func stop() {
        rest.stop()
        let running = thread.withLock { running in
            defer { running = nil }
            return running
        }
        running?.join()
    }

    /// From the next step on.
    package func reload(_ limits: UpkeepLimits) { self.limits.withLock { $0 = limits } }

    /// Everything that is to be done now. One round at a time. Blocks.
    package func round() {
        // What the index does not take, it says itself; the next round tries again.
        while !rest.isOver, !spool.pin.isHeld {
            let begun = ContinuousClock.now
            guard purge() else { break }
            // The index is the mail's, and this is not urgent: three quarters of the time are left to it.
            rest.wait((ContinuousClock.now - begun) * 3)
        }
        compaction.run(limits.withLock { $0 }, rest)
    }

    /// Octets that compaction has copied.
    package var octetsCopied: UInt64 { compaction.octetsCopied }

    package var figures: [Figure] {
        [
            Figure("placements-purged", Int64(placements.load(ordering: .relaxed))),
            Figure("messages-purged", Int64(messages.load(ordering: .relaxed))),
        ] + compaction.figures
    }
}

// What is past.
extension Upkeep {
    /// One step. False: there is nothing more, or the index did not take it.
    private func purge() -> Bool {
        let limits = limits.withLock { $0 }
        let now = now()
        let until = now - Int64(limits.keepRemoved / .milliseconds(1))
        let results = database.commitAndWait([.purge(removedUntil: until, limit: limits.purge, at: now)])
        guard case .purged(let purged)? = results.first else { return false }
        // A file that a crash leaves here belongs to nobody: the next start removes it.
        for message in purged.messages where message.ownFile != 0 {
            spool.pin.remove(ContentFile.path(spool.ownFiles, message.ownFile), spool.disk)
        }
        for segment in Set(purged.messages.map(\.location.position.segment)) { compaction.look(again: segment) }
        placements.add(purged.placements, ordering: .relaxed)
        messages.add(purged.messages.count, ordering: .relaxed)
        return purged.isMore
    }
}

extension UpkeepLimits {
    /// The settings' limits over these.
    func with(_ settings: StoreSettings) -> UpkeepLimits {
        var limits = self
        limits.keepRemoved = settings.expungeRetention
        limits.compactBelow = settings.compactBelow
        limits.compactRate = UInt64(settings.compactRate)
        return limits
    }
}
