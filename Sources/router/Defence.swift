// The router's defence: who has failed to log in, who comes too often, who greets wrongly. One for all loops and services.
// The rules are pure and lie in Defence/; here they get a clock, a lock and the settings.

import IPC
import Mail
import NIOCore
import Settings
import Synchronization

/// What the settings say about strangers who try too much.
struct DefenceRules: Sendable {
    var bans = true
    var penalties = PenaltyRules()
    var rates = RateLimiter.Limits()
    var greeting = GreetingCheck.Settings()
    var greet = GreetDelay.Settings()
    var notesEarlyTalk = true

    init() {
        greeting = GreetingCheck.Settings(
            malformed: .off, bareAddress: .off, ours: .off, otherAddress: .off, unqualified: .off)
    }

    init(_ settings: Settings.Defence) {
        self.init()
        bans = settings.bans
        // Points fade a little between one failure and the next.
        penalties.banFrom = Double(settings.banAfter) - 0.5
        penalties.firstBan = settings.banTime.milliseconds
        penalties.longestBan = settings.longestBan.milliseconds
        rates = RateLimiter.Limits(
            connectionsPerMinute: settings.connectionsPerMinute, messagesPerMinute: settings.messagesPerMinute,
            recipientsPerMinute: settings.recipientsPerMinute, accountMessagesPerDay: settings.accountMessagesPerDay,
            accountRecipientsPerDay: settings.accountRecipientsPerDay)
        let strictness: GreetingCheck.Strictness =
            switch settings.helloChecks {
            case .off: .off
            case .note: .log
            case .refuse: .refuse
            }
        greeting.malformed = strictness
        greeting.bareAddress = strictness
        greeting.ours = strictness
        greet.milliseconds = settings.greetDelay.milliseconds
        greet.refusesEarlyTalkers = settings.earlyTalkers == .refuse
        notesEarlyTalk = settings.earlyTalkers != .off
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}

final class Defence: Sendable {
    private struct State {
        var rules: DefenceRules
        var book: PenaltyBook
        var rates: RateLimiter
        var greet: GreetDelay
        var greeting: GreetingCheck
    }

    /// What a connection may expect.
    enum Entry: Sendable {
        case open(delay: Int64, refusesEarlyTalk: Bool)
        case shut(Refusal)
    }

    private let state: Mutex<State>
    /// Milliseconds on any one clock.
    private let clock: @Sendable () -> Int64
    private let log: @Sendable (RouterEvent) -> Void

    init(
        _ policy: RouterPolicy, clock: @escaping @Sendable () -> Int64, log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        let rules = policy.defence
        state = Mutex(
            State(
                rules: rules, book: PenaltyBook(rules.penalties), rates: RateLimiter(rules.rates),
                greet: GreetDelay(rules.greet),
                greeting: GreetingCheck(rules.greeting, ourNames: [policy.hostname])))
        self.clock = clock
        self.log = log
    }

    func use(_ policy: RouterPolicy) {
        state.withLock { state in
            state.rules = policy.defence
            state.book.rules = policy.defence.penalties
            state.rates.limits = policy.defence.rates
            state.greet.settings = policy.defence.greet
            state.greeting = GreetingCheck(policy.defence.greeting, ourNames: [policy.hostname])
        }
    }

    /// - Parameter isExempt: the client is safe or trusted.
    func enter(_ client: InternetAddress, isExempt: Bool) -> Entry {
        let now = clock()
        let client = Client(client)
        return state.withLock { state in
            if state.rules.bans, case .banned(let until) = state.book.judge(client, at: now, isExempt: isExempt) {
                return .shut(
                    Refusal(
                        Reply(421, "4.7.0", "Too many failures from your address, try again later"),
                        because: "banned for \((until - now + 999) / 1000) s more"))
            }
            if case .denied(let seconds) = state.rates.take(.connections, for: client, at: now, isExempt: isExempt) {
                return .shut(
                    Refusal(
                        Reply(421, "4.7.0", "Too many connections from your address, try again later"),
                        because: "more connections than defence.connections_per_minute; again in \(seconds) s"))
            }
            return .open(
                delay: state.greet.delay(for: client, at: now, isExempt: isExempt),
                refusesEarlyTalk: state.greet.settings.refusesEarlyTalkers)
        }
    }

    /// Whether one more message may begin.
    func message(_ client: InternetAddress, _ grant: Grant?, isExempt: Bool) -> Refusal? {
        let now = clock()
        return state.withLock { state in
            var answer = state.rates.take(.messages, for: Client(client), at: now, isExempt: isExempt)
            if answer == .allowed, let grant {
                answer = state.rates.take(.messages, for: grant.sender, at: now, isExempt: isExempt)
            }
            return Defence.refusal(answer, "messages")
        }
    }

    func recipient(_ client: InternetAddress, _ grant: Grant?, isExempt: Bool) -> Refusal? {
        let now = clock()
        return state.withLock { state in
            var answer = state.rates.take(.recipients, for: Client(client), at: now, isExempt: isExempt)
            if answer == .allowed, let grant {
                answer = state.rates.take(.recipients, for: grant.sender, at: now, isExempt: isExempt)
            }
            return Defence.refusal(answer, "recipients")
        }
    }

    private static func refusal(_ answer: RateLimiter.Answer, _ what: String) -> Refusal? {
        guard case .denied(let seconds) = answer else { return nil }
        // RFC 3463 §3.8: X.7.0; 450 so that mail servers come again.
        return Refusal(
            Reply(450, "4.7.0", "Too many \(what) for now, try again later"),
            because: "more \(what) than the limit; again in \(seconds) s")
    }

