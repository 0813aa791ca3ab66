// The order of replies: one slot per command that was read and not yet answered on the wire (RFC 2920 §3.2: replies in
// the order of the commands). Bounded by the session, which stops reading when it is full.

struct PendingReplies {
    enum Slot: Equatable {
        /// Asked; the answer is not here yet.
        case sender, recipient, receipt, authentication, clientFacts
        /// To be said when everything before it has been said.
        case reply(SMTPReply)
        case openContent, startTLS
        /// To be done if a transaction is still open then.
        case abort
        /// To be done if an exchange is still open then.
        case cancelAuthentication

        var isQuestion: Bool {
            switch self {
            case .sender, .recipient, .receipt, .authentication, .clientFacts: true
            case .reply, .openContent, .startTLS, .abort, .cancelAuthentication: false
            }
        }
    }

    /// Used from `first` up to `end`. What lies outside is old and overwritten in place, so that a line costs no allocation.
    private var slots: [Slot] = []
    private var first = 0
    private var end = 0
    /// Slots before this index are no questions.
    private var firstQuestion = 0
    private(set) var questions = 0

    var count: Int { end - first }

    mutating func append(_ slot: Slot) {
        if first == end {
            (first, end, firstQuestion) = (0, 0, 0)
        } else if first >= 64, first * 2 >= end {
            slots.removeFirst(first)
            firstQuestion = max(0, firstQuestion - first)
            (first, end) = (0, end - first)
        }
        if end < slots.count { slots[end] = slot } else { slots.append(slot) }
        end += 1
        if slot.isQuestion { questions += 1 }
    }

    /// What may be said or done now; nil when the front waits for an answer or there is nothing.
    mutating func takeReady() -> Slot? {
        guard first < end else { return nil }
        let slot = slots[first]
        if slot.isQuestion { return nil }
        first += 1
        return slot
    }

    /// The oldest question without an answer.
    var oldestQuestion: Slot? {
        mutating get {
            guard questions > 0 else { return nil }
            firstQuestion = max(firstQuestion, first)
            while !slots[firstQuestion].isQuestion { firstQuestion += 1 }
            return slots[firstQuestion]
        }
    }

    /// Puts the reply in the place of `oldestQuestion`.
    mutating func answerOldest(with reply: SMTPReply) {
        slots[firstQuestion] = .reply(reply)
        firstQuestion += 1
        questions -= 1
    }

    /// Says nothing more, not even what is ready.
    mutating func dropAll() { (first, end, firstQuestion, questions) = (0, 0, 0, 0) }

    /// Forgets the oldest question and all behind it; the session ends or starts over.
    mutating func dropFromOldestQuestion() {
        guard oldestQuestion != nil else { return }
        end = firstQuestion
        questions = 0
    }
}
