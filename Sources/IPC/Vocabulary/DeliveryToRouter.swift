// The words of the edge delivery → router: a new message that delivery made itself (a bounce).

import Mail

package enum DeliveryToRouter: Edge {
    package static let asker = RoomName.delivery
    package static let server = RoomName.router
    package static let name = "delivery-router"

    package enum Question: Word {
        /// The content came before this word. Answered by `receipt`.
        case submit(Submission)
    }

    package enum Answer: Word {
        case receipt(Receipt)
    }
}

package struct Submission: Codable, Sendable {
    package var trace: TraceID
    /// nil, the null reverse-path, for bounces.
    package var sender: EmailAddress?
    package var recipients: [EmailAddress]
    /// The same attempt submits the same key, so that a repetition after a crash makes no second message.
    package var idempotencyKey: String

    package init(trace: TraceID, sender: EmailAddress?, recipients: [EmailAddress], idempotencyKey: String) {
        self.trace = trace
        self.sender = sender
        self.recipients = recipients
        self.idempotencyKey = idempotencyKey
    }
}
