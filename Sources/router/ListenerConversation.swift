// Serves one conversation with a listener: a question about a stranger, an exchange of SASL, or a whole transaction. Words
// that come out of order cancel the conversation; the listener's other conversations go on.

import IPC
import Mail
import NIOCore

final class ListenerConversation: Conversing {
    private let house: RouterLoop
    private var transaction: Transaction?
    private var login: SASLRelay?
    private var waiter: ObjectIdentifier?

    init(_ house: RouterLoop) { self.house = house }

    func question(_ question: ListenerToRouter.Question, in exchange: Exchange<ListenerToRouter>) {
        switch question {
        case .recipient(let address, let parameters):
            guard let transaction else { return disorder("recipient before the sender", exchange) }
            transaction.recipient(address, parameters)
        case .deliver:
            guard let transaction else { return disorder("deliver before the sender", exchange) }
            transaction.deliver()
        case .sender(let facts, let sender, let parameters):
            guard transaction == nil, login == nil else { return disorder("a second sender", exchange) }
            let transaction = Transaction(house, exchange, facts, sender, parameters)
            self.transaction = transaction
            transaction.begin()
        default: answer(question, exchange)
        }
    }

    private func answer(_ question: ListenerToRouter.Question, _ exchange: Exchange<ListenerToRouter>) {
        switch question {
        case .admit(let facts): exchange.answer(.admission(house.admit(facts)))
        case .authenticate(let login):
            house.authentication.verify(login) { exchange.answer(.login($0)) }
        case .sasl(let opening):
            guard transaction == nil, login == nil else { return disorder("a second login", exchange) }
            let login = house.authentication.exchange(opening)
            self.login = login
            login.begin { exchange.answer($0) }
        case .saslResponse(let response):
            guard let login else { return disorder("a response before the login", exchange) }
            login.respond(response) { exchange.answer($0) }
        case .mechanisms(let version):
            waiter = ObjectIdentifier(exchange)
            house.answerMechanisms(since: version, exchange)
        case .offence(let facts, let offence):
            house.defence.offence(offence, facts, isExempt: house.isExempt(facts.client))
            exchange.answer(.noted)
        case .recipient, .deliver, .sender: break
        }
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<ListenerToRouter>) {
        guard let transaction else { return disorder("content before the sender", exchange) }
        transaction.content(bytes)
    }

    func ended(in exchange: Exchange<ListenerToRouter>) {}

    func cancelled() {
        transaction?.cancel()
        login?.cancel()
        if let waiter { house.forgetWaiter(waiter) }
    }

    private func disorder(_ because: String, _ exchange: Exchange<ListenerToRouter>) {
        house.log(.disorder(edge: ListenerToRouter.name, because: because))
        transaction?.cancel()
        login?.cancel()
        exchange.cancel()
    }
}
