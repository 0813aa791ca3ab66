// What delivery tells, in the words of the journal.

import IPC
import Journal
import Mail
import SMTP

extension Journal {
    func delivery() -> @Sendable (DeliveryEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: DeliveryEvent) {
        switch event {
        case .attempted(let lease, let recipient, let fate): write(lease, recipient, fate)
        case .reported(let lease, .failed, let recipients, let report):
            info(.bounced, fields(lease, [.recipients: recipients, .detail: report]))
        case .reported(let lease, let action, let recipients, let report):
            info(.reported, fields(lease, [.recipients: recipients, .outcome: action.rawValue, .detail: report]))
        case .reportGivenUp(let lease, let reason): warning(.reportGivenUp, fields(lease, [.reason: reason]))
        case .doubleBounce(let lease, let recipient, let reason):
            warning(.bounceSuppressed, fields(lease, [.recipient: recipient.address, .reason: reason]))
        case .bouncePending(let lease, let reason): warning(.bouncePending, fields(lease, [.reason: reason]))
        case .unsettled(let lease, let reason): warning(.unsettled, fields(lease, [.reason: reason]))
        case .leaseLost(let lease): warning(.leaseExpired, [.lease: lease.rawValue])
        case .claimFailed(let reason): debug(.claimFailed, [.reason: reason])
        case .fellBackToClear(let remote, let reason): notice(.fellBackToClear, [.remote: remote, .reason: reason])
        }
    }

    private func write(_ lease: Lease, _ recipient: QueuedRecipient, _ fate: Fate) {
        let level: JournalLevel = fate.kind == .failed ? .notice : .info
        log(
            level, .attempt,
            fields(
                lease,
                [
                    .recipient: recipient.address, .attempt: recipient.attempts + 1, .outcome: "\(fate.kind)",
                    .category: fate.report.category, .remote: fate.report.remote, .status: fate.report.status,
                    .text: fate.report.text,
                ]))
    }

    private func fields(_ lease: Lease, _ more: JournalFields) -> JournalFields {
        var fields: JournalFields = [
            .trace: lease.trace, .message: lease.message, .destination: lease.destination,
            .sender: lease.sender?.description ?? "",
        ]
        fields.add(more)
        return fields
    }
}
