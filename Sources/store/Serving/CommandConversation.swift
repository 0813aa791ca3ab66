// Serves the administrator's command: directory, queue, ledger.

import IPC
import Mail
import NIOCore
import NIOPosix

final class CommandServing: Sendable {
    static let page = 1_000

    let directory: DirectoryCommands
    let queue: Queue
    let database: any Database
    let check: SpoolCheck
    let files: NIOThreadPool
    let backups: BackupServing
    let answerRoom: @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>

    init(
        directory: DirectoryCommands, queue: Queue, database: any Database, check: SpoolCheck, files: NIOThreadPool,
        backups: BackupServing,
        answerRoom: @escaping @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>
    ) {
        self.directory = directory
        self.queue = queue
        self.database = database
        self.check = check
        self.files = files
        self.backups = backups
        self.answerRoom = answerRoom
    }

    func carryOut(
        _ question: CommandToStore.Question, on eventLoop: any EventLoop,
        _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void
    ) {
        switch question {
        case .room(let question): answerRoom(question, eventLoop).whenSuccess { answer(.room($0)) }
        case .listQueue, .audit: Task { await answer(list(question)) }
        case .verify(let spool, let sample):
            files.submit { [check] _ in
                do throws(DatabaseError) { answer(.verified(try check.page(after: spool, sample: sample))) } catch {
                    answer(.refused("the index cannot be read: \(error)"))
                }
            }
        default:
            if !directory.carryOut(question, answer) {
                answer(.refused("this release of the store cannot do that: install the same release of all programs"))
            }
        }
    }

    private func list(_ question: CommandToStore.Question) async -> CommandToStore.Answer {
        do throws(DatabaseError) {
            guard case .listQueue(let entry) = question else { return .audit(try await database.audit()) }
            let page = try await database.queue(after: entry.map { EntryID(rawValue: $0) }, limit: Self.page)
            return .queue(page.map(current))
        } catch { return .refused("the index cannot be read: \(error)") }
    }

    /// Leases are only known in memory.
    private func current(_ entry: QueueEntry) -> QueueEntry {
        guard queue.isLeased(EntryID(rawValue: entry.entry)) else { return entry }
        var entry = entry
        entry.state = .leased
        return entry
    }
}

/// Confined to its event loop.
final class CommandConversation: Conversing {
    typealias E = CommandToStore

    private let serving: CommandServing
    private var backup: BackupTalk?

    init(_ serving: CommandServing) { self.serving = serving }

    func question(_ question: CommandToStore.Question, in exchange: Exchange<CommandToStore>) {
        guard case .backup(let question) = question else {
            return serving.carryOut(question, on: exchange.eventLoop, exchange.hop { exchange.answer($0) })
        }
        let talk = backup ?? BackupTalk(serving.backups)
        backup = talk
        talk.question(question, in: exchange)
    }

    /// No word of this edge has content in front of it.
    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) { exchange.cancel() }

    func ended(in exchange: Exchange<CommandToStore>) { backup?.ended() }

    func cancelled() { backup?.over() }
}
