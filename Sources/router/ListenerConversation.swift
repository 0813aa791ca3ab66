// Serves one conversation with a listener: a question about a stranger, or a whole transaction. Words that come out of
// order cancel the conversation; the listener's other conversations go on.

import IPC
import Mail
import NIOCore

final class ListenerConversation: Conversing {
    private let house: RouterLoop
    private var transaction: Transaction?

    init(_ house: RouterLoop) { self.house = house }

    func question(_ question: ListenerToRouter.Question, in exchange: Exchange<ListenerToRouter>) {
        switch question {
        case .recipient(let address):
            guard let transaction else { return disorder("recipient before the sender", exchange) }
            transaction.recipient(address)
        case .deliver:
            guard let transaction else { return disorder("deliver before the sender", exchange) }
            transaction.deliver()
        case .sender(let facts, let sender, let parameters):
            guard transaction == nil else { return disorder("a second sender", exchange) }
            let transaction = Transaction(house, exchange, facts, sender, parameters)
            self.transaction = transaction
            transaction.begin()
        case .admit(let facts):
            let (admission, rule) = AdmissionPolicy.decide(facts, house.policy)
            if case .accepted = admission {} else { house.log(.admissionRefused(facts, rule: rule)) }
            exchange.answer(.admission(admission))
        case .authenticate(let login):
            house.authentication.verify(login) { exchange.answer(.login($0)) }
        }
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<ListenerToRouter>) {
        guard let transaction else { return disorder("content before the sender", exchange) }
        transaction.content(bytes)
    }

    func ended(in exchange: Exchange<ListenerToRouter>) {}

    func cancelled() { transaction?.cancel() }

    private func disorder(_ because: String, _ exchange: Exchange<ListenerToRouter>) {
        house.log(.disorder(edge: ListenerToRouter.name, because: because))
        transaction?.cancel()
        exchange.cancel()
    }
}
