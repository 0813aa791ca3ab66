// Passes logins on to the store, a few at a time: a password check is the dearest thing that a stranger can ask for.
// Refusals are counted against the client and answered late, all after the same time. Confined to its event loop.

import IPC
import Mail
import NIOCore

final class Authentication {
    /// `body` is called once, on the loop.
    typealias Body = (RouterToStore.Answer) -> Void

    private let store: Asker<RouterToStore>
    private let defence: Defence
    /// Whether a client is safe or trusted.
    private let isExempt: (InternetAddress) -> Bool
    private let figures: RouterFigures
    private let log: @Sendable (RouterEvent) -> Void
    private var running = 0
    private var waiting = CircularBuffer<() -> Void>()
    /// Forgotten when the directory changes: the account may be gone.
    private var grants = GrantMemory()

    /// Checks that the store works on at once.
    static let concurrency = 16
    /// Logins that wait for their turn; beyond it they are told to come later.
    static let waitingLimit = 256
    private static let deadline = TimeAmount.seconds(20)
    /// A refusal comes this long after the question, however fast it was found: the time tells nothing, and guessing is
    /// slow.
    static let refusalTime = TimeAmount.seconds(2)

    init(
        _ store: Asker<RouterToStore>, defence: Defence, isExempt: @escaping (InternetAddress) -> Bool,
        figures: RouterFigures, log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        self.store = store
        self.defence = defence
        self.isExempt = isExempt
        self.figures = figures
        self.log = log
    }

    func verify(_ login: Login, _ body: @escaping (LoginAnswer) -> Void) {
        // Whatever mailbox is asked for: it is this user's password that somebody may be guessing.
        let user = login.name.user
        let secret = defence.mark(user, login.password)
        inTurn({ body(self.judged(.unavailable(because: $0), login.facts, user, .init())) }) { [self] done in
            let asked = NIODeadline.now()
            store.ask(.verify(login), deadline: Self.deadline).assumeIsolated().whenComplete { [self] result in
                done()
                let answer = Self.login(result.mapError { $0 })
                tell(answer, login.facts, user, Attempt(secret: secret, asked: asked), body)
            }
        }
    }

    /// A new exchange of SASL, with a conversation of its own.
    func exchange(_ opening: SASLOpening) -> SASLRelay { SASLRelay(self, opening, on: store) }

    /// The same words give the same number; nil for mechanisms that never show the password.
    func mark(_ mechanism: String, _ words: [Secret]) -> UInt64? {
        guard mechanism == "PLAIN" || mechanism == "LOGIN" else { return nil }
        return defence.mark(mechanism, Secret(words.flatMap { $0.bytes + [0] }))
    }

    /// Whose login a ticket proves; nil: nobody's, or not any more.
    func holder(of ticket: Ticket, _ service: ServiceName, _ body: @escaping (Result<Grant?, Refusal>) -> Void) {
        if let grant = grants.find(ticket) { return body(.success(grant)) }
        store.ask(.redeem(ticket, service), deadline: Self.deadline).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(.login(.granted(let grant))):
                grants.add(grant)
                body(.success(grant))
            case .success(.login(.refused)):
                grants.forget(ticket)
                body(.success(nil))
            case .success(.login(.unavailable(let because))): body(.failure(.local(because)))
            case .success: body(.failure(.local("the store's answer makes no sense")))
            case .failure(let error): body(.failure(.local("redeem: \(error)")))
            }
        }
    }

    func forgetGrants() { grants = GrantMemory() }
}

// One login.
extension Authentication {
    /// What is known of a try when its answer comes.
    struct Attempt {
        /// The same password for the same user gives the same number; nil: it was not shown.
        var secret: UInt64?
        var asked = NIODeadline.now()
    }

    /// Runs `body` when there is room, and `body` calls `done`; `full` when too many wait.
    func inTurn(_ full: (String) -> Void, _ body: @escaping (_ done: @escaping () -> Void) -> Void) {
        let run = { [self] in
            running += 1
            body { [self] in
                running -= 1
                if running < Self.concurrency, let next = waiting.popFirst() { next() }
            }
        }
        guard running >= Self.concurrency else { return run() }
        guard waiting.count < Self.waitingLimit else { return full("\(Self.waitingLimit) logins wait already") }
        waiting.append(run)
    }

