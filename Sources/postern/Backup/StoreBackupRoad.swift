// The words of a backup on the store's control socket, not faster than asked.

import Door
import IPC
import NIOCore

struct StoreBackupRoad: BackupRoad {
    private let conversation: OneConversation<CommandToStore>
    private let pace: Pace?

    /// - Parameter rate: octets a second at most.
    init(_ calls: RoomCalls, rate: UInt64?) async throws {
        conversation = try await calls.open(CommandToStore.self)
        pace = rate.map { Pace(rate: $0) }
    }

    func close() { conversation.close() }

    func ask(_ question: BackupQuestion) async throws -> BackupAnswer { try await ask(question, nil) }

    func read(_ file: StoreFile, from: UInt64, count: UInt64, into sink: FileSink) async throws {
        let pace = pace
        let answer = try await ask(.read(file, from: from, count: count)) { bytes in
            sink.write(bytes)
            return pace?.pause(after: UInt64(bytes.readableBytes), at: .now())
        }
        guard case .read(count) = answer else { throw Failure.misfit("store") }
    }

    private func ask(
        _ question: BackupQuestion, _ content: (@Sendable (ByteBuffer) -> TimeAmount?)?
    ) async throws -> BackupAnswer {
        let isEnd = if case .end = question { true } else { false }
        let answer: CommandToStore.Answer
        do {
            // A snapshot of a large index takes its time.
            answer = try await conversation.ask(
                .backup(question), last: isEnd, deadline: .seconds(BackupLimits.idle), content: content
            ).get()
        } catch {
            throw Failure("the store did not go on (\(error)): the backup before is whole; run it again to continue this one")
        }
        switch answer {
        case .backup(let answer): return answer
        case .refused(let because): throw Failure(because)
        default: throw Failure.misfit("store")
        }
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
