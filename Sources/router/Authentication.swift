// Passes logins on to the store, a few at a time: a password check is the dearest thing that a stranger can ask for.
// Confined to its event loop.

import IPC
import Mail
import NIOCore

final class Authentication {
    private let store: Asker<RouterToStore>
    private let figures: RouterFigures
    private let log: @Sendable (RouterEvent) -> Void
    private var running = 0
    private var waiting = CircularBuffer<(Login, (LoginAnswer) -> Void)>()

    /// Checks that the store works on at once.
    static let concurrency = 16
    /// Logins that wait for their turn; beyond it they are told to come later.
    static let waitingLimit = 256
    private static let deadline = TimeAmount.seconds(20)

    init(_ store: Asker<RouterToStore>, figures: RouterFigures, log: @escaping @Sendable (RouterEvent) -> Void) {
        self.store = store
        self.figures = figures
        self.log = log
    }

    /// `body` is called once, on the loop.
    func verify(_ login: Login, _ body: @escaping (LoginAnswer) -> Void) {
        guard running < Self.concurrency else {
            guard waiting.count < Self.waitingLimit else {
                return tell(login, .unavailable(because: "\(Self.waitingLimit) logins wait already"), body)
            }
            return waiting.append((login, body))
        }
        ask(login, body)
    }

    private func ask(_ login: Login, _ body: @escaping (LoginAnswer) -> Void) {
        running += 1
        store.ask(.verify(login), deadline: Self.deadline).assumeIsolated().whenComplete { [self] result in
            running -= 1
            switch result {
            case .success(.login(let answer)): tell(login, answer, body)
            case .success:
                log(.wrongAnswer(question: "verify"))
                tell(login, .unavailable(because: "the store's answer makes no sense"), body)
            case .failure(let error): tell(login, .unavailable(because: "the store: \(error)"), body)
            }
            if running < Self.concurrency, let (next, itsBody) = waiting.popFirst() { ask(next, itsBody) }
        }
    }

    private func tell(_ login: Login, _ answer: LoginAnswer, _ body: (LoginAnswer) -> Void) {
        figures.count(answer)
        log(.login(login, answer))
        body(answer)
    }
}
