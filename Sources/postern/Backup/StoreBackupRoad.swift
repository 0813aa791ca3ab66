// The words of a backup on the store's control socket, not faster than asked.

import IPC
import NIOCore

/// One conversation on a connection of its own. Used by one task.
final class StoreBackupRoad: BackupRoad, @unchecked Sendable {
    // Unchecked: what changes is only touched on the asker's event loop.
    private let asker: Asker<CommandToStore>
    private let pace: Pace?
    private var conversation: Conversation<CommandToStore>?
    /// Where the content of the open question goes.
    private var sink: FileSink?

    /// - Parameter rate: octets a second at most.
    init(_ calls: RoomCalls, rate: UInt64?) async throws {
        asker = try await calls.connect(CommandToStore.self)
        pace = rate.map { Pace(rate: $0) }
    }

    func close() { _ = asker.close() }

    func ask(_ question: BackupQuestion) async throws -> BackupAnswer { try await ask(question, into: nil) }

    func read(_ file: StoreFile, from: UInt64, count: UInt64, into sink: FileSink) async throws {
        guard case .read(count) = try await ask(.read(file, from: from, count: count), into: sink) else {
            throw Failure.misfit("store")
        }
    }

    private func ask(_ question: BackupQuestion, into sink: FileSink?) async throws -> BackupAnswer {
        let isEnd = if case .end = question { true } else { false }
        let answered = asker.eventLoop.flatSubmit { [self] () -> EventLoopFuture<CommandToStore.Answer> in
            let promise = asker.eventLoop.makePromise(of: CommandToStore.Answer.self)
            self.sink = sink
            do {
                // A snapshot of a large index takes its time.
                try opened().ask(.backup(question), last: isEnd, deadline: .seconds(BackupLimits.idle)) { result in
                    promise.completeWith(result.mapError { $0 })
                }
            } catch { promise.fail(error) }
            return promise.futureResult
        }
        let answer: CommandToStore.Answer
        do { answer = try await answered.get() } catch {
            throw Failure("the store did not go on (\(error)): the backup before is whole; run it again to continue this one")
        }
        switch answer {
        case .backup(let answer): return answer
        case .refused(let because): throw Failure(because)
        default: throw Failure.misfit("store")
        }
    }

    private func opened() throws -> Conversation<CommandToStore> {
        if let conversation { return conversation }
        let new = try asker.open()
        new.onContent = { [weak self] in self?.hear($0) }
        conversation = new
        return new
    }

    /// What comes next waits as long as the rate wants it.
    private func hear(_ bytes: ByteBuffer) {
        sink?.write(bytes)
        let count = bytes.readableBytes
        guard let pause = pace?.pause(after: UInt64(count), at: .now()), pause > .zero else {
            conversation?.consumed(count)
            return
        }
        asker.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] in self?.conversation?.consumed(count) }
    }
}

/// Keeps a rate over the whole run. Touched on one event loop.
final class Pace: @unchecked Sendable {
    // Unchecked: see above.
    private let rate: UInt64
    private var free = NIODeadline.uptimeNanoseconds(0)

    init(rate: UInt64) { self.rate = rate }

    /// How long to wait before the next octets.
    func pause(after octets: UInt64, at now: NIODeadline) -> TimeAmount {
        let cost = TimeAmount.nanoseconds(Int64(Double(octets) / Double(max(rate, 1)) * 1e9))
        free = max(free, now) + cost
        return free - now
    }
}
