// One exchange of AUTH: what the client says goes to the router, what the store says comes back. The listener understands
// none of it.

import IPC
import Mail
import NIOCore
import SMTP

final class SMTPLogin {
    private let conversation: Conversation<ListenerToRouter>
    private let mechanism: String
    private let deadline: TimeAmount
    /// nil when nobody listens to the answer any more.
    private var connection: SMTPConnection?

    /// RFC 4954 §4.7.
    static let trouble = Reply(454, "4.7.0", "Temporary authentication failure, try again later")
    private static let wrong = Reply(535, "5.7.8", "Authentication credentials invalid")

    init(_ conversation: Conversation<ListenerToRouter>, _ connection: SMTPConnection, _ mechanism: String) {
        self.conversation = conversation
        self.connection = connection
        self.mechanism = mechanism
        deadline = connection.loop.settings.timeouts.verdict
    }

    func begin(_ opening: SASLOpening) { ask(.sasl(opening)) }

    func respond(_ response: Secret) { ask(.saslResponse(response)) }

    func cancel() {
        connection = nil
        conversation.cancel()
    }

    private func ask(_ question: ListenerToRouter.Question) {
        conversation.ask(question, last: false, deadline: deadline) { [self] in receive($0) }
    }

    private func receive(_ result: Result<ListenerToRouter.Answer, IPCError>) {
        guard let connection else { return }
        switch result {
        case .success(.challenge(let challenge)): connection.receive(.challenge(challenge))
        case .success(.login(let answer)):
            self.connection = nil
            conversation.cancel()
            switch answer {
            case .granted(let grant): connection.loggedIn(grant, by: mechanism)
            case .refused: connection.notLoggedIn(Self.wrong)
            case .unavailable(let because):
                connection.fail("login: \(because)")
                connection.notLoggedIn(Self.trouble)
            }
        case .success, .failure:
            self.connection = nil
            conversation.cancel()
            connection.fail("login: \(result)")
            connection.notLoggedIn(Self.trouble)
        }
    }
}
