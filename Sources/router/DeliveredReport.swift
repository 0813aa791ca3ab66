// The report that a message lies in mailboxes here, for a sender who asked for it (RFC 3461 §5.2.3). The message has been
// acknowledged when this begins; a report that cannot be handed over is given up, and the journal says so.

import IPC
import Mail
import NIOCore
import SMTP

/// Somebody with NOTIFY=SUCCESS whose message is here.
struct DeliveredRecipient {
    var address: EmailAddress
    /// ORCPT.
    var original: String?
}

/// Confined to the event loop; lives until the store has answered.
final class DeliveredReport {
    private let house: RouterLoop
    private let trace: TraceID
    private let message: SpoolID
    private let sender: EmailAddress
    private let envelopeID: String?
    private let recipients: [DeliveredRecipient]

    init(
        _ house: RouterLoop, _ trace: TraceID, _ message: SpoolID, to sender: EmailAddress, _ envelopeID: String?,
        _ recipients: [DeliveredRecipient]
    ) {
        self.house = house
        self.trace = trace
        self.message = message
        self.sender = sender
        self.envelopeID = envelopeID
        self.recipients = recipients
    }

    func send() {
        house.decideOwn(sender, from: nil) { [self] decision in
            switch decision.outcome {
            case .refuse(let refusal): giveUp(refusal)
            case .take(let boxes, let strangers): commit(boxes, strangers.map { RelayedRecipient($0) })
            }
        }
    }

    private func commit(_ placements: [LocalPlacement], _ relays: [RelayedRecipient]) {
        let report = BounceMessage(
            reportingHost: house.policy.hostname, to: sender, envelopeID: envelopeID, action: .delivered,
            recipients: recipients.map { recipient in
                BounceMessage.Recipient(
                    address: recipient.address, original: recipient.original, status: "2.0.0", explanation: "Delivered.")
            },
            date: house.now(), token: "delivered-\(message)", original: []
        ).render()
        let content = Handover(house, from: nil)
        content.content(ByteBuffer(bytes: report))
        content.finish()
        let plan = Plan(
            trace: trace, sender: nil, localHeader: HeaderBlock.returnPath(nil), header: [], placements: placements,
            relays: relays, idempotencyKey: "delivered-\(message)", isOwnReport: true)
        content.commit(plan) { [self] receipt in
            switch receipt {
            case .accepted: house.log(.reported(trace, message, sender: sender, recipients: recipients.count))
            case .refused(let refusal): giveUp(refusal)
            }
        }
    }

    private func giveUp(_ refusal: Refusal) { house.log(.reportGivenUp(trace, message, because: refusal.because)) }
}

extension RecipientParameters {
    /// RFC 3461 §5.2.7: who hears of it elsewhere is to know under which address it was sent here.
    func onward(from recipient: EmailAddress, to stranger: EmailAddress) -> RecipientParameters {
        guard original == nil, notify != nil, recipient != stranger else { return self }
        return RecipientParameters(notify: notify, original: "rfc822;\(recipient)")
    }
}
