// A second engine, for the tests: a plain model in memory that takes its time. Whatever of the store works on it needs no
// more of a database than `protocol Database` says.
//
// It is slow on purpose: a group waits before it is applied and again before it is answered; a read takes as long as chance
// says, comes back behind later ones, and shows the moment when it was asked or the one when it is answered.

import Dispatch
import IPC
import Mail
import NIOCore
import NIOPosix
import POP3House
import SASL
import Synchronization

@testable import store

/// What survives the end of a store: the disk of the memory engine.
final class MemoryDisk: Sendable {
    private let kept = Mutex(MemoryModel())

    var model: MemoryModel {
        get { kept.withLock { $0 } }
        set { kept.withLock { $0 = newValue } }
    }
}

final class MemoryDatabase: Database {
    /// How long things take.
    struct Pace: Sendable {
        /// Before a group is applied, and again before it is answered.
        var commit = TimeAmount.microseconds(500)
        /// At most.
        var read = TimeAmount.milliseconds(2)
    }

    private struct Work: Sendable {
        let changes: [Change]
        let done: @Sendable ([ChangeResult]) -> Void
    }

    private struct State {
        var waiting: [Work] = []
        var isBusy = false
        var isClosed = false
        var chance: SplitMix
    }

    private static let stopping = DatabaseError.trouble("the store is stopping")

    let disk: MemoryDisk
    private let grace: Int64
    private let pace: Pace
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private let writing: any EventLoop
    private let reading: any EventLoop
    private let state: Mutex<State>
    private let quotaWatch = QuotaWatch()
    /// Everything that was asked and is not answered.
    private let pending = DispatchGroup()

    init(_ disk: MemoryDisk, quotaGrace: Int64 = 0, pace: Pace = Pace(), seed: UInt64 = 1) {
        self.disk = disk
        grace = quotaGrace
        self.pace = pace
        (writing, reading) = (group.next(), group.next())
        state = Mutex(State(chance: SplitMix(state: seed)))
    }

    func watchQuotas(_ body: @escaping @Sendable ([QuotaNews]) -> Void) { quotaWatch.begin(body) }

    func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        pending.wait()
        try? group.syncShutdownGracefully()
    }
}

// Writing.
extension MemoryDatabase {
    func commit(_ changes: [Change], _ done: @escaping @Sendable ([ChangeResult]) -> Void) {
        let (isTaken, begins) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            pending.enter()
            state.waiting.append(Work(changes: changes, done: done))
            defer { state.isBusy = true }
            return (true, !state.isBusy)
        }
        guard isTaken else { return done(changes.map { _ in .failed(Self.stopping) }) }
        if begins { writing.scheduleTask(in: pace.commit) { [self] in writeWhatWaits() } }
    }

    private func writeWhatWaits() {
        let works = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        let (results, news) = transact(works.map(\.changes))
        writing.scheduleTask(in: pace.commit) { [self] in
            if !news.isEmpty { quotaWatch.tell(news) }
            for (work, results) in zip(works, results) {
                work.done(results)
                pending.leave()
            }
            let isDone = state.withLock { state in
                state.isBusy = !state.waiting.isEmpty
                return state.waiting.isEmpty
            }
            if !isDone { writing.scheduleTask(in: pace.commit) { self.writeWhatWaits() } }
        }
    }

    /// All together; if that cannot be, each by itself.
    private func transact(_ groups: [[Change]]) -> (results: [[ChangeResult]], news: [QuotaNews]) {
        var transaction = MemoryTransaction(disk.model, grace: grace)
        do {
            let results = try groups.map { changes in try changes.map { try transaction.apply($0) } }
            transaction.settle()
            disk.model = transaction.model
            return (results, transaction.news)
        } catch {
            if groups.count > 1 {
                let alone = groups.map { transact([$0]) }
                return (alone.flatMap(\.results), alone.flatMap(\.news))
            }
            let failure = error as? DatabaseError ?? .trouble("\(error)")
            return (groups.map { $0.map { _ in .failed(failure) } }, [])
        }
    }
}

// Reading.
extension MemoryDatabase {
    /// nil: the database is closed.
    private func beginReading() -> (delay: TimeAmount, shown: MemoryModel?)? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            pending.enter()
            let delay = Int64.random(in: 0...max(0, pace.read.nanoseconds), using: &state.chance)
            return (.nanoseconds(delay), Bool.random(using: &state.chance) ? disk.model : nil)
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (MemoryModel) -> Value) async throws(DatabaseError) -> Value {
        guard let (delay, shown) = beginReading() else { throw Self.stopping }
        return await withCheckedContinuation { continuation in
            reading.scheduleTask(in: delay) { [self] in
                continuation.resume(returning: body(shown ?? disk.model))
                pending.leave()
            }
        }
    }

    func look<Value: Sendable>(_ body: @escaping @Sendable (MemoryModel) -> Value) throws(DatabaseError) -> Value {
        guard let (delay, shown) = beginReading() else { throw Self.stopping }
        return blocking { done in
            reading.scheduleTask(in: delay) { [self] in
                done(body(shown ?? disk.model))
                pending.leave()
            }
        }
    }
}
