// Serves the administrator's command: directory, queue, ledger.

import IPC
import Mail
import NIOCore
import NIOPosix

final class CommandServing: Sendable {
    static let page = 1_000

    let directory: Directory
    let authentication: Authentication
    let hashes: PasswordHashes
    let queue: Queue
    let database: any Database
    let check: SpoolCheck
    let files: NIOThreadPool
    let answerRoom: @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>
    let log: @Sendable (StoreEvent) -> Void

    init(
        directory: Directory, authentication: Authentication, hashes: PasswordHashes, queue: Queue,
        database: any Database, check: SpoolCheck, files: NIOThreadPool, log: @escaping @Sendable (StoreEvent) -> Void,
        answerRoom: @escaping @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>
    ) {
        self.directory = directory
        self.authentication = authentication
        self.hashes = hashes
        self.queue = queue
        self.database = database
        self.check = check
        self.files = files
        self.log = log
        self.answerRoom = answerRoom
    }

    func carryOut(
        _ question: CommandToStore.Question, on eventLoop: any EventLoop,
        _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void
    ) {
        switch question {
        case .room(let question): answerRoom(question, eventLoop).whenSuccess { answer(.room($0)) }
        case .addDomain(let name): addDomain(name.lowercased(), answer)
        case .removeDomain(let name):
            let name = name.lowercased()
            directory.removeDomain(name) { [self] in report($0, "domain \(name) removed", answer) }
        case .addAccount(let address, let password): addAccount(address, password, answer)
        case .removeAccount(let address): removeAccount(address, answer)
        case .listDomains, .listAccounts, .listQueue, .audit: Task { await answer(list(question)) }
        case .verify(let spool):
            files.submit { [check] _ in
                do throws(DatabaseError) { answer(.verified(try check.page(after: spool))) } catch {
                    answer(.refused("the index cannot be read: \(error)"))
                }
            }
        }
    }

    private func report(_ because: String?, _ what: String, _ answer: (CommandToStore.Answer) -> Void) {
        if let because { return answer(.refused(because)) }
        log(.directoryChanged(what: what))
        answer(.done)
    }

    private func addDomain(_ name: String, _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void) {
        guard EmailAddress.isDomain(name) else { return answer(.refused("\(name) is not the name of a domain")) }
        directory.addDomain(name) { [self] in report($0, "domain \(name) added", answer) }
    }

    private func addAccount(
        _ address: EmailAddress, _ password: Secret, _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void
    ) {
        guard EmailAddress(address.stored) == address else {
            return answer(.refused("\(address) cannot be the name of an account: use local-part@domain without quotes"))
        }
        hashes.hash(password) { [self] result in
            switch result {
            case .success(let hash):
                directory.addAccount(address, credential: hash) { [self] in
                    report($0, "account \(address) added", answer)
                }
            case .failure(.busy): answer(.refused("too many passwords wait to be hashed: try again"))
            case .failure(.impossible(let because)): answer(.refused(because))
            }
        }
    }

    private func removeAccount(
        _ address: EmailAddress, _ answer: @escaping @Sendable (CommandToStore.Answer) -> Void
    ) {
        directory.removeAccount(address) { [self] because, account in
            if because == nil, let account { authentication.forget(account) }
            report(because, "account \(address) removed", answer)
        }
    }

    private func list(_ question: CommandToStore.Question) async -> CommandToStore.Answer {
        do throws(DatabaseError) {
            switch question {
            case .listDomains(let name): return .domains(try await database.domains(after: name, limit: Self.page))
            case .listAccounts(let address):
                return .accounts(try await database.accounts(after: address, limit: Self.page))
            case .listQueue(let entry):
                let page = try await database.queue(after: entry.map { EntryID(rawValue: $0) }, limit: Self.page)
                return .queue(page.map(current))
            default: return .audit(try await database.audit())
            }
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

    init(_ serving: CommandServing) { self.serving = serving }

    func question(_ question: CommandToStore.Question, in exchange: Exchange<CommandToStore>) {
        serving.carryOut(question, on: exchange.eventLoop, exchange.hop { exchange.answer($0) })
    }

    /// No word of this edge has content in front of it.
    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) { exchange.cancel() }

    func ended(in exchange: Exchange<CommandToStore>) {}

    func cancelled() {}
}