    /// Counts the answer, writes it down and gives it, a refusal late.
    func tell(
        _ answer: LoginAnswer, _ facts: SessionFacts, _ user: String, _ attempt: Attempt,
        _ body: @escaping (LoginAnswer) -> Void
    ) {
        let answer = judged(answer, facts, user, attempt)
        guard case .refused = answer else { return body(answer) }
        let delay = defence.delay(for: facts.client, user: user)
        store.eventLoop.assumeIsolated().scheduleTask(deadline: attempt.asked + Self.refusalTime + delay) { body(answer) }
    }

    private func judged(
        _ answer: LoginAnswer, _ facts: SessionFacts, _ user: String, _ attempt: Attempt
    ) -> LoginAnswer {
        figures.count(answer)
        log(.login(facts, user: user, answer))
        switch answer {
        case .granted(let grant):
            if facts.service != .pop3 { grants.add(grant) }
            defence.loggedIn(facts, user: user)
        case .forbidden: defence.loggedIn(facts, user: user)
        case .refused:
            defence.failedLogin(facts, user: user, secret: attempt.secret, isExempt: isExempt(facts.client))
        case .unavailable: break
        }
        return answer
    }

    fileprivate static func login(_ result: Result<RouterToStore.Answer, any Error>) -> LoginAnswer {
        switch result {
        case .success(.login(let answer)): answer
        case .success: .unavailable(because: "the store's answer makes no sense")
        case .failure(let error): .unavailable(because: "the store: \(error)")
        }
    }
}

/// One exchange of SASL: what the client says goes to the store, what the store says goes back.
final class SASLRelay {
    private let authentication: Authentication
    private let facts: SessionFacts
    private let mechanism: String
    private let opening: SASLOpening
    private let store: Asker<RouterToStore>
    private var conversation: Conversation<RouterToStore>?
    /// What the client has said.
    private var words: [Secret] = []

    /// No mechanism needs more.
    private static let stepLimit = 10
    private static let deadline = TimeAmount.seconds(20)

    init(_ authentication: Authentication, _ opening: SASLOpening, on store: Asker<RouterToStore>) {
        self.authentication = authentication
        self.opening = opening
        self.store = store
        if let initial = opening.initial { words = [initial] }
        facts = opening.facts
        mechanism = opening.mechanism
    }

    func begin(_ body: @escaping (ListenerToRouter.Answer) -> Void) {
        do {
            conversation = try store.open()
            ask(.sasl(opening), body)
        } catch {
            end(.unavailable(because: "the store: \(error)"), NIODeadline.now(), body)
        }
    }

    func respond(_ response: Secret, _ body: @escaping (ListenerToRouter.Answer) -> Void) {
        words.append(response)
        guard words.count < Self.stepLimit else {
            cancel()
            return end(.refused(user: ""), NIODeadline.now(), body)
        }
        ask(.saslResponse(response), body)
    }

    /// The client has given up.
    func cancel() {
        conversation?.cancel()
        conversation = nil
    }

    private func ask(_ question: RouterToStore.Question, _ body: @escaping (ListenerToRouter.Answer) -> Void) {
        guard let conversation else { return end(.unavailable(because: "the exchange is over"), .now(), body) }
        authentication.inTurn({ end(.unavailable(because: $0), .now(), body) }) { [self] done in
            let asked = NIODeadline.now()
            conversation.ask(question, last: false, deadline: Self.deadline) { [self] result in
                done()
                if case .success(.challenge(let challenge)) = result { return body(.challenge(challenge)) }
                cancel()
                end(Authentication.login(result.mapError { $0 }), asked, body)
            }
        }
    }

    private func end(_ answer: LoginAnswer, _ asked: NIODeadline, _ body: @escaping (ListenerToRouter.Answer) -> Void) {
        let user =
            switch answer {
            case .granted(let grant): grant.name
            case .refused(let user), .forbidden(let user): user
            case .unavailable: ""
            }
        let attempt = Authentication.Attempt(secret: authentication.mark(mechanism, words), asked: asked)
        authentication.tell(answer, facts, user, attempt) { body(.login($0)) }
    }
}