    /// Whether the name in HELO or EHLO makes sense.
    func greeting(_ facts: SessionFacts, isOurs: (InternetAddress) -> Bool, isExempt: Bool) -> Refusal? {
        let (check, isOff) = state.withLock { ($0.greeting, $0.rules.greeting.malformed == .off) }
        if isOff { return nil }
        switch check.judge(facts.greeting, from: facts.client, isOurs: isOurs, isExempt: isExempt) {
        case .ok: return nil
        case .refuse(let refusal): return refusal
        case .suspicious(let reason):
            log(.suspicious(facts, because: "\(reason.rawValue): \(facts.greeting)"))
            return nil
        }
    }
}

// Logins and offences.
extension Defence {
    /// A number that is the same for the same words, and tells nothing about them.
    func mark(_ user: String, _ password: Secret) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(user)
        hasher.combine(password.bytes)
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }

    /// How much longer a refused login waits for its answer.
    func delay(for client: InternetAddress, user: String) -> TimeAmount {
        let now = clock()
        return state.withLock { state in
            var delay = state.book.delay(forAccount: user, at: now)
            if case .delayed(let more) = state.book.judge(Client(client), at: now) { delay = max(delay, more) }
            return .milliseconds(delay)
        }
    }

    func loggedIn(_ facts: SessionFacts, user: String) {
        let now = clock()
        state.withLock { state in
            state.book.recordSuccess(by: Client(facts.client), account: user, at: now)
            if state.greet.settings.milliseconds > 0 { state.greet.remember(Client(facts.client), at: now) }
        }
    }

    /// - Parameter isExempt: the client is safe or trusted.
    func failedLogin(_ facts: SessionFacts, user: String, secret: UInt64?, isExempt: Bool) {
        let now = clock()
        let client = Client(facts.client)
        let judged = state.withLock { state -> (PenaltyBook.Judgement, Bool) in
            let before = state.book.judge(client, at: now)
            let after = state.book.recordFailure(
                by: client, account: user, password: secret, at: now, isExempt: isExempt || !state.rules.bans)
            return (after, before.isBan)
        }
        tell(facts, judged, now)
    }

    /// The session has waited for its greeting.
    func waited(_ client: InternetAddress) {
        let now = clock()
        state.withLock { if $0.greet.settings.milliseconds > 0 { $0.greet.remember(Client(client), at: now) } }
    }

    func offence(_ offence: Offence, _ facts: SessionFacts, isExempt: Bool) {
        let now = clock()
        let client = Client(facts.client)
        let judged = state.withLock { state -> (PenaltyBook.Judgement, Bool) in
            let before = state.book.judge(client, at: now)
            if offence == .talkedEarly, !state.rules.notesEarlyTalk { return (before, true) }
            if offence == .talkedEarly { _ = state.greet.spokeEarly(client) }
            let after = state.book.record(
                offence == .talkedEarly ? .earlyTalk : .abuse, by: client, at: now,
                isExempt: isExempt || !state.rules.bans)
            return (after, before.isBan)
        }
        tell(facts, judged, now)
    }

    private func tell(_ facts: SessionFacts, _ judged: (after: PenaltyBook.Judgement, wasBanned: Bool), _ now: Int64) {
        guard case .banned(let until) = judged.after, !judged.wasBanned else { return }
        log(.banned(facts.client, milliseconds: until - now, because: "\(facts.service.rawValue): too many failures"))
    }
}

// The administrator.
extension Defence {
    func bans() -> [BanEntry] {
        let now = clock()
        return state.withLock { $0.book.page(at: now).lines }.map { line in
            BanEntry(
                client: line.client.description,
                remaining: line.bannedUntil.map { UInt32(clamping: ($0 - now + 999) / 1000) } ?? 0,
                reason: line.isBannedByHand ? "by an administrator" : "\(line.bans) bans before",
                points: UInt32(clamping: Int(line.points.rounded())))
        }
    }

    func ban(_ range: AddressRange, seconds: UInt32) -> String? {
        guard Client(range.lowest) == Client(range.highest) else {
            return "\(range) is more than one client: name an address, or one of an IPv6 /64"
        }
        let now = clock()
        state.withLock { $0.book.ban(range.lowest, for: Int64(seconds) * 1000, at: now) }
        log(.banned(range.lowest, milliseconds: Int64(seconds) * 1000, because: "by an administrator"))
        return nil
    }

    func pardon(_ range: AddressRange) -> UInt32 {
        let count = state.withLock { $0.book.pardon(range) }
        if count > 0 { log(.pardoned(range.description)) }
        return UInt32(clamping: count)
    }

    func figures() -> [Figure] {
        let now = clock()
        return state.withLock { state in
            let figures = state.book.figures
            return [
                Figure("clients banned", Int64(state.book.bannedCount(at: now))),
                Figure("bans", Int64(clamping: figures.bans)),
                Figure("logins failed", Int64(clamping: figures.failures)),
                Figure("early talkers", Int64(clamping: figures.earlyTalkers)),
                Figure("rate limits met", Int64(clamping: state.rates.denials)),
            ]
        }
    }
}

extension PenaltyBook.Judgement {
    fileprivate var isBan: Bool { if case .banned = self { true } else { false } }
}

extension Grant {
    fileprivate var sender: RateLimiter.Sender { account.rawValue == 0 ? .name(name) : .account(account) }
}
