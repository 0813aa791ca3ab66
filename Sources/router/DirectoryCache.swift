// Answers who lives here, from memory where it can, else by asking the store: the questions of one turn of the loop go
// out together. Forgets everything when the store says that the directory has changed, and when the road was broken.
// Confined to its event loop.

import IPC
import Mail
import NIOCore

final class DirectoryCache: @unchecked Sendable {
    // Unchecked: only touched on the asker's event loop.
    typealias Found = Result<Resident, Refusal>

    private let store: Asker<RouterToStore>
    private let figures: RouterFigures
    private let log: @Sendable (RouterEvent) -> Void
    private var memory: DirectoryMemory
    /// The store has told us its version on this channel, so that it will tell us of changes.
    private var isWatched = false
    private var watch: Conversation<RouterToStore>?
    private var waiting: [EmailAddress: [(Found) -> Void]] = [:]
    private var unasked: [EmailAddress] = []

    /// The vocabulary's limit for one question.
    private static let batch = 1000
    /// Addresses that may wait for the store.
    private static let waitingLimit = 100_000
    private static let deadline = TimeAmount.seconds(20)
    /// The store answers within five minutes even when there is no news.
    private static let newsDeadline = TimeAmount.minutes(6)
    private static let pause = TimeAmount.seconds(1)

    init(
        _ store: Asker<RouterToStore>, limit: Int, figures: RouterFigures,
        log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        self.store = store
        self.figures = figures
        self.log = log
        memory = DirectoryMemory(limit: limit)
    }

    func start() {
        store.onConnect { [self] in askForNews() }
    }

    /// `body` is called at once when memory knows, later otherwise.
    func resident(of address: EmailAddress, _ body: @escaping (Found) -> Void) {
        // Without news memory may be wrong; without a store nothing could be delivered anyway.
        if isWatched, let resident = memory.resident(of: address) {
            figures.directoryHits.add()
            return body(.success(resident))
        }
        figures.directoryMisses.add()
        guard store.isConnected else { return body(.failure(.local("the store cannot be reached"))) }
        if waiting[address] != nil { waiting[address]?.append(body) } else { ask(address, body) }
    }

    private func ask(_ address: EmailAddress, _ body: @escaping (Found) -> Void) {
        guard waiting.count < Self.waitingLimit else {
            return body(.failure(.local("\(Self.waitingLimit) look-ups wait for the store")))
        }
        waiting[address] = [body]
        unasked.append(address)
        if unasked.count == Self.batch {
            lookUp()
        } else if unasked.count == 1 {
            store.eventLoop.assumeIsolated().execute { self.lookUp() }
        }
    }

    private func lookUp() {
        guard !unasked.isEmpty else { return }
        let addresses = unasked
        unasked = []
        store.ask(.lookUp(addresses), deadline: Self.deadline).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(.residents(let residents, let version)) where residents.count == addresses.count:
                for (address, resident) in zip(addresses, residents) {
                    if isWatched { memory.learn(address, resident, version: version) }
                    tell(address, .success(resident))
                }
            case .success:
                log(.wrongAnswer(question: "lookUp"))
                for address in addresses { tell(address, .failure(.local("the store's answer makes no sense"))) }
            case .failure(let error):
                for address in addresses { tell(address, .failure(.local("look-up: \(error)"))) }
            }
        }
    }

    private func tell(_ address: EmailAddress, _ found: Found) {
        for body in waiting.removeValue(forKey: address) ?? [] { body(found) }
    }
}

// News of the directory.
extension DirectoryCache {
    private func askForNews() {
        watch?.cancel()
        watch = nil
        let known = memory.version
        guard let conversation = try? store.open() else { return lost() }
        watch = conversation
        // A version that no directory has yet: answered at once.
        let question = RouterToStore.Question.directoryChange(since: isWatched ? known ?? .max : .max)
        conversation.ask(question, last: true, deadline: Self.newsDeadline) { [self, weak conversation] result in
            guard let conversation, watch === conversation else { return }
            watch = nil
            switch result {
            case .success(.directory(let version)): heard(version, after: known)
            case .success:
                log(.wrongAnswer(question: "directoryChange"))
                lost()
            case .failure: lost()
            }
        }
    }

    private func heard(_ version: UInt64, after known: UInt64?) {
        if !isWatched || version != memory.version {
            memory.forget()
            memory.adopt(version)
            isWatched = true
            log(.directoryVersion(version))
        }
        if version == known { again() } else { askForNews() }
    }

    /// Nothing that was learned can be relied on any more.
    private func lost() {
        isWatched = false
        memory.forget()
        again()
    }

    private func again() {
        store.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            if watch == nil, store.isConnected { askForNews() }
        }
    }
}
