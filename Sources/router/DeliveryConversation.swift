// Serves one conversation with a delivery agent: a message that the house itself has written (a bounce). Its recipients
// are classified like all others, but nobody asks whether we may relay for ourselves.

import IPC
import Mail
import NIOCore

final class DeliveryConversation: Conversing {
    private let house: RouterLoop
    private var content: Handover?
    private var placements: [LocalPlacement] = []
    private var relays: [RelayedRecipient] = []

    init(_ house: RouterLoop) { self.house = house }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<DeliveryToRouter>) {
        let content = self.content ?? Handover(house, from: exchange)
        self.content = content
        content.content(bytes)
    }

    func question(_ question: DeliveryToRouter.Question, in exchange: Exchange<DeliveryToRouter>) {
        guard case .submit(let submission) = question else { return }
        house.figures.submissions.add()
        guard (1...RouterPolicy.recipientLimit).contains(submission.recipients.count) else {
            house.log(.disorder(edge: DeliveryToRouter.name, because: "\(submission.recipients.count) recipients"))
            cancelled()
            return exchange.cancel()
        }
        classify(submission, submission.recipients[...], exchange)
    }

    func ended(in exchange: Exchange<DeliveryToRouter>) {}

    func cancelled() {
        content?.cancel()
        content = nil
    }

    /// One after the other: bounces have one recipient.
    private func classify(
        _ submission: Submission, _ recipients: ArraySlice<EmailAddress>, _ exchange: Exchange<DeliveryToRouter>
    ) {
        guard let recipient = recipients.first else { return commit(submission, exchange) }
        house.decideOwn(recipient, from: submission.sender) { [self] decision in
            house.figures.count(decision)
            switch decision.outcome {
            case .take(let boxes, let strangers):
                placements += boxes
                relays += strangers.map { RelayedRecipient($0) }
            case .refuse(let refusal):
                house.log(.decided(submission.trace, recipient, rule: decision.rule, refusal: refusal))
                cancelled()
                return settled(submission, .refused(refusal), exchange)
            }
            house.log(.decided(submission.trace, recipient, rule: decision.rule, refusal: nil))
            classify(submission, recipients.dropFirst(), exchange)
        }
    }

    private func commit(_ submission: Submission, _ exchange: Exchange<DeliveryToRouter>) {
        let content = self.content ?? Handover(house, from: exchange)
        self.content = content
        let plan = Plan(
            trace: submission.trace, sender: submission.sender,
            localHeader: HeaderBlock.returnPath(submission.sender), header: [], placements: placements, relays: relays,
            idempotencyKey: submission.idempotencyKey, isOwnReport: true)
        content.commit(plan) { [self] in settled(submission, $0, exchange) }
    }

    private func settled(_ submission: Submission, _ receipt: Receipt, _ exchange: Exchange<DeliveryToRouter>) {
        switch receipt {
        case .accepted(let spool):
            house.figures.messagesAccepted.add()
            house.log(
                .accepted(
                    submission.trace, spool, sender: submission.sender,
                    recipients: submission.recipients.count, octets: content?.octets ?? 0))
        case .refused(let refusal):
            house.figures.messagesRefused.add()
            house.log(.refused(submission.trace, refusal))
        }
        exchange.answer(.receipt(receipt))
    }
}
