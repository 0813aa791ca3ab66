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
    let mailboxes: MailboxCommands
    let answerRoom: @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>

    init(
        directory: DirectoryCommands, mailboxes: MailboxCommands, queue: Queue, database: any Database, check: SpoolCheck,
        files: NIOThreadPool,
        answerRoom: @escaping @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>
    ) {
        self.directory = directory
        self.mailboxes = mailboxes
        self.queue = queue
        self.database = database
        self.check = check
        self.files = files
        self.answerRoom = answerRoom
    }

    func carryOut(
        _ question: CommandToStore.Question, on eventLoop: any EventLoop,
        _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void
    ) {
        switch question {
        case .room(let question): answerRoom(question, eventLoop).whenSuccess { answer(.room($0)) }
        case .mailbox(let question): Task { [mailboxes] in answer(await mailboxes.answer(question)) }
        case .releaseEntries(let entries), .dropEntries(let entries):
            guard entries.count <= Queue.orders else {
                return answer(.refused("\(entries.count) entries are more than \(Queue.orders) at once: name fewer"))
            }
            order(question, entries.map { EntryID(rawValue: $0) }, answer)
        case .listQueue, .audit: Task { await answer(list(question)) }
        case .verify(let spool):
            files.submit { [check] _ in
                do throws(DatabaseError) { answer(.verified(try check.page(after: spool))) } catch {
                    answer(.refused("the index cannot be read: \(error)"))
                }
            }
        default:
            if !directory.carryOut(question, answer) {
                answer(.refused("this release of the store cannot do that: install the same release of all programs"))
            }
        }
    }

    private func order(
        _ question: CommandToStore.Question, _ entries: [EntryID],
        _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void
    ) {
        let isRelease = if case .releaseEntries = question { true } else { false }
        let done: @Sendable (Result<Int, DatabaseError>) -> Void = { [log = directory.log] result in
            switch result {
            case .failure(let error): answer(.refused("the queue cannot be changed: \(error)"))
            case .success(let count):
                log(.directoryChanged(what: "\(count) entries of the queue \(isRelease ? "released" : "given up")"))
                answer(.entries(UInt32(count)))
            }
        }
        if isRelease { queue.release(entries, done) } else { queue.drop(entries, done) }
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
    private let content: MailboxContent

    init(_ serving: CommandServing, _ content: ContentServing) {
        self.serving = serving
        self.content = MailboxContent(content)
    }

    func question(_ question: CommandToStore.Question, in exchange: Exchange<CommandToStore>) {
        if case .mailbox(.append(let order)) = question { return content.append(order, in: exchange) }
        guard !content.hasContent else {
            content.cancelled()
            return exchange.cancel()
        }
        switch question {
        case .mailbox(.read(let mailbox, let uid)): content.read(mailbox, uid: uid, in: exchange)
        default: serving.carryOut(question, on: exchange.eventLoop, exchange.hop { exchange.answer($0) })
        }
    }

    /// In front of `append`.
    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) { content.content(bytes, in: exchange) }

    func ended(in exchange: Exchange<CommandToStore>) { content.dropContent() }

    func cancelled() { content.cancelled() }
}
