// A store that remembers in memory, served on a real Unix socket, with the faults that a test wants.

import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

package final class FakeStore: Sendable {
    package struct Message: Sendable {
        package let spool: SpoolID
        package let plan: Plan
        package let content: [UInt8]
    }

    package struct State: Sendable {
        package var entries: [EmailAddress: LocalEntry] = [:]
        package var rules: [ReceiveRule] = []
        package var trusted: [AddressRange] = []
        package var safe: [AddressRange] = []
        package var mechanisms: [String] = []
        /// Whose tickets are good.
        package var grants: [Ticket: Grant] = [:]
        package var localDomains: Set<String> = []
        package var version: UInt64 = 1
        package var messages: [Message] = []
        package var lookUps: [[EmailAddress]] = []
        package var passwords: [String: String] = [:]
        /// Mailboxes of others that are open to nobody, whatever the password.
        package var closed: Set<String> = []
        /// Conversations that were cancelled before their commit was answered.
        package var cancelled = 0
        /// Content is not read while this is false.
        package var reads = true
        package var heardOctets = 0
        /// What the next commits are told; nil: kept.
        package var refusal: Refusal?
        /// Who has no room for a message of more octets; what the next commits for them are told.
        package var room: [AccountID: Int] = [:]
        /// Accounts of rules that are full.
        package var full: [AccountID] = []
        /// Commits and look-ups are left unanswered while this is true.
        package var isSilent = false
        fileprivate var watchers: [Watcher] = []
        fileprivate var held: [Held] = []
    }

    fileprivate struct Watcher: Sendable {
        let since: UInt64
        let answer: @Sendable (UInt64) -> Void
    }

    fileprivate struct Held: Sendable {
        let release: @Sendable () -> Void
    }

    private let state = Mutex(State())
    private let server: Server<RouterToStore>

    package init(path: String, on group: any EventLoopGroup) throws {
        let box = Box()
        server = Server(
            RouterToStore.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: .store, release: "test"), rule: .mine, on: group, log: { _ in }
        ) { _, _ in FakeStoreConversation(box.store) }
        box.set(self)
        try server.start().wait()
    }

    private final class Box: Sendable {
        private let held = Mutex<FakeStore?>(nil)
        func set(_ store: FakeStore) { held.withLock { $0 = store } }
        var store: FakeStore { held.withLock { $0! } }
    }

    package func stop() { try? server.stop().wait() }

    package func with<Result>(_ body: (inout sending State) -> sending Result) -> Result { state.withLock { body(&$0) } }

    package var messages: [Message] { with { $0.messages } }

    package func add(account: String, _ number: Int64) {
        let address = EmailAddress(account)!
        with {
            $0.entries[address] = LocalEntry(user: AccountID(rawValue: number), domain: address.domain)
            $0.localDomains.insert(address.domain)
        }
    }

    /// The directory changes: those who wait for news hear of it.
    package func change(_ body: (inout sending State) -> Void) {
        let (watchers, version) = with { state in
            body(&state)
            state.version += 1
            defer { state.watchers = [] }
            return (state.watchers, state.version)
        }
        for watcher in watchers { watcher.answer(version) }
    }

    /// Reads and answers again; what was held back goes on.
    package func goOn() {
        let held = with { state in
            state.reads = true
            state.isSilent = false
            defer { state.held = [] }
            return state.held
        }
        for one in held { one.release() }
    }

    fileprivate func hold(_ release: @escaping @Sendable () -> Void) { with { $0.held.append(Held(release: release)) } }

    fileprivate func watch(since: UInt64, _ answer: @escaping @Sendable (UInt64) -> Void) {
        let version: UInt64? = with { state in
            guard state.version == since else { return state.version }
            state.watchers.append(Watcher(since: since, answer: answer))
            return nil
        }
        if let version { answer(version) }
    }

    package static func grant(_ user: String) -> Grant {
        Grant(ticket: Ticket(bytes: Array(user.utf8)), account: AccountID(rawValue: 1), name: user)
    }

    fileprivate var policy: DirectoryPolicy {
        with { state in
            DirectoryPolicy(
                version: state.version, rules: state.rules, trusted: state.trusted, safe: state.safe,
                mechanisms: state.mechanisms, full: state.full)
        }
    }

    fileprivate func find(_ addresses: [EmailAddress]) -> ([DirectoryEntry], UInt64) {
        with { state in
            state.lookUps.append(addresses)
            let found = addresses.map { address -> DirectoryEntry in
                if let entry = state.entries[address] { return .local(entry) }
                guard state.localDomains.contains(address.domain) else { return .foreign }
                return .local(LocalEntry(domain: address.domain))
            }
            return (found, state.version)
        }
    }

    /// nil: there is room.
    fileprivate func shortage(_ plan: Plan, _ octets: Int) -> QuotaShortage? {
        let room = with { $0.room }
        let short = plan.placements.map(\.account).filter { octets > room[$0, default: .max] }
        guard !short.isEmpty, !plan.isOwnReport else { return nil }
        let isEverybody = plan.relays.isEmpty && short.count == plan.placements.count
        return QuotaShortage(accounts: short, isEverybody: isEverybody, because: "no room")
    }

    fileprivate func keep(_ plan: Plan, _ content: [UInt8]) -> Receipt {
        with { state in
            if let refusal = state.refusal { return .refused(refusal) }
            let spool = SpoolID(rawValue: UInt64(state.messages.count + 1))
            state.messages.append(Message(spool: spool, plan: plan, content: content))
            return .accepted(spool)
        }
    }
}

