// One SMTP transaction as the router sees it: sender, recipients, content, and the plan that the store carries out.
// Answers come in the order of the questions. Confined to the event loop.

import IDNA
import IPC
import Mail
import NIOCore

final class Transaction {
    private let house: RouterLoop
    private let exchange: Exchange<ListenerToRouter>
    private let facts: SessionFacts
    private let sender: EmailAddress?
    private let parameters: SenderParameters
    private let content: Handover
    /// Who has logged in; known before the first answer.
    private var grant: Grant?
    private var envelope: EnvelopeFacts
    private var isExempt = false
    private var placements: [LocalPlacement] = []
    private var relays: [RelayedRecipient] = []
    private var relayed: Set<EmailAddress> = []
    private var accepted: [EmailAddress] = []
    /// Went into mailboxes here, and their sender wants to hear of it.
    private var awaited: [DeliveredRecipient] = []
    private var asked = 0
    /// Questions that came before it was known who has logged in; nil: it is known.
    private var early: [() -> Void]? = []
    /// Decisions behind one that is not made yet; nil: not made.
    private var undecided = CircularBuffer<Waiting>()
    private var firstUndecided = 0
    private var isDelivering = false

    private struct Waiting {
        let recipient: EmailAddress
        let parameters: RecipientParameters
        var decision: RecipientDecision?
    }

    init(
        _ house: RouterLoop, _ exchange: Exchange<ListenerToRouter>, _ facts: SessionFacts, _ sender: EmailAddress?,
        _ parameters: SenderParameters
    ) {
        self.house = house
        self.exchange = exchange
        self.facts = facts
        self.sender = sender
        self.parameters = parameters
        envelope = EnvelopeFacts(
            client: facts.client, listener: facts.listener, service: facts.service, sender: sender, login: .none)
        content = Handover(house, from: exchange)
    }

    /// The answer to MAIL, when it is known who has logged in.
    func begin() {
        house.figures.transactions.add()
        guard let ticket = facts.login else { return start() }
        house.authentication.holder(of: ticket, facts.service) { [self] result in
            switch result {
            case .success(let grant?):
                self.grant = grant
                envelope.login = grant.account.rawValue == 0 ? .single : .account(grant.name)
                start()
            case .success(nil):
                // The account is gone, or its password is another one: the session is no longer what it was.
                refuse(
                    Refusal(Reply(421, "4.7.0", "Your login is no longer valid, log in again"), because: "the ticket expired"))
            case .failure(let refusal): refuse(refusal)
            }
        }
    }

    private func start() {
        isExempt = house.isExempt(facts.client)
        if let refusal = refusalOfSender() { return refuse(refusal) }
        // Who comes as far as this has waited for the greeting, and need not wait again.
        house.defence.waited(facts.client)
        exchange.answer(.verdict(.accepted))
        runEarly()
    }

    private func refuse(_ refusal: Refusal) {
        house.log(.senderRefused(facts.trace, sender, refusal))
        exchange.answer(.verdict(.refused(refusal)))
        runEarly()
    }

    private func runEarly() {
        let questions = early ?? []
        early = nil
        for question in questions { question() }
    }

    private func refusalOfSender() -> Refusal? {
        if let size = parameters.declaredSize, size > UInt64(house.policy.messageSize) {
            // RFC 1870 §6.1.
            return Refusal(Reply(552, "5.3.4", "Message too large"), because: "declared as \(size) octets")
        }
        let isKnown = isExempt || grant != nil
        return house.defence.greeting(facts, isOurs: { house.addresses.isOwn($0) }, isExempt: isKnown)
            ?? house.defence.message(facts.client, grant, isExempt: isExempt)
    }

    func recipient(_ recipient: EmailAddress, _ parameters: RecipientParameters) {
        if early != nil { early?.append { [self] in consider(recipient, parameters) } } else { consider(recipient, parameters) }
    }

    func deliver() {
        guard early == nil, undecided.isEmpty, !isDelivering else {
            return cancelForDisorder("deliver before the verdicts")
        }
        isDelivering = true
        guard !placements.isEmpty || !relays.isEmpty else {
            content.cancel()
            return settled(
                .refused(Refusal(Reply(554, "5.5.1", "No valid recipients"), because: "no recipient was accepted")))
        }
        content.finish()
        content.commit(plan()) { [self] in settled($0) }
    }

    func content(_ bytes: ByteBuffer) { content.content(bytes) }

    /// The listener or the client behind it is gone, or has given up.
    func cancel() { content.cancel() }

