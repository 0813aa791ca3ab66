// One exchange of AUTH: what the client says goes to the router, what the store says comes back. The listener understands
// none of it. Confined to the loop of the road to the router.

import IPC
import Mail
import NIOCore

final class SASLTalk {
    enum News {
        case challenge([UInt8])
        /// The last news.
        case ended(LoginAnswer)
    }

    private let conversation: Conversation<ListenerToRouter>
    private let deadline: TimeAmount
    /// nil when nobody listens any more.
    private var tell: ((News) -> Void)?

    init(
        _ conversation: Conversation<ListenerToRouter>, deadline: TimeAmount, _ opening: SASLOpening,
        tell: @escaping (News) -> Void
    ) {
        self.conversation = conversation
        self.deadline = deadline
        self.tell = tell
        ask(.sasl(opening))
    }

    func respond(_ response: Secret) { ask(.saslResponse(response)) }

    func cancel() {
        tell = nil
        conversation.cancel()
    }

    private func ask(_ question: ListenerToRouter.Question) {
        conversation.ask(question, last: false, deadline: deadline) { [self] in receive($0) }
    }

    private func receive(_ result: Result<ListenerToRouter.Answer, IPCError>) {
        guard let tell else { return }
        switch result {
        case .success(.challenge(let challenge)): tell(.challenge(challenge))
        case .success(.login(let answer)):
            cancel()
            tell(.ended(answer))
        case .success, .failure:
            cancel()
            tell(.ended(.unavailable(because: "\(result)")))
        }
    }
}