extension PeerRule {
    /// This process.
    package static var mine: PeerRule { PeerRule(uids: [currentUser()]) }
}

private final class FakeStoreConversation: Conversing {
    typealias E = RouterToStore
    private let store: FakeStore
    private var content: [UInt8] = []
    private var isSettled = false

    init(_ store: FakeStore) { self.store = store }

    func question(_ question: RouterToStore.Question, in exchange: Exchange<RouterToStore>) {
        if store.with({ $0.isSilent }) {
            let bound = NIOLoopBound((self, exchange), eventLoop: exchange.eventLoop)
            let eventLoop = exchange.eventLoop
            return store.hold { eventLoop.execute { bound.value.0.answer(question, bound.value.1) } }
        }
        answer(question, exchange)
    }

    private func answer(_ question: RouterToStore.Question, _ exchange: Exchange<RouterToStore>) {
        switch question {
        case .lookUp(let addresses):
            let (found, version) = store.find(addresses)
            exchange.answer(.entries(found, version: version))
        case .directoryChange(let since):
            let bound = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
            let eventLoop = exchange.eventLoop
            store.watch(since: since) { version in
                eventLoop.execute { bound.value.answer(.directory(version: version)) }
            }
        case .verify(let login):
            let name = login.name
            let (right, closed) = store.with { ($0.passwords[name.user], $0.closed) }
            let isRight = right.map { Array($0.utf8) == login.password.bytes } ?? false
            if isRight, let mailbox = name.mailbox, closed.contains(mailbox) {
                return exchange.answer(.login(.forbidden(user: name.user)))
            }
            exchange.answer(.login(isRight ? .granted(FakeStore.grant(name.user)) : .refused(user: name.user)))
        case .policy: exchange.answer(.policy(store.policy))
        case .redeem(let ticket, _):
            let grant = store.with { $0.grants[ticket] }
            exchange.answer(.login(grant.map { .granted($0) } ?? .refused(user: "")))
        case .sasl(let opening): exchange.answer(step(opening.initial))
        case .saslResponse(let response): exchange.answer(step(response))
        case .commit(let plan):
            isSettled = true
            if let shortage = store.shortage(plan, content.count) { return exchange.answer(.overQuota(shortage)) }
            exchange.answer(.receipt(store.keep(plan, content)))
        }
    }

    /// "user:password" in one response is right when the password is; without a response the store asks for one.
    private func step(_ response: Secret?) -> RouterToStore.Answer {
        guard let response else { return .challenge(Array("user:password?".utf8)) }
        let words = String(decoding: response.bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard words.count == 2, store.with({ $0.passwords[String(words[0])] }) == String(words[1]) else {
            return .login(.refused(user: words.first.map(String.init) ?? ""))
        }
        let grant = FakeStore.grant(String(words[0]))
        store.with { $0.grants[grant.ticket] = grant }
        return .login(.granted(grant))
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<RouterToStore>) {
        content.append(contentsOf: bytes.readableBytesView)
        let count = bytes.readableBytes
        let reads = store.with { state in
            state.heardOctets += count
            return state.reads
        }
        if reads { return exchange.consumed(count) }
        let bound = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
        let eventLoop = exchange.eventLoop
        store.hold { eventLoop.execute { bound.value.consumed(count) } }
    }

    func ended(in exchange: Exchange<RouterToStore>) {}

    func cancelled() { if !isSettled { store.with { $0.cancelled += 1 } } }
}
