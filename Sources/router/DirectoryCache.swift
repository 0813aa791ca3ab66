// Answers what the directory says, from memory where it can, else by asking the store: the questions of one turn of the loop go
// out together. Forgets everything when the store says that the directory has changed, and when the road was broken.
// Confined to its event loop.

import IPC
import Mail
import NIOCore

final class DirectoryCache: @unchecked Sendable {
    // Unchecked: only touched on the asker's event loop.
    typealias Found = Result<DirectoryEntry, Refusal>

    private let store: Asker<RouterToStore>
    private let hostname: () -> String
    private let figures: RouterFigures
    private let log: @Sendable (RouterEvent) -> Void
    private var memory: DirectoryMemory
    /// What concerns every message; of the last version that was heard of.
    private(set) var policy: DirectoryPolicy?
    private var receive: ReceivePolicy?
    /// Called when the directory has another version.
    var onChange: () -> Void = {}
    /// The store has told us its version on this channel, so that it will tell us of changes.
    private var isWatched = false
    private var watch: Conversation<RouterToStore>?
    private var waiting: [EmailAddress: [(Found) -> Void]] = [:]
    private var unasked: [EmailAddress] = []
    private var waitingForPolicy: [(Result<ReceivePolicy, Refusal>) -> Void] = []

    /// The vocabulary's limit for one question.
    private static let batch = 1000
    /// Addresses that may wait for the store.
    private static let waitingLimit = 100_000
    private static let deadline = TimeAmount.seconds(20)
    /// The store answers within five minutes even when there is no news.
    private static let newsDeadline = TimeAmount.minutes(6)
    private static let pause = TimeAmount.seconds(1)

    /// - Parameter hostname: as it is now.
    init(
        _ store: Asker<RouterToStore>, limit: Int, hostname: @escaping () -> String, figures: RouterFigures,
        log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        self.store = store
        self.hostname = hostname
        self.figures = figures
        self.log = log
        memory = DirectoryMemory(limit: limit)
    }

    func start() {
        store.onConnect { [self] in askForNews() }
    }

    /// The rules that every recipient is held against. `body` is called at once when they are known.
    func receivePolicy(_ body: @escaping (Result<ReceivePolicy, Refusal>) -> Void) {
        if let receive { return body(.success(receive)) }
        guard store.isConnected else { return body(.failure(.local("the store cannot be reached"))) }
        guard waitingForPolicy.count < Self.waitingLimit else {
            return body(.failure(.local("\(Self.waitingLimit) recipients wait for the store")))
        }
        waitingForPolicy.append(body)
    }

    /// New settings may have another host name.
    func settingsHaveChanged() {
        receive = policy.map { ReceivePolicy(hostname: hostname(), rules: $0.rules, full: $0.full) }
    }

    /// What memory knows about an address. Without news memory may be wrong.
    func known(_ address: EmailAddress) -> DirectoryEntry? {
        guard isWatched, let entry = memory.entry(of: address) else { return nil }
        figures.directoryHits.add()
        return entry
    }

    /// `body` is called at once when memory knows, later otherwise.
    func entry(of address: EmailAddress, _ body: @escaping (Found) -> Void) {
        if let entry = known(address) { return body(.success(entry)) }
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
            case .success(.entries(let entries, let version)) where entries.count == addresses.count:
                for (address, entry) in zip(addresses, entries) {
                    if isWatched { memory.learn(address, entry, version: version) }
                    tell(address, .success(entry))
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
        guard !isWatched || version != memory.version || policy?.version != version else {
            return version == known ? again() : askForNews()
        }
        memory.forget()
        memory.adopt(version)
        isWatched = true
        log(.directoryVersion(version))
        store.ask(.policy, deadline: Self.deadline).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(.policy(let policy)): adopt(policy)
            case .success:
                log(.wrongAnswer(question: "policy"))
                lost()
            case .failure: lost()
            }
        }
    }

    private func adopt(_ policy: DirectoryPolicy) {
        self.policy = policy
        let receive = ReceivePolicy(hostname: hostname(), rules: policy.rules, full: policy.full)
        self.receive = receive
        onChange()
        let waiting = waitingForPolicy
        waitingForPolicy = []
        for body in waiting { body(.success(receive)) }
        askForNews()
    }

    /// Nothing that was learned can be relied on any more.
    private func lost() {
        isWatched = false
        memory.forget()
        policy = nil
        receive = nil
        let waiting = waitingForPolicy
        waitingForPolicy = []
        for body in waiting { body(.failure(.local("the store was lost"))) }
        again()
    }

    private func again() {
        store.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            if watch == nil, store.isConnected { askForNews() }
        }
    }
}
