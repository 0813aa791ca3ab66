// What all conversations of one event loop of the router have in common: the road to the store, what is known of the
// directory, the policy as it is now. Confined to that loop.

import IPC
import Mail
import NIOCore

final class RouterLoop: @unchecked Sendable {
    // Unchecked: what changes is only touched on the event loop.
    let store: Asker<RouterToStore>
    let addresses: MachineAddresses
    let defence: Defence
    let figures: RouterFigures
    let log: @Sendable (RouterEvent) -> Void
    /// Seconds since 1970 in UTC.
    let now: @Sendable () -> Int64
    private(set) var policy: RouterPolicy
    var shortages = Shortages()
    private(set) var directory: DirectoryCache!
    private(set) var authentication: Authentication!
    private var mechanismWaiters: [ObjectIdentifier: Exchange<ListenerToRouter>] = [:]

    /// Listeners are answered after this time also when there is no news.
    private static let patience = TimeAmount.minutes(5)

    init(
        _ store: Asker<RouterToStore>, policy: RouterPolicy, addresses: MachineAddresses, defence: Defence,
        figures: RouterFigures, directoryLimit: Int, now: @escaping @Sendable () -> Int64,
        log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        self.store = store
        self.policy = policy
        self.addresses = addresses
        self.defence = defence
        self.figures = figures
        self.now = now
        self.log = log
        directory = DirectoryCache(
            store, limit: directoryLimit, hostname: { [unowned self] in self.policy.hostname }, figures: figures, log: log)
        authentication = Authentication(
            store, defence: defence, isExempt: { [unowned self] in isExempt($0) }, figures: figures, log: log)
        directory.onChange = { [unowned self] in directoryHasChanged() }
    }

    func use(_ policy: RouterPolicy) {
        self.policy = policy
        directory.settingsHaveChanged()
    }

    /// Safe or trusted: never banned, never made to wait.
    func isExempt(_ client: InternetAddress) -> Bool {
        let lists = directory.policy
        return policy.isSafe(client, lists) || policy.isTrusted(client, lists, addresses)
            || policy.access.allowsOwn && addresses.isOwn(client)
    }

    /// Whether a connection may begin its session.
    func admit(_ facts: SessionFacts) -> Admission {
        let isExempt = isExempt(facts.client)
        if facts.service != .pop3 {
            let envelope = EnvelopeFacts(
                client: facts.client, listener: facts.listener, service: facts.service, sender: nil, login: .none)
            let (admission, decision) = policy.access.admit(accessFacts(envelope))
            if case .drop(let because) = admission {
                log(.admissionRefused(facts, rule: decision.deciding.word))
                return .dropped(because: because)
            }
        }
        switch defence.enter(facts.client, isExempt: isExempt) {
        case .shut(let refusal):
            log(.admissionRefused(facts, rule: refusal.because))
            return .refused(refusal)
        case .open(let delay, let refusesEarlyTalk):
            return .accepted(Terms(delay: UInt32(clamping: delay), refusesEarlyTalk: refusesEarlyTalk))
        }
    }
}

// What can be offered to clients.
extension RouterLoop {
    func answerMechanisms(since version: UInt64, _ exchange: Exchange<ListenerToRouter>) {
        // What is not known yet is news as soon as it is.
        if let policy = directory.policy, policy.version != version { return tell(exchange) }
        let key = ObjectIdentifier(exchange)
        mechanismWaiters[key] = exchange
        store.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { [self] in
            if let exchange = mechanismWaiters.removeValue(forKey: key) { tell(exchange) }
        }
    }

    func forgetWaiter(_ exchange: ObjectIdentifier) { mechanismWaiters[exchange] = nil }

    private func tell(_ exchange: Exchange<ListenerToRouter>) {
        // Version 0: nothing is known yet, ask again.
        exchange.answer(.mechanisms(directory.policy?.mechanisms ?? [], version: directory.policy?.version ?? 0))
    }

    private func directoryHasChanged() {
        authentication.forgetGrants()
        let waiters = mechanismWaiters.values
        mechanismWaiters = [:]
        for exchange in waiters { tell(exchange) }
    }
}
