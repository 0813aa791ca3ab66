// One SMTP transaction as the router sees it: sender, recipients, content, and the plan that the store carries out.
// Answers come in the order of the questions. Confined to the event loop.

import IPC
import Mail
import NIOCore

final class Transaction {
    private let house: RouterLoop
    private let exchange: Exchange<ListenerToRouter>
    private let facts: SessionFacts
    private let sender: EmailAddress?
    private let parameters: SenderParameters
    private let relay: RelayPolicy.Rule
    private let content: Handover
    private var placements: [LocalPlacement] = []
    private var relays: [EmailAddress] = []
    private var asked = 0
    /// Decisions behind one that is not made yet; nil: not made.
    private var undecided = CircularBuffer<(recipient: EmailAddress, decision: RecipientDecision?)>()
    private var firstUndecided = 0
    private var isDelivering = false

    init(
        _ house: RouterLoop, _ exchange: Exchange<ListenerToRouter>, _ facts: SessionFacts, _ sender: EmailAddress?,
        _ parameters: SenderParameters
    ) {
        self.house = house
        self.exchange = exchange
        self.facts = facts
        self.sender = sender
        self.parameters = parameters
        relay = house.policy.relay.rule(for: facts.client)
        content = Handover(house, from: exchange)
    }

    /// The answer to MAIL.
    func begin() {
        house.figures.transactions.add()
        if let size = parameters.declaredSize, size > UInt64(house.policy.messageSize) {
            // RFC 1870 §6.1.
            let refusal = Refusal(Reply(552, "5.3.4", "Message too large"), because: "declared as \(size) octets")
            house.log(.senderRefused(facts.trace, sender, refusal))
            return exchange.answer(.verdict(.refused(refusal)))
        }
        exchange.answer(.verdict(.accepted))
    }

    func recipient(_ recipient: EmailAddress) {
        asked += 1
        // A listener that keeps to its limits never comes here.
        guard asked <= RouterPolicy.recipientLimit else {
            let refusal = Refusal(Reply(452, "4.5.3", "Too many recipients"), because: "recipient \(asked)")
            return put(recipient, RecipientDecision(rule: .undecided, outcome: .refuse(refusal)))
        }
        let number = firstUndecided + undecided.count
        var isHere = true
        var early: RecipientDecision?
        house.decide(recipient, relay: relay) { [self] result in
            if isHere { early = result.decision } else { decided(number, result.decision) }
        }
        isHere = false
        put(recipient, early)
    }

    /// Most are known at once, and nothing is remembered for them.
    private func put(_ recipient: EmailAddress, _ decision: RecipientDecision?) {
        if let decision, undecided.isEmpty { return answer(recipient, decision) }
        undecided.append((recipient, decision))
    }

    func deliver() {
        guard undecided.isEmpty, !isDelivering else { return cancelForDisorder("deliver before the verdicts") }
        isDelivering = true
        guard !placements.isEmpty || !relays.isEmpty else {
            content.cancel()
            return settled(
                .refused(Refusal(Reply(554, "5.5.1", "No valid recipients"), because: "no recipient was accepted")))
        }
        content.commit(plan()) { [self] in settled($0) }
    }

    func content(_ bytes: ByteBuffer) { content.content(bytes) }

    /// The listener or the client behind it is gone, or has given up.
    func cancel() { content.cancel() }

    private func plan() -> Plan {
        let only = placements.count + relays.count == 1 ? placements.first?.recipient ?? relays.first : nil
        let received = HeaderBlock.received(
            facts, by: house.policy.hostname, recipient: only, unixSeconds: house.now())
        return Plan(
            trace: facts.trace, sender: sender, localHeader: HeaderBlock.returnPath(sender), header: received,
            placements: placements, relays: relays, isEightBit: parameters.isEightBit)
    }

    private func settled(_ receipt: Receipt) {
        switch receipt {
        case .accepted(let spool):
            house.figures.messagesAccepted.add()
            house.log(
                .accepted(
                    facts.trace, spool, sender: sender, recipients: placements.count + relays.count,
                    octets: content.octets))
        case .refused(let refusal):
            house.figures.messagesRefused.add()
            if refusal.reply.isTransient { house.figures.refusedForNow.add() }
            house.log(.refused(facts.trace, refusal))
        }
        exchange.answer(.receipt(receipt))
    }

    private func cancelForDisorder(_ because: String) {
        house.log(.disorder(edge: ListenerToRouter.name, because: because))
        cancel()
        exchange.cancel()
    }
}

// Verdicts in order.
extension Transaction {
    /// A decision that had to wait. Those at the front go out.
    private func decided(_ number: Int, _ decision: RecipientDecision) {
        guard number >= firstUndecided, number - firstUndecided < undecided.count else { return }
        undecided[undecided.index(undecided.startIndex, offsetBy: number - firstUndecided)].decision = decision
        while let (recipient, decision) = undecided.first, let decision {
            undecided.removeFirst()
            firstUndecided += 1
            answer(recipient, decision)
        }
    }

    private func answer(_ recipient: EmailAddress, _ decision: RecipientDecision) {
        house.figures.count(decision)
        switch decision.outcome {
        case .place(let account):
            placements.append(LocalPlacement(recipient: recipient, account: account))
            house.log(.decided(facts.trace, recipient, rule: decision.rule, refusal: nil))
            exchange.answer(.verdict(.accepted))
        case .relay:
            relays.append(recipient)
            house.log(.decided(facts.trace, recipient, rule: decision.rule, refusal: nil))
            exchange.answer(.verdict(.accepted))
        case .refuse(let refusal):
            house.log(.decided(facts.trace, recipient, rule: decision.rule, refusal: refusal))
            exchange.answer(.verdict(.refused(refusal)))
        }
    }
}

extension Result where Success == RecipientDecision, Failure == Refusal {
    /// Without a directory the decision is to ask again later.
    var decision: RecipientDecision {
        switch self {
        case .success(let decision): decision
        case .failure(let refusal): RecipientDecision(rule: .undecided, outcome: .refuse(refusal))
        }
    }
}