    private func plan() -> Plan {
        let policy = house.policy
        var header = HeaderBlock.received(
            facts, by: policy.hostname, recipient: accepted.count == 1 ? accepted.first : nil,
            login: grant != nil, hidesClient: policy.hidesClient && grant != nil,
            isInternational: parameters.isInternational, unixSeconds: house.now())
        if grant != nil || policy.port(facts.listener, facts.service).role == .outgoing {
            header += HeaderBlock.missing(
                content.inspection, trace: facts.trace, by: policy.hostname, unixSeconds: house.now())
        }
        return Plan(
            trace: facts.trace, sender: sender, localHeader: HeaderBlock.returnPath(sender), header: header,
            placements: placements, relays: relays, parameters: parameters)
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
        if case .accepted(let spool) = receipt, let sender, !awaited.isEmpty {
            DeliveredReport(house, facts.trace, spool, to: sender, parameters.envelopeID, awaited).send()
        }
    }

    private func cancelForDisorder(_ because: String) {
        house.log(.disorder(edge: ListenerToRouter.name, because: because))
        cancel()
        exchange.cancel()
    }
}

// Verdicts in order.
extension Transaction {
    private func consider(_ recipient: EmailAddress, _ parameters: RecipientParameters) {
        asked += 1
        guard let recipient = IDNA.ascii(recipient) else {
            return put(recipient, parameters, .badDomain(recipient))
        }
        if let refusal = refusalOfCount() {
            return put(recipient, parameters, RecipientDecision(rule: .limit, outcome: .refuse(refusal)))
        }
        let number = firstUndecided + undecided.count
        var isHere = true
        var soon: RecipientDecision?
        house.decide(recipient, envelope) { [self] decision in
            if isHere { soon = decision } else { decided(number, decision) }
        }
        isHere = false
        put(recipient, parameters, soon)
    }

    private func refusalOfCount() -> Refusal? {
        // A listener that keeps to its limits never comes here.
        guard asked <= RouterPolicy.recipientLimit, placements.count + relays.count < 50_000 else {
            return Refusal(Reply(452, "4.5.3", "Too many recipients"), because: "recipient \(asked)")
        }
        return house.defence.recipient(facts.client, grant, isExempt: isExempt)
    }

    /// Most are known at once, and nothing is remembered for them.
    private func put(_ recipient: EmailAddress, _ parameters: RecipientParameters, _ decision: RecipientDecision?) {
        if let decision, undecided.isEmpty { return answer(recipient, parameters, decision) }
        undecided.append(Waiting(recipient: recipient, parameters: parameters, decision: decision))
    }

    /// A decision that had to wait. Those at the front go out.
    private func decided(_ number: Int, _ decision: RecipientDecision) {
        guard number >= firstUndecided, number - firstUndecided < undecided.count else { return }
        undecided[undecided.index(undecided.startIndex, offsetBy: number - firstUndecided)].decision = decision
        while let first = undecided.first, let decision = first.decision {
            undecided.removeFirst()
            firstUndecided += 1
            answer(first.recipient, first.parameters, decision)
        }
    }

    /// RFC 3030 §3: a binary message goes on only by BDAT, which delivery does not speak.
    private func binaryStays(_ decision: RecipientDecision, _ recipient: EmailAddress) -> RecipientDecision {
        guard parameters.body == .binary, case .take(_, let strangers) = decision.outcome, !strangers.isEmpty else {
            return decision
        }
        let refusal = Refusal(
            Reply(554, "5.6.1", "<\(recipient)>: a binary message cannot be sent on from here"),
            because: "BODY=BINARYMIME for a recipient elsewhere")
        return RecipientDecision(rule: decision.rule, outcome: .refuse(refusal))
    }

    /// A mailbox that had no room for a message of this size a while ago.
    private func fits(_ decision: RecipientDecision, _ recipient: EmailAddress) -> RecipientDecision {
        guard let octets = self.parameters.declaredSize, case .take(let boxes, _) = decision.outcome,
            let box = boxes.first(where: { house.shortages.hasNoRoom($0.account, for: octets, now: house.now()) })
        else { return decision }
        let because = "the mailbox of \(box.recipient) had no room for as much a while ago"
        let refusal = house.policy.overQuota.refusal(of: recipient, because: because)
        return RecipientDecision(rule: .overQuota, outcome: .refuse(refusal))
    }

    private func answer(_ recipient: EmailAddress, _ parameters: RecipientParameters, _ decision: RecipientDecision) {
        let decision = fits(binaryStays(decision, recipient), recipient)
        house.figures.count(decision)
        switch decision.outcome {
        case .take(let boxes, let strangers):
            accepted.append(recipient)
            placements += boxes
            if !boxes.isEmpty, parameters.notify?.contains(.success) ?? false {
                awaited.append(DeliveredRecipient(address: recipient, original: parameters.original))
            }
            // Two aliases may lead to the same stranger: one message is enough.
            for stranger in strangers where relayed.insert(stranger).inserted {
                relays.append(RelayedRecipient(stranger, parameters.onward(from: recipient, to: stranger)))
            }
            house.log(.decided(facts.trace, recipient, rule: decision.rule, refusal: nil))
            exchange.answer(.verdict(.accepted))
        case .refuse(let refusal):
            house.log(.decided(facts.trace, recipient, rule: decision.rule, refusal: refusal))
            exchange.answer(.verdict(.refused(refusal)))
        }
    }
}
